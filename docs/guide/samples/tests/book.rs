//! The pages hang together: no link leads nowhere, and every chapter is in the book.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");

/// The targets of a page's links and pictures, those to other servers and within the page left out.
fn links(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let targets = Parser::new(&text).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.to_string()),
        _ => None,
    });
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    local.map(|target| target.split('#').next().unwrap_or_default().to_owned()).collect()
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

/// The links of a page that lead nowhere.
fn broken(page: &Path) -> Vec<String> {
    let folder = page.parent().unwrap();
    links(page).into_iter().filter(|target| !folder.join(target).exists()).collect()
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
    fs::write(&page, "[a](broken.md#b) [c](missing.md) `[d](code.md)` [e](https://example.ru) [f](#g)\n")
        .unwrap();
    assert_eq!(broken(&page), ["missing.md"]);
}

#[test]
fn every_chapter_is_in_the_book_and_links_to_nothing_outside_it() {
    let guide = Path::new(ROOT).join("docs/guide");
    let summary = guide.join("SUMMARY.md");
    let in_book: BTreeSet<PathBuf> =
        links(&summary).iter().map(|target| guide.join(target).canonicalize().unwrap()).collect();
    for page in pages(&guide, true) {
        let page = page.canonicalize().unwrap();
        if page.ends_with("SUMMARY.md") {
            continue;
        }
        assert!(in_book.contains(&page), "{} is missing from SUMMARY.md", page.display());
        for target in links(&page) {
            assert!(!target.ends_with("README.md"), "{}: {target} is index.html in the book", page.display());
            let to = page.parent().unwrap().join(&target).canonicalize().unwrap();
            assert!(
                in_book.contains(&to),
                "{}: {target} is not in the book; name its path instead",
                page.display()
            );
        }
    }
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
