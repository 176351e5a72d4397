//! Tables of a page, as HTML: Markdown has neither rows over the whole width nor places where a name may be broken. A
//! phone shows them without scrolling sideways.

use super::inline::{Breaks, html};
use super::language::Language;
use std::fmt::Write;

/// A table of three columns. A row can have notes, over the whole width.
pub(super) struct Table {
    language: Language,
    html: String,
}

impl Table {
    pub(super) fn new(language: Language, titles: [&str; 3]) -> Self {
        let [first, second, third] = titles.map(|title| html(title, Breaks::Narrow(language)));
        // A small screen divides what it has in proportion to the widths.
        let html = format!(
            "<table>\n<thead>\n<tr align=\"left\"><th width=\"200\">{first}</th><th width=\"500\">{second}</th>\
             <th width=\"220\">{third}</th></tr>\n</thead>\n"
        );
        Self { language, html }
    }

    /// Adds a row. Each cell and each note is a list of lines of Markdown; empty lines are left out. The anchor holds the
    /// name on the wire unbroken, so that a search finds it.
    pub(super) fn row(&mut self, anchor: &str, cells: [&[&str]; 3], notes: &[String]) {
        let anchor = if anchor.is_empty() { String::new() } else { format!(" id=\"{anchor}\"") };
        let _ = write!(self.html, "<tbody{anchor}>\n<tr valign=\"top\">");
        for cell in cells {
            let lines = cell.iter().copied();
            let _ = write!(self.html, "<td>{}</td>", joined(lines, Breaks::Narrow(self.language)));
        }
        self.html += "</tr>\n";
        let notes = joined(notes.iter().map(String::as_str), Breaks::Wide);
        if !notes.is_empty() {
            let _ = writeln!(self.html, "<tr><td colspan=\"3\">{notes}</td></tr>");
        }
        self.html += "</tbody>\n";
    }

    pub(super) fn html(self) -> String {
        self.html + "</table>\n"
    }
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>, breaks: Breaks) -> String {
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).map(|line| html(line, breaks)).collect();
    lines.join("<br>")
}
