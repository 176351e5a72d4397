//! Splits a list or an object into its values, also where a value itself is not valid JSON.
//!
//! Only brackets, quotes and commas count. So one record with a stray backslash or a control character costs that record
//! and no other. The text is not split if its brackets or quotes do not match, because then the borders of the records are
//! unknown.

use super::json::{MOST_RECORDS, Place, RawRecord};

/// Returns the values of a list or an object. `None` if they cannot be distinguished with certainty, or are too many.
pub(super) fn entries(text: &str) -> Option<Vec<RawRecord<'_>>> {
    let mut scanner = Scanner { text, at: 0 };
    let close = match scanner.next_token()? {
        b'[' => b']',
        b'{' => b'}',
        _ => return None,
    };
    let mut entries = Vec::new();
    if scanner.peek_token()? == close {
        scanner.at += 1;
    } else {
        loop {
            if entries.len() == MOST_RECORDS {
                return None;
            }
            let place = if close == b']' { Place::Index(entries.len()) } else { Place::Key(scanner.key()?) };
            entries.push(RawRecord { place, json: scanner.value()?.into() });
            match scanner.next_token()? {
                b',' => {}
                token if token == close => break,
                _ => return None,
            }
        }
    }
    scanner.text[scanner.at..].trim_ascii().is_empty().then_some(entries)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek_token(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        Some(self.text.as_bytes()[self.at])
    }

    fn next_token(&mut self) -> Option<u8> {
        let token = self.peek_token()?;
        self.at += 1;
        Some(token)
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Option<String> {
        if self.peek_token()? != b'"' {
            return None;
        }
        let start = self.at;
        self.skip_string()?;
        let key = serde_json::from_str(&self.text[start..self.at]).ok()?;
        (self.next_token()? == b':').then_some(key)
    }

    /// Reads up to the end of a value, whatever is between its brackets and quotes.
    fn value(&mut self) -> Option<&'a str> {
        let first = self.peek_token()?;
        let start = self.at;
        match first {
            b'"' => self.skip_string()?,
            b'[' | b'{' => self.skip_container()?,
            b',' | b':' | b']' | b'}' => return None,
            _ => {
                let rest = &self.text.as_bytes()[start..];
                self.at += rest.iter().position(|byte| b",]}".contains(byte))?;
            }
        }
        Some(self.text[start..self.at].trim_ascii_end())
    }

    /// Moves behind the string that begins here.
    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            self.at += found + 1;
            if rest[found] == b'"' {
                return Some(());
            }
            // Whatever follows a backslash belongs to it. A letter of several bytes cannot look like a quote.
            self.at = (self.at < self.text.len()).then_some(self.at + 1)?;
        }
    }

    /// Moves behind the list or object that begins here.
    fn skip_container(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            self.at += rest.iter().position(|byte| b"\"[]{}".contains(byte))?;
            match self.text.as_bytes()[self.at] {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'[' => open.push(b']'),
                b'{' => open.push(b'}'),
                close => {
                    if open.pop()? != close {
                        return None;
                    }
                }
            }
            self.at += 1;
            if open.is_empty() {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Option<Vec<String>> {
        let entries = entries(text)?;
        Some(entries.into_iter().map(|entry| entry.json.into_owned()).collect())
    }

    #[test]
    fn a_value_that_is_not_json_keeps_its_borders() {
        for value in
            [r#"{"a":"\q"}"#, r#"{"a":"x,]}","b":[{}]}"#, "NaN", "{\"a\":\"\n\"}", r#""\З\"""#, "{a:1}"]
        {
            let expected = Some(vec!["1".to_owned(), value.to_owned(), "{}".to_owned()]);
            assert_eq!(split(&format!(" [1, {value} ,{{}}]\n")), expected, "{value}");
            assert_eq!(split(&format!(r#"{{"x":1,"y":{value},"z":{{}}}}"#)), expected, "{value}");
        }
        assert_eq!(split("[]"), Some(Vec::new()));
        assert_eq!(split(" { } "), Some(Vec::new()));
    }

    #[test]
    fn values_without_certain_borders_are_not_told_apart() {
        for text in [
            "",
            "1",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[\"]",
            "[\"\\",
            "[{]",
            "[{]}]",
            "[{\"a\":[1}]]",
            "[1]]",
            "{\"a\"}",
            "{1:2}",
            "[1}",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn valid_json_is_split_as_serde_json_splits_it() {
        let json = serde_json::json!([[], {}, "a\"b\\", {"x": ["]", "}", {"y": null}]}, -1.5e3, true]);
        for text in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
            let values: Vec<serde_json::Value> =
                split(&text).unwrap().iter().map(|value| serde_json::from_str(value).unwrap()).collect();
            assert_eq!(serde_json::Value::Array(values), json);
        }
    }
}
