//! CSV files with the vendor's names as header.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

use crm::history::NewEntry;
use serde_json::{Map, Value};

/// The records of a file, each with the number of its line.
pub(crate) struct Table {
    names: Vec<String>,
    /// 1 for `\r\n`: the reader ends a record at the `\r`, and counts the line at the `\n` behind it.
    behind: u64,
    records: csv::StringRecordsIntoIter<BufReader<File>>,
}

/// `reason` is written by the program itself, and ignored when it is read back.
const NAMES: [&str; 8] = ["datum", "content", "tip", "user", "clid", "pid", "did", "reason"];

impl Table {
    /// Reads the header: with or without a byte order mark, separated by `,` or `;`.
    pub(crate) fn open(path: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let cannot = |e: io::Error| format!("{} cannot be read: {e}", path.display());
        let mut file = BufReader::new(File::open(path).map_err(cannot)?);
        let mut mark = [0; 3];
        let has_mark = file.read_exact(&mut mark).is_ok() && &mark == b"\xEF\xBB\xBF";
        file.seek(io::SeekFrom::Start(if has_mark { 3 } else { 0 })).map_err(cannot)?;
        let start = file.stream_position().map_err(cannot)?;
        let mut head = Vec::new();
        file.read_until(b'\n', &mut head).map_err(cannot)?;
        file.seek(io::SeekFrom::Start(start)).map_err(cannot)?;
        let behind = u64::from(head.ends_with(b"\r\n"));
        let delimiter = if head.contains(&b';') { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file);
        let names: Vec<String> = reader.headers()?.iter().map(|name| name.trim().to_lowercase()).collect();
        if let Some(unknown) = names.iter().find(|name| !NAMES.contains(&name.as_str())) {
            return Err(
                format!("the column «{unknown}» is unknown; there are {}", NAMES[..7].join(", ")).into()
            );
        }
        if !names.iter().any(|name| name == "content") {
            return Err("there is no column «content»; is the first line the header?".into());
        }
        Ok(Self { names, behind, records: reader.into_records() })
    }
}

impl Iterator for Table {
    type Item = (u64, Result<NewEntry, String>);

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.records.next()?;
        let line = |position: Option<&csv::Position>| position.map_or(0, csv::Position::line) + self.behind;
        Some(match record {
            Ok(record) => {
                // As texts, because a content may look like a number.
                let fields = self
                    .names
                    .iter()
                    .zip(&record)
                    .filter(|(name, value)| *name != "reason" && !value.trim().is_empty());
                let fields: Map<String, Value> =
                    fields.map(|(name, value)| (name.clone(), value.into())).collect();
                let too_long = record.len() > self.names.len();
                let entry = serde_json::from_value(fields.into()).map_err(|e| e.to_string());
                let fault = format!("{} fields, the header has {}", record.len(), self.names.len());
                (line(record.position()), if too_long { Err(fault) } else { entry })
            }
            Err(error) => (line(error.position()), Err(error.to_string())),
        })
    }
}
