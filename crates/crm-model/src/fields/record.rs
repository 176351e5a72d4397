//! Reading a record as its id and the text of its fields.

use std::fmt;
use std::sync::OnceLock;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::Fields;
use crate::json_object::Key;
use crate::php::Id;
use crate::{Extra, bounded};

/// Reads a record whose id is required.
///
/// The fields stay text. Whatever could fail later is checked now: a fault makes the record unreadable instead of
/// hiding its fields.
pub(crate) fn read_record<'de, I, D>(deserializer: D) -> Result<(I, Fields), D::Error>
where
    I: From<u64>,
    D: Deserializer<'de>,
{
    let (id, fields) = match deserializer.deserialize_newtype_struct(RAW_VALUE, SourceVisitor)? {
        Source::Text(text) => from_text(text)?,
        Source::Object(object) => from_object(object)?,
    };
    let id = id.ok_or_else(|| de::Error::missing_field("id"))?;
    Ok((I::from(id), fields))
}

fn from_text<E: de::Error>(text: Box<str>) -> Result<(Option<u64>, Fields), E> {
    let id = match leading_id(&text) {
        Some(id) => Some(id),
        None => find_id(&text)?,
    };
    if may_be_unreadable(&text) || !bounded::is_small(&text) {
        let checked = serde_json::from_str::<BoundedObject>(&text);
        checked.map_err(|error| E::custom(without_position(&error.to_string())))?;
    }
    Ok((id, Fields { text, parsed: OnceLock::new() }))
}

fn from_object<E: de::Error>(mut object: Extra) -> Result<(Option<u64>, Fields), E> {
    let id = match object.remove("id") {
        None => None,
        Some(id) => Id::deserialize(id).map_err(|fault| E::custom(format_args!("`.id`: {fault}")))?.0,
    };
    Ok((id, Fields::from(object)))
}

/// The name by which `serde_json` knows that the text of a value is wanted. Every other deserializer passes the object,
/// and so would `serde_json` under another name: the record would only be read more slowly.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// A record as its deserializer passes it.
enum Source {
    /// The JSON text of the record, from `serde_json`.
    Text(Box<str>),
    /// The keys and values, from any other deserializer: inside `#[serde(flatten)]` and untagged enumerations.
    Object(Extra),
}

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record (an object)")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Source, D::Error> {
        BoundedObject::deserialize(deserializer).map(|object| Source::Object(object.0))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Source, A::Error> {
        match map.next_key()? {
            Some(Key(key)) if key == RAW_VALUE => map.next_value().map(Source::Text),
            first => {
                let first = first.map(|Key(key)| key.into_owned());
                bounded::object(map, first).map(Source::Object)
            }
        }
    }
}

/// An object within the limits of one record.
pub(super) struct BoundedObject(pub(super) Extra);

impl<'de> Deserialize<'de> for BoundedObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BoundedObjectVisitor).map(Self)
    }
}

struct BoundedObjectVisitor;

impl<'de> Visitor<'de> for BoundedObjectVisitor {
    type Value = Extra;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record (an object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Extra, A::Error> {
        bounded::object(map, None)
    }
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
    serde_json::from_str::<RecordId>(record)
        .map(|id| id.0)
        .map_err(|error| E::custom(without_position(&error.to_string())))
}

/// Returns a message without the line and the column within the record, which mean nothing to its reader.
fn without_position(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message)
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
    use serde::Deserialize;
    use serde_json::json;

    use crate::projects::{Project, Step};

    #[test]
    fn a_record_inside_a_flattened_field_or_an_untagged_enumeration_has_its_fields() {
        #[derive(Deserialize)]
        struct Outer {
            own: u8,
            #[serde(flatten)]
            project: Project,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u8),
            Step(Step),
        }
        let outer: Outer = serde_json::from_str(r#"{"id":"7","own":1,"name":"a","data":{"x":[2]}}"#).unwrap();
        assert_eq!((outer.own, outer.project.id.0), (1, 7));
        assert_eq!(outer.project.fields.as_str("name").unwrap().as_deref(), Some("a"));
        assert_eq!(outer.project.fields.as_ids("x").unwrap(), [2]);
        let Either::Step(step) = serde_json::from_str(r#"{"name":"b","id":8}"#).unwrap() else { panic!() };
        assert_eq!((step.id.0, step.name().unwrap().as_deref()), (8, Some("b")));
        assert!(matches!(serde_json::from_str("7").unwrap(), Either::Number(7)));
        let error = serde_json::from_str::<Outer>(r#"{"own":1,"name":"a"}"#).err().unwrap().to_string();
        assert!(error.starts_with("missing field `id`"), "{error}");
    }

    #[test]
    fn a_record_is_the_same_from_a_text_and_from_a_value() {
        let value = json!({ "id": 3, "name": "a", "data": { "x": 1 } });
        let from_text: Project = serde_json::from_str(&value.to_string()).unwrap();
        assert_eq!(Project::deserialize(&value).unwrap(), from_text);
        assert_eq!(serde_json::from_value::<Project>(value).unwrap(), from_text);
    }

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
