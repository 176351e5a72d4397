//! A row as an activity, or all that is wrong with it.

mod date;
mod id;

use crm::history::{ClientId, ContactId, DealId, NewEntry};

pub use self::date::DateFormat;
pub(super) use self::date::Dates;
use self::date::When;
use super::cell::Cell;
use super::guard;
use super::header::Header;
use super::mapping::Field;
use super::problem::Problem;

/// How the rows of a table become activities.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    pub(super) dates: Dates,
    /// Cells that would be formulas have an apostrophe in front.
    pub(super) is_guarded: bool,
    /// Line breaks are written as `<br />`, as the server lists them.
    pub(super) has_line_break_tags: bool,
}

/// Takes the apostrophes away that keep spreadsheet programs from taking a text for a formula.
pub(super) fn unguard(cells: &mut [Cell]) {
    for cell in cells {
        if let Cell::Text(text) = cell
            && let Some(unguarded) = guard::unguarded(text)
        {
            *text = unguarded.to_owned();
        }
    }
}

/// Converts a row to an activity.
///
/// # Errors
/// Returns everything that is wrong with the row.
pub(super) fn entry(cells: &[Cell], header: &Header, reading: &Reading) -> Result<NewEntry, Vec<Problem>> {
    let mut row = Reader { cells, header, problems: Vec::new() };
    let content = row.text(Field::Content);
    let content = if reading.has_line_break_tags { without_tags(&content) } else { content };
    if content.trim().is_empty() && row.problems.is_empty() {
        row.problems.push(Problem::NoContent);
    }
    let mut entry = NewEntry::new(content);
    entry = match row.date(&reading.dates) {
        Some(When::Local(at)) => entry.at(at),
        Some(When::Instant(instant)) => entry.at_instant(instant),
        None => entry,
    };
    entry.activity_type =
        Some(row.text(Field::ActivityType).trim().to_owned()).filter(|text| !text.is_empty());
    entry.user = row.login();
    entry.client = row.id(Field::Client).map(ClientId);
    entry.contacts = row.contacts().into_iter().map(ContactId).collect();
    entry.deal = row.id(Field::Deal).map(DealId);
    let mark = row.text(Field::Mark);
    if !mark.trim().is_empty() {
        entry.mark = Some(mark.trim().to_owned());
        if let Some(fault) = entry.mark_fault().filter(|_| row.problems.is_empty()) {
            let column = row.name(Field::Mark);
            row.problems.push(Problem::Mark { column, value: mark, fault });
        }
    }
    if row.problems.is_empty() { Ok(entry) } else { Err(row.problems) }
}

struct Reader<'a> {
    cells: &'a [Cell],
    header: &'a Header,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn cell(&self, field: Field) -> &Cell {
        self.header.column_of(field).and_then(|column| self.cells.get(column)).unwrap_or(&Cell::Empty)
    }

    fn name(&self, field: Field) -> String {
        let column = self.header.column_of(field).and_then(|column| self.header.columns.get(column));
        column.map(|column| column.name.clone()).unwrap_or_default()
    }

    /// Returns the cell, or nothing if it holds an error or characters that could not be decoded.
    fn sound(&mut self, field: Field) -> Cell {
        let column = self.name(field);
        match self.cell(field).clone() {
            Cell::Error(value) => self.problems.push(Problem::ErrorCell { column, value }),
            Cell::Text(text) if text.contains('\u{fffd}') => {
                self.problems.push(Problem::Undecodable { column });
            }
            cell => return cell,
        }
        Cell::Empty
    }

    fn text(&mut self, field: Field) -> String {
        self.sound(field).to_text()
    }

    fn date(&mut self, dates: &Dates) -> Option<When> {
        let (date, time) = (self.sound(Field::At), self.sound(Field::Time));
        dates.read(&date, &time).unwrap_or_else(|fault| {
            let column = self.name(Field::At);
            let value = [date.to_text(), time.to_text()].join(" ").trim().to_owned();
            self.problems.push(Problem::Date { column, value, fault });
            None
        })
    }

    fn login(&mut self) -> Option<String> {
        let login = self.text(Field::User).trim().to_owned();
        if login.contains(char::is_whitespace) {
            let column = self.name(Field::User);
            self.problems.push(Problem::Login { column, value: login });
            return None;
        }
        Some(login).filter(|login| !login.is_empty())
    }

    fn id(&mut self, field: Field) -> Option<u64> {
        let cell = self.sound(field);
        id::id(&cell).unwrap_or_else(|fault| {
            let (column, value) = (self.name(field), cell.to_text());
            self.problems.push(Problem::Id { column, value, fault });
            None
        })
    }

    fn contacts(&mut self) -> Vec<u64> {
        let cell = self.sound(Field::Contacts);
        id::ids(&cell).unwrap_or_else(|fault| {
            let (column, value) = (self.name(Field::Contacts), cell.to_text());
            self.problems.push(Problem::Id { column, value, fault });
            Vec::new()
        })
    }
}

