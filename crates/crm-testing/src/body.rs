//! A body as it stands in a recording.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::words::{stand_in, stood_for};

/// Readable wherever it can be, and the same bytes when it is read back; but for one that is no text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body {
    /// JSON in one line, as it was spelt.
    Json(Box<RawValue>),
    Text(String),
    /// A text that is not UTF-8: bytes that are none, and `%`, stand as `%XX`.
    Bytes(String),
    /// Packed, or no text at all. Nobody can say what is in it, so it is not kept: only how it begins and how long
    /// it is.
    NoText {
        begins: String,
        length: usize,
    },
}

impl Body {
    /// A body whose text was edited. `None` where there is none.
    pub(super) fn new(bytes: &[u8], edit: impl FnOnce(String) -> String) -> Option<Self> {
        if bytes.is_empty() {
            return None;
        }
        if is_no_text(bytes) {
            return Self::packed(bytes);
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Some(Self::Bytes(escaped(&edit(with_stand_ins(bytes)))));
        };
        let text = edit(text.to_owned());
        if text.contains(['\n', '\r']) {
            return Some(Self::Text(text));
        }
        Some(match RawValue::from_string(text.clone()) {
            Ok(raw) if raw.get().len() == text.len() => Self::Json(raw),
            _ => Self::Text(text),
        })
    }

    /// A body that is said to be packed.
    pub(super) fn packed(bytes: &[u8]) -> Option<Self> {
        let begins = bytes.iter().take(BEGINNING).map(|byte| format!("{byte:02x}")).collect();
        (!bytes.is_empty()).then_some(Self::NoText { begins, length: bytes.len() })
    }

    /// The bytes again. Of what was no text: as many, and none that is UTF-8.
    pub(super) fn bytes(&self) -> Bytes {
        match self {
            Self::Json(raw) => Bytes::copy_from_slice(raw.get().as_bytes()),
            Self::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
            Self::Bytes(text) => unescaped(text).into(),
            Self::NoText { begins, length } => {
                let pairs = begins.as_bytes().chunks_exact(2).filter_map(hex);
                // No more than an answer may be; the number stands in a file that anybody may have edited.
                let length = (*length).min(LONGEST);
                pairs.chain(std::iter::repeat(0xff)).take(length).collect::<Vec<u8>>().into()
            }
        }
    }

    /// What can be shown of it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Json(raw) => raw.get().to_owned(),
            Self::Text(text) | Self::Bytes(text) => text.clone(),
            Self::NoText { length, .. } => format!("[{length} bytes that are no text]"),
        }
    }
}

/// Enough to tell what it was: gzip, UTF-16.
const BEGINNING: usize = 2;
const LONGEST: usize = 1 << 30;

/// With characters that no text has: packed by gzip, UTF-16, or whatever.
fn is_no_text(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
}

fn with_stand_ins(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if stood_for(c).is_some() {
                // One of those characters itself: its bytes, so that it comes back.
                text.extend(c.encode_utf8(&mut [0; 4]).bytes().map(stand_in));
            } else {
                text.push(c);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(stand_in));
    }
    text
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match stood_for(c) {
            Some(byte) => out.push_str(&format!("%{byte:02X}")),
            None if c == '%' => out.push_str("%25"),
            None => out.push(c),
        }
    }
    out
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *byte == b'%').and_then(hex);
        out.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    out
}

fn hex(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back(bytes: &[u8]) -> (String, Bytes) {
        let body = Body::new(bytes, |text| text).unwrap();
        let line = serde_json::to_string(&body).unwrap();
        assert!(!line.contains('\n'), "{line}");
        let read: Body = serde_json::from_str(&line).unwrap();
        (line, read.bytes())
    }

    #[test]
    fn every_text_comes_back_as_it_was_and_stands_there_readably() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        for (text, line) in [
            (r#"{"b":"\u0441\/","a":1.0}"#, Some(r#"{"json":{"b":"\u0441\/","a":1.0}}"#)),
            (r#"{"a":"\ud800"}"#, Some(r#"{"json":{"a":"\ud800"}}"#)),
            ("{\"a\":\n1}", Some(r#"{"text":"{\"a\":\n1}"}"#)),
            (" {}", Some(r#"{"text":" {}"}"#)),
            ("\u{feff}{}", None),
            ("<br />", Some(r#"{"text":"<br />"}"#)),
            (deep.as_str(), None),
        ] {
            let (written, back) = there_and_back(text.as_bytes());
            assert_eq!(back, text);
            assert!(line.is_none_or(|line| line == written), "{written}");
        }
    }

    #[test]
    fn a_text_in_windows_1251_comes_back_byte_by_byte() {
        let (line, back) = there_and_back(b"{\"content\":\"100% \xcf\xf0\xe8\"}\xef\x9e\x80");
        assert_eq!(line, r#"{"bytes":"{\"content\":\"100%25 %CF%F0%E8\"}%EF%9E%80"}"#);
        assert_eq!(back, &b"{\"content\":\"100% \xcf\xf0\xe8\"}\xef\x9e\x80"[..]);
    }

    #[test]
    fn what_is_no_text_is_not_kept() {
        let (line, back) = there_and_back(b"\x1f\x8b\x08name");
        assert_eq!(line, r#"{"no_text":{"begins":"1f8b","length":7}}"#);
        assert_eq!(back, &b"\x1f\x8b\xff\xff\xff\xff\xff"[..]);
        assert_eq!(Body::new(b"", |text| text).map(|body| body.shown()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_kept_or_said_not_to_be(bytes in proptest::collection::vec(any::<u8>(), 1..60)) {
            let (line, back) = there_and_back(&bytes);
            prop_assert!(back == bytes || line.starts_with(r#"{"no_text""#), "{}", line);
            prop_assert_eq!(back.len(), bytes.len());
        }
    }
}
