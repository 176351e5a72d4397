//! The file that is written.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use clap::ValueEnum;
use crm::history::Entry;
use serde_json::Value;

/// How an activity stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Format {
    Jsonl,
    Csv,
}

/// A file to which whole lines are written, many at a time: whenever the program is killed, no half line stays.
pub(crate) struct Output {
    file: File,
    format: Format,
    /// Whole lines, not written yet.
    lines: Vec<u8>,
}

/// The server's names, in its order. What it has beyond them stands in the last column as JSON.
const COLUMNS: [&str; 11] =
    ["cid", "datum", "content", "tip", "iduser", "user", "clid", "client", "person", "did", "dogovor"];
const OTHERS: &str = "extra";

impl Output {
    /// A new file, or the one that was begun, cut back to the length that the checkpoint knows.
    pub(crate) fn open(path: &Path, format: Format, length: Option<u64>) -> io::Result<Self> {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        let mut file = OpenOptions::new()
            .write(true)
            .create(length.is_none())
            .truncate(length.is_none())
            .open(path)
            .map_err(named)?;
        let mut output = match length {
            None => Self { file, format, lines: Vec::new() },
            Some(length) => {
                if file.metadata().map_err(named)?.len() < length {
                    return Err(named(io::Error::other(
                        "is shorter than the checkpoint says; remove the checkpoint to begin anew",
                    )));
                }
                file.set_len(length).map_err(named)?;
                file.seek(SeekFrom::End(0)).map_err(named)?;
                return Ok(Self { file, format, lines: Vec::new() });
            }
        };
        if format == Format::Csv {
            output.csv(COLUMNS.iter().chain([&OTHERS]).map(|name| (*name).to_owned()))?;
        }
        Ok(output)
    }

    /// Adds an activity; returns how much waits to be written.
    pub(crate) fn write(&mut self, entry: &Entry) -> io::Result<u64> {
        match self.format {
            Format::Jsonl => {
                serde_json::to_writer(&mut self.lines, entry)?;
                self.lines.push(b'\n');
            }
            Format::Csv => {
                let Value::Object(mut fields) = serde_json::to_value(entry)? else {
                    return Err(io::Error::other("an activity is no object"));
                };
                if let Some(contacts) = fields.get_mut("person") {
                    *contacts = serde_json::to_string(&entry.contacts)?.into(); // its keys in the server's order
                }
                let mut cells: Vec<String> =
                    COLUMNS.iter().map(|name| cell(fields.remove(*name).unwrap_or_default())).collect();
                cells.push(if fields.is_empty() { String::new() } else { Value::Object(fields).to_string() });
                self.csv(cells)?;
            }
        }
        if self.lines.len() >= 64 * 1024 {
            self.write_lines()?;
        }
        Ok(self.lines.len() as u64)
    }

    /// Brings everything to the disk; returns the length of the file.
    pub(crate) fn sync(&mut self) -> io::Result<u64> {
        self.write_lines()?;
        self.file.sync_data()?;
        self.file.stream_position()
    }

    fn write_lines(&mut self) -> io::Result<()> {
        let begin = self.file.stream_position()?;
        if let Err(error) = self.file.write_all(&self.lines) {
            // A full disk may have taken the half of a line.
            let _ = self.file.set_len(begin);
            return Err(error);
        }
        self.lines.clear();
        Ok(())
    }

    fn csv(&mut self, cells: impl IntoIterator<Item = String>) -> io::Result<()> {
        let mut line = csv::Writer::from_writer(&mut self.lines);
        line.write_record(cells.into_iter().map(String::into_bytes))?;
        line.flush()
    }
}

fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}
