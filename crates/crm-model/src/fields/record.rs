//! Reading a record as its id and the text of its fields.

use std::fmt;
use std::sync::OnceLock;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Fields;
use crate::json_object::Key;
use crate::php::Id;

/// Reads a record whose id is required.
///
/// The fields stay text. Whatever could fail later is checked now: a fault makes the record unreadable instead of
/// hiding its fields.
pub(crate) fn read_record<'de, I, D>(deserializer: D) -> Result<(I, Fields), D::Error>
where
    I: From<u64>,
    D: Deserializer<'de>,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let id = match leading_id(raw.get()) {
        Some(id) => Some(id),
        None => find_id(raw.get())?,
    };
    let fields = Fields { text: raw.into(), parsed: OnceLock::new() };
    if may_be_unreadable(&fields.text) {
        serde_json::from_str::<Value>(&fields.text).map_err(de::Error::custom)?;
    }
    let id = id.ok_or_else(|| de::Error::missing_field("id"))?;
    Ok((I::from(id), fields))
}

/// Returns the id of a record that begins with `{"id":7,` or `{"id":"7",`, as nearly all records do.
///
/// The rest is not parsed. `None` where there may be a second `id`, plain or with escaped letters, because the last
/// one counts.
fn leading_id(record: &str) -> Option<u64> {
    let (value, rest) = record.strip_prefix("{\"id\":")?.split_once(',')?;
    if rest.contains("\"id\"") || rest.contains("\\u00") {
        return None;
    }
    let digits = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|&id| is_id && id != 0)
}

/// Returns the id, wherever the record has it.
fn find_id<E: de::Error>(record: &str) -> Result<Option<u64>, E> {
    serde_json::from_str::<RecordId>(record).map(|id| id.0).map_err(|error| {
        let text = error.to_string();
        // A line and a column within the record mean nothing to the reader of the error.
        E::custom(text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message))
    })
}

/// Returns whether well-formed JSON may hold a value that `serde_json` refuses: half of a surrogate pair after `\u`, or
/// a number out of range. Such a number has an exponent or very many digits.
fn may_be_unreadable(json: &str) -> bool {
    const MANY: usize = 128;
    let bytes = json.as_bytes();
    // There is no early exit, so the compiler can vectorize the loop.
    let has_exponent = bytes
        .windows(2)
        .fold(false, |found, pair| found | (pair[0].is_ascii_digit() & matches!(pair[1], b'e' | b'E')));
    // More than 300 digits in a row fill at least one chunk.
    let has_many_digits = || bytes.chunks_exact(MANY).any(|chunk| chunk.iter().all(u8::is_ascii_digit));
    has_exponent || json.contains("\\ud") || json.contains("\\uD") || has_many_digits()
}

/// The `id` of a record; all other keys are skipped.
struct RecordId(Option<u64>);

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordIdVisitor)
    }
}

struct RecordIdVisitor;

impl<'de> Visitor<'de> for RecordIdVisitor {
    type Value = RecordId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record (an object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RecordId, A::Error> {
        let mut found = RecordId(None);
        while let Some(Key(key)) = map.next_key()? {
            if key == "id" {
                // The end of the JSON path, for the caller that knows its beginning.
                let id = map
                    .next_value::<Id>()
                    .map_err(|fault| de::Error::custom(format_args!("`.id`: {fault}")))?;
                found = RecordId(id.0);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::projects::Project;

    #[test]
    fn a_value_that_cannot_be_decoded_makes_the_record_unreadable_at_once() {
        for value in [r#""\ud800""#, "1e999", r#"{"a":["\udc00"]}"#] {
            let json = format!(r#"{{"id":1,"f":{value}}}"#);
            assert!(serde_json::from_str::<Project>(&json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_record_without_an_id_is_unreadable() {
        for json in [r#"{"name":"x"}"#, r#"{"id":0,"name":"x"}"#, r#"{"id":null,"name":"x"}"#] {
            let error = serde_json::from_str::<Project>(json).unwrap_err().to_string();
            assert!(error.starts_with("missing field `id`"), "{json}: {error}");
        }
    }
}
