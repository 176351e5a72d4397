//! The strings of a JSON text, character by character, each with its spelling.

use std::borrow::Cow;

/// Splits off the string at the beginning of a text. Returns its length with the quotes, and what is between them. A
/// string that is not closed extends to the end of the text.
pub(super) fn leading_string(text: &str) -> (usize, &str) {
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (i + 1, &text[1..i]),
            _ => {}
        }
    }
    (text.len(), &text[1..])
}

/// Resolves the escapes of a string.
pub(super) fn unescaped(inner: &str) -> Cow<'_, str> {
    if inner.contains('\\') {
        spelt_chars(inner).into_iter().map(|(c, _)| c).collect::<String>().into()
    } else {
        inner.into()
    }
}

/// Returns the characters of a string, each with its spelling.
pub(super) fn spelt_chars(inner: &str) -> Vec<(char, &str)> {
    let mut all = Vec::with_capacity(inner.len() / 2);
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let (c, length) = match (c, rest.as_bytes().get(1)) {
            ('\\', Some(b'u')) => unicode_escape(rest).unwrap_or((' ', 2)),
            ('\\', Some(next @ (b'"' | b'\\' | b'/'))) => (char::from(*next), 2),
            ('\\', Some(next)) if next.is_ascii() => (' ', 2),
            (c, _) => (c, c.len_utf8()),
        };
        all.push((c, &rest[..length]));
        rest = &rest[length..];
    }
    all
}

/// Reads `\u0441`, or a pair of surrogates, and its length.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(0)?;
    if let Some(Ok(c)) = char::decode_utf16([first]).next() {
        return Some((c, 6));
    }
    let pair = unit(6).and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    Some(pair.map_or((char::REPLACEMENT_CHARACTER, 6), |c| (c, 12)))
}

/// Adds a character in the same spelling as another one had.
pub(super) fn push_spelt_like(out: &mut String, c: char, spelling: &str) {
    if !spelling.starts_with('\\') {
        return out.push(c);
    }
    let upper = spelling.contains(|c: char| c.is_ascii_uppercase());
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
    }
}
