//! JSON as PHP writes it: keys in the order given, slashes escaped, nothing but Russian letters left unescaped.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Text(Cow<'static, str>),
    List(Vec<Json>),
    Object(Vec<(Cow<'static, str>, Json)>),
}

impl Json {
    pub(crate) fn object<const N: usize>(members: [(&'static str, Json); N]) -> Json {
        Json::Object(members.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect())
    }

    pub(crate) fn optional(text: Option<&str>) -> Json {
        text.map_or(Json::Null, Json::from)
    }

    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    pub(crate) fn with_numbers_as_strings(self) -> Json {
        match self {
            Json::Int(number) => Json::from(number.to_string()),
            Json::List(items) => Json::List(items.into_iter().map(Json::with_numbers_as_strings).collect()),
            Json::Object(members) => {
                let members = members.into_iter().map(|(key, value)| (key, value.with_numbers_as_strings()));
                Json::Object(members.collect())
            }
            other => other,
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Json::Int(number) => {
                let _ = write!(out, "{number}");
            }
            Json::Text(text) => write_text(out, text),
            Json::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(out, key);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(Cow::Owned(text.to_owned()))
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(Cow::Owned(text))
    }
}

impl From<i32> for Json {
    fn from(number: i32) -> Json {
        Json::Int(number.into())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Json {
        Json::Int(number)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Json {
        Json::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<'de> Deserialize<'de> for Json {
    /// Reads an answer, for a fault to change it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a truth value, a whole number, a text, a list or an object")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = entries.next_entry::<String, Json>()? {
            members.push((key.into(), value));
        }
        Ok(Json::Object(members))
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, behind) = rest.split_at(unescaped(rest));
        out.push_str(plain);
        let mut behind = behind.chars();
        let Some(symbol) = behind.next() else { break };
        match symbol {
            '"' => out.push_str("\\\""),
            '\\' => match russian_code(behind.as_str()) {
                // The server replaces the codes of Russian letters after the encoding, and finds them here as well.
                Some(letter) => {
                    out.push('\\');
                    out.push(letter);
                    behind = behind.as_str()["u0410".len()..].chars();
                }
                None => out.push_str("\\\\"),
            },
            '/' => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            symbol => {
                for unit in symbol.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
        rest = behind.as_str();
    }
    out.push('"');
}

/// How many bytes of a text, from its beginning, are written as they are: ASCII and Russian letters.
fn unescaped(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += match bytes[at..] {
            [b' ' | b'!' | b'#'..=b'.' | b'0'..=b'[' | b']'..=0x7f, ..] => 1,
            // А to я, Ё and ё.
            [0xd0, 0x81 | 0x90..=0xbf, ..] | [0xd1, 0x80..=0x8f | 0x91, ..] => 2,
            _ => return at,
        };
    }
}

/// The Russian letter whose code, in small hexadecimal digits behind a `u`, a text starts with.
fn russian_code(text: &str) -> Option<char> {
    let code = text.strip_prefix('u')?.get(..4)?;
    let is_small = code.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let letter = u32::from_str_radix(code, 16).ok().and_then(char::from_u32)?;
    (is_small && matches!(letter, 'А'..='я' | 'Ё' | 'ё')).then_some(letter)
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn a_backslash_before_the_code_of_a_russian_letter_is_written_as_the_server_breaks_it() {
        for (text, written) in [
            (r"\u0410", r#""\А""#),
            (r"\\u044f!", r#""\\\я!""#),
            (r"\u0401\u0451", r#""\Ё\ё""#),
            (r"\u041A", r#""\\u041A""#),
            (r"\U0410", r#""\\U0410""#),
            (r"u0410", r#""u0410""#),
            (r"\u0456", r#""\\u0456""#),
            (r"\u04", r#""\\u04""#),
            ("\\ёж", "\"\\\\ёж\""),
        ] {
            assert_eq!(Json::from(text).to_text(), written, "{text}");
        }
    }

    #[test]
    fn only_russian_letters_are_left_unescaped_beyond_ascii() {
        let text = Json::from("Ёж/ёж \"і\" ” 😀\u{1}\n").to_text();
        assert_eq!(text, r#""Ёж\/ёж \"\u0456\" \u201d \ud83d\ude00\u0001\n""#);
    }

    #[test]
    fn keys_keep_their_order() {
        let object = Json::object([("b", Json::Int(1)), ("a", Json::Null), ("c", Json::List(vec![]))]);
        assert_eq!(object.to_text(), r#"{"b":1,"a":null,"c":[]}"#);
    }
}
