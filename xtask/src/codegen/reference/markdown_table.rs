//! Tables of Markdown, for pages that people also read as text. They have three columns.

/// Returns a row. The characters that Markdown would interpret are escaped.
pub(crate) fn table_row(cells: [&str; 3]) -> String {
    let cells = cells.map(|cell| cell.trim_end().replace('|', "\\|").replace('\n', " "));
    format!("| {} |\n", cells.join(" | "))
}

/// Returns the titles of a table and the line below them.
pub(crate) fn table_head(titles: [&str; 3]) -> String {
    table_row(titles) + "|---|---|---|\n"
}
