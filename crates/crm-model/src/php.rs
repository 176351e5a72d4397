//! Reading values as PHP writes them: one type for any scalar, and its conversions to IDs, texts and times.

use std::borrow::Cow;
use std::fmt;

use chrono::{NaiveDate, NaiveDateTime, Timelike as _, Utc};
use serde_core::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A JSON value that is not a container. An empty container is PHP's empty array, which means nothing.
pub(crate) enum Scalar<'a> {
    /// `null`, `false`, `[]`, `{}`
    Nothing,
    True,
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or nothing")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(if value { Scalar::True } else { Scalar::Nothing })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(value).map_or(Scalar::Negative(value), Scalar::Unsigned))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(Scalar::Nothing),
            Some(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        match map.next_entry::<IgnoredAny, IgnoredAny>()? {
            None => Ok(Scalar::Nothing),
            Some(_) => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        }
    }
}

impl<'a> Scalar<'a> {
    /// Converts a parsed value. Returns `None` for a container that is not empty.
    pub(crate) fn from_value(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Null | Value::Bool(false) => Self::Nothing,
            Value::Bool(true) => Self::True,
            Value::Number(n) => match (n.as_u64(), n.as_i64()) {
                (Some(n), _) => Self::Unsigned(n),
                (None, Some(n)) => Self::Negative(n),
                (None, None) => Self::Float(n.as_f64()?),
            },
            Value::String(s) => Self::Text(Cow::Borrowed(s)),
            Value::Array(a) if a.is_empty() => Self::Nothing,
            Value::Object(o) if o.is_empty() => Self::Nothing,
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// Returns a whole number that is not negative. Fails for any other value.
    pub(crate) fn unsigned(&self) -> Result<Option<u64>, ()> {
        match self {
            Self::Nothing => Ok(None),
            Self::Unsigned(n) => Ok(Some(*n)),
            // Floats are exact up to 2^53. A larger one could be the id of another record.
            Self::Float(n) if n.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(n) => {
                Ok(Some(*n as u64))
            }
            Self::Text(s) => match s.trim() {
                "" => Ok(None),
                s if s.bytes().all(|b| b.is_ascii_digit()) => s.parse().map(Some).map_err(drop),
                _ => Err(()),
            },
            Self::True | Self::Negative(_) | Self::Float(_) => Err(()),
        }
    }

    /// Returns the value as text. Keeps `""`.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Nothing => None,
            Self::True => Some(Cow::Borrowed("1")), // PHP casts it so
            Self::Unsigned(n) => Some(Cow::Owned(n.to_string())),
            Self::Negative(n) => Some(Cow::Owned(n.to_string())),
            Self::Float(n) => Some(Cow::Owned(n.to_string())),
            Self::Text(s) => Some(s),
        }
    }

    /// Returns a date and time, or `None` for nothing and for the zero date.
    pub(crate) fn datetime(&self) -> Result<Option<NaiveDateTime>, ()> {
        match self {
            Self::Nothing => Ok(None),
            Self::Text(s) => parse_datetime(s.trim()),
            _ => Err(()),
        }
    }

    /// Describes the value for an error. Leaves out a text, because it may be personal data.
    pub(crate) fn found(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::True => "true".to_owned(),
            Self::Unsigned(n) => format!("the number {n}"),
            Self::Negative(n) => format!("the number {n}"),
            Self::Float(n) => format!("the number {n}"),
            Self::Text(s) => format!("the text \"{}\" (digits shown as 9, letters as a)", outline(s)),
        }
    }
}

/// Returns the outline of a text: `05.03.2024` becomes `99.99.9999`, a name becomes `aaaa`. At most 32 characters.
fn outline(text: &str) -> String {
    let mut outline: String = text
        .chars()
        .take(32)
        .map(|c| match c {
            c if c.is_numeric() => '9',
            c if c.is_alphabetic() => 'a',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    if text.chars().nth(32).is_some() {
        outline.push('…');
    }
    outline
}

/// Reads `YYYY-MM-DD`, or `YYYY-MM-DD HH:MM[:SS]` with a space or a `T`. The zero date is `None`.
fn parse_datetime(text: &str) -> Result<Option<NaiveDateTime>, ()> {
    if text.is_empty() || is_zero_date(text) {
        return Ok(None);
    }
    let (date, time) = text.as_bytes().split_at_checked(10).ok_or(())?;
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return Err(()) };
    let (hour, minute, second) = match *time {
        [] => (0, 0, 0),
        [b' ' | b'T', h1, h2, b':', m1, m2] => (number(&[h1, h2])?, number(&[m1, m2])?, 0),
        [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2] => {
            (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?)
        }
        _ => return Err(()),
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).map_err(drop)?;
    NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)
        .and_then(|date| date.and_hms_opt(hour, minute, second))
        .map(Some)
        .ok_or(())
}

/// Returns the number that the digits form.
fn number(digits: &[u8]) -> Result<u32, ()> {
    digits.iter().try_fold(0, |number, digit| match digit {
        b'0'..=b'9' => Ok(number * 10 + u32::from(digit - b'0')),
        _ => Err(()),
    })
}

