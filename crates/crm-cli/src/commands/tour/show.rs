//! Shows calls and answers to people.

use std::sync::Arc;

use comfy_table::{Cell, ContentArrangement, Row, Table, presets};
use crm::history::EntryId;
use crm::http::Request;
use crm::{Bytes, Page, Verdict};
use crm_sandbox::Sandbox;
use serde::Serialize;
use serde_json::Value as Json;

use crate::exit::{Exit, Failure};
use crate::language::{Messages, Value};
use crate::terminal::Terminal;

/// The tour so far.
pub(super) struct Tour {
    terminal: Arc<Terminal>,
    calls: u64,
    failed: u64,
    is_as_promised: bool,
}

impl Tour {
    pub(super) fn new(terminal: &Arc<Terminal>) -> Self {
        Self { terminal: Arc::clone(terminal), calls: 0, failed: 0, is_as_promised: true }
    }

    /// Starts a sandbox of its own for a chapter.
    pub(super) async fn sandbox(&self, builder: crm_sandbox::Builder) -> Result<Sandbox, Failure> {
        builder.start().await.map_err(|error| {
            let values = [("address", "127.0.0.1:0".into()), ("error", error.to_string().into())];
            Failure::person(self.terminal.messages.format("sandbox-not-started", &values))
        })
    }

    pub(super) fn chapter(&self, title: &str, address: &str) -> Result<(), Failure> {
        let title = self.terminal.messages.format(title, &[("url", address.into())]);
        self.terminal.print(&format!("\n=== {title}"))
    }

    pub(super) fn say(&self, text: &str, values: &[(&str, Value<'_>)]) -> Result<(), Failure> {
        self.terminal.print(&format!("\n{}", self.terminal.messages.format(text, values)))
    }

    /// The call as it is written in Rust, and as it goes out.
    pub(super) fn call(
        &mut self,
        code: &str,
        request: Result<Request<Bytes>, crm::Error>,
    ) -> Result<(), Failure> {
        self.calls += 1;
        let request = request.map_err(|error| self.call_failure(&error))?;
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let body = String::from_utf8_lossy(request.body());
        let (number, method) = (self.calls, request.method());
        self.terminal.print(&format!("\n{number:>2}. {code}\n    → {method} {target} {}", short(&body, 160)))
    }

    /// The answer as a table, or the error.
    pub(super) fn answer<T>(
        &mut self,
        answer: Result<T, crm::Error>,
        table: impl FnOnce(&T, &Messages) -> Table,
    ) -> Result<Option<T>, Failure> {
        match answer {
            Ok(value) => {
                for line in table(&value, &self.terminal.messages).lines() {
                    self.terminal.print(&format!("      {}", line.trim_end()))?;
                }
                Ok(Some(value))
            }
            Err(error) => {
                self.failed += 1;
                self.terminal.print(&format!("    ✗ {}", self.terminal.messages.error(&error)))?;
                Ok(None)
            }
        }
    }

    /// An activity of the tour is still there.
    pub(super) fn not_deleted(&mut self, id: EntryId, error: &crm::Error) -> Result<(), Failure> {
        self.failed += 1;
        let values = [("id", id.to_string().into()), ("error", self.terminal.messages.error(error).into())];
        self.say("tour-not-deleted", &values)
    }

    pub(super) fn count_calls(&self) -> Result<(), Failure> {
        self.say("tour-calls", &[("calls", self.calls.into()), ("failed", self.failed.into())])
    }

    pub(super) fn verdict(&self, verdict: &Verdict) -> Result<(), Failure> {
        self.terminal.print(&format!("    {}", self.terminal.messages.verdict(verdict)))
    }

    /// Notes whether a chapter ended as the project promises.
    pub(super) fn check(&mut self, is_as_promised: bool) {
        self.is_as_promised &= is_as_promised;
    }

    pub(super) fn call_failure(&self, error: &crm::Error) -> Failure {
        self.terminal.call_failure(error)
    }

    pub(super) fn end(self) -> Result<Exit, Failure> {
        Ok(if self.failed == 0 && self.is_as_promised { Exit::Done } else { Exit::Person })
    }
}

/// The width of a table. With its indentation it fits a terminal of 80 columns.
const WIDTH: u16 = 74;

/// At most sixteen rows. The columns have these texts as headings.
pub(super) fn rows<const N: usize, C: ToString>(
    messages: &Messages,
    headings: [&str; N],
    rows: impl IntoIterator<Item = [C; N]>,
) -> Table {
    let mut table = blank();
    table.set_header(headings.map(|name| messages.text(name)));
    let mut left_out = 0;
    for (i, row) in rows.into_iter().enumerate() {
        if i < 16 {
            table.add_row(line(row.map(|cell| cell.to_string())));
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        table.add_row([more(messages, left_out)]);
    }
    table
}

/// One record, a field a line.
pub(super) fn fields(messages: &Messages, record: &Json) -> Table {
    let empty = serde_json::Map::new();
    let pairs = record.as_object().unwrap_or(&empty).iter();
    rows(messages, ["column-field", "column-value"], pairs.map(|(name, value)| [name.clone(), text(value)]))
}

/// A page of records of solOS, their first fields.
pub(super) fn records<T: Serialize>(page: &Page<T>, messages: &Messages) -> Table {
    let values: Vec<Json> = page.items.iter().map(|item| serde_json::json!(item)).collect();
    let mut table = blank();
    let first = values.first().and_then(Json::as_object);
    let mut names: Vec<String> = first.into_iter().flat_map(|first| first.keys().cloned()).collect();
    names.sort_by_key(|name| (name != "id", name == "data")); // what a person looks for first, and last
    names.truncate(6);
    table.set_header(if names.is_empty() { vec![messages.text("tour-no-records")] } else { names.clone() });
    for value in values.iter().take(8) {
        table.add_row(line(names.iter().map(|name| text(&value[name]))));
    }
    if values.len() > 8 {
        table.add_row([more(messages, values.len() - 8)]);
    }
    for bad in &page.unreadable {
        let bad = messages.of_library(&bad.to_string());
        table.add_row([messages.format("tour-unreadable", &[("record", bad.into())])]);
    }
    table
}

fn more(messages: &Messages, left_out: usize) -> String {
    messages.format("tour-more", &[("count", (left_out as u64).into())])
}

/// A row of one line, whatever is in it.
fn line(cells: impl IntoIterator<Item = String>) -> Row {
    let mut row: Row = cells.into_iter().map(|cell| Cell::new(short(&cell, 40))).collect::<Vec<_>>().into();
    row.max_height(1);
    row
}

fn blank() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH).set_truncation_indicator("…");
    table
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

fn short(text: &str, limit: usize) -> String {
    let line = text.replace(['\n', '\r'], " ");
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
