//! Fields of a record by name: the custom fields of an account, and everything in a solOS response.

mod error;
mod record;
mod spans;

use std::borrow::Cow;
use std::fmt;

use chrono::{NaiveDate, NaiveDateTime};
use serde_core::de::{Deserialize, Deserializer};
use serde_core::ser::{Serialize, Serializer};
use serde_json::Value;

use crate::Extra;
use crate::php::Scalar;

pub use error::FieldError;
pub(crate) use record::read_record;
use spans::Spans;

/// The fields of a record as the server sent them, with typed access.
///
/// The custom fields of an account are next to the built-in ones or inside the key `data`. Both are *assumed*, because
/// solOS documents no responses. [`get`](Self::get) looks in both, `data` first.
///
/// Each typed method returns `Ok(None)` for a field that is absent or empty (`null`, `""`, `false`, `[]`, a zero date).
/// For a value of another type it returns an error that says what was found.
///
/// The fields are kept as text. Each access parses the value of one field.
///
/// ```
/// use crm_model::projects::Project;
///
/// let project: Project = serde_json::from_str(
///     r#"{"id": 1, "price": "1500.50", "data": {"contract_date": "2020-01-01", "client_id": "1,3"}}"#,
/// )?;
/// assert_eq!(project.fields.as_date("contract_date")?.unwrap().to_string(), "2020-01-01");
/// assert_eq!(project.fields.as_decimal_str("price")?.as_deref(), Some("1500.50"));
/// assert_eq!(project.fields.as_ids("client_id")?, [1, 3]);
///
/// let error = project.fields.as_date("price").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "field \"price\": expected a date as YYYY-MM-DD, \
///      found the text \"9999.99\" (digits shown as 9, letters as a)",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Fields(Spans);

