//! `Master.csv` of Asterisk: calls without a header.

use crate::files::cell::Cell;
use crate::files::header::{Column, Header, HeaderError, PassedOver, Use};
use crate::files::input::{Row, looks_like_date};
use crate::files::mapping::{Field, Mapping, Target, normalized};

/// The columns of `cdr_csv`, with the names of Asterisk's documentation. `clid` is the caller ID text, not a client.
const NAMES: [&str; 18] = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
];

/// The columns that only some files have: `lastdata`.
const OPTIONAL: usize = 8;

/// The column that the content is put into, behind all others.
const CONTENT: &str = "(src → dst, billsec, disposition)";

/// Returns the header of the file, and whether its first row is one: a rejected file has it.
pub(super) fn header(first: &Row, mapping: &Mapping) -> Result<(Header, bool), HeaderError> {
    let cells: Vec<String> = first.cells.iter().map(|cell| cell.to_text().trim().to_owned()).collect();
    let is_named =
        ["src", "dst", "start", "disposition"].iter().all(|name| cells.iter().any(|cell| cell == name));
    let names = if is_named { cells } else { names_for(&cells, first.line)? };
    let used = |(index, name): (usize, &String)| {
        let chosen = mapping.chosen(&normalized(name));
        match (name.as_str(), chosen) {
            _ if is_named && index < 2 && !NAMES.contains(&name.as_str()) => {
                Use::PassedOver(PassedOver::Rejected)
            }
            (_, Some(Target::Field(field))) => Use::Field(field),
            (_, Some(Target::Skip)) => Use::PassedOver(PassedOver::Chosen),
            ("start", None) => Use::Field(Field::At),
            _ => Use::PassedOver(PassedOver::Preset),
        }
    };
    let uses: Vec<Use> = names.iter().enumerate().map(used).collect();
    for (column, _) in &mapping.columns {
        if !names.iter().any(|name| normalized(name) == normalized(column)) {
            return Err(HeaderError::NoSuchColumn { column: column.clone(), names });
        }
    }
    let mut columns: Vec<Column> =
        names.into_iter().zip(uses).map(|(name, used)| Column { name, used }).collect();
    if !columns.iter().any(|column| column.used == Use::Field(Field::Content)) {
        columns.push(Column { name: CONTENT.to_owned(), used: Use::Field(Field::Content) });
    }
    Ok((Header { line: if is_named { first.line } else { 0 }, columns }, is_named))
}

/// The names of the columns, by where the time of the call is.
fn names_for(cells: &[String], line: u64) -> Result<Vec<String>, HeaderError> {
    let is_time = |index: usize| cells.get(index).is_some_and(|cell| looks_like_date(cell));
    // The time of the answer follows, so the first of them counts.
    let names: Vec<&str> = if is_time(OPTIONAL) {
        NAMES.iter().enumerate().filter(|(index, _)| *index != OPTIONAL).map(|(_, name)| *name).collect()
    } else if is_time(OPTIONAL + 1) {
        NAMES.to_vec()
    } else {
        return Err(HeaderError::Missing { line, cells: cells.iter().take(4).cloned().collect() });
    };
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    // Newer versions append columns of their own.
    for number in names.len() + 1..=cells.len() {
        names.push(format!("column {number}"));
    }
    Ok(names)
}

/// The number of fields that a row must have.
pub(super) fn width(header: &Header) -> usize {
    header.columns.iter().position(|column| column.name == "disposition").map_or(0, |index| index + 1)
}

/// Adds the content to the cells of a call.
pub(super) fn with_content(cells: &[Cell], header: &Header) -> Vec<Cell> {
    let Some(content) = header.columns.iter().position(|column| column.name == CONTENT) else {
        return cells.to_vec();
    };
    let value = |name: &str| {
        let index = header.columns.iter().position(|column| column.name == name);
        index.and_then(|index| cells.get(index)).map(Cell::to_text).unwrap_or_default().trim().to_owned()
    };
    let caller = match (value("src"), caller_name(&value("clid"))) {
        (number, Some(name)) if name != number => format!("{number} ({name})").trim().to_owned(),
        (number, _) if number.is_empty() => "номер скрыт".to_owned(),
        (number, _) => number,
    };
    let result = match value("disposition").to_uppercase().as_str() {
        "ANSWERED" => format!("разговор {}", talk_time(&value("billsec"))),
        "NO ANSWER" => "без ответа".to_owned(),
        "BUSY" => "занято".to_owned(),
        "FAILED" | "CONGESTION" => "не соединён".to_owned(),
        other => other.to_owned(),
    };
    let mut cells = cells.to_vec();
    cells.resize(content, Cell::Empty);
    cells.push(Cell::Text(format!("Звонок {caller} → {}, {result}", value("dst"))));
    cells
}

/// The name in `"Склад" <74950000017>`.
fn caller_name(caller_id: &str) -> Option<String> {
    let name = caller_id.split('<').next()?.trim().trim_matches('"').trim();
    (!name.is_empty()).then(|| name.to_owned())
}

fn talk_time(seconds: &str) -> String {
    match seconds.parse::<u64>() {
        Ok(seconds @ 0..60) => format!("{seconds} с"),
        Ok(seconds) => format!("{} мин {:02} с", seconds / 60, seconds % 60),
        Err(_) => seconds.to_owned(),
    }
}
