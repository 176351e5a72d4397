//! The pages fit together: no link is broken, and both books have the same chapters.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");

/// The targets of a page's links and pictures, except those on other servers.
fn links(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let targets = Parser::new(&text).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.to_string()),
        Event::Html(html) | Event::InlineHtml(html) => {
            Some(html.split_once(" src=\"")?.1.split('"').next()?.to_owned())
        }
        _ => None,
    });
    targets.filter(|target| !target.contains("://")).collect()
}

/// The anchors of a page's headings, as GitHub and mdBook make them.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).unwrap();
    let (mut anchors, mut heading) = (BTreeSet::new(), None);
    for event in Parser::new(&text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().map(|text| anchor(&text))),
            _ => {}
        }
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect::<String>().to_lowercase()
}

/// The pages of a folder, and of those within it where `deep`.
fn pages(folder: &Path, deep: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && deep && !path.ends_with("target") {
            found.extend(pages(&path, deep));
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push(path);
        }
    }
    found
}

/// The links of a page to a file or a heading that does not exist.
fn broken(page: &Path) -> Vec<String> {
    let is_broken = |target: &String| {
        let (path, heading) = target.split_once('#').unwrap_or((target, ""));
        let to = if path.is_empty() { page.to_owned() } else { page.parent().unwrap().join(path) };
        let is_page = to.extension().is_some_and(|end| end == "md");
        !to.exists() || (is_page && !heading.is_empty() && !anchors(&to).contains(heading))
    };
    links(page).into_iter().filter(is_broken).collect()
}

#[test]
fn no_link_leads_nowhere() {
    let root = Path::new(ROOT);
    let mut all = pages(root, false);
    for folder in ["crates", "docs", "fixtures"] {
        all.extend(pages(&root.join(folder), true));
    }
    assert!(all.len() > 50, "{all:?}");
    let broken: Vec<String> = all
        .iter()
        .flat_map(|page| broken(page).into_iter().map(|to| format!("{}: {to}", page.display())))
        .collect();
    assert!(broken.is_empty(), "these links lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_seen() {
    let page = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken.md");
    let text = "# Fix a `401`\n\n[a](broken.md#fix-a-401) [b](broken.md#fix) [c](missing.md) `[d](code.md)` \
                [e](https://example.ru) [f](#fix-a-401) [g](#g)\n\n<img src=\"h.png\" alt=\"h\">\n";
    fs::write(&page, text).unwrap();
    assert_eq!(broken(&page), ["broken.md#fix", "missing.md", "#g", "h.png"]);
}

/// The folders of the two books, and where each finds the other.
fn books() -> [(PathBuf, &'static str); 2] {
    let guide = Path::new(ROOT).join("docs/guide");
    [(guide.clone(), "ru/"), (guide.join("ru"), "../")]
}

#[test]
fn both_books_have_the_same_chapters_in_the_same_order() {
    let [english, russian] = books().map(|(book, _)| links(&book.join("SUMMARY.md")));
    assert_eq!(english, russian);
}

#[test]
fn every_page_is_a_chapter_and_links_to_its_book_and_to_itself_in_the_other_language() {
    for (book, other) in books() {
        let real = |path: PathBuf| path.canonicalize().unwrap();
        let chapters: Vec<String> = links(&book.join("SUMMARY.md"));
        let in_book: BTreeSet<PathBuf> = chapters.iter().map(|name| real(book.join(name))).collect();
        for page in pages(&book, false).into_iter().chain(pages(&book.join("errors"), false)) {
            if page.ends_with("SUMMARY.md") {
                continue;
            }
            let name = page.strip_prefix(&book).unwrap();
            assert!(in_book.contains(&real(page.clone())), "{} is missing from SUMMARY.md", page.display());
            let folder = page.parent().unwrap();
            let mut links = links(&page).into_iter();
            let switch = real(folder.join(links.next().unwrap_or_default()));
            assert_eq!(switch, real(book.join(other).join(name)), "the first link of {}", page.display());
            for target in links {
                let to = target.split('#').next().unwrap_or_default();
                assert!(
                    to.is_empty() || in_book.contains(&real(folder.join(to))),
                    "{}: {target} is not in the book; name its path instead",
                    page.display()
                );
            }
        }
    }
}

#[test]
fn no_program_of_the_guide_prints_the_debug_form_of_an_error() {
    for (book, _) in books() {
        for page in pages(&book, false) {
            let text = fs::read_to_string(&page).unwrap();
            let programs = text.split("```").filter(|block| block.starts_with("rust\n"));
            for program in programs.filter(|program| program.contains("fn main()")) {
                assert!(!program.contains("Box<dyn std::error::Error>"), "{}", page.display());
            }
        }
    }
}

/// What a program may need besides `crm`, and `tokio` with two features: the text that shows the need, and what its
/// `[dependencies]` must hold.
const NEEDS: [(&str, &str); 17] = [
    ("crm::directory", "\"directory\""),
    ("crm::mirror", "\"mirror\""),
    ("crm::outbox", "\"outbox\""),
    ("crm::sandbox", "\"sandbox\""),
    ("crm::testing", "\"testing\""),
    (" Zone", "\"chrono-tz\""),
    ("tokio::net", "\"net\""),
    ("tokio::signal", "\"signal\""),
    ("tokio::time", "\"time\""),
    ("arrow_array::", "\narrow-array = "),
    ("axum::", "\naxum = "),
    ("chrono::", "\nchrono = "),
    ("csv::", "\ncsv = "),
    ("metrics_exporter_prometheus::", "\nmetrics-exporter-prometheus = "),
    ("rusqlite::", "\nrusqlite = "),
    ("serde::", "\nserde = "),
    ("serde_json::", "\nserde_json = "),
];

#[test]
fn each_program_begins_with_the_dependencies_that_it_needs() {
    let mut checked = 0;
    for (book, _) in books() {
        for page in pages(&book, false) {
            let text = fs::read_to_string(&page).unwrap();
            let blocks: Vec<&str> = text.split("```").skip(1).step_by(2).collect();
            for pair in blocks.windows(2) {
                let (before, program) = (pair[0], pair[1]);
                if !program.starts_with("rust\n") || !program.contains("fn main(") {
                    continue;
                }
                for (_, wanted) in NEEDS.iter().filter(|(shows, _)| program.contains(shows)) {
                    let is_there = before.starts_with("toml\n[dependencies]\n") && before.contains(wanted);
                    assert!(is_there, "{}: {wanted} is missing before\n{program}", page.display());
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn the_badge_shows_the_oldest_rust() {
    let read = |file: &str| fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    let manifest = read("Cargo.toml");
    let rust = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
    assert!(read("docs/images/badge-rust.svg").contains(&format!("{}+", rust.trim_matches('"'))), "{rust}");
}

#[test]
fn the_names_of_all_errors_are_in_the_guide() {
    for page in ["docs/guide/errors.md", "docs/guide/ru/errors.md"] {
        let text = fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
        let names: Vec<&str> = text
            .lines()
            .skip_while(|line| !line.starts_with("| `id()` |"))
            .skip(2)
            .map_while(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        assert_eq!(names, crm::Error::IDS, "{page}");
    }
}
