//! The header of a table: what each column is taken for.

use super::mapping::{Field, Known, Mapping, Target, known, normalized};
use super::message::Message;

/// What each column of a table is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The line of the header. 0 for files without one.
    pub line: u64,
    /// The columns, from the left.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name as it is in the file, without the spaces around it.
    pub name: String,
    /// What it is taken for.
    pub used: Use,
}

/// What a column is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It holds this field.
    Field(Field),
    /// It is passed over.
    PassedOver(PassedOver),
}

/// Why a column is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// It has no name.
    Unnamed,
    /// Its name is not known.
    Unknown,
    /// The server decides what is in it, such as the ID of an activity.
    ReadOnly,
    /// Another column has a more certain name for the same field.
    AnotherIsTaken(Field),
    /// A person asked for it.
    Chosen,
    /// It is a column of the rejected file: the line or the reason.
    Rejected,
    /// The preset makes the content of it, or has no use for it.
    Preset,
}

impl Column {
    /// Returns the text for people: what the column is taken for, or why it is passed over.
    #[must_use]
    pub fn message(&self) -> Message {
        match self.used {
            Use::Field(field) => {
                Message::new("table-column").with("column", &self.name).with("field", field.wire_name())
            }
            Use::PassedOver(PassedOver::Unnamed) => Message::new("passed-over-unnamed"),
            Use::PassedOver(PassedOver::Unknown) => {
                Message::new("passed-over-unknown").with("column", &self.name)
            }
            Use::PassedOver(PassedOver::ReadOnly) => Message::new("passed-over-read-only"),
            Use::PassedOver(PassedOver::AnotherIsTaken(field)) => {
                Message::new("passed-over-another").with("field", field.wire_name())
            }
            Use::PassedOver(PassedOver::Chosen) => Message::new("passed-over-chosen"),
            Use::PassedOver(PassedOver::Rejected) => Message::new("passed-over-rejected"),
            Use::PassedOver(PassedOver::Preset) => Message::new("passed-over-preset"),
        }
    }
}

/// Why a table has no header that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// There is nothing in the file.
    Empty,
    /// The first line holds values and no names.
    Missing {
        /// Its line.
        line: u64,
        /// Its first values.
        cells: Vec<String>,
    },
    /// A name holds a line separator of Unicode, so rows are taken for a part of the header.
    LineSeparator {
        /// The line of the header.
        line: u64,
    },
    /// No column is known for the content.
    NoContent {
        /// The line of the header.
        line: u64,
        /// Its names.
        names: Vec<String>,
    },
    /// Several columns have equally certain names for one field.
    Duplicate {
        /// The field.
        field: Field,
        /// Their names.
        columns: Vec<String>,
    },
    /// A column that was chosen does not exist.
    NoSuchColumn {
        /// The name that was chosen.
        column: String,
        /// The names in the header.
        names: Vec<String>,
    },
    /// A column that was chosen exists several times.
    ChosenTwice {
        /// Its name.
        column: String,
    },
    /// A column was chosen for several fields.
    SeveralTargets {
        /// Its name.
        column: String,
    },
}

impl HeaderError {
    /// Returns the text for people.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Empty => Message::new("header-empty"),
            Self::Missing { line, cells } => {
                let cells: Vec<&str> =
                    cells.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
                Message::new("header-missing").with("line", line).with("cells", cells.join(" | "))
            }
            Self::LineSeparator { line } => Message::new("header-line-separator").with("line", line),
            Self::NoContent { line, names } => {
                Message::new("header-no-content").with("line", line).with("names", names.join(", "))
            }
            Self::Duplicate { field, columns } => Message::new("header-duplicate")
                .with("field", field.wire_name())
                .with("columns", columns.join(", ")),
            Self::NoSuchColumn { column, names } => {
                Message::new("header-no-such-column").with("column", column).with("names", names.join(", "))
            }
            Self::ChosenTwice { column } => Message::new("header-chosen-twice").with("column", column),
            Self::SeveralTargets { column } => Message::new("header-several-targets").with("column", column),
        }
    }
}

/// The names of the two columns that a rejected file begins with, in the languages that it is written in.
const REJECTED: [[&str; 2]; 2] = [["line", "строка"], ["reason", "причина"]];

