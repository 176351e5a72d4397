//! JSON as PHP writes it: keys in the order given, slashes escaped, nothing but Russian letters left unescaped.

use std::borrow::Cow;
use std::fmt::Write as _;

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

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    let is_escaped = |symbol| !matches!(symbol, ' ' | '!' | '#'..='.' | '0'..='[' | ']'..='\u{7f}' | 'А'..='я' | 'Ё' | 'ё');
    while let Some(plain) = rest.find(is_escaped) {
        out.push_str(&rest[..plain]);
        let mut behind = rest[plain..].chars();
        match behind.next().unwrap_or_default() {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
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
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::Json;

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
