//! The files that an export writes: JSON Lines, CSV and XLSX.

mod columns;
mod sheets;

use std::collections::BTreeMap;
use std::io::{self, Stdout, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;

pub use self::columns::{Headings, OutputColumn, OutputKind, history_columns};
use self::columns::{OutputCell, cells};
use self::sheets::{LONGEST, Sheets};
use super::rejected::quoted;
use super::replaced_file::ReplacedFile;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// JSON Lines: one object a line, as the server writes it.
    Jsonl,
    /// CSV with `,` and the values as the server writes them.
    Csv,
    /// CSV that Excel opens: a byte order mark, `;`, and no value that Excel would take for a formula.
    ExcelCsv,
    /// A spreadsheet, with dates and numbers as such. It cannot be resumed.
    Xlsx,
}

impl Format {
    /// Returns `true` if the values are for people: dates as `dd.mm.yyyy`, no `<br />`, no 0 for "none".
    fn is_for_people(self) -> bool {
        matches!(self, Self::ExcelCsv | Self::Xlsx)
    }

    /// Returns `true` if a file of this format can be resumed from a checkpoint.
    #[must_use]
    pub fn can_resume(self) -> bool {
        self != Self::Xlsx
    }
}

/// A file of records. It replaces an older one at [`sync`](Self::sync) or [`finish`](Self::finish), and never holds half
/// of a record.
///
/// The path `-` is the standard output. When its reader has gone, writing fails with [`io::ErrorKind::BrokenPipe`].
#[derive(Debug)]
pub struct Output {
    target: Target,
    format: Format,
    columns: Vec<OutputColumn>,
    /// Whole lines that are not written yet.
    lines: Vec<u8>,
    sheets: Option<Sheets>,
    has_heading: bool,
    records: u64,
}

#[derive(Debug)]
enum Target {
    File(ReplacedFile),
    Stdout(Stdout, u64),
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The number of records, without those before a resumption.
    pub records: u64,
    /// The number of texts that were cut, because a cell of a spreadsheet holds at most 32,767 characters.
    pub shortened: u64,
    /// The number of sheets of a spreadsheet, because a sheet holds at most 1,048,576 rows. 0 for other formats.
    pub sheets: usize,
}

impl Output {
    /// Starts a file. `columns` are those of CSV and XLSX; a key that is in no column goes to the one of kind
    /// [`OutputKind::Others`].
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(path: &Path, format: Format, columns: Vec<OutputColumn>) -> io::Result<Self> {
        let target = match path.as_os_str() == "-" {
            true => Target::Stdout(io::stdout(), 0),
            false => Target::File(ReplacedFile::create(path)?),
        };
        let sheets = (format == Format::Xlsx).then(|| Sheets::new(LONGEST));
        Ok(Self { target, format, columns, lines: Vec::new(), sheets, has_heading: false, records: 0 })
    }

    /// Goes on with a file from a checkpoint, at the length that [`sync`](Self::sync) returned.
    ///
    /// # Errors
    /// The file cannot be opened, or is shorter than that, or its format cannot be resumed.
    pub fn resume(path: &Path, format: Format, columns: Vec<OutputColumn>, length: u64) -> io::Result<Self> {
        if !format.can_resume() || path.as_os_str() == "-" {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        }
        let target = Target::File(ReplacedFile::resume(path, length)?);
        let has_heading = length > 0;
        Ok(Self { target, format, columns, lines: Vec::new(), sheets: None, has_heading, records: 0 })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, record: &impl Serialize) -> io::Result<()> {
        self.heading()?;
        self.records += 1;
        if self.format == Format::Jsonl {
            serde_json::to_writer(&mut self.lines, record)?;
            self.lines.push(b'\n');
        } else {
            let json = serde_json::to_string(record)?;
            let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&json)?;
            let cells = cells(&fields, &self.columns, self.format.is_for_people());
            match &mut self.sheets {
                Some(sheets) => sheets.row(&cells, &self.columns)?,
                None => self.csv(cells.iter().map(OutputCell::to_text)),
            }
        }
        if self.lines.len() >= 64 * 1024 { self.write_lines() } else { Ok(()) }
    }

    /// Writes everything to the disk, and puts the file into its place. Returns its length.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn sync(&mut self) -> io::Result<u64> {
        self.heading()?;
        self.write_lines()?;
        match &mut self.target {
            Target::File(file) => {
                file.commit()?;
                file.length()
            }
            Target::Stdout(stdout, length) => stdout.flush().map(|()| *length),
        }
    }

    /// Writes everything, and puts the file into its place. To leave an older file in its place, drop this instead.
    ///
    /// # Errors
    /// The file cannot be written. An older file is then still in its place.
    pub fn finish(mut self) -> io::Result<Written> {
        self.heading()?;
        let mut written = Written { records: self.records, shortened: 0, sheets: 0 };
        if let Some(mut sheets) = self.sheets.take() {
            sheets.complete(&self.columns)?;
            (written.shortened, written.sheets) = (sheets.shortened(), sheets.count());
            match &mut self.target {
                Target::File(file) => sheets.save_to(file)?,
                Target::Stdout(..) => self.lines = sheets.save()?,
            }
        }
        self.write_lines()?;
        match &mut self.target {
            Target::File(file) => file.commit()?,
            Target::Stdout(stdout, _) => stdout.flush()?,
        }
        Ok(written)
    }

    fn heading(&mut self) -> io::Result<()> {
        if self.has_heading {
            return Ok(());
        }
        self.has_heading = true;
        match self.format {
            Format::Jsonl => {}
            Format::Xlsx => {}
            Format::Csv | Format::ExcelCsv => {
                if self.format == Format::ExcelCsv {
                    self.lines.extend_from_slice("\u{feff}".as_bytes());
                }
                let headings: Vec<String> =
                    self.columns.iter().map(|column| column.heading.clone()).collect();
                self.csv(headings.into_iter());
            }
        }
        Ok(())
    }

    fn csv(&mut self, values: impl Iterator<Item = String>) {
        let is_excel = self.format == Format::ExcelCsv;
        let (delimiter, end) = if is_excel { (';', "\r\n") } else { (',', "\n") };
        let values: Vec<String> = values.map(|value| quoted(&value, delimiter, is_excel)).collect();
        self.lines.extend_from_slice(values.join(&delimiter.to_string()).as_bytes());
        self.lines.extend_from_slice(end.as_bytes());
    }

    fn write_lines(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::File(file) => file.write_all(&self.lines)?,
            Target::Stdout(stdout, length) => {
                stdout.write_all(&self.lines)?;
                *length += self.lines.len() as u64;
            }
        }
        self.lines.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
