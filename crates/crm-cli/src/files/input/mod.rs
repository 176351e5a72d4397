//! Opens a file and reads its rows: CSV in any encoding, or a spreadsheet.

mod encoding;
mod lines;
mod records;
mod source;
mod workbook;

use std::io;

pub use encoding::EncodingSource;
pub(super) use encoding::{Decoder, Detected, by_mark, detect, named};
pub(super) use lines::{Line, Lines};
pub(super) use records::{Records, Shape, looks_like_date};
pub(super) use source::{Kind, Source, SourceReader};
pub(super) use workbook::Workbook;

use super::cell::Cell;
use super::message::Message;
use super::problem::Problem;

/// A row as it is in the file, whether it can be used or not.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// The number of its first line, or of the row in the sheet, counted from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<Cell>,
    /// Why it cannot be used.
    pub(super) problem: Option<Problem>,
    /// The last row of a file that does not end with a line end.
    pub(super) unterminated: bool,
}

impl Row {
    pub(super) fn is_blank(&self) -> bool {
        self.problem.is_none() && self.cells.iter().all(Cell::is_blank)
    }
}

/// Why a file cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum InputError {
    /// The file cannot be opened or read.
    Io(io::Error),
    /// No encoding has this name.
    UnknownEncoding(String),
    /// The file is not a table: an archive, a document, a picture.
    NotATable {
        /// What it is, such as `PDF`.
        what: &'static str,
    },
    /// The spreadsheet is damaged, protected by a password, or of an unknown kind.
    Spreadsheet {
        /// What the reader reported.
        reason: String,
    },
    /// The spreadsheet has no sheet of this name.
    NoSuchSheet {
        /// The name that was requested.
        name: String,
        /// The names of its sheets.
        sheets: Vec<String>,
    },
    /// More than one sheet has a header, and none was chosen.
    SeveralSheets {
        /// The names of these sheets.
        sheets: Vec<String>,
    },
}

impl InputError {
    /// Returns the text for people.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Io(error) => match error.kind() {
                io::ErrorKind::NotFound => Message::new("input-not-found"),
                io::ErrorKind::PermissionDenied => Message::new("input-no-permission"),
                io::ErrorKind::IsADirectory => Message::new("input-is-a-folder"),
                _ => Message::new("input-io").with("error", error),
            },
            Self::UnknownEncoding(name) => Message::new("input-unknown-encoding").with("name", name),
            Self::NotATable { what } => Message::new("input-not-a-table").with("what", what),
            Self::Spreadsheet { reason } => Message::new("input-spreadsheet").with("error", reason),
            Self::NoSuchSheet { name, sheets } => {
                Message::new("input-no-such-sheet").with("name", name).with("sheets", sheets.join(", "))
            }
            Self::SeveralSheets { sheets } => {
                Message::new("input-several-sheets").with("sheets", sheets.join(", "))
            }
        }
    }
}

impl From<io::Error> for InputError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
