//! Decodes JSON into types, with the path of what cannot be decoded. A record that cannot be decoded does not hide the
//! others.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use crm_model::{Page, Unreadable};
use serde_core::de::{self, Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

use super::json_entries;
#[doc(hidden)]
pub use super::members::{KeyOf, Members, Object};
use super::stray_backslash::restored;
pub use crate::error::JsonError;

/// Decodes a JSON text. `at` is the path of the text in the response, `$` for all of it.
///
/// # Errors
/// The text is not JSON, is cut, or does not fit the type.
pub fn decode<'de, T: Deserialize<'de>>(json: &'de [u8], at: &str) -> Result<T, JsonError> {
    // The path is determined only if it is needed, because tracking it costs time on every value.
    well_formed(json).map_or_else(|| explain(json, at), Ok)
}

/// Decodes a JSON text that is most likely valid. Returns `None` if anything is wrong with it.
#[must_use]
pub fn well_formed<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Option<T> {
    // Checked all at once with SIMD: serde_json would check each string by itself, which is a fifth of its work on
    // Cyrillic.
    let text = simdutf8::basic::from_utf8(json).ok()?;
    serde_json::from_str(text).ok()
}

/// Decodes it again and tracks where it fails.
#[cold]
fn explain<'de, T: Deserialize<'de>>(json: &'de [u8], at: &str) -> Result<T, JsonError> {
    if let Err(e) = std::str::from_utf8(json) {
        let reason = format!("the text is not UTF-8 from byte {} on (windows-1251?)", e.valid_up_to());
        // If a letter begins at the end of the text and does not end, the text was cut.
        return Err(JsonError::new(at, reason).with_cut(e.error_len().is_none()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|e| {
        let mut path = at.to_owned();
        push_path(&mut path, e.path());
        JsonError::new(path, reason(e.inner())).with_cut(e.inner().is_eof())
    })?;
    deserializer.end().map_err(|e| JsonError::new(at, reason(&e)))?;
    Ok(value)
}

/// Returns serde's message without the values that it quotes, because they may be personal data.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = match text.rfind(" at line ") {
        Some(end) if !error.is_eof() && !error.is_syntax() => &text[..end],
        _ => &text,
    };
    for quoted in ["invalid type: string \"", "invalid value: string \""] {
        if let Some((_, rest)) = text.split_once(quoted)
            && let Some((_, expected)) = rest.rsplit_once("\", expected ")
        {
            return format!("expected {expected}, found a string");
        }
    }
    text.to_owned()
}

fn push_path(out: &mut String, path: &Path) {
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("[{index}]")),
            Segment::Map { key } => push_key(out, key),
            Segment::Enum { variant } => push_key(out, variant),
            Segment::Unknown => out.push_str(".?"),
        }
    }
}

/// Appends a key to a JSON path: `.key`, or `['a key']`. A key is cut after 64 characters.
pub fn push_key(out: &mut String, key: &str) {
    let cut;
    let key = match key.char_indices().nth(64) {
        Some((end, _)) => {
            cut = format!("{}…", &key[..end]);
            &cut
        }
        None => key,
    };
    let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_') && !key.starts_with(char::is_numeric);
    if plain && !key.is_empty() {
        out.push('.');
        out.push_str(key);
    } else {
        out.push_str(&format!("['{}']", key.escape_debug()));
    }
}

/// A record as it is in the response.
#[derive(Debug)]
pub struct RawRecord<'a> {
    /// Its index or its key.
    pub place: Place,
    /// Its JSON text.
    pub json: Cow<'a, str>,
}

/// The place of a record among the others.
#[derive(Debug)]
pub enum Place {
    /// In an array.
    Index(usize),
    /// In an object keyed by ID, as PHP writes an array whose keys are not 0, 1, 2 …
    Key(String),
}

/// The most records in one response, and the most keys of an object that holds records.
///
/// More are an error, so that a response costs a limited amount of memory. SalesMan sends at most 200 (documented).
pub const MOST_RECORDS: usize = 100_000;

