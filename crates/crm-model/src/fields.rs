//! Fields that no documentation names: an account's own, and all answers of solOS.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use chrono::{NaiveDate, NaiveDateTime};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Extra;
use crate::object::Key;
use crate::php::{Id, Scalar};

/// The fields of a record as the server sent them, with typed access.
///
/// An account's dynamic fields come beside the built-in ones or under a key `data` (both assumed: no answer of
/// solOS is documented). [`get`](Self::get) finds a field in either place, `data` first.
///
/// Each typed reader gives `Ok(None)` for a field that is absent or says nothing (`null`, `""`, `false`, `[]`,
/// a zero date), and an error that says what was found where the value is something else.
///
/// The fields are kept as text and taken apart when the first of them is asked for.
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
pub struct Fields {
    /// The JSON of the whole record, checked; empty where the fields were never text.
    text: Box<str>,
    parsed: OnceLock<Extra>,
}

impl Fields {
    /// The value of a field as JSON: under `data` where there is one, else beside the built-in fields.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.dynamic().and_then(|data| data.get(name)).or_else(|| self.raw().get(name))
    }

    /// The names of all fields, those under `data` last.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let inner = self.dynamic();
        let outer = self.raw().keys().filter(move |key| inner.is_none() || *key != "data");
        outer.chain(inner.into_iter().flat_map(|data| data.keys())).map(String::as_str)
    }

    /// All of it as it was received, without the record's `id`.
    #[must_use]
    pub fn raw(&self) -> &Extra {
        self.parsed.get_or_init(|| {
            // It was checked when it was read, so it can be read again.
            let mut fields: Extra = serde_json::from_str(&self.text).unwrap_or_default();
            fields.remove("id");
            fields
        })
    }

    /// A text; numbers are written out.
    ///
    /// # Errors
    /// The field holds a list or an object.
    pub fn as_str(&self, name: &str) -> Result<Option<Cow<'_, str>>, FieldError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let scalar = Scalar::from_value(value).ok_or_else(|| FieldError::new(name, "a text", value))?;
        Ok(scalar.text().filter(|s| !s.is_empty()))
    }

    /// A whole number that is not negative: `7` or `"7"`.
    ///
    /// # Errors
    /// The field holds something else.
    pub fn as_u64(&self, name: &str) -> Result<Option<u64>, FieldError> {
        self.scalar(name, "a whole number", |scalar| scalar.unsigned())
    }

    /// A flag: `1`, `"1"`, `true` or `0`, `"0"`, `false`.
    ///
    /// # Errors
    /// The field holds something else.
    pub fn as_bool(&self, name: &str) -> Result<Option<bool>, FieldError> {
        if self.get(name) == Some(&Value::Bool(false)) {
            return Ok(Some(false));
        }
        self.scalar(name, "a flag (1 or 0)", |scalar| match (scalar, scalar.unsigned()) {
            (Scalar::True, _) | (_, Ok(Some(1))) => Ok(Some(true)),
            (_, Ok(Some(0))) => Ok(Some(false)),
            (_, Ok(None)) => Ok(None),
            _ => Err(()),
        })
    }

    /// A date, `YYYY-MM-DD`; the time of a date and time is left out.
    ///
    /// # Errors
    /// The field holds something else.
    pub fn as_date(&self, name: &str) -> Result<Option<NaiveDate>, FieldError> {
        let date = |scalar: &Scalar<'_>| Ok(scalar.datetime()?.map(|at| at.date()));
        self.scalar(name, "a date as YYYY-MM-DD", date)
    }

    /// A date and time, `YYYY-MM-DD HH:MM:SS`, in the account's local time; a date alone is its midnight.
    ///
    /// # Errors
    /// The field holds something else.
    pub fn as_datetime(&self, name: &str) -> Result<Option<NaiveDateTime>, FieldError> {
        self.scalar(name, "a time as YYYY-MM-DD HH:MM:SS", |scalar| scalar.datetime())
    }

    /// A decimal number as its digits (`"1500.50"`), for a decimal type of your choice: money does not go
    /// through a float where the server sends it as a string.
    ///
    /// # Errors
    /// The field holds something else than an optional sign, digits and at most one point.
    pub fn as_decimal_str(&self, name: &str) -> Result<Option<Cow<'_, str>>, FieldError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let refused = || FieldError::new(name, "a decimal number (1500.50)", value);
        let text = match Scalar::from_value(value) {
            None | Some(Scalar::True) => return Err(refused()),
            Some(scalar) => scalar.text(),
        };
        match text {
            Some(text) if text.trim().is_empty() => Ok(None),
            Some(text) if is_decimal(&text) => Ok(Some(text)),
            Some(_) => Err(refused()),
            None => Ok(None),
        }
    }

    /// Ids: a list of them, one of them, or a string of them joined by `,`, `;` or `_`. Empty where there are
    /// none; 0 is left out.
    ///
    /// # Errors
    /// The field, or an element of its list, holds something else.
    pub fn as_ids(&self, name: &str) -> Result<Vec<u64>, FieldError> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let refused = || FieldError::new(name, "ids", value);
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
        match value {
            Value::Array(values) => values.iter().try_for_each(add),
            value => add(value),
        }
        .map_err(|()| refused())?;
        ids.retain(|&id| id != 0);
        Ok(ids)
    }

    fn dynamic(&self) -> Option<&Extra> {
        self.raw().get("data").and_then(Value::as_object)
    }

    fn scalar<'a, T>(
        &'a self,
        name: &str,
        expected: &'static str,
        read: impl Fn(&Scalar<'a>) -> Result<Option<T>, ()>,
    ) -> Result<Option<T>, FieldError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        Scalar::from_value(value)
            .ok_or(())
            .and_then(|scalar| read(&scalar))
            .map_err(|()| FieldError::new(name, expected, value))
    }
}

