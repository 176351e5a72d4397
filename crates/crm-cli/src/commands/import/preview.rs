//! The rows of a dry run: a table of the first ones for a person, JSON for a program.

use comfy_table::{ContentArrangement, Table, presets};
use crm::history::NewEntry;

use crate::exit::Failure;
use crate::language::{Messages, one_line};
use crate::terminal::Terminal;

/// How many rows a terminal shows.
const ROWS: usize = 10;
/// How many characters of a text a terminal shows.
const CHARACTERS: usize = 60;

/// The first rows, for a terminal.
#[derive(Default)]
pub(super) struct Preview {
    rows: Vec<[String; 8]>,
    left_out: u64,
}

const HEADINGS: [&str; 8] = [
    "column-line",
    "column-date",
    "column-content",
    "column-type",
    "column-owner",
    "column-client-id",
    "column-contact-id",
    "column-deal-id",
];

impl Preview {
    pub(super) fn add(&mut self, line: u64, entry: &NewEntry) {
        if self.rows.len() == ROWS {
            self.left_out += 1;
            return;
        }
        let date = match (entry.at_instant, entry.at) {
            (Some(instant), _) => instant.to_rfc3339(),
            (None, Some(at)) => at.format("%d.%m.%Y %H:%M:%S").to_string(),
            (None, None) => String::new(),
        };
        let contacts: Vec<String> = entry.contacts.iter().map(ToString::to_string).collect();
        self.rows.push([
            line.to_string(),
            date,
            short(&entry.sent_content()),
            short(entry.activity_type.as_deref().unwrap_or_default()),
            short(entry.user.as_deref().unwrap_or_default()),
            entry.client.map(|id| id.to_string()).unwrap_or_default(),
            contacts.join(", "),
            entry.deal.map(|id| id.to_string()).unwrap_or_default(),
        ]);
    }

    /// Prints the table. Columns without a value are left out.
    pub(super) fn print(&self, terminal: &Terminal) -> Result<(), Failure> {
        if self.rows.is_empty() {
            return Ok(());
        }
        terminal.list(&self.table(&terminal.messages))?;
        if self.left_out > 0 {
            terminal.note_text("import-preview-more", &[("count", self.left_out.into())]);
        }
        Ok(())
    }

    fn table(&self, messages: &Messages) -> String {
        let used: Vec<usize> = (0..HEADINGS.len())
            .filter(|&column| self.rows.iter().any(|row| !row[column].is_empty()))
            .collect();
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(used.iter().map(|&column| messages.text(HEADINGS[column])));
        for row in &self.rows {
            table.add_row(used.iter().map(|&column| row[column].as_str()));
        }
        table.to_string()
    }
}

/// Returns the beginning of a text on one line, without what a terminal would obey.
fn short(text: &str) -> String {
    let text = one_line(text);
    let mut shown: String = text.chars().filter(|sign| !is_invisible(*sign)).take(CHARACTERS).collect();
    if text.chars().nth(CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns a row that would be sent as a line for programs.
pub(super) fn to_send(line: u64, entry: &NewEntry) -> String {
    let json = serde_json::to_string(entry).unwrap_or_default();
    // As JSON they stay the same.
    let escaped = json.chars().map(|sign| match sign {
        sign if is_invisible(sign) => format!("\\u{:04x}", u32::from(sign)),
        sign => sign.to_string(),
    });
    format!("{line}: {}", escaped.collect::<String>())
}

/// Returns whether a terminal would obey a character, or show nothing.
fn is_invisible(sign: char) -> bool {
    matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{7f}'..='\u{9f}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::language::Language;
    use crm::history::ClientId;

    #[test]
    fn a_terminal_shows_the_first_rows_with_the_columns_that_have_values() {
        let mut preview = Preview::default();
        let entry = NewEntry::new("звонок\n\u{202e}".repeat(30)).client(ClientId(1781));
        for line in 2..14 {
            preview.add(line, &entry);
        }
        assert_eq!(preview.left_out, 2);
        let table = preview.table(&Messages::new(Language::Russian));
        let mut lines = table.lines();
        let heading: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
        assert_eq!(heading, ["Строка", "Содержание", "ID", "клиента"]);
        assert_eq!(lines.count(), 10);
        assert!(
            table.contains("звонок звонок") && table.contains('…') && !table.contains('\u{202e}'),
            "{table}"
        );
    }
}
