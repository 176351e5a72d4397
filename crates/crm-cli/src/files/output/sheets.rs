//! An XLSX file, row by row in constant memory.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Seek, Write};

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::columns::{OutputCell, OutputColumn, OutputKind};

/// Maximum number of rows of a sheet, with the heading.
pub(super) const LONGEST: u32 = 1_048_576;

/// Maximum length of a text in a cell, in UTF-16 code units.
const LONGEST_TEXT: usize = 32_767;

/// The sheets of a file: a new one is started when one is full.
pub(super) struct Sheets {
    workbook: Workbook,
    /// The next row of the last sheet.
    row: u32,
    sheets: usize,
    /// Maximum number of rows of a sheet.
    longest: u32,
    shortened: u64,
    bold: Format,
    date: Format,
    wrapped: Format,
}

impl fmt::Debug for Sheets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sheets").field("sheets", &self.sheets).field("row", &self.row).finish_non_exhaustive()
    }
}

impl Sheets {
    pub(super) fn new(longest: u32) -> Self {
        Self {
            workbook: Workbook::new(),
            row: 0,
            sheets: 0,
            longest,
            shortened: 0,
            bold: Format::new().set_bold(),
            date: Format::new().set_num_format("dd.mm.yyyy hh:mm:ss"),
            wrapped: Format::new().set_text_wrap(),
        }
    }

    pub(super) fn shortened(&self) -> u64 {
        self.shortened
    }

    /// Returns the number of sheets.
    pub(super) fn count(&self) -> usize {
        self.sheets
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: &[OutputCell], columns: &[OutputColumn]) -> io::Result<()> {
        if self.sheets == 0 || self.row == self.longest {
            self.add_sheet(columns).map_err(io::Error::other)?;
        }
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1).map_err(io::Error::other)?;
        for (column, cell) in (0_u16..).zip(cells) {
            let row = self.row;
            let written = match cell {
                OutputCell::Text(text) if text.is_empty() => continue,
                OutputCell::Text(text) => {
                    let (text, is_cut) = fitting(text);
                    self.shortened += u64::from(is_cut);
                    sheet.write_string_with_format(row, column, text, &self.wrapped)
                }
                OutputCell::Number(number) => sheet.write_number(row, column, *number),
                OutputCell::Date(at) => sheet.write_datetime_with_format(row, column, at, &self.date),
            };
            written.map_err(io::Error::other)?;
        }
        self.row += 1;
        Ok(())
    }

    fn add_sheet(&mut self, columns: &[OutputColumn]) -> Result<(), XlsxError> {
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        head(sheet, columns, &self.bold)?;
        self.sheets += 1;
        self.row = 1;
        Ok(())
    }

    /// Returns the bytes of the file.
    pub(super) fn save(mut self) -> io::Result<Vec<u8>> {
        self.workbook.save_to_buffer().map_err(io::Error::other)
    }

    /// Writes the file.
    pub(super) fn save_to(mut self, file: &mut (impl Write + Seek + Send)) -> io::Result<()> {
        self.workbook.save_to_writer(file).map_err(io::Error::other)
    }

    /// Adds the sheet that a file needs without records. Call it before the file is saved.
    pub(super) fn complete(&mut self, columns: &[OutputColumn]) -> io::Result<()> {
        if self.sheets == 0 { self.add_sheet(columns).map_err(io::Error::other) } else { Ok(()) }
    }
}

fn head(sheet: &mut Worksheet, columns: &[OutputColumn], bold: &Format) -> Result<(), XlsxError> {
    sheet.set_freeze_panes(1, 0)?;
    for (index, column) in (0_u16..).zip(columns) {
        let width = match column.kind {
            OutputKind::Content => 60,
            OutputKind::DateTime => 19,
            OutputKind::Id => 12,
            _ => 24,
        };
        sheet.set_column_width(index, width)?;
        sheet.write_string_with_format(0, index, &column.heading, bold)?;
    }
    Ok(())
}

/// Returns what fits into a cell, and whether something was cut.
fn fitting(text: &str) -> (Cow<'_, str>, bool) {
    if text.len() <= LONGEST_TEXT || text.encode_utf16().count() <= LONGEST_TEXT {
        return (text.into(), false);
    }
    let mut length = 0;
    let fits = |character: &char| {
        length += character.len_utf16();
        length < LONGEST_TEXT
    };
    (text.chars().take_while(fits).chain(['…']).collect(), true)
}