/// Some programs end lines so. In a text they may be part of a value, as browsers copy them.
const LINE_SEPARATORS: [char; 4] = ['\u{b}', '\u{85}', '\u{2028}', '\u{2029}'];

impl Header {
    /// Reads a header.
    pub(super) fn read(line: u64, cells: &[String], mapping: &Mapping) -> Result<Self, HeaderError> {
        if cells.iter().any(|cell| cell.trim().contains(LINE_SEPARATORS)) {
            return Err(HeaderError::LineSeparator { line });
        }
        let names: Vec<String> = cells.iter().map(|cell| normalized(cell)).collect();
        check_chosen(cells, &names, mapping)?;
        let rejected = rejected_columns(&names);
        let mut uses: Vec<Use> = names
            .iter()
            .enumerate()
            .map(|(index, name)| match (mapping.chosen(name), known(name)) {
                _ if rejected.contains(&index) => Use::PassedOver(PassedOver::Rejected),
                _ if name.is_empty() => Use::PassedOver(PassedOver::Unnamed),
                (Some(Target::Field(field)), _) => Use::Field(field),
                (Some(Target::Skip), _) => Use::PassedOver(PassedOver::Chosen),
                (None, Some(Known::Field(field, _))) => Use::Field(field),
                (None, Some(Known::ReadOnly)) => Use::PassedOver(PassedOver::ReadOnly),
                (None, None) => Use::PassedOver(PassedOver::Unknown),
            })
            .collect();
        // How certain a column is: a choice most of all.
        let rank = |index: usize| match (mapping.chosen(&names[index]), known(&names[index])) {
            (None, Some(Known::Field(_, rank))) => rank + 1,
            _ => 0,
        };
        for field in Field::ALL {
            let columns: Vec<usize> = (0..uses.len()).filter(|&i| uses[i] == Use::Field(field)).collect();
            let Some(best) = columns.iter().map(|&index| rank(index)).min() else { continue };
            let (taken, others): (Vec<_>, Vec<_>) =
                columns.into_iter().partition(|&index| rank(index) == best);
            if taken.len() > 1 {
                let columns = taken.into_iter().map(|index| cells[index].trim().to_owned()).collect();
                return Err(HeaderError::Duplicate { field, columns });
            }
            others.into_iter().for_each(|i| uses[i] = Use::PassedOver(PassedOver::AnotherIsTaken(field)));
        }
        // A column of times alone holds the date as well.
        if !uses.contains(&Use::Field(Field::At)) {
            uses.iter_mut().filter(|used| **used == Use::Field(Field::Time)).for_each(|used| {
                *used = Use::Field(Field::At);
            });
        }
        let columns = cells.iter().zip(uses).map(|(cell, used)| Column { name: shown(cell), used }).collect();
        let header = Self { line, columns };
        match header.column_of(Field::Content) {
            Some(_) => Ok(header),
            None => Err(header.without_content(cells)),
        }
    }

    fn without_content(self, cells: &[String]) -> HeaderError {
        let has_field = self.columns.iter().any(|column| matches!(column.used, Use::Field(_)));
        let is_value = |cell: &String| cell.trim().is_empty() || cell.contains(|c: char| c.is_ascii_digit());
        let filled = cells.len() - cells.iter().rev().take_while(|cell| cell.trim().is_empty()).count();
        if !has_field && cells[..filled].iter().any(is_value) {
            let cells = cells.iter().take(4).map(|cell| cell.trim().to_owned()).collect();
            return HeaderError::Missing { line: self.line, cells };
        }
        HeaderError::NoContent { line: self.line, names: self.names() }
    }

    /// How many fields the names of a row are known for. It decides which row is the header, and which delimiter there
    /// is.
    pub(super) fn score(cells: &[String], mapping: &Mapping) -> usize {
        let of_name = |name: &String| match (mapping.chosen(name), known(name)) {
            (Some(Target::Field(field)), _) | (None, Some(Known::Field(field, _))) => Some(field),
            _ => None,
        };
        let names: Vec<String> = cells.iter().map(|cell| normalized(cell)).collect();
        Field::ALL.into_iter().filter(|field| names.iter().any(|name| of_name(name) == Some(*field))).count()
    }

