//! [`Row`]: a record on its way into a table.

use std::hash::Hasher;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};
use serde::Serialize;
use siphasher::sip::SipHasher13;

/// The key of a row, in the order in which rows are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The project of a record that belongs to one, otherwise 0.
    pub project_id: i64,
    /// The ID of the record.
    pub id: i64,
    /// Counts from 0 if one project has several records with the same ID, such as two rows of one good. Otherwise 0.
    pub occurrence: i64,
}

impl Key {
    /// Greater than every other key.
    pub const MAX: Self = Self { project_id: i64::MAX, id: i64::MAX, occurrence: i64::MAX };

    /// Returns the key of a record that does not belong to a project.
    #[must_use]
    pub fn new(id: i64) -> Self {
        Self { id, ..Self::default() }
    }
}

/// The value of a typed column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A flag.
    Boolean(bool),
    /// A text, a time, a day or the digits of a decimal number.
    Text(String),
    /// JSON.
    Json(String),
}

/// A record as it is written to a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: Key,
    /// The values of the typed columns, in their order.
    pub values: Vec<Value>,
    /// The whole record as JSON.
    pub raw: String,
    /// Identifies the record as it is listed, whatever the reader's clock.
    pub fingerprint: i64,
    /// Identifies what a second call returned for the record, if one was made.
    pub detail: Option<i64>,
    /// Telephone numbers.
    pub phones: Vec<Phone>,
}

/// A telephone number of a client or a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// The digits, with the code of the country if it is known.
    pub number: String,
    /// The last ten digits.
    pub tail: String,
    /// As it was typed.
    pub written: String,
    /// The column that holds it.
    pub field: &'static str,
    /// The client.
    pub client_id: Option<i64>,
    /// The contact.
    pub contact_id: Option<i64>,
}

impl Value {
    pub(crate) fn id(id: Option<impl Into<u64>>) -> Self {
        id.and_then(|id| i64::try_from(id.into()).ok()).map_or(Self::Null, Self::Integer)
    }

    pub(crate) fn text(text: Option<impl Into<String>>) -> Self {
        // PostgreSQL's texts cannot hold the character 0.
        text.map_or(Self::Null, |text| Self::Text(text.into().replace('\0', "")))
    }

    pub(crate) fn time(at: Option<NaiveDateTime>) -> Self {
        // A format string would be read anew for each time.
        let at = at.filter(|at| has_year(at.date()));
        Self::text(at.map(|at| at.with_nanosecond(0).unwrap_or(at).to_string()))
    }

    pub(crate) fn date(day: Option<NaiveDate>) -> Self {
        Self::text(day.filter(|day| has_year(*day)).map(|day| day.to_string()))
    }

    pub(crate) fn flag(flag: Option<bool>) -> Self {
        flag.map_or(Self::Null, Self::Boolean)
    }
}

/// PostgreSQL has no year 0, which a half-empty date of the CRM has. The JSON beside the column shows it.
fn has_year(day: NaiveDate) -> bool {
    day.year() > 0
}

/// Returns the JSON of a record, without the character 0, which PostgreSQL's JSON cannot hold.
pub(crate) fn json(record: &impl Serialize) -> String {
    let json = serde_json::to_string(record).unwrap_or_else(|_| "null".to_owned());
    if !json.contains("\\u0000") {
        return json;
    }
    let mut value: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
    remove_zero_characters(&mut value);
    value.to_string()
}

fn remove_zero_characters(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => text.retain(|c| c != '\0'),
        serde_json::Value::Array(values) => values.iter_mut().for_each(remove_zero_characters),
        serde_json::Value::Object(fields) => {
            let old = std::mem::take(fields);
            for (name, mut value) in old {
                remove_zero_characters(&mut value);
                fields.insert(name.replace('\0', ""), value);
            }
        }
        _ => {}
    }
}

/// Returns a number that identifies a text. It is the same in every version.
pub(crate) fn fingerprint(text: &str) -> i64 {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_character_0_is_removed_and_a_text_that_looks_like_its_escape_stays() {
        let record = serde_json::json!({ "a": "x\0y", "b": "\\u0000", "c\0": [{ "d": "\0" }] });
        assert_eq!(json(&record), r#"{"a":"xy","b":"\\u0000","c":[{"d":""}]}"#);
    }

    #[test]
    fn the_fingerprint_is_the_one_that_copies_of_earlier_versions_hold() {
        assert_eq!(fingerprint(r#"{"cid":1}"#), -8_876_431_273_149_133_122);
    }
}