impl From<Extra> for Fields {
    fn from(fields: Extra) -> Self {
        Self { text: Box::default(), parsed: fields.into() }
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl fmt::Debug for Fields {
    /// The names and their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw().fmt(f)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Extra::deserialize(deserializer).map(Self::from)
    }
}

/// Reads a record: its `id`, and all the rest as text. What could be unreadable in it is checked now, so that it makes
/// the record unreadable and is not found missing later.
pub(crate) fn read_record<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(Option<u64>, Fields), D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let id = match leading_id(raw.get()) {
        Some(id) => Some(id),
        None => head(raw.get())?.0,
    };
    let fields = Fields { text: raw.into(), parsed: OnceLock::new() };
    if may_be_unreadable(&fields.text) {
        serde_json::from_str::<Value>(&fields.text).map_err(de::Error::custom)?;
    }
    Ok((id, fields))
}

/// The id of a record that begins with it, `{"id":7,` or `{"id":"7",`, as nearly all do: the rest need not be read.
/// Unless there may be another `id`, plain or with its letters escaped, for of two the last one counts.
fn leading_id(record: &str) -> Option<u64> {
    let (value, rest) = record.strip_prefix("{\"id\":")?.split_once(',')?;
    if rest.contains("\"id\"") || rest.contains("\\u00") {
        return None;
    }
    let digits = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|&id| is_id && id != 0)
}

/// The id wherever it stands.
fn head<E: de::Error>(record: &str) -> Result<Head, E> {
    serde_json::from_str(record).map_err(|error| {
        let text = error.to_string();
        // Line and column within the record mean nothing to whoever reads the error.
        E::custom(text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message))
    })
}

/// Whether a well-formed JSON text may hold what cannot be read: half of a surrogate pair behind `\u`, or a number that
/// is too large, which has an exponent or very many digits.
fn may_be_unreadable(json: &str) -> bool {
    const MANY: usize = 128;
    let bytes = json.as_bytes();
    // Without a way out of the loop: so the compiler looks at many bytes at once.
    let has_exponent = bytes
        .windows(2)
        .fold(false, |found, pair| found | (pair[0].is_ascii_digit() & matches!(pair[1], b'e' | b'E')));
    // More than 300 digits in a row fill one of the pieces.
    let has_many_digits = || bytes.chunks_exact(MANY).any(|piece| piece.iter().all(u8::is_ascii_digit));
    has_exponent || json.contains("\\ud") || json.contains("\\uD") || has_many_digits()
}

/// The `id` of a record.
struct Head(Option<u64>);

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadVisitor)
    }
}

struct HeadVisitor;

impl<'de> Visitor<'de> for HeadVisitor {
    type Value = Head;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record (an object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head, A::Error> {
        let mut head = Head(None);
        while let Some(Key(key)) = map.next_key()? {
            if key == "id" {
                // The rest of the path before the fault, for whoever knows the beginning.
                let id = map
                    .next_value::<Id>()
                    .map_err(|fault| de::Error::custom(format_args!("`.id`: {fault}")))?;
                head = Head(id.0);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(head)
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && text.trim().len() - digits.len() <= 1
}

/// A field whose value is not what was asked for. Says what was found, without the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    name: String,
    expected: &'static str,
    found: String,
}

impl FieldError {
    fn new(name: &str, expected: &'static str, value: &Value) -> Self {
        let found = match (value, Scalar::from_value(value)) {
            (_, Some(scalar)) => scalar.found(),
            (Value::Array(items), None) => format!("a list of {}", items.len()),
            (_, None) => "an object".to_owned(),
        };
        Self { name: name.to_owned(), expected, found }
    }

    /// The name of the field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field \"{}\": expected {}, found {}", self.name, self.expected, self.found)
    }
}

impl std::error::Error for FieldError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_field_is_found_beside_the_others_and_under_data() {
        let fields = fields(r#"{"a": 1, "data": {"b": 2, "a": 3}}"#);
        assert_eq!(fields.as_u64("b").unwrap(), Some(2));
        assert_eq!(fields.as_u64("a").unwrap(), Some(3));
        assert_eq!(fields.names().collect::<Vec<_>>(), ["a", "a", "b"]);
    }

    #[test]
    fn a_field_named_data_that_is_no_object_is_a_field() {
        let fields = fields(r#"{"data": "x"}"#);
        assert_eq!(fields.as_str("data").unwrap().as_deref(), Some("x"));
        assert_eq!(fields.names().collect::<Vec<_>>(), ["data"]);
    }

    #[test]
    fn what_says_nothing_is_none_for_every_reader() {
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
    fn a_value_that_cannot_be_read_makes_the_record_unreadable_at_once() {
        for value in [r#""\ud800""#, "1e999", r#"{"a":["\udc00"]}"#] {
            let json = format!(r#"{{"id":1,"f":{value}}}"#);
            assert!(serde_json::from_str::<crate::projects::Project>(&json).is_err(), "{json}");
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
    fn ids_come_as_lists_strings_and_alone() {
        for json in ["[1,3]", "[\"1\",\"3\"]", "\"1,3\"", "\"1_3\"", "\"1; 3\"", "[1,0,3]"] {
            assert_eq!(fields(&format!("{{\"f\":{json}}}")).as_ids("f").unwrap(), [1, 3], "{json}");
        }
        assert_eq!(fields(r#"{"f":7}"#).as_ids("f").unwrap(), [7]);
        let error = fields(r#"{"f":[1,{"id":2}]}"#).as_ids("f").unwrap_err();
        assert_eq!(error.to_string(), "field \"f\": expected ids, found a list of 2");
    }
}
