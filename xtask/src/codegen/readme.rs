//! The tables of coverage in the README.

use super::Files;
use super::reference::{Language, code_html, narrow_html, table_head, table_row};
use super::source::Api;
use std::path::Path;

const BEGIN: &str = "<!-- coverage: `cargo xtask codegen` writes this part -->\n";
const END: &str = "<!-- end of coverage -->";

/// Returns the READMEs with their tables.
pub(super) fn files(root: &Path, apis: &[Api]) -> Result<Files, String> {
    let mut files = Files::new();
    for (name, language) in [("README.md", Language::En), ("README.ru.md", Language::Ru)] {
        let Ok(text) = std::fs::read_to_string(root.join(name)) else { continue };
        let wanted = with_tables(&text, &tables(apis, language))
            .ok_or_else(|| format!("{name} has no place for the tables of coverage: {BEGIN}{END}"))?;
        files.insert(name.to_owned(), wanted);
    }
    Ok(files)
}

fn with_tables(text: &str, tables: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{tables}{END}{after}"))
}

fn tables(apis: &[Api], language: Language) -> String {
    let mut text = String::new();
    for api in apis {
        let rust = language.choose("In Rust", "В Rust");
        let task = language.choose("I want to", "Задача");
        let folder = common_folder(api);
        text += &format!("**{}**: `{folder}`\n\n", api.title);
        text += &table_head([language.choose("Request", "Запрос"), task, rust]);
        for operation in &api.operations {
            let page = format!("docs/reference/{}/{}.md", language.folder(), operation.id);
            let request = format!("[{}]({page})", code_html(&operation.path[folder.len()..]));
            let calls: Vec<String> = operation
                .calls()
                .iter()
                .map(|call| code_html(call.trim_matches('`').trim_start_matches(&api.name)))
                .collect();
            text += &table_row([
                &request,
                &narrow_html(language.of(&operation.summary), language),
                &calls.join(", "),
            ]);
        }
        text.push('\n');
    }
    text
}

/// Returns the folder in which all requests of an API are: `/developer/v3/`.
fn common_folder(api: &Api) -> &str {
    let Some(first) = api.operations.first() else { return "" };
    let folders = first.path.match_indices('/').map(|(at, _)| &first.path[..=at]);
    let is_common = |folder: &&str| api.operations.iter().all(|operation| operation.path.starts_with(folder));
    folders.rev().find(is_common).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_marks_is_replaced() {
        let text = format!("before\n{BEGIN}old\n{END}\nafter\n");
        assert_eq!(with_tables(&text, "new\n"), Some(format!("before\n{BEGIN}new\n{END}\nafter\n")));
        assert_eq!(with_tables("no marks", "new\n"), None);
    }
}
