//! Values that a type does not name, up to a depth and a number.

use std::fmt;

use serde_core::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The deepest nesting of lists and objects in one value.
pub(crate) const DEEPEST: usize = 100;

/// The most values in all fields of one record that its type does not name.
pub(crate) const MOST_VALUES: usize = 100_000;

/// How many more values a record may hold.
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(MOST_VALUES)
    }

    /// Reads a value. Fails if it is too deep, or if the record holds too many values.
    pub(crate) fn value(&mut self) -> BoundedValue<'_> {
        BoundedValue { budget: self, depth: 0 }
    }
}

/// A value within a budget.
pub(crate) struct BoundedValue<'a> {
    budget: &'a mut Budget,
    depth: usize,
}

impl BoundedValue<'_> {
    /// Enters a list or an object.
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > DEEPEST {
            return Err(E::custom(format_args!("nested deeper than {DEEPEST} levels")));
        }
        Ok(Self { depth, ..self })
    }

    /// Reads an object. `first` is a key that was read already.
    pub(crate) fn object<'de, A>(self, mut map: A, first: Option<String>) -> Result<Value, A::Error>
    where
        A: MapAccess<'de>,
    {
        let mut inner = self.inner()?;
        let mut fields = Map::new();
        let mut next = if first.is_some() { first } else { map.next_key()? };
        while let Some(key) = next {
            fields.insert(key, map.next_value_seed(inner.child())?);
            next = map.next_key()?;
        }
        Ok(Value::Object(fields))
    }

    fn child(&mut self) -> BoundedValue<'_> {
        BoundedValue { budget: self.budget, depth: self.depth }
    }
}

impl<'de> DeserializeSeed<'de> for BoundedValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.budget.0.checked_sub(1) {
            Some(left) => self.budget.0 = left,
            None => {
                return Err(de::Error::custom(format_args!("more than {MOST_VALUES} values in one record")));
            }
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BoundedValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner.child())? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        self.object(map, None)
    }
}

/// Returns whether a JSON text may be nested deeper than allowed. Parses nothing.
pub(crate) fn may_be_deep(json: &str) -> bool {
    json.len() > DEEPEST && count(json, |byte| (byte == b'[') | (byte == b'{')) > DEEPEST
}

/// Returns `true` if the JSON texts of so many fields, one after the other, cannot hold too many values. Parses nothing.
pub(crate) fn has_few_values(json: &str, fields: usize) -> bool {
    // Two values are separated by a comma, or one of them contains the other.
    json.len() <= MOST_VALUES
        || count(json, |byte| (byte == b',') | (byte == b'[') | (byte == b'{')) + fields < MOST_VALUES
}

/// Counts bytes. There is no early exit, so the compiler can vectorize the loop.
fn count(json: &str, wanted: impl Fn(u8) -> bool) -> usize {
    json.bytes().map(|byte| usize::from(wanted(byte))).sum()
}

#[cfg(test)]
mod tests {
    use crate::history::Entry;
    use crate::projects::Project;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    /// What an activity and a project with this value report.
    fn faults(value: &str) -> [Option<String>; 2] {
        let entry = serde_json::from_str::<Entry>(&format!(r#"{{"cid":1,"x":{value}}}"#));
        let project = serde_json::from_str::<Project>(&format!(r#"{{"id":1,"x":{value}}}"#));
        if let (Ok(entry), Ok(project)) = (&entry, &project) {
            assert_eq!(entry.extra["x"], project.fields.get("x").unwrap());
            assert_eq!(entry.extra["x"].to_string(), value);
        }
        [entry.err().map(|e| e.to_string()), project.err().map(|e| e.to_string())]
    }

    #[test]
    fn a_value_is_kept_up_to_a_hundred_levels_and_an_error_beyond() {
        assert_eq!(faults(&nested(100)), [None, None]);
        for depth in [101, 126, 127, 128, 50_000] {
            for fault in faults(&nested(depth)) {
                let fault = fault.expect("too deep");
                assert!(fault.starts_with("nested deeper than 100 levels"), "{depth}: {fault}");
            }
        }
    }

    #[test]
    fn a_record_is_kept_up_to_a_hundred_thousand_values_and_an_error_beyond() {
        let list = |values: usize| format!("[{}]", vec!["0"; values - 1].join(","));
        assert_eq!(faults(&list(99_999)), [None, None]);
        for fault in faults(&list(100_001)) {
            let fault = fault.expect("too many");
            assert!(fault.starts_with("more than 100000 values in one record"), "{fault}");
        }
    }
}
