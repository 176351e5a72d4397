//! Calls and answers for a person to read.

use comfy_table::{Cell, ContentArrangement, Row, Table, presets};
use crm::http::Request;
use crm::{Bytes, Page};
use serde::Serialize;
use serde_json::Value;

/// What has been called so far.
#[derive(Default)]
pub(crate) struct Tour {
    calls: usize,
    failed: usize,
}

impl Tour {
    pub(crate) fn chapter(&self, title: &str, address: &str) {
        println!("\n=== {title} at {address}");
    }

    /// The call as it is written in Rust, and as it goes out.
    pub(crate) fn call(&mut self, code: &str, request: &Request<Bytes>) {
        self.calls += 1;
        println!("\n{:>2}. {code}", self.calls);
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let body = String::from_utf8_lossy(request.body());
        println!("    → {} {target} {}", request.method(), short(&body, 160));
    }

    /// The answer as a table, or the error.
    pub(crate) fn answer<T>(
        &mut self,
        answer: Result<T, crm::Error>,
        table: impl FnOnce(&T) -> Table,
    ) -> Option<T> {
        match answer {
            Ok(value) => {
                for line in table(&value).lines() {
                    println!("      {}", line.trim_end());
                }
                Some(value)
            }
            Err(error) => {
                self.failed += 1;
                println!("    ✗ {error}");
                None
            }
        }
    }

    pub(crate) fn end(self) -> Result<(), Box<dyn std::error::Error>> {
        println!("\n{} calls, {} failed", self.calls, self.failed);
        if self.failed == 0 { Ok(()) } else { Err("not every call succeeded; see above".into()) }
    }
}

/// Of a table, so that it fits a terminal of 80 columns with what stands before it.
const WIDTH: u16 = 74;

/// At most sixteen rows.
pub(crate) fn rows<const N: usize, C: ToString>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [C; N]>,
) -> Table {
    let mut table = blank();
    table.set_header(head);
    let mut left_out = 0;
    for (i, row) in rows.into_iter().enumerate() {
        if i < 16 {
            table.add_row(line(row.map(|cell| cell.to_string())));
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        table.add_row([format!("… {left_out} more")]);
    }
    table
}

/// One record, a field a line.
pub(crate) fn fields(record: &Value) -> Table {
    let empty = serde_json::Map::new();
    let pairs = record.as_object().unwrap_or(&empty).iter();
    rows(["field", "value"], pairs.map(|(name, value)| [name.clone(), text(value)]))
}

/// A page of records of solOS, their first fields.
pub(crate) fn records<T: Serialize>(page: &Page<T>) -> Table {
    let values: Vec<Value> = page.items.iter().map(|item| serde_json::json!(item)).collect();
    let mut table = blank();
    let first = values.first().and_then(Value::as_object);
    let mut names: Vec<String> = first.into_iter().flat_map(|first| first.keys().cloned()).collect();
    names.sort_by_key(|name| (name != "id", name == "data")); // what a person looks for first, and last
    names.truncate(6);
    table.set_header(if names.is_empty() { vec!["no records".to_owned()] } else { names.clone() });
    for value in values.iter().take(8) {
        table.add_row(line(names.iter().map(|name| text(&value[name]))));
    }
    if values.len() > 8 {
        table.add_row([format!("… {} more", values.len() - 8)]);
    }
    for bad in &page.unreadable {
        table.add_row([format!("unreadable: {bad}")]);
    }
    table
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

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
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