impl Fields {
    /// Returns the JSON value of a field: the one inside `data` if it exists, otherwise the one next to the built-in
    /// fields.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        self.0.get(name).map(parsed)
    }

    /// Returns the names of all fields in alphabetical order, those under `data` last.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.outer().into_keys().chain(self.0.data().unwrap_or_default().into_keys())
    }

    /// Returns the whole record as received, without its `id`.
    #[must_use]
    pub fn to_object(&self) -> Extra {
        self.top_level().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Returns the fields of the record, without its `id`: those under `data` as one.
    pub(crate) fn top_level(&self) -> impl Iterator<Item = (&str, Value)> {
        let object = |fields: std::collections::BTreeMap<&str, &str>| {
            Value::Object(fields.into_iter().map(|(name, json)| (name.to_owned(), parsed(json))).collect())
        };
        let data = self.0.data().map(|data| ("data", object(data)));
        self.0.outer().into_iter().map(|(name, json)| (name, parsed(json))).chain(data)
    }

    /// Returns a text. A number becomes its digits.
    ///
    /// # Errors
    /// Fails if the field holds a list or an object.
    pub fn as_str(&self, name: &str) -> Result<Option<Cow<'_, str>>, FieldError> {
        let text = self.scalar(name, "a text", |scalar| Ok(scalar.text()))?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Returns a whole number that is not negative: `7` or `"7"`.
    ///
    /// # Errors
    /// Fails if the field holds anything else.
    pub fn as_u64(&self, name: &str) -> Result<Option<u64>, FieldError> {
        self.scalar(name, "a whole number", |scalar| scalar.unsigned())
    }

    /// Returns a flag: `1`, `"1"` and `true`, or `0`, `"0"` and `false`.
    ///
    /// # Errors
    /// Fails if the field holds anything else.
    pub fn as_bool(&self, name: &str) -> Result<Option<bool>, FieldError> {
        if self.0.get(name) == Some("false") {
            return Ok(Some(false));
        }
        self.scalar(name, "a flag (1 or 0)", |scalar| match (&scalar, scalar.unsigned()) {
            (Scalar::True, _) | (_, Ok(Some(1))) => Ok(Some(true)),
            (_, Ok(Some(0))) => Ok(Some(false)),
            (_, Ok(None)) => Ok(None),
            _ => Err(()),
        })
    }

    /// Returns a date, `YYYY-MM-DD`. The time of a date and time is ignored.
    ///
    /// # Errors
    /// Fails if the field holds anything else.
    pub fn as_date(&self, name: &str) -> Result<Option<NaiveDate>, FieldError> {
        let date = |scalar: Scalar<'_>| Ok(scalar.datetime()?.map(|at| at.date()));
        self.scalar(name, "a date as YYYY-MM-DD", date)
    }

    /// Returns a date and time, `YYYY-MM-DD HH:MM:SS`, in the account's local time. A date alone is midnight.
    ///
    /// # Errors
    /// Fails if the field holds anything else.
    pub fn as_datetime(&self, name: &str) -> Result<Option<NaiveDateTime>, FieldError> {
        self.scalar(name, "a time as YYYY-MM-DD HH:MM:SS", |scalar| scalar.datetime())
    }

    /// Returns the digits of a decimal number (`"1500.50"`), for a decimal type of your choice. An amount that the
    /// server sends as a string never passes through a float.
    ///
    /// # Errors
    /// Fails if the field holds anything else than an optional sign, digits and at most one point.
    pub fn as_decimal_str(&self, name: &str) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.scalar(name, "a decimal number (1500.50)", |scalar| match scalar {
            Scalar::True => Err(()),
            scalar => match scalar.text() {
                Some(text) if text.trim().is_empty() => Ok(None),
                Some(text) if !is_decimal(&text) => Err(()),
                text => Ok(text),
            },
        })
    }

    /// Returns ids: from a list, from a single ID, or from a string of IDs joined by `,`, `;` or `_`. Skips 0. Empty if
    /// there are none.
    ///
    /// # Errors
    /// Fails if the field, or an element of its list, holds anything else.
    pub fn as_ids(&self, name: &str) -> Result<Vec<u64>, FieldError> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let mut ids = Vec::new();
        let mut add = |value: &Value| -> Result<(), ()> {
            match Scalar::from_value(value).ok_or(())? {
                Scalar::Text(text) => {
                    for part in text.split([',', ';', '_']) {
                        ids.extend(Scalar::Text(Cow::Borrowed(part)).unsigned()?);
                    }
                }
                scalar => ids.extend(scalar.unsigned()?),
            }
            Ok(())
        };
        match &value {
            Value::Array(values) => values.iter().try_for_each(add),
            value => add(value),
        }
        .map_err(|()| FieldError::new(name, "ids", &value))?;
        ids.retain(|&id| id != 0);
        Ok(ids)
    }

    /// An ID of the type `I`. 0 is nothing, as everywhere.
    pub(crate) fn as_id<I: From<u64>>(&self, name: &str) -> Result<Option<I>, FieldError> {
        Ok(self.as_u64(name)?.filter(|&id| id != 0).map(I::from))
    }

    fn scalar<'a, T>(
        &'a self,
        name: &str,
        expected: &'static str,
        read: impl Fn(Scalar<'a>) -> Result<Option<T>, ()>,
    ) -> Result<Option<T>, FieldError> {
        let Some(json) = self.0.get(name) else { return Ok(None) };
        let scalar = match plain_text(json) {
            Some(text) => Ok(Scalar::Text(Cow::Borrowed(text))),
            None => serde_json::from_str(json).map_err(drop),
        };
        scalar.and_then(read).map_err(|()| FieldError::new(name, expected, &parsed(json)))
    }
}

/// Parses a value that was checked when its record was read.
fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

/// Returns the content of a string without escapes. It was checked when its record was read.
fn plain_text(json: &str) -> Option<&str> {
    json.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('\\'))
}

impl From<Extra> for Fields {
    fn from(fields: Extra) -> Self {
        // Keys are texts and every number is finite, so that nothing here can fail.
        Self::deserialize(Value::Object(fields)).unwrap_or_default()
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.to_object() == other.to_object()
    }
}