fn is_zero_date(text: &str) -> bool {
    text.starts_with("0000-00-00")
        && text.bytes().all(|b| matches!(b, b'0' | b'-' | b':' | b' ' | b'T' | b'.'))
}

/// Reads a required ID.
pub(crate) fn required_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Id::deserialize(deserializer)?.0.ok_or_else(|| de::Error::custom("expected an id, found nothing or 0"))
}

/// An ID, or `None` for nothing and for 0.
pub(crate) struct Id(pub(crate) Option<u64>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let scalar = Scalar::deserialize(deserializer)?;
        let id = scalar.unsigned().map_err(|()| {
            de::Error::custom(format_args!("expected an id (digits), found {}", scalar.found()))
        })?;
        Ok(Self(id.filter(|&id| id != 0)))
    }
}

/// A text, or `None` for nothing. Keeps `""`.
pub(crate) struct Text(pub(crate) Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Scalar::deserialize(deserializer)?.text().map(Cow::into_owned)))
    }
}

impl Text {
    /// Treats `""` as nothing: for a name, a login or a title.
    pub(crate) fn non_empty(self) -> Option<String> {
        self.0.filter(|s| !s.is_empty())
    }
}

/// A local date and time, or `None` for nothing and for the zero date.
pub(crate) struct DateTime(pub(crate) Option<NaiveDateTime>);

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let scalar = Scalar::deserialize(deserializer)?;
        scalar.datetime().map(Self).map_err(|()| {
            de::Error::custom(format_args!(
                "expected a time as YYYY-MM-DD HH:MM:SS, found {}",
                scalar.found()
            ))
        })
    }
}

/// An instant as RFC 3339, or `None` for nothing. Only our own key has it.
pub(crate) struct Instant(pub(crate) Option<chrono::DateTime<Utc>>);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(text) = Text::deserialize(deserializer)?.non_empty() else { return Ok(Self(None)) };
        let instant = chrono::DateTime::parse_from_rfc3339(&text);
        instant
            .map(|instant| Self(Some(instant.to_utc())))
            .map_err(|_| de::Error::custom("expected an instant as RFC 3339, such as 2024-06-25T11:25:00Z"))
    }
}

/// Formats a time as the servers write it.
pub(crate) fn format_datetime(at: NaiveDateTime) -> String {
    // A format string would be read anew for each time.
    at.with_nanosecond(0).unwrap_or(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(json: &str) -> Result<Option<u64>, String> {
        serde_json::from_str::<Id>(json).map(|id| id.0).map_err(|e| e.to_string())
    }

    fn time(json: &str) -> Result<Option<String>, String> {
        serde_json::from_str::<DateTime>(json).map(|t| t.0.map(format_datetime)).map_err(|e| e.to_string())
    }

    #[test]
    fn an_id_is_a_number_or_its_digits() {
        for json in ["12", "\"12\"", "\" 12 \"", "12.0"] {
            assert_eq!(id(json), Ok(Some(12)), "{json}");
        }
        assert_eq!(id("18446744073709551615"), Ok(Some(u64::MAX)));
    }

    #[test]
    fn nothing_and_zero_are_not_ids() {
        for json in ["0", "\"0\"", "\"\"", "null", "false", "[]", "{}"] {
            assert_eq!(id(json), Ok(None), "{json}");
        }
    }

    #[test]
    fn a_number_that_could_be_another_id_is_refused() {
        for json in
            ["-1", "1.5", "\"12a\"", "\"-1\"", "true", "[1]", "{\"a\":1}", "1e30", "\"18446744073709551616\""]
        {
            assert!(id(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_error_says_what_was_found_without_the_value() {
        let error = id("\"Иванов 7\"").unwrap_err();
        assert!(error.starts_with("expected an id (digits), found the text \"aaaaaa 9\""), "{error}");
    }

    #[test]
    fn times_are_read_in_every_format_of_the_servers() {
        for json in ["\"2024-06-25 14:25:00\"", "\"2024-06-25 14:25\"", "\"2024-06-25T14:25\""] {
            assert_eq!(time(json), Ok(Some("2024-06-25 14:25:00".into())), "{json}");
        }
        assert_eq!(time("\"2024-06-25\""), Ok(Some("2024-06-25 00:00:00".into())));
    }

    #[test]
    fn a_zero_date_is_none() {
        for json in ["\"0000-00-00 00:00:00\"", "\"0000-00-00\"", "\"\"", "null", "false"] {
            assert_eq!(time(json), Ok(None), "{json}");
        }
    }

    #[test]
    fn a_time_that_does_not_exist_is_refused() {
        for json in [
            "\"2024-02-30 10:00\"",
            "\"99999-01-01\"",
            "\"2024-1-1\"",
            "\"2024-06-25 25:00\"",
            "\"2024-06-25 10\"",
            "\"завтра\"",
            "\"2024-00-00\"",
            "20240625",
            "\"+024-06-25\"",
        ] {
            assert!(time(json).is_err(), "{json}");
        }
    }
}