/// Returns the JSON texts of the records of an array, or of an object keyed by ID. `false` and `""` have none.
///
/// A record whose text is not valid JSON is returned too, if its borders are certain.
///
/// # Errors
/// The text is something else, or holds more than [`MOST_RECORDS`] records.
pub fn raw_records<'a>(records: &'a str, at: &str) -> Result<Vec<RawRecord<'a>>, JsonError> {
    match decode::<RawRecords<'a>>(records.as_bytes(), at) {
        Ok(RawRecords(records)) => Ok(records),
        Err(error) => json_entries::entries(records).ok_or(error),
    }
}

/// Returns the JSON text of a value of an object, by its key. The last one counts, as in PHP.
///
/// `None` if there is no such key, or if the text is not an object. Other values need not be valid JSON.
#[must_use]
pub fn member<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let entries = json_entries::entries(object)?;
    entries.into_iter().rev().find_map(|entry| match (entry.place, entry.json) {
        (Place::Key(found), Cow::Borrowed(json)) if found == key => Some(json),
        _ => None,
    })
}

/// Decodes each record by itself. A record that cannot be decoded is in [`Page::unreadable`] and does not hide the
/// others.
///
/// # Errors
/// The text is neither an array nor an object of records, or holds more than [`MOST_RECORDS`].
pub fn page<T: DeserializeOwned>(records: &str, at: &str) -> Result<Page<T>, JsonError> {
    if let Ok(RecordList(items)) = serde_json::from_str(records) {
        return Ok(Page::new(items)); // nearly always: an array in which every record is valid
    }
    Ok(read_records(raw_records(records, at)?, at))
}

/// Decodes each of these records by itself.
#[must_use]
pub fn read_records<T: DeserializeOwned>(records: Vec<RawRecord<'_>>, at: &str) -> Page<T> {
    let mut page = Page::new(Vec::with_capacity(records.len()));
    for record in records {
        let mut path = at.to_owned();
        match &record.place {
            Place::Index(index) => path.push_str(&format!("[{index}]")),
            Place::Key(key) => push_key(&mut path, key),
        }
        let decoded = decode(record.json.as_bytes(), &path).or_else(|error| {
            let json = restored(&record.json).ok_or(error)?;
            decode(json.as_bytes(), &path)
        });
        match decoded {
            Ok(item) => page.items.push(item),
            Err(e) => page.unreadable.push(Unreadable::new(e.path(), e.reason(), record.json)),
        }
    }
    page
}

/// A list of at most [`MOST_RECORDS`] records, each of which can be decoded.
#[derive(Debug)]
pub struct RecordList<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for RecordList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RecordListVisitor(PhantomData)).map(Self)
    }
}

struct RecordListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for RecordListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut records = Vec::new();
        while let Some(record) = seq.next_element()? {
            check_number(records.len())?;
            records.push(record);
        }
        Ok(records)
    }
}

/// Fails if there are as many records as there may be.
fn check_number<E: de::Error>(records: usize) -> Result<(), E> {
    if records == MOST_RECORDS {
        return Err(E::custom(format_args!("more than {MOST_RECORDS} records in one response")));
    }
    Ok(())
}

struct RawRecords<'a>(Vec<RawRecord<'a>>);

impl<'de> Deserialize<'de> for RawRecords<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawRecordsVisitor).map(Self)
    }
}

struct RawRecordsVisitor;

