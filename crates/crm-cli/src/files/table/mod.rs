//! A table of activities: a file, its header and its rows.

mod asterisk;
mod find_header;

use std::io;
use std::path::Path;
use std::vec;

use crm::history::NewEntry;

use self::find_header::FoundHeader;
use super::cell::Cell;
use super::header::{Header, HeaderError};
use super::input::{
    Decoder, Detected, EncodingSource, InputError, Kind, Lines, Records, Row, Shape, Source, SourceReader,
    Workbook, by_mark, detect, named,
};
use super::mapping::{Field, Mapping};
use super::message::Message;
use super::problem::Problem;
use super::row::{self, DateFormat, Dates, Reading};

/// How a table is read. Default: everything is detected.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// The name of the encoding, such as `windows-1251`.
    pub encoding: Option<String>,
    /// The delimiter of a text file.
    pub delimiter: Option<char>,
    /// The sheet of a spreadsheet.
    pub sheet: Option<String>,
    /// What a person chose for the columns.
    pub mapping: Mapping,
    /// How dates are written.
    pub date_format: DateFormat,
    /// The time zone of the account is known. Without it a time with an offset is refused.
    pub has_zone: bool,
    /// Refuses a last line without a line end, even if it looks whole. Set it for a file that a program appends to.
    /// A preset sets it.
    pub require_line_end: bool,
}

/// What was detected in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableInfo {
    /// A text file.
    Text {
        /// The name of the encoding, such as `windows-1251`.
        encoding: &'static str,
        /// How the encoding became known.
        source: EncodingSource,
        /// The delimiter.
        delimiter: char,
    },
    /// A spreadsheet.
    Sheet {
        /// The name of the sheet.
        name: String,
        /// The visible sheets that hold something and have no header that can be used.
        passed_over: Vec<String>,
    },
}

impl TableInfo {
    /// Returns the text for people.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Text { encoding, delimiter, .. } => {
                let delimiter = if *delimiter == '\t' { "TAB".to_owned() } else { delimiter.to_string() };
                Message::new("table-text").with("encoding", encoding).with("delimiter", delimiter)
            }
            Self::Sheet { name, passed_over } if passed_over.is_empty() => {
                Message::new("table-sheet").with("sheet", name)
            }
            Self::Sheet { name, passed_over } => Message::new("table-sheet-of-several")
                .with("sheet", name)
                .with("others", passed_over.join(", ")),
        }
    }
}

/// Why a file is not a table of activities.
#[derive(Debug)]
pub enum TableError {
    /// The file cannot be read.
    Input(InputError),
    /// The header cannot be used.
    Header {
        /// Why.
        error: HeaderError,
        /// What was detected until then. A wrong encoding makes every name unknown.
        info: Option<TableInfo>,
    },
}

impl TableError {
    /// Returns the text for people.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Input(error) => error.message(),
            Self::Header { error, .. } => error.message(),
        }
    }
}

impl From<InputError> for TableError {
    fn from(error: InputError) -> Self {
        Self::Input(error)
    }
}

impl From<io::Error> for TableError {
    fn from(error: io::Error) -> Self {
        Self::Input(InputError::Io(error))
    }
}

/// A row of a table, whether it is an activity or not.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    /// Its position among the rows that are not blank, counted from 0.
    pub position: u64,
    /// The number of its first line, or of the row in the sheet, counted from 1.
    pub line: u64,
    /// Its values.
    pub cells: Vec<Cell>,
    /// The activity, or everything that is wrong with the row.
    pub entry: Result<NewEntry, Vec<Problem>>,
}

impl TableRow {
    /// Returns the activity, or one without a content in its place.
    ///
    /// An import refuses an activity without a content and does not send it. Give the placeholder to the import, so that
    /// the row has its position in the journal. When the row was fixed, the journal takes it as a new one.
    #[must_use]
    pub fn entry_or_placeholder(&self) -> NewEntry {
        self.entry.as_ref().map_or_else(|_| NewEntry::default(), NewEntry::clone)
    }
}

