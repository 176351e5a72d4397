//! The file that is written.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::value::RawValue;

/// The format of the file.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Format {
    Jsonl,
    Csv,
}

/// A file to which whole lines are written, many at a time, so that a killed program leaves no half line.
pub(crate) struct Output {
    file: File,
    format: Format,
    /// Whole lines, not written yet.
    lines: Vec<u8>,
}

/// The server's names, in its order. Everything else goes to the last column, as JSON.
const COLUMNS: [&str; 11] =
    ["cid", "datum", "content", "tip", "iduser", "user", "clid", "client", "person", "did", "dogovor"];
const OTHERS: &str = "extra";

impl Output {
    /// Opens a file, and creates it if it does not exist. Call [`resume`](Self::resume) before anything is written.
    pub(crate) fn open(path: &Path, format: Format) -> io::Result<Self> {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(named)?;
        Ok(Self { file, format, lines: Vec::new() })
    }

    /// Cuts the file back to the length that the checkpoint knows, or to nothing.
    pub(crate) fn resume(&mut self, length: Option<u64>) -> io::Result<u64> {
        let start = length.unwrap_or(0);
        if self.file.metadata()?.len() < start {
            return Err(io::Error::other(
                "it is shorter than the checkpoint says; remove the checkpoint to start from the beginning",
            ));
        }
        self.file.set_len(start)?;
        self.file.seek(SeekFrom::End(0))?;
        if length.is_none() && self.format == Format::Csv {
            self.csv(COLUMNS.iter().chain([&OTHERS]).map(|name| (*name).to_owned()))?;
        }
        Ok(start)
    }

    /// Adds an activity. Returns how many bytes wait to be written.
    pub(crate) fn write(&mut self, record: &impl Serialize) -> io::Result<u64> {
        match self.format {
            Format::Jsonl => {
                serde_json::to_writer(&mut self.lines, record)?;
                self.lines.push(b'\n');
            }
            Format::Csv => {
                // As text, so that the keys of a contact keep their order.
                let text = serde_json::to_string(record)?;
                let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text)?;
                let mut cells: Vec<String> = COLUMNS
                    .iter()
                    .map(|name| fields.remove(*name).map(|value| cell(&value)).unwrap_or_default())
                    .collect();
                cells.push(if fields.is_empty() { String::new() } else { serde_json::to_string(&fields)? });
                self.csv(cells)?;
            }
        }
        if self.lines.len() >= 64 * 1024 {
            self.write_lines()?;
        }
        Ok(self.lines.len() as u64)
    }

    /// Writes everything to the disk. Returns the length of the file.
    pub(crate) fn sync(&mut self) -> io::Result<u64> {
        self.write_lines()?;
        self.file.sync_data()?;
        self.file.stream_position()
    }

    fn write_lines(&mut self) -> io::Result<()> {
        let begin = self.file.stream_position()?;
        if let Err(error) = self.file.write_all(&self.lines) {
            // A full disk may have taken half of a line.
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

fn cell(value: &RawValue) -> String {
    match value.get() {
        "null" => String::new(),
        text => serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()),
    }
}