impl fmt::Debug for Fields {
    /// Writes the names and their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_object().fmt(f)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.top_level())
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        record::read_fields(deserializer).map(Self)
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && text.trim().len() - digits.len() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_field_is_found_beside_the_built_in_fields_and_under_data() {
        let fields = fields(r#"{"a": 1, "data": {"b": 2, "a": 3}}"#);
        assert_eq!(fields.as_u64("b").unwrap(), Some(2));
        assert_eq!(fields.as_u64("a").unwrap(), Some(3));
        assert_eq!(fields.names().collect::<Vec<_>>(), ["a", "a", "b"]);
    }

    #[test]
    fn a_field_named_data_that_is_not_an_object_is_a_field() {
        let fields = fields(r#"{"data": "x"}"#);
        assert_eq!(fields.as_str("data").unwrap().as_deref(), Some("x"));
        assert_eq!(fields.names().collect::<Vec<_>>(), ["data"]);
    }

    #[test]
    fn an_empty_value_is_none_for_every_typed_method() {
        for json in [r#"{}"#, r#"{"f":null}"#, r#"{"f":""}"#, r#"{"f":[]}"#] {
            let fields = fields(json);
            assert_eq!(fields.as_str("f").unwrap(), None, "{json}");
            assert_eq!(fields.as_u64("f").unwrap(), None, "{json}");
            assert_eq!(fields.as_bool("f").unwrap(), None, "{json}");
            assert_eq!(fields.as_date("f").unwrap(), None, "{json}");
            assert_eq!(fields.as_datetime("f").unwrap(), None, "{json}");
            assert_eq!(fields.as_decimal_str("f").unwrap(), None, "{json}");
            assert_eq!(fields.as_ids("f").unwrap(), [0; 0], "{json}");
        }
    }

    #[test]
    fn flags_are_read_as_numbers_strings_and_booleans() {
        for (json, flag) in
            [("1", true), ("\"1\"", true), ("true", true), ("0", false), ("\"0\"", false), ("false", false)]
        {
            assert_eq!(fields(&format!("{{\"f\":{json}}}")).as_bool("f").unwrap(), Some(flag), "{json}");
        }
        assert!(fields(r#"{"f":"да"}"#).as_bool("f").is_err());
    }

    #[test]
    fn a_text_is_read_with_and_without_escapes() {
        for (json, text) in
            [(r#""a b""#, "a b"), (r#""\"""#, "\""), (r#""a\\""#, "a\\"), (r#""\u0417а""#, "За")]
        {
            assert_eq!(fields(&format!("{{\"f\":{json}}}")).as_str("f").unwrap().unwrap(), text);
        }
    }

    #[test]
    fn decimals_keep_their_digits() {
        for (json, text) in [("\"1500.50\"", "1500.50"), ("-3", "-3"), ("\"+0.10\"", "+0.10"), ("12", "12")] {
            assert_eq!(fields(&format!("{{\"f\":{json}}}")).as_decimal_str("f").unwrap().unwrap(), text);
        }
        for json in ["\"1 500\"", "\"1,5\"", "\"--1\"", "\".5\"", "\"1.\"", "true", "[1]"] {
            assert!(fields(&format!("{{\"f\":{json}}}")).as_decimal_str("f").is_err(), "{json}");
        }
    }

    #[test]
    fn ids_are_read_from_lists_from_strings_and_alone() {
        for json in ["[1,3]", "[\"1\",\"3\"]", "\"1,3\"", "\"1_3\"", "\"1; 3\"", "[1,0,3]"] {
            assert_eq!(fields(&format!("{{\"f\":{json}}}")).as_ids("f").unwrap(), [1, 3], "{json}");
        }
        assert_eq!(fields(r#"{"f":7}"#).as_ids("f").unwrap(), [7]);
        let error = fields(r#"{"f":[1,{"id":2}]}"#).as_ids("f").unwrap_err();
        assert_eq!(error.to_string(), "field \"f\": expected ids, found a list of 2");
    }
}