/// A table of activities. Iterating reads its rows: a text file one by one in constant memory, a spreadsheet as a whole.
pub struct Table {
    source: Source,
    options: TableOptions,
    rows: Rows,
    header: Header,
    info: TableInfo,
    reading: Reading,
    position: u64,
}

enum Rows {
    Text(Box<Records<Decoder<SourceReader>>>),
    Sheet(vec::IntoIter<Row>),
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("info", &self.info)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// Opens a file and reads its header. `-` is the standard input.
    ///
    /// # Errors
    /// The file cannot be read, is not a table, or has no header that can be used.
    pub fn open(path: &Path, options: &TableOptions) -> Result<Self, TableError> {
        Self::of_source(&Source::open(path)?, options)
    }

    /// Reads everything from a reader, such as a pipe, and opens it as a table.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_reader(reader: impl io::Read, options: &TableOptions) -> Result<Self, TableError> {
        Self::of_source(&Source::from_reader(reader)?, options)
    }

    /// Opens the same input once more, at its beginning: a pipe too. It does not disturb this table.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn restarted(&self) -> Result<Self, TableError> {
        Self::of_source(&self.source, &self.options)
    }

    fn of_source(source: &Source, options: &TableOptions) -> Result<Self, TableError> {
        match source.kind()? {
            Kind::Text => Self::of_text(source, options),
            Kind::Spreadsheet => Self::of_workbook(source, options),
        }
    }

    /// Returns the header: what each column is taken for.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns what was detected in the file.
    #[must_use]
    pub fn info(&self) -> &TableInfo {
        &self.info
    }

    /// Returns the delimiter for a rejected file, so that the options of this table fit it: the one that was requested,
    /// or `,` where the file has it, else `;`.
    #[must_use]
    pub fn rejected_delimiter(&self) -> char {
        match self.info {
            TableInfo::Text { delimiter: ',', .. } => self.options.delimiter.unwrap_or(','),
            _ => self.options.delimiter.unwrap_or(';'),
        }
    }

    fn of_text(source: &Source, options: &TableOptions) -> Result<Self, TableError> {
        let chosen = match &options.encoding {
            Some(name) => Some(named(name).ok_or_else(|| InputError::UnknownEncoding(name.clone()))?),
            None => None,
        };
        // A byte order mark is certain. A rejected file has one, and is read with the options of its input.
        let Detected { encoding, source: how } = match (by_mark(source.reader())?, chosen) {
            (Some(detected), _) | (None, Some(detected)) => detected,
            (None, None) => detect(source.reader())?,
        };
        let lines = Lines::new(Decoder::new(source.reader(), encoding));
        let (head, lines) = find_header::Head::read(lines)?;
        let delimiter = options.delimiter.or(head.delimiter);
        let (delimiter, found) = find_header::in_text(&head.lines, delimiter, &options.mapping);
        let info = TableInfo::Text { encoding: encoding.name(), source: how, delimiter };
        let failed = |error| TableError::Header { error, info: Some(info.clone()) };
        let FoundHeader { header, rows_before, has_dates } = found.map_err(failed)?;
        let mut records = Records::new(head.lines, Some(lines), delimiter);
        for _ in 0..rows_before {
            records.next_row()?;
        }
        let preset = options.mapping.preset;
        records.set_shape(Shape {
            width: preset.map_or(header.width(), |_| asterisk::width(&header)),
            date_column: header.column_of(Field::At),
            is_open: preset.is_some(),
        });
        let is_guarded = header.is_of_rejected() || header.is_of_excel_export();
        // All rows of a rejected file can lack the date that other rows of the input have.
        let has_dates = has_dates || (header.is_of_rejected() && header.column_of(Field::At).is_some());
        let dates = Dates { is_needed: has_dates, ..Self::dates(options) };
        let reading = Reading { is_guarded, dates, ..Reading::default() };
        Ok(Self::new(Rows::Text(Box::new(records)), header, info, reading, source, options))
    }

    fn of_workbook(source: &Source, options: &TableOptions) -> Result<Self, TableError> {
        let mut workbook = Workbook::open(source)?;
        let sheets = workbook.sheets(options.sheet.as_deref())?;
        let (mut usable, mut passed_over, mut fault) = (Vec::new(), Vec::new(), HeaderError::Empty);
        for sheet in sheets {
            match find_header::in_rows(&sheet.rows, &options.mapping) {
                Ok(found) => usable.push((sheet, found)),
                Err(error) => {
                    if passed_over.is_empty() {
                        fault = error;
                    }
                    passed_over.push(sheet.name);
                }
            }
        }
        if usable.len() > 1 {
            let sheets = usable.into_iter().map(|(sheet, _)| sheet.name).collect();
            return Err(InputError::SeveralSheets { sheets }.into());
        }
        let Some((sheet, FoundHeader { header, rows_before, has_dates })) = usable.pop() else {
            return Err(TableError::Header { error: fault, info: None });
        };
        let info = TableInfo::Sheet { name: sheet.name, passed_over };
        let mut rows = sheet.rows;
        rows.drain(..rows_before);
        let dates = Dates { is_1904: workbook.is_1904(), is_needed: has_dates, ..Self::dates(options) };
        let reading = Reading { dates, ..Reading::default() };
        Ok(Self::new(Rows::Sheet(rows.into_iter()), header, info, reading, source, options))
    }

    fn dates(options: &TableOptions) -> Dates {
        Dates { format: options.date_format.clone(), has_zone: options.has_zone, ..Dates::default() }
    }

    fn new(
        rows: Rows,
        header: Header,
        info: TableInfo,
        reading: Reading,
        source: &Source,
        options: &TableOptions,
    ) -> Self {
        let reading = Reading { has_line_break_tags: header.is_of_export(), ..reading };
        let mut options = options.clone();
        options.require_line_end |= options.mapping.preset.is_some();
        Self { source: source.clone(), options, rows, header, info, reading, position: 0 }
    }

    fn next_row(&mut self) -> io::Result<Option<Row>> {
        match &mut self.rows {
            Rows::Text(records) => records.next_row(),
            Rows::Sheet(rows) => Ok(rows.next()),
        }
    }

    fn entry(&self, row: &Row) -> Result<NewEntry, Vec<Problem>> {
        let is_cut = row.cells.last().is_some_and(|cell| cell.to_text().ends_with('\u{fffd}'));
        if row.unterminated && (row.problem.is_some() || is_cut || self.options.require_line_end) {
            return Err(vec![Problem::HalfWritten]);
        }
        if let Some(problem) = &row.problem {
            return Err(vec![problem.clone()]);
        }
        if self.options.mapping.preset.is_some() {
            let cells = asterisk::with_content(&row.cells, &self.header);
            return row::entry(&cells, &self.header, &self.reading);
        }
        let unnamed = |(index, cell): (usize, &Cell)| {
            !cell.is_blank() && self.header.columns.get(index).is_none_or(|column| column.name.is_empty())
        };
        if matches!(self.rows, Rows::Text(_)) && row.cells.iter().enumerate().any(unnamed) {
            // In a text a value without a column means that a text was not quoted. In a sheet it is a note at the side.
            let expected = self.header.columns.iter().filter(|column| !column.name.is_empty()).count();
            return Err(vec![Problem::TooManyFields { found: row.cells.len(), expected }]);
        }
        row::entry(&row.cells, &self.header, &self.reading)
    }
}

impl Iterator for Table {
    type Item = io::Result<TableRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut row = match self.next_row() {
            Ok(row) => row?,
            Err(error) => return Some(Err(error)),
        };
        if self.reading.is_guarded {
            row::unguard(&mut row.cells);
        }
        if let Some(date) = self.header.column_of(Field::At).and_then(|column| row.cells.get_mut(column)) {
            self.reading.dates.normalize_date(date);
        }
        if let Some(time) = self.header.column_of(Field::Time).and_then(|column| row.cells.get_mut(column)) {
            Dates::normalize_time(time);
        }
        let entry = self.entry(&row);
        let position = self.position;
        self.position += 1;
        Some(Ok(TableRow { position, line: row.line, cells: row.cells, entry }))
    }
}

#[cfg(test)]
mod tests;