    /// Returns the index of the column that holds a field.
    #[must_use]
    pub fn column_of(&self, field: Field) -> Option<usize> {
        self.columns.iter().position(|column| column.used == Use::Field(field))
    }

    /// Returns the index of the column of this name, compared without case, spaces and quotes.
    #[must_use]
    pub fn column_named(&self, name: &str) -> Option<usize> {
        let name = normalized(name);
        self.columns.iter().position(|column| normalized(&column.name) == name)
    }

    /// Returns the index of the column that a person chose by its name.
    ///
    /// # Errors
    /// The header lacks this column, or has it several times.
    pub fn chosen_column(&self, name: &str) -> Result<usize, HeaderError> {
        let chosen = normalized(name);
        let mut found =
            self.columns.iter().enumerate().filter(|(_, column)| normalized(&column.name) == chosen);
        match (found.next(), found.next()) {
            (Some((index, _)), None) => Ok(index),
            (None, _) => Err(HeaderError::NoSuchColumn { column: name.to_owned(), names: self.names() }),
            (Some(_), Some(_)) => Err(HeaderError::ChosenTwice { column: name.to_owned() }),
        }
    }

    /// Returns the columns that hold a field.
    pub fn used(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| matches!(column.used, Use::Field(_)))
    }

    /// Returns the columns that are passed over although they have a name, without those of rejected files and presets.
    pub fn passed_over(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| {
            !matches!(
                column.used,
                Use::PassedOver(PassedOver::Unnamed | PassedOver::Rejected | PassedOver::Preset)
                    | Use::Field(_)
            )
        })
    }

    /// The number of columns up to the last one with a name.
    pub(super) fn width(&self) -> usize {
        let named = |column: &Column| column.used != Use::PassedOver(PassedOver::Unnamed);
        self.columns.iter().rposition(named).map_or(0, |last| last + 1)
    }

    /// Whether it is the header of a rejected file.
    pub(super) fn is_of_rejected(&self) -> bool {
        self.columns.first().is_some_and(|column| column.used == Use::PassedOver(PassedOver::Rejected))
    }

    /// Whether it is the header of our own export, with the vendor's names or for people.
    pub(super) fn is_of_export(&self) -> bool {
        let has = |names: &[&str]| names.iter().all(|name| self.column_named(name).is_some());
        has(&["cid", "datum", "iduser"]) || self.is_of_excel_export()
    }

    /// Whether it is the header of our own export for a spreadsheet program.
    pub(super) fn is_of_excel_export(&self) -> bool {
        let has = |names: &[&str]| names.iter().all(|name| self.column_named(name).is_some());
        has(&["id", "id сотрудника", "id контактов", "прочее"])
            || has(&["id", "user id", "contact ids", "other"])
    }

    fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).filter(|name| !name.is_empty()).collect()
    }
}

fn shown(cell: &str) -> String {
    cell.trim_start_matches('\u{feff}').trim().to_owned()
}

/// A rejected file begins with both columns. The programs before this one wrote the reason alone, as the last column.
fn rejected_columns(names: &[String]) -> Vec<usize> {
    let is = |index: usize, known: [&str; 2]| names.get(index).is_some_and(|n| known.contains(&n.as_str()));
    if is(0, REJECTED[0]) && is(1, REJECTED[1]) {
        return vec![0, 1];
    }
    let last = names.len().saturating_sub(1);
    if names.first().is_some_and(|name| name == "datum") && is(last, REJECTED[1]) {
        vec![last]
    } else {
        Vec::new()
    }
}

fn check_chosen(cells: &[String], names: &[String], mapping: &Mapping) -> Result<(), HeaderError> {
    for (column, target) in &mapping.columns {
        if mapping.chosen(&normalized(column)) != Some(*target) {
            return Err(HeaderError::SeveralTargets { column: column.clone() });
        }
        match names.iter().filter(|name| **name == normalized(column)).count() {
            0 => {
                let names = cells.iter().map(|cell| shown(cell)).filter(|name| !name.is_empty()).collect();
                return Err(HeaderError::NoSuchColumn { column: column.clone(), names });
            }
            1 => {}
            _ => return Err(HeaderError::ChosenTwice { column: column.clone() }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
