//! Reading a record as its ID and its fields, each as its JSON text.

use std::borrow::Cow;
use std::fmt;

use serde_core::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Fields;
use super::spans::{ReadField, Spans};
use crate::bounded::{self, BoundedValue, Budget};
use crate::json_object::Key;
use crate::php::Id;

/// Reads a record whose ID is required.
///
/// The fields stay text. Whatever could fail later is checked now: a fault makes the record unreadable instead of
/// hiding its fields.
pub(crate) fn read_record<'de, I, D>(deserializer: D) -> Result<(I, Fields), D::Error>
where
    I: From<u64>,
    D: Deserializer<'de>,
{
    let mut id = None;
    let spans = deserializer.deserialize_map(RecordVisitor { id: Some(&mut id) })?;
    let id = id.ok_or_else(|| de::Error::missing_field("id"))?;
    Ok((I::from(id), Fields(spans)))
}

/// Reads all keys of an object.
pub(super) fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Spans, D::Error> {
    deserializer.deserialize_map(RecordVisitor { id: None })
}

struct RecordVisitor<'a> {
    /// Takes the value of the key `id`. Without it, `id` is a field like the others.
    id: Option<&'a mut Option<u64>>,
}

impl<'de> Visitor<'de> for RecordVisitor<'_> {
    type Value = Spans;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record (an object)")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Spans, A::Error> {
        let mut fields = Vec::with_capacity(16);
        let mut budget = Budget::new();
        // Where the fields under `data` are, or the field `data` itself if it is not an object.
        let (mut data, mut data_is_object) = (0..0, false);
        while let Some(Key(key)) = map.next_key()? {
            match (&mut self.id, &*key) {
                (Some(id), "id") => **id = map.next_value::<Id>()?.0,
                (_, "data") => {
                    // The last of several `data` counts.
                    fields.drain(data);
                    let from = fields.len();
                    let seed = Data { json: JsonText(&mut budget), fields: &mut fields };
                    let other = map.next_value_seed(seed)?;
                    data_is_object = other.is_none();
                    fields.extend(other.map(|json| (key, json)));
                    data = from..fields.len();
                }
                _ => fields.push((key, map.next_value_seed(JsonText(&mut budget))?)),
            }
        }
        fields[data.start..].rotate_left(data.len());
        let data_from = data_is_object.then(|| fields.len() - data.len());
        let spans = Spans::join(&fields, data_from)
            .ok_or_else(|| de::Error::custom("the record is larger than 4 GiB"))?;
        if needs_check(&fields, &spans) {
            check(&spans).map_err(without_position)?;
        }
        Ok(spans)
    }
}

/// Parses each value within the limits of one record.
#[cold]
fn check(fields: &Spans) -> Result<(), serde_json::Error> {
    let mut budget = Budget::new();
    let data = fields.data().unwrap_or_default();
    for json in fields.outer().values().chain(data.values()) {
        budget.value().deserialize(&mut serde_json::Deserializer::from_str(json))?;
    }
    Ok(())
}

/// Reads what is under `data`: adds the fields of an object to `fields`, or returns the JSON text of another value.
struct Data<'a, 'de> {
    json: JsonText<'a>,
    fields: &'a mut Vec<ReadField<'de>>,
}

impl<'de> DeserializeSeed<'de> for Data<'_, 'de> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Data<'_, 'de> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a record (an object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            self.fields.push((key, map.next_value_seed(JsonText(&mut *self.json.0))?));
        }
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        self.json.visit_seq(seq).map(Some)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        self.json.visit_unit().map(Some)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        self.json.visit_none().map(Some)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        self.json.visit_bool(value).map(Some)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.json.visit_i64(value).map(Some)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.json.visit_u64(value).map(Some)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        self.json.visit_f64(value).map(Some)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        self.json.visit_str(value).map(Some)
    }
}

/// The name by which `serde_json` knows that the text of a value is wanted. Every other deserializer passes the value,
/// and so would `serde_json` under another name: the record would only be read more slowly.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// Reads a value as its JSON text. Borrowed from the input where `serde_json` reads a text. Written out where a value
/// comes from another deserializer, such as inside `#[serde(flatten)]` and untagged enumerations.
struct JsonText<'a>(&'a mut Budget);

impl<'de> DeserializeSeed<'de> for JsonText<'_> {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_newtype_struct(RAW_VALUE, self)
    }
}

