//! Spreadsheets: XLSX, XLSM, XLSB, XLS and ODS.

use std::io::BufReader;

use calamine::{
    Data, DataType, Dimensions, Ods, Range, Reader, SheetType, SheetVisible, Sheets, Xls, Xlsb, Xlsx,
    open_workbook_from_rs,
};
use chrono::{DurationRound, NaiveDateTime, TimeDelta};

use super::{Cell, InputError, Row, Source, SourceReader};

/// The sheets of a spreadsheet.
pub(crate) struct Workbook {
    sheets: Sheets<BufReader<SourceReader>>,
    is_1904: bool,
}

/// A sheet as rows that are not blank.
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) rows: Vec<Row>,
}

impl Workbook {
    pub(crate) fn open(source: &Source) -> Result<Self, InputError> {
        let mut is_1904 = false;
        let open = || BufReader::new(source.reader());
        let xlsx = match open_workbook_from_rs::<Xlsx<_>, _>(open()) {
            Ok(workbook) => {
                is_1904 = workbook.has_1904_epoch();
                Ok(Sheets::Xlsx(workbook))
            }
            Err(error) => Err(error),
        };
        let sheets = match xlsx {
            Ok(sheets) => sheets,
            Err(error) => {
                // The others say nothing useful about a file that is not theirs.
                if let Ok(workbook) = open_workbook_from_rs::<Ods<_>, _>(open()) {
                    Sheets::Ods(workbook)
                } else if let Ok(workbook) = open_workbook_from_rs::<Xlsb<_>, _>(open()) {
                    Sheets::Xlsb(workbook)
                } else if let Ok(workbook) = open_workbook_from_rs::<Xls<_>, _>(open()) {
                    Sheets::Xls(workbook)
                } else {
                    return Err(InputError::Spreadsheet { reason: error.to_string() });
                }
            }
        };
        Ok(Self { sheets, is_1904 })
    }

    /// Whether day numbers are counted from 1904.
    pub(crate) fn is_1904(&self) -> bool {
        self.is_1904
    }

    /// Returns the sheet of this name, or all visible sheets that are not blank.
    pub(crate) fn sheets(&mut self, name: Option<&str>) -> Result<Vec<Sheet>, InputError> {
        let known = self.sheets.sheets_metadata().to_vec();
        let chosen: Vec<String> = known
            .iter()
            .filter(|sheet| match name {
                Some(name) => sheet.name.trim() == name.trim(),
                None => sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible,
            })
            .map(|sheet| sheet.name.clone())
            .collect();
        if let (Some(name), true) = (name, chosen.is_empty()) {
            let sheets = known.into_iter().map(|sheet| sheet.name).collect();
            return Err(InputError::NoSuchSheet { name: name.to_owned(), sheets });
        }
        let mut sheets = Vec::new();
        for name in chosen {
            let range = self
                .sheets
                .worksheet_range(&name)
                .map_err(|error| InputError::Spreadsheet { reason: error.to_string() })?;
            let formulas = self.sheets.worksheet_formula(&name).unwrap_or_default();
            let rows = rows(&range, &formulas, &self.merged(&name));
            if !rows.is_empty() {
                sheets.push(Sheet { name, rows });
            }
        }
        Ok(sheets)
    }
}

impl Workbook {
    /// The merged cells of a sheet. Only XLSX shows them.
    fn merged(&mut self, name: &str) -> Vec<Dimensions> {
        match &mut self.sheets {
            Sheets::Xlsx(workbook) => workbook.merge_cells_by_sheet_name(name).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// The rows that are not blank. Hidden rows are rows as well: a filter that is left on must not lose any.
fn rows(range: &Range<Data>, formulas: &Range<String>, merged: &[Dimensions]) -> Vec<Row> {
    let (first_row, first_column) = range.start().unwrap_or_default();
    let left = std::iter::repeat_n(Cell::Empty, first_column as usize);
    let valued = |row: u32, column: u32, data: &Data| match (data, formulas.get_value((row, column))) {
        // A program that cannot calculate left no value behind.
        (Data::Empty, Some(formula)) if !formula.is_empty() => Cell::Error(format!("={formula}")),
        _ => cell(data),
    };
    let row = |(number, cells): (u32, &[Data])| Row {
        line: u64::from(number) + 1,
        cells: left
            .clone()
            .chain((first_column..).zip(cells).map(|(column, data)| valued(number, column, data)))
            .collect(),
        problem: None,
        unterminated: false,
    };
    let mut rows: Vec<Row> = (first_row..).zip(range.rows()).map(row).collect();
    merged.iter().for_each(|region| fill_down(&mut rows, first_row, *region));
    rows.retain(|row| !row.is_blank());
    rows
}

/// Gives the value of cells that are merged over several rows to each of them.
fn fill_down(rows: &mut [Row], first_row: u32, region: Dimensions) {
    let index = |row: u32| row.saturating_sub(first_row) as usize;
    let column = region.start.1 as usize;
    let Some(value) = rows.get(index(region.start.0)).and_then(|row| row.cells.get(column)).cloned() else {
        return;
    };
    for row in rows.iter_mut().take(index(region.end.0).saturating_add(1)).skip(index(region.start.0) + 1) {
        if let Some(cell) = row.cells.get_mut(column).filter(|cell| cell.is_blank()) {
            *cell = value.clone();
        }
    }
}

fn cell(data: &Data) -> Cell {
    match data {
        Data::Empty => Cell::Empty,
        Data::String(text) => Cell::from_text(text.replace("\r\n", "\n").replace('\r', "\n")),
        #[allow(clippy::cast_precision_loss, reason = "a spreadsheet has no larger whole numbers")]
        Data::Int(number) => Cell::Number(*number as f64),
        Data::Float(number) => Cell::Number(*number),
        Data::Bool(value) => Cell::Bool(*value),
        Data::Error(error) => Cell::Error(error.to_string()),
        Data::DateTime(at) if at.is_duration() || at.as_f64() < 1.0 => Cell::Duration(at.as_f64()),
        Data::DateTime(at) => at.as_datetime().map_or(Cell::Number(at.as_f64()), to_second),
        Data::DateTimeIso(text) => match data.as_datetime() {
            Some(at) => to_second(at),
            None => Cell::from_text(text.clone()),
        },
        Data::DurationIso(text) => match data.as_duration() {
            #[allow(clippy::cast_precision_loss, reason = "durations of a table are short")]
            Some(duration) => Cell::Duration(duration.num_seconds() as f64 / 86_400.0),
            None => Cell::from_text(text.clone()),
        },
    }
}

/// Rounds to the second: a day number holds one only roughly.
fn to_second(at: NaiveDateTime) -> Cell {
    Cell::Date(at.duration_round(TimeDelta::seconds(1)).unwrap_or(at))
}

#[cfg(test)]
mod tests;
