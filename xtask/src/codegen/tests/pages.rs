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

#[test]
fn every_row_of_a_table_has_three_columns() {
    let (_, files) = pages();
    let mut rows = 0;
    for (path, text) in &files {
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let columns = line.replace("\\|", "").matches('|').count() - 1;
            assert_eq!(columns, 3, "{path}: {line}");
            assert!(line.ends_with(" |") || line.ends_with("-|"), "{path}: {line}");
            rows += 1;
        }
    }
    assert!(rows > 500, "only {rows} rows were read");
}

#[test]
fn no_text_of_a_description_is_cut() {
    let (apis, files) = pages();
    let mut texts = 0;
    for (folder, english) in [("en", true), ("ru", false)] {
        for api in &apis {
            for operation in &api.operations {
                let page = &files[&format!("docs/reference/{folder}/{}.md", operation.id)];
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
                    let text = text.trim_end().replace('|', "\\|").replace('\n', " ");
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
fn the_front_page_leads_to_every_page() {
    let (apis, files) = pages();
    for folder in ["en", "ru"] {
        let front = &files[&format!("docs/reference/{folder}/README.md")];
        for operation in apis.iter().flat_map(|api| &api.operations) {
            assert!(front.contains(&format!("({}.md)", operation.id)), "{folder}: {}", operation.id);
        }
    }
}
