//! Tables of Markdown. They have three columns, so that a telephone shows them.

/// Returns a row. The characters that Markdown would interpret are escaped.
pub(crate) fn table_row(cells: [&str; 3]) -> String {
    let cells = cells.map(|cell| cell.trim_end().replace('|', "\\|").replace('\n', " "));
    format!("| {} |\n", cells.join(" | "))
}

/// Returns the titles of a table and the line below them.
pub(crate) fn table_head(titles: [&str; 3]) -> String {
    table_row(titles) + "|---|---|---|\n"
}

/// Joins the lines of a cell. Empty lines are left out.
pub(super) fn cell(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().copied().filter(|line| !line.is_empty()).collect();
    lines.join("<br>")
}
