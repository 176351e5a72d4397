//! The pages of the reference as a reader sees them.

use super::*;

/// Returns the pages that the descriptions make.
fn pages() -> (Vec<Api>, Files) {
    let root = Path::new(ROOT);
    let apis: Vec<Api> = SOURCES
        .iter()
        .map(|path| Api::read(path, &fs::read_to_string(root.join(path)).unwrap()).unwrap())
        .collect();
    let files = reference::files(&apis).unwrap();
    (apis, files)
}

/// Returns the cells of a row, or none if the line is not a row.
fn cells(line: &str) -> Vec<&str> {
    let Some(row) = line.strip_prefix("<tr").and_then(|row| row.strip_suffix("</tr>")) else {
        return Vec::new();
    };
    let cells = row.split("<t").skip(1).filter(|cell| cell.starts_with(['d', 'h']));
    cells.map(|cell| cell.split_once('>').unwrap().1).collect()
}

#[test]
fn every_row_of_a_table_has_three_columns_or_is_a_note_over_all_of_them() {
    let (_, files) = pages();
    let mut rows = 0;
    for (path, text) in &files {
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let columns = line.replace("\\|", "").matches('|').count() - 1;
            assert_eq!(columns, 3, "{path}: {line}");
            assert!(line.ends_with(" |") || line.ends_with("-|"), "{path}: {line}");
            rows += 1;
        }
        for line in text.lines().filter(|line| line.starts_with("<tr")) {
            let columns = if line.contains(" colspan=\"3\"") { 1 } else { 3 };
            assert_eq!(cells(line).len(), columns, "{path}: {line}");
            rows += 1;
        }
    }
    assert!(rows > 500, "only {rows} rows were read");
}

/// The width of a phone, in letters that three columns can share. Each letter is as wide as in DejaVu Sans.
const PHONE: usize = 29;

#[test]
fn no_table_is_wider_than_a_phone() {
    let longest = |cell: &&str| {
        let text = cell.replace("<br>", " ").replace("<wbr>", " ").replace("&shy;", " ");
        plain(&text).split([' ', '-']).map(|piece| piece.chars().count()).max().unwrap_or_default()
    };
    let (_, files) = pages();
    for (path, text) in &files {
        for table in text.split("<table>").skip(1) {
            let mut widths = [0; 3];
            for line in table.lines().take_while(|line| *line != "</table>") {
                let cells = cells(line);
                if let [first, second, third] = cells[..] {
                    for (width, cell) in widths.iter_mut().zip([first, second, third]) {
                        *width = longest(&cell).max(*width);
                    }
                }
            }
            let width: usize = widths.iter().sum();
            assert!(width <= PHONE, "{path}: {widths:?} in {table}");
        }
    }
}

/// Returns a page or a line as text: without tags, escapes and the marks of Markdown.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for (index, part) in text.split('<').enumerate() {
        let is_tag = part.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '/');
        match part.split_once('>') {
            Some((_, after)) if index > 0 && is_tag => plain += after,
            _ if index > 0 => plain.extend(["<", part]),
            _ => plain += part,
        }
    }
    let plain = plain.replace("&shy;", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    plain.replace(['`', '*', '\\'], "")
}

#[test]
fn no_text_of_a_description_is_cut() {
    let (apis, files) = pages();
    let mut texts = 0;
    for (folder, english) in [("en", true), ("ru", false)] {
        for api in &apis {
            for operation in &api.operations {
                let page = plain(&files[&format!("docs/reference/{folder}/{}.md", operation.id)]);
                let fields =
                    operation.parameters.iter().chain(operation.records.iter().flat_map(|r| &r.fields));
                let fields: Vec<_> = fields.collect();
                let mut wanted: Vec<&source::Words> = fields.iter().map(|field| &field.words).collect();
                wanted.extend(fields.iter().filter_map(|field| field.default.as_ref()));
                wanted.extend(fields.iter().filter_map(|field| field.page.as_ref()));
                let quirks = fields.iter().flat_map(|field| &field.quirks);
                let quirks = quirks.chain(&operation.quirks).chain(&api.quirks);
                wanted.extend(quirks.flat_map(|quirk| std::iter::once(&quirk.words).chain(&quirk.page)));
                wanted.extend(operation.errors.iter().map(|error| &error.words));
                for words in wanted {
                    let text = if english { &words.en } else { &words.ru };
                    let text = plain(&text.trim_end().replace('\n', " "));
                    let text = text.trim_end_matches('.');
                    assert!(page.contains(text), "{folder} {}: {text}", operation.id);
                    texts += 1;
                }
            }
        }
    }
    assert!(texts > 1000, "only {texts} texts were looked for");
}

#[test]
fn names_and_the_vendors_own_texts_are_found_unbroken() {
    let (apis, files) = pages();
    for operation in apis.iter().flat_map(|api| &api.operations) {
        for folder in ["en", "ru"] {
            let page = &files[&format!("docs/reference/{folder}/{}.md", operation.id)];
            for parameter in &operation.parameters {
                assert!(page.contains(&format!("<tbody id=\"{}\">", parameter.name)), "{}", parameter.name);
            }
            for error in &operation.errors {
                assert!(page.contains(&format!("«{}»", error.text)), "{}: {}", operation.id, error.text);
            }
        }
    }
}

#[test]
fn the_front_page_leads_to_every_page() {
    let (apis, files) = pages();
    for folder in ["en", "ru"] {
        let front = &files[&format!("docs/reference/{folder}/README.md")];
        for operation in apis.iter().flat_map(|api| &api.operations) {
            assert!(front.contains(&format!("({}.md)", operation.id)), "{folder}: {}", operation.id);
        }
    }
}
