//! Records under their IDs, and pages of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{NaiveDateTime, TimeDelta};

use super::like::{self, Like};
use crate::history::{collation, date};
use crate::json::Json;

/// Records on a page of a list.
pub(super) const PAGE: usize = 200;

/// What stands between the texts that a word is looked for in.
const BETWEEN: char = '\0';

/// A record of a table.
pub(crate) trait Row: Default {
    fn id(&self) -> i64;

    fn set_id(&mut self, id: i64);

    /// The value of a column; `None` where there is no such column. The name is in lower case: the database does not
    /// distinguish case there.
    fn column(&self, name: &str) -> Option<Value<'_>>;

    /// The telephone numbers that `word` looks at, punctuation left out.
    fn searched_phone(&self) -> Option<&str>;

    /// The other texts that `word` looks at.
    fn searched_texts(&self) -> Vec<Option<&str>>;
}

/// The value of a column. NULL comes before everything else.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value<'r> {
    Null,
    Int(i64),
    Time(NaiveDateTime),
    Text(Cow<'r, str>),
}

impl<'r> From<&'r str> for Value<'r> {
    fn from(text: &'r str) -> Value<'r> {
        Value::Text(Cow::Borrowed(text))
    }
}

impl<'r> Value<'r> {
    pub(super) fn optional(text: Option<&'r str>) -> Value<'r> {
        text.map_or(Value::Null, Value::from)
    }

    /// The value on the wire, for a reader whose clock is shifted.
    pub(super) fn json(self, shift: TimeDelta) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Int(number) => Json::Int(number),
            Value::Time(at) => date::write(Some(at + shift)).into(),
            Value::Text(text) => Json::from(&*text),
        }
    }

    /// The value as the database compares it with a text; `None` for NULL, which fits nothing.
    pub(super) fn text(self, shift: TimeDelta) -> Option<Cow<'r, str>> {
        Some(match self {
            Value::Null => return None,
            Value::Int(number) => number.to_string().into(),
            Value::Time(at) => date::write(Some(at + shift)).into(),
            Value::Text(text) => text,
        })
    }

    /// The form in which the database sorts values.
    fn sorted(self) -> Value<'r> {
        match self {
            Value::Text(text) => Value::Text(match text {
                Cow::Borrowed(text) => like::folded(text),
                Cow::Owned(text) => collation::folded(&text).into(),
            }),
            other => other,
        }
    }
}

/// A record, and everything that `word` looks at in one text.
#[derive(Debug)]
pub(super) struct Kept<R> {
    pub(super) row: R,
    searched: String,
}

impl<R: Row> Kept<R> {
    fn new(row: R) -> Kept<R> {
        let phone = row.searched_phone().map(|phone| phone.replace(['+', '(', ')', ' ', '-'], ""));
        let texts = row.searched_texts();
        let mut searched = String::new();
        for text in [phone.as_deref()].into_iter().chain(texts).flatten() {
            searched.extend(collation::folded(text).chars().chain([BETWEEN]));
        }
        Kept { row, searched }
    }

    pub(super) fn holds(&self, word: &Like) -> bool {
        match word.literal() {
            Some(literal) if !literal.contains(BETWEEN) => self.searched.contains(literal),
            _ => self.searched.split_terminator(BETWEEN).any(|text| word.is_in(text)),
        }
    }
}

/// A condition of a search.
pub(super) type Condition<R> = Box<dyn Fn(&Kept<R>) -> bool>;

/// All records of one kind. Ids never come twice.
#[derive(Debug)]
pub(crate) struct Table<R> {
    rows: BTreeMap<i64, Kept<R>>,
    last: i64,
}

impl<R> Default for Table<R> {
    fn default() -> Table<R> {
        Table { rows: BTreeMap::new(), last: 0 }
    }
}

impl<R: Row> Table<R> {
    /// Stores a record under its ID, or under the next free one where it has none. Replaces the one with the same ID.
    pub(super) fn add(&mut self, mut row: R) -> i64 {
        let id = if row.id() > 0 { row.id() } else { self.last + 1 };
        row.set_id(id);
        self.last = self.last.max(id);
        self.rows.insert(id, Kept::new(row));
        id
    }

    pub(super) fn get(&self, id: i64) -> Option<&R> {
        self.rows.get(&id).map(|kept| &kept.row)
    }

    /// Changes a record; its ID stays.
    pub(super) fn change(&mut self, id: i64, change: impl FnOnce(&mut R)) -> Option<&R> {
        let Kept { mut row, .. } = self.rows.remove(&id)?;
        change(&mut row);
        row.set_id(id);
        self.add(row);
        self.get(id)
    }

    /// Changes something that no word is looked for in, in all records.
    pub(super) fn change_all(&mut self, mut change: impl FnMut(&mut R)) {
        self.rows.values_mut().for_each(|kept| change(&mut kept.row));
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<R> {
        self.rows.remove(&id).map(|kept| kept.row)
    }

    /// All records in the order of their IDs.
    pub(super) fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.values().map(|kept| &kept.row)
    }

    /// How many records fit, and one page of them in the order of a column, which has to exist. The order of equal ones is
    /// that of their IDs, which the real server does not promise.
    pub(super) fn page(
        &self,
        conditions: &[Condition<R>],
        column: &str,
        descending: bool,
        skip: usize,
    ) -> (usize, Vec<&R>) {
        let fitting = self.rows.values().filter(|kept| conditions.iter().all(|fits| fits(kept)));
        let mut keyed: Vec<(Value<'_>, &R)> = fitting
            .map(|kept| (kept.row.column(column).map_or(Value::Null, Value::sorted), &kept.row))
            .collect();
        let total = keyed.len();
        if skip >= total {
            return (total, Vec::new());
        }
        let in_order = |(one_key, one): &(Value<'_>, &R), (other_key, other): &(Value<'_>, &R)| {
            let by_column = one_key.cmp(other_key);
            let by_column = if descending { by_column.reverse() } else { by_column };
            by_column.then_with(|| one.id().cmp(&other.id()))
        };
        // Only the page is sorted, not everything that fits.
        if skip > 0 {
            keyed.select_nth_unstable_by(skip, in_order);
        }
        let mut page = keyed.split_off(skip);
        if page.len() > PAGE {
            page.select_nth_unstable_by(PAGE, in_order);
            page.truncate(PAGE);
        }
        page.sort_unstable_by(in_order);
        (total, page.into_iter().map(|(_, row)| row).collect())
    }
}
