//! An activity as JSON with the vendor's names.

use chrono::{DateTime, NaiveDateTime};
use crm::history::NewEntry;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::arguments::BadValue;

/// An activity and its idempotency key.
pub(super) struct KeyedActivity {
    pub(super) key: String,
    pub(super) entry: NewEntry,
}

/// Reads a line such as `{"key":"call-1","content":"вх. звонок","clid":1781}`. On failure returns the reason.
pub(super) fn from_line(line: &str) -> Result<KeyedActivity, String> {
    let mut object = object(line.as_bytes())?;
    match object.remove("key") {
        Some(Value::String(key)) => Ok(KeyedActivity { key, entry: from_object(object)? }),
        Some(_) => Err("\"key\" must be a string".to_owned()),
        None => Err("\"key\" is missing".to_owned()),
    }
}

/// Reads an activity. On failure returns the reason.
pub(super) fn from_json(json: &[u8]) -> Result<NewEntry, String> {
    from_object(object(json)?)
}

fn object(json: &[u8]) -> Result<Map<String, Value>, String> {
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

/// Reads the vendor's names, `at_instant`, and `mark`.
pub(super) fn from_object(mut object: Map<String, Value>) -> Result<NewEntry, String> {
    let mark = match object.remove("mark") {
        None | Some(Value::Null) => None,
        Some(Value::String(mark)) => Some(mark),
        Some(_) => return Err("\"mark\" must be a string".to_owned()),
    };
    let has_date = object.get("datum").and_then(Value::as_str).is_some_and(|date| !date.trim().is_empty());
    let object = Value::Object(object);
    let entry = match NewEntry::deserialize(&object) {
        Ok(entry) if entry.at.is_some() || !has_date => entry,
        result => {
            let mut fields = object.as_object().into_iter().flatten();
            fields.try_for_each(|(name, value)| check(name, value))?;
            result.map_err(|error| error.to_string())?
        }
    };
    Ok(match mark {
        Some(mark) => entry.mark(mark),
        None => entry,
    })
}

/// Checks one field of a faulty activity alone, so that the reason begins with its name.
fn check(name: &str, value: &Value) -> Result<(), String> {
    if !FIELDS.contains(&name) {
        return Err(format!("{name:?} is not a field of an activity; these are: {}", FIELDS.join(", ")));
    }
    if name == "pid" && value.as_array().is_some_and(|ids| !ids.is_empty()) {
        return Err("\"pid\": send the IDs as one text, such as \"1,2\"".to_owned());
    }
    let alone = Map::from_iter([(name.to_owned(), value.clone())]);
    let entry = serde_json::from_value::<NewEntry>(Value::Object(alone));
    let given = value.as_str().unwrap_or_default().trim();
    match entry {
        // Without this the zero date would become the time of sending.
        Ok(entry) if name == "datum" && !given.is_empty() && entry.at.is_none() => Err(bad_date(given)),
        Ok(_) => Ok(()),
        Err(_) if name == "datum" && !given.is_empty() => Err(bad_date(given)),
        Err(error) => Err(format!("{name:?}: {error}")),
    }
}

/// Returns what is wrong with a text that the server does not take as a date.
fn bad_date(given: &str) -> String {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let has_form = given
        .get(..10)
        .is_some_and(|day| digits(day) == 8 && [4, 7].iter().all(|&place| day.as_bytes()[place] == b'-'));
    if DateTime::parse_from_rfc3339(given).is_ok() {
        format!("\"datum\": {given:?} has an offset from UTC: send it as \"at_instant\"")
    } else if has_form && [8, 12, 14].contains(&digits(given)) {
        format!("\"datum\": there is no such day or time: {given:?}")
    } else {
        format!("\"datum\": {given:?} is not a date such as 2024-06-25 10:00:00")
    }
}

/// The fields of an activity, beside its key.
const FIELDS: [&str; 9] = ["user", "datum", "at_instant", "tip", "content", "clid", "pid", "did", "mark"];

/// When an activity took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// In the local time of the account.
    Local(NaiveDateTime),
    /// With an offset from UTC.
    Instant(DateTime<chrono::Utc>),
}

/// Reads `2024-06-25 10:00:00`, or `2024-06-25T10:00:00+03:00`.
pub(super) fn time(text: &str) -> Result<At, BadValue> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(At::Instant(instant.to_utc()));
    }
    let formats =
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M"];
    let local = formats.into_iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    local.map(At::Local).ok_or(BadValue("expected-time"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_line_is_a_key_and_the_vendors_names() {
        let line =
            r#"{"key":"a","datum":"2024-06-25 10:00:00","content":"x","clid":"17","pid":"1,2","mark":"m.1"}"#;
        let KeyedActivity { key, entry } = from_line(line).ok().unwrap();
        assert_eq!((key.as_str(), entry.sent_content().as_ref()), ("a", "x [m.1]"));
        assert_eq!((entry.client.unwrap().0, entry.contacts.len()), (17, 2));
    }

    #[test]
    fn what_would_be_lost_is_refused() {
        for (line, words) in [
            ("{", "EOF"),
            ("[]", "invalid type"),
            (r#"{"content":"x"}"#, "\"key\" is missing"),
            (r#"{"key":1,"content":"x"}"#, "\"key\" must be a string"),
            (r#"{"key":"a","content":"x","mark":1}"#, "\"mark\" must be a string"),
            (r#"{"key":"a","content":"x","klid":1}"#, "\"klid\" is not a field of an activity"),
            (r#"{"key":"a","content":"x","klid":1}"#, "did, mark"),
            (r#"{"key":"a","content":"x","datum":"yesterday"}"#, "\"datum\": \"yesterday\" is not a date"),
            (r#"{"key":"a","content":"x","datum":"31.12.2024"}"#, "\"datum\": \"31.12.2024\" is not a date"),
            (r#"{"key":"a","content":"x","datum":"2024-02-30"}"#, "\"datum\": there is no such day"),
            (r#"{"key":"a","content":"x","datum":"0000-00-00 00:00:00"}"#, "there is no such day"),
            (r#"{"key":"a","content":"x","datum":"2024-06-25T10:00:00+03:00"}"#, "\"at_instant\""),
            (r#"{"key":"a","content":"x","datum":7}"#, "\"datum\": expected"),
            (r#"{"key":"a","content":"x","pid":[1,2]}"#, "\"pid\": send the IDs as one text"),
            (r#"{"key":"a","content":"x","clid":"a"}"#, "\"clid\": expected an id"),
        ] {
            let why = from_line(line).err().unwrap();
            assert!(why.contains(words), "{line}: {why}");
        }
    }

    #[test]
    fn a_time_is_local_or_has_an_offset() {
        let local = NaiveDateTime::parse_from_str("2024-06-25 10:00", "%Y-%m-%d %H:%M").unwrap();
        for text in ["2024-06-25 10:00", "2024-06-25 10:00:00", "2024-06-25T10:00:00", "25.06.2024 10:00"] {
            assert_eq!(time(text).unwrap(), At::Local(local), "{text}");
        }
        assert_eq!(
            time("2024-06-25T10:00:00+03:00").unwrap(),
            At::Instant("2024-06-25T07:00:00Z".parse().unwrap())
        );
        assert!(time("25/06/2024 10:00").is_err());
    }
}
