//! A body in a recording.

use crm_transport::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::scramble::{byte_of, stand_in};

/// A body in a form that a person can read and that gives the same bytes again, unless it is not text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordedBody {
    /// JSON in one line, as it was spelt.
    Json(Box<RawValue>),
    Text(String),
    /// A text that is not UTF-8. The bytes that are not UTF-8, and `%`, are written as `%XX`.
    Bytes(String),
    /// Compressed, or not text at all. Nobody can check what is in it, so only its beginning and its length are kept.
    NoText {
        begins: String,
        length: usize,
    },
}

impl RecordedBody {
    /// Describes a body and edits its text. `None` if it is empty.
    pub(super) fn new(bytes: &[u8], edit: impl FnOnce(String) -> String) -> Option<Self> {
        if bytes.is_empty() {
            return None;
        }
        if is_not_text(bytes) {
            return Self::from_non_text(bytes);
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

    /// Describes a body that is compressed or not text. `None` if it is empty.
    pub(super) fn from_non_text(bytes: &[u8]) -> Option<Self> {
        let begins = bytes.iter().take(BEGINNING).map(|byte| format!("{byte:02x}")).collect();
        (!bytes.is_empty()).then_some(Self::NoText { begins, length: bytes.len() })
    }

    /// Returns the bytes again. For a body that was not text: as many bytes, which are not UTF-8.
    pub(super) fn bytes(&self) -> Bytes {
        match self {
            Self::Json(raw) => Bytes::copy_from_slice(raw.get().as_bytes()),
            Self::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
            Self::Bytes(text) => unescaped(text).into(),
            Self::NoText { begins, length } => {
                let pairs = begins.as_bytes().chunks_exact(2).filter_map(hex);
                // Limited, because anybody may have edited the number in the file.
                let length = (*length).min(LONGEST);
                pairs.chain(std::iter::repeat(0xff)).take(length).collect::<Vec<u8>>().into()
            }
        }
    }

    /// Returns what a message shows of it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Json(raw) => raw.get().to_owned(),
            Self::Text(text) | Self::Bytes(text) => text.clone(),
            Self::NoText { length, .. } => format!("[{length} bytes that are not text]"),
        }
    }
}

/// The bytes that are kept of a body that is not text: enough to recognize gzip or UTF-16.
const BEGINNING: usize = 2;

const LONGEST: usize = 1 << 30;

/// Whether there are control characters that no text has: it is compressed, UTF-16, or something else.
fn is_not_text(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
}

fn with_stand_ins(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if byte_of(c).is_some() {
                // The body has such a character itself: it is kept as its bytes.
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
        match byte_of(c) {
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

    fn written_and_read(bytes: &[u8]) -> (String, Bytes) {
        let body = RecordedBody::new(bytes, |text| text).unwrap();
        let line = serde_json::to_string(&body).unwrap();
        assert!(!line.contains('\n'), "{line}");
        let read: RecordedBody = serde_json::from_str(&line).unwrap();
        (line, read.bytes())
    }

    #[test]
    fn every_text_is_read_back_unchanged_and_is_readable_in_the_file() {
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
            let (written, back) = written_and_read(text.as_bytes());
            assert_eq!(back, text);
            assert!(line.is_none_or(|line| line == written), "{written}");
        }
    }

    #[test]
    fn a_text_in_windows_1251_is_read_back_byte_by_byte() {
        let (line, back) = written_and_read(b"{\"content\":\"100% \xcf\xf0\xe8\"}\xef\x9e\x80");
        assert_eq!(line, r#"{"bytes":"{\"content\":\"100%25 %CF%F0%E8\"}%EF%9E%80"}"#);
        assert_eq!(back, &b"{\"content\":\"100% \xcf\xf0\xe8\"}\xef\x9e\x80"[..]);
    }

    #[test]
    fn a_body_that_is_not_text_is_not_kept() {
        let (line, back) = written_and_read(b"\x1f\x8b\x08name");
        assert_eq!(line, r#"{"no_text":{"begins":"1f8b","length":7}}"#);
        assert_eq!(back, &b"\x1f\x8b\xff\xff\xff\xff\xff"[..]);
        assert_eq!(RecordedBody::new(b"", |text| text).map(|body| body.shown()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_back_unchanged_or_marked_as_not_text(bytes in proptest::collection::vec(any::<u8>(), 1..60)) {
            let (line, back) = written_and_read(&bytes);
            prop_assert!(back == bytes || line.starts_with(r#"{"no_text""#), "{}", line);
            prop_assert_eq!(back.len(), bytes.len());
        }
    }
}