/// `<br />` as a line break. The server lists a line break as that tag and the break itself.
pub(super) fn without_tags(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    ["<br />", "<br/>", "<br>"]
        .iter()
        .fold(text, |text, tag| text.replace(&format!("{tag}\n"), "\n").replace(tag, "\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::files::mapping::Mapping;
    use crate::files::problem::{DateFault, IdFault};

    fn read(names: &[&str], cells: &[&str]) -> Result<NewEntry, Vec<Problem>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mapping = if names.contains(&"uid".to_owned()) {
            Mapping::default().with_mark("uid")
        } else {
            Mapping::default()
        };
        let header = Header::read(1, &names, &mapping).unwrap();
        let cells: Vec<Cell> = cells.iter().map(|cell| Cell::from_text((*cell).to_owned())).collect();
        entry(&cells, &header, &Reading::default())
    }

    #[test]
    fn a_row_becomes_an_activity() {
        let names = ["datum", "content", "tip", "user", "clid", "pid", "did"];
        let row = ["2025-03-03 09:07", " текст ", " вх.Звонок ", " boss@example.test ", "1", "1,2", "0"];
        let mut expected = NewEntry::new(" текст ").activity_type("вх.Звонок").user("boss@example.test");
        expected = expected.client(ClientId(1)).contacts([ContactId(1), ContactId(2)]);
        expected.at = "2025-03-03T09:07:00".parse().ok();
        assert_eq!(read(&names, &row), Ok(expected));
        assert_eq!(read(&["content", "clid"], &["007", ""]), Ok(NewEntry::new("007")));
    }

    #[test]
    fn all_problems_of_a_row_are_named() {
        let names = ["Дата", "Текст", "Клиент", "Контакты", "Логин"];
        let problems = read(&names, &["вчера", " ", "+79160000042", "Иванов", "Иванов Иван"]).unwrap_err();
        let named = |column: &str, value: &str| (column.to_owned(), value.to_owned());
        let [(date, when), (client, phone), (contacts, person), (login, human)] = [
            named("Дата", "вчера"),
            named("Клиент", "+79160000042"),
            named("Контакты", "Иванов"),
            named("Логин", "Иванов Иван"),
        ];
        assert_eq!(
            problems,
            [
                Problem::NoContent,
                Problem::Date { column: date, value: when, fault: DateFault::Unreadable },
                Problem::Login { column: login, value: human },
                Problem::Id { column: client, value: phone, fault: IdFault::Phone },
                Problem::Id { column: contacts, value: person, fault: IdFault::NotANumber },
            ]
        );
    }

    #[test]
    fn a_text_that_could_not_be_decoded_is_not_sent() {
        let problems = read(&["content"], &["Звон\u{fffd}к"]).unwrap_err();
        assert_eq!(problems, [Problem::Undecodable { column: "content".to_owned() }]);
    }

    #[test]
    fn a_mark_that_would_be_lost_is_a_problem() {
        let names = ["content", "uid"];
        assert_eq!(read(&names, &["звонок", "17.42"]).unwrap().mark.as_deref(), Some("17.42"));
        assert_eq!(read(&names, &["звонок", ""]).unwrap().mark, None);
        for (content, mark) in [("звонок", "a b"), ("цена <5", "17.42")] {
            let problems = read(&names, &[content, mark]).unwrap_err();
            assert!(matches!(problems.as_slice(), [Problem::Mark { .. }]), "{problems:?}");
        }
    }

    #[test]
    fn line_breaks_of_the_export_are_line_breaks() {
        assert_eq!(without_tags("a<br />\r\nb<br />c<br>\nd"), "a\nb\nc\nd");
    }
}
