//! Records on the standard output: a table for people, or JSON Lines.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::exit::Failure;
use crate::language::one_line;
use crate::terminal::Terminal;

/// How many rows of a table are written together. The widths of the columns are those of these rows.
const ROWS: usize = 200;

/// Writes records as they come.
pub(crate) struct Listing<'a> {
    terminal: &'a Terminal,
    /// The names of the texts of the headings. Empty once they are written.
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl<'a> Listing<'a> {
    /// Starts a list whose columns have these texts as headings. With `--json` no summary follows the records.
    pub(crate) fn new(terminal: &'a Terminal, headings: &[&'static str]) -> Self {
        if terminal.is_json() {
            terminal.reserve_output();
        }
        Self { terminal, headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a record: the cells for people, and the record itself for programs.
    pub(crate) fn add(&mut self, record: &impl Serialize, cells: Vec<String>) -> Result<(), Failure> {
        if self.terminal.is_json() {
            return self.terminal.print(&serde_json::to_string(record).unwrap_or_default());
        }
        self.rows.push(cells);
        if self.rows.len() == ROWS { self.write() } else { Ok(()) }
    }

    /// Writes what was added and not written yet.
    pub(crate) fn write(&mut self) -> Result<(), Failure> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let headings = std::mem::take(&mut self.headings);
        let headings: Vec<String> =
            headings.into_iter().map(|name| self.terminal.messages.text(name)).collect();
        let headings = Some(headings).filter(|headings| !headings.is_empty());
        let lines = table_lines(headings.into_iter().chain(self.rows.drain(..)));
        lines.iter().try_for_each(|line| self.terminal.print(line))
    }
}

/// Returns the lines of a table with these rows.
pub(crate) fn table_lines(rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for row in rows {
        table.add_row(row);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Returns the cell of a text of the server: one line without control characters.
pub(crate) fn cell(text: Option<&str>) -> String {
    one_line(text.unwrap_or_default())
}

/// Returns the cell of an ID; empty without one.
pub(crate) fn id_cell(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
