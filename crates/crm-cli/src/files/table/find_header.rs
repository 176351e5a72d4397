//! Finds the header among the first rows, and the delimiter by it.

use std::io::{self, BufRead};

use super::asterisk;
use crate::files::cell::Cell;
use crate::files::header::{Header, HeaderError};
use crate::files::input::{Line, Lines, Records, Row};
use crate::files::mapping::{Field, Known, Mapping, Target, known, normalized};

/// Number of lines that are looked at.
const HEAD_LINES: usize = 30;

/// Number of rows among which the header is searched: reports have a title above it.
const HEAD_ROWS: usize = 10;

/// The delimiters that are tried. The first one serves a file of one column, whose texts rarely hold it.
const DELIMITERS: [char; 4] = ['\t', ';', ',', '|'];

/// A header, and the number of rows up to it.
#[derive(Debug)]
pub(super) struct FoundHeader {
    pub(super) header: Header,
    /// How many rows that are not blank come before the first row of values.
    pub(super) rows_before: usize,
    /// Whether one of the first rows has a date.
    pub(super) has_dates: bool,
}

/// The first lines of a text.
pub(super) struct Head {
    pub(super) lines: Vec<Line>,
    /// What a first line such as `sep=;` says.
    pub(super) delimiter: Option<char>,
}

impl Head {
    /// Reads the first lines, without a line that only names the delimiter.
    pub(super) fn read<R: BufRead>(mut lines: Lines<R>) -> io::Result<(Self, Lines<R>)> {
        let mut head = Vec::new();
        while head.len() < HEAD_LINES
            && let Some(line) = lines.next_line()?
        {
            head.push(line);
        }
        let delimiter = head.first().and_then(|line| named_delimiter(&line.text));
        if delimiter.is_some() {
            head.remove(0);
        }
        Ok((Self { lines: head, delimiter }, lines))
    }
}

/// `sep=;`, which Excel obeys. Empty columns may follow.
fn named_delimiter(line: &str) -> Option<char> {
    let line = line.trim_start_matches('\u{feff}').trim_start_matches('"');
    let rest = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &line[4..])?;
    let delimiter = rest.chars().next()?;
    rest[delimiter.len_utf8()..].trim_matches([delimiter, '"', ' ']).is_empty().then_some(delimiter)
}

/// Finds the header of a text, and with it the delimiter if it was not given.
pub(super) fn in_text(
    lines: &[Line],
    delimiter: Option<char>,
    mapping: &Mapping,
) -> (char, Result<FoundHeader, HeaderError>) {
    let candidates = delimiter.map_or(DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
    let mut best: Option<((usize, usize), char, Vec<Row>)> = None;
    for delimiter in candidates {
        let rows = first_rows(lines, delimiter);
        if rows.is_empty() {
            return (delimiter, Err(HeaderError::Empty));
        }
        let score = match mapping.preset {
            Some(_) => 0,
            None => rows.iter().map(|row| Header::score(&names(row), mapping)).max().unwrap_or(0),
        };
        let rank = (score, rows.first().map_or(0, |row| row.cells.len()));
        if best.as_ref().is_none_or(|(best, ..)| rank > *best) {
            best = Some((rank, delimiter, rows));
        }
    }
    let (_, delimiter, rows) = best.unwrap_or(((0, 0), ';', Vec::new()));
    (delimiter, in_rows(&rows, mapping))
}

fn first_rows(lines: &[Line], delimiter: char) -> Vec<Row> {
    let mut records = Records::<io::Empty>::new(lines.to_vec(), None, delimiter);
    let mut rows = Vec::new();
    while rows.len() < HEAD_ROWS
        && let Ok(Some(row)) = records.next_row()
    {
        rows.push(row);
    }
    rows
}

/// Finds the header among the first rows.
pub(super) fn in_rows(rows: &[Row], mapping: &Mapping) -> Result<FoundHeader, HeaderError> {
    let first = rows.first().ok_or(HeaderError::Empty)?;
    if mapping.preset.is_some() {
        let (header, is_named) = asterisk::header(first, mapping)?;
        return Ok(FoundHeader { header, rows_before: usize::from(is_named), has_dates: true });
    }
    // Reports have a title above the header, or names of groups. Below the first row there must be no doubt: the content
    // and another field.
    let (mut index, mut best) = (0, 0);
    for (position, row) in rows.iter().take(HEAD_ROWS).enumerate() {
        let names = names(row);
        let score = if has_content(&names, mapping) { Header::score(&names, mapping) } else { 0 };
        if score > best && (position == 0 || score >= 2) {
            (index, best) = (position, score);
        }
    }
    let header = Header::read(rows[index].line, &names(&rows[index]), mapping)?;
    let date = header.column_of(Field::At);
    let has_date =
        |row: &Row| date.and_then(|column| row.cells.get(column)).is_some_and(|cell| !cell.is_blank());
    let has_dates = rows[index + 1..].iter().any(has_date);
    Ok(FoundHeader { header, rows_before: index + 1, has_dates })
}

fn has_content(names: &[String], mapping: &Mapping) -> bool {
    names.iter().map(|name| normalized(name)).any(|name| {
        let chosen = mapping.chosen(&name) == Some(Target::Field(Field::Content));
        chosen || matches!(known(&name), Some(Known::Field(Field::Content, _)))
    })
}

fn names(row: &Row) -> Vec<String> {
    row.cells.iter().map(Cell::to_text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_can_name_the_delimiter() {
        for (line, delimiter) in [
            ("sep=;", Some(';')),
            ("SEP=,", Some(',')),
            ("\u{feff}sep=\t", Some('\t')),
            ("\"sep=;\"", Some(';')),
            ("sep=;;;", Some(';')),
            ("sep=", None),
            ("sep=;content", None),
            ("separator", None),
            ("сеп=;", None),
        ] {
            assert_eq!(named_delimiter(line), delimiter, "{line}");
        }
    }
}