impl JsonText<'_> {
    fn value(&mut self) -> BoundedValue<'_> {
        self.0.value()
    }
}

impl<'de> Visitor<'de> for JsonText<'_> {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        mut self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        Ok(self.value().deserialize(deserializer)?.to_string().into())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        match map.next_key()? {
            Some(Key(key)) if key == RAW_VALUE => Ok(map.next_value::<Key<'de>>()?.0),
            first => {
                let first = first.map(|Key(key)| key.into_owned());
                Ok(self.value().object(map, first)?.to_string().into())
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, seq: A) -> Result<Self::Value, A::Error> {
        Ok(self.value().visit_seq(seq)?.to_string().into())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok("null".into())
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok("null".into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(if value { "true" } else { "false" }.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(value.to_string().into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(value.to_string().into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(serde_json::Value::from(value).to_string().into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(serde_json::Value::from(value).to_string().into())
    }
}

/// Removes the line and the column within the record from a message, because they mean nothing to its reader.
fn without_position<E: de::Error>(error: serde_json::Error) -> E {
    let message = error.to_string();
    E::custom(message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message))
}

/// Returns whether one of the well-formed JSON values may be one that `serde_json` refuses, or one that is too deep.
///
/// It refuses half of a surrogate pair after `\u`, and a number out of range. Such a number has an exponent or very many
/// digits.
fn needs_check(fields: &[ReadField<'_>], spans: &Spans) -> bool {
    // One search in the whole text is cheaper than one in each value.
    let may_have_half_a_pair = || {
        let escapes = spans.text().find('\\').map_or("", |at| &spans.text()[at..]);
        escapes.contains("\\ud") || escapes.contains("\\uD")
    };
    fields.iter().any(|(_, json)| may_be_out_of_range(json))
        || may_have_half_a_pair()
        || !bounded::has_few_values(spans.text(), fields.len())
}

/// Returns whether a value may hold a number that is out of range, or may be too deep.
fn may_be_out_of_range(json: &str) -> bool {
    const MANY: usize = 128;
    let bytes = json.as_bytes();
    match bytes.first() {
        Some(b'-' | b'0'..=b'9') => {
            bytes.len() >= MANY || bytes.iter().any(|byte| matches!(byte, b'e' | b'E'))
        }
        Some(b'[' | b'{') => {
            // There is no early exit, so the compiler can vectorize the loop.
            let has_exponent = bytes.windows(2).fold(false, |found, pair| {
                found | (pair[0].is_ascii_digit() & matches!(pair[1], b'e' | b'E'))
            });
            // More than 300 digits in a row fill at least one chunk.
            let has_many_digits =
                || bytes.chunks_exact(MANY).any(|chunk| chunk.iter().all(u8::is_ascii_digit));
            has_exponent || bounded::may_be_deep(json) || has_many_digits()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use crate::projects::{Project, Step};
    use crate::{Extra, Fields};

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
        for value in [r#""\ud800""#, r#""\\\"\u0041\uDBFF""#, "1e999", "[1E999]", r#"{"a":["\udc00"]}"#] {
            for json in
                [format!(r#"{{"id":1,"f":{value}}}"#), format!(r#"{{"data":{{"f":{value}}},"id":1}}"#)]
            {
                assert!(serde_json::from_str::<Project>(&json).is_err(), "{json}");
            }
        }
    }

    #[test]
    fn data_that_is_not_an_object_is_a_field_as_it_was_sent() {
        for value in [r#"[1,{"a":2}]"#, r#""x\"y""#, "7", "-7", "true", "null", "1.5", "[]"] {
            let project: Project = serde_json::from_str(&format!(r#"{{"id":1,"data":{value}}}"#)).unwrap();
            assert_eq!(project.fields.get("data").unwrap().to_string(), value);
        }
    }

    #[test]
    fn the_last_data_of_several_counts() {
        for json in [
            r#"{"data":{"a":1,"b":2},"c":3,"data":{"a":4},"d":5}"#,
            r#"{"data":{"a":1},"c":3,"data":6,"d":5}"#,
            r#"{"c":3,"data":6,"data":{"a":1},"d":5}"#,
            r#"{"data":{"a":1},"c":3,"data":{}}"#,
        ] {
            let fields: Fields = serde_json::from_str(json).unwrap();
            assert_eq!(fields.to_object(), serde_json::from_str::<Extra>(json).unwrap(), "{json}");
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