impl<'de> Visitor<'de> for RawRecordsVisitor {
    type Value = Vec<RawRecord<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut records = Vec::new();
        while let Some(json) = seq.next_element::<&RawValue>()? {
            check_number(records.len())?;
            records.push(RawRecord { place: Place::Index(records.len()), json: json.get().into() });
        }
        Ok(records)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut records = Vec::new();
        while let Some((key, json)) = map.next_entry::<String, &RawValue>()? {
            check_number(records.len())?;
            records.push(RawRecord { place: Place::Key(key), json: json.get().into() });
        }
        Ok(records)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        if value { Err(E::invalid_type(de::Unexpected::Bool(true), &self)) } else { Ok(Vec::new()) }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        if value.is_empty() {
            Ok(Vec::new())
        } else {
            Err(E::invalid_type(de::Unexpected::Other("a text"), &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm_model::history::Entry;

    #[test]
    fn an_error_names_the_path_of_the_value() {
        let error =
            decode::<Vec<Entry>>(br#"[{"cid":1},{"cid":2,"person":[{"pid":"x"}]}]"#, "$.data").unwrap_err();
        assert_eq!(error.path(), "$.data[1].person[0].pid");
        assert!(error.reason().starts_with("expected an id"), "{error}");
    }

    #[test]
    fn an_error_does_not_quote_what_somebody_wrote() {
        let error = decode::<Vec<u64>>(br#"["Ivanov"]"#, "$").unwrap_err();
        assert_eq!(error.to_string(), "expected u64, found a string at $[0]");
    }

    #[test]
    fn one_unreadable_record_hides_no_other() {
        let page: Page<Entry> = page(r#"[{"cid":1},{"cid":"x"},7,{"cid":3}]"#, "$.data").unwrap();
        assert_eq!(page.items.iter().map(|e| e.id.0).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(page.unreadable[0].path, "$.data[1].cid");
        assert_eq!(page.unreadable[0].raw, r#"{"cid":"x"}"#);
        assert_eq!(page.unreadable[1].path, "$.data[2]");
        assert_eq!(page.len(), 4);
    }

    #[test]
    fn records_come_as_an_object_keyed_by_id_too() {
        let page: Page<Entry> = page(r#"{"5":{"cid":5},"7":{"cid":-7}}"#, "$.data").unwrap();
        assert_eq!(page.items[0].id.0, 5);
        assert_eq!(page.unreadable[0].path, "$.data['7'].cid");
    }

    #[test]
    fn a_record_that_is_not_json_hides_no_other() {
        for bad in [r#"{"cid":2,"tip":"\q"}"#, "{\"cid\":2,\"tip\":\"a\tb\"}", "NaN", "{cid:2}"] {
            let page: Page<Entry> = page(&format!(r#"[{{"cid":1}},{bad},{{"cid":3}}]"#), "$.data").unwrap();
            assert_eq!(page.items.iter().map(|e| e.id.0).collect::<Vec<_>>(), [1, 3], "{bad}");
            assert_eq!((page.unreadable.len(), page.unreadable[0].raw.as_str()), (1, bad));
            assert!(page.unreadable[0].path.starts_with("$.data[1]"), "{:?}", page.unreadable);
        }
    }

    #[test]
    fn a_backslash_before_a_letter_is_read_as_the_code_that_the_server_replaced() {
        let page: Page<Entry> = page(r#"[{"cid":1,"tip":"Тип \З"},{"cid":2,"tip":"\q"}]"#, "$").unwrap();
        assert_eq!(page.items[0].activity_type.as_deref(), Some("Тип \\u0417"));
        assert_eq!(page.unreadable[0].raw, r#"{"cid":2,"tip":"\q"}"#);
    }

    #[test]
    fn a_member_is_found_beside_values_that_are_not_json() {
        let text = r#"{"a":"\q","data":[1],"b":NaN,"data":[2]}"#;
        assert_eq!(member(text, "data"), Some("[2]"));
        assert_eq!(member(text, "c"), None);
        assert_eq!(member("[1]", "data"), None);
    }

    #[test]
    fn a_list_has_at_most_a_hundred_thousand_records() {
        let list = |count: usize, record: &str| format!("[{}]", vec![record; count].join(","));
        assert_eq!(
            page::<Entry>(&list(MOST_RECORDS, r#"{"cid":1}"#), "$").unwrap().items.len(),
            MOST_RECORDS
        );
        assert_eq!(page::<Entry>(&list(MOST_RECORDS, "0"), "$").unwrap().unreadable.len(), MOST_RECORDS);
        for record in [r#"{"cid":1}"#, "0", r#""\q""#] {
            let error = page::<Entry>(&list(MOST_RECORDS + 1, record), "$").unwrap_err();
            let expected = "more than 100000 records in one response at $";
            assert!(error.to_string().starts_with(expected) || record.contains("q"), "{error}");
        }
    }

    #[test]
    fn a_lone_surrogate_spoils_one_record() {
        let page: Page<Entry> = page(r#"[{"cid":1,"content":"\ud800"},{"cid":2}]"#, "$").unwrap();
        assert_eq!((page.items.len(), page.unreadable.len()), (1, 1));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_called_so() {
        let error = decode::<Vec<String>>(b"[\"\xcf\xf0\"]", "$").unwrap_err();
        assert!(error.reason().contains("not UTF-8 from byte 2"), "{error}");
    }
}
