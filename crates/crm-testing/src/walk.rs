//! Goes through a text that is JSON, has JSON in it, or is none, and replaces words.
//!
//! Not by a parser: what is recorded is often worth recording because no parser reads it.

use std::borrow::Cow;

use super::scramble::{Fate, Rules};
use super::words::{Ink, is_letter};
use crate::operation::push_encoded;

pub(super) struct Walk<'a> {
    pub(super) rules: &'a Rules,
    pub(super) ink: &'a Ink,
}

/// An object or a list that is open at some place.
struct Open {
    is_object: bool,
    /// The field that it is the value of.
    name: Option<String>,
    /// The field of it whose value comes.
    key: Option<String>,
    /// All in it is to be hidden.
    hidden: bool,
}

impl Walk<'_> {
    /// A body.
    pub(super) fn text(&self, text: &str) -> String {
        if self.rules.is_nothing() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut open = Vec::new();
        let mut too_deep = 0_usize;
        // The last character that is no blank, of a string its quote.
        let mut before = '\0';
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let taken = match c {
                '"' if matches!(before, '\0' | '{' | '[' | ',' | ':') => {
                    let (taken, inner) = string(rest);
                    let closed = taken > 1 + inner.len();
                    let key = matches!(before, '{' | ',') && rest[taken..].trim_start().starts_with(':');
                    out.push('"');
                    match open.last_mut() {
                        Some(Open { is_object: true, key: name, .. }) if key => {
                            out.push_str(&self.key(inner));
                            *name = Some(unescaped(inner).into_owned());
                        }
                        _ => out.push_str(&self.string(inner, self.fate(&open))),
                    }
                    out.push_str(if closed { "\"" } else { "" });
                    taken
                }
                '{' | '[' if open.len() < DEEPEST => {
                    let name = field(&open).map(str::to_owned);
                    let hidden = self.fate(&open) == Fate::Hidden;
                    open.push(Open { is_object: c == '{', name, key: None, hidden });
                    out.push(c);
                    1
                }
                '{' | '[' => {
                    too_deep += 1;
                    out.push(c);
                    1
                }
                '}' | ']' => {
                    match too_deep.checked_sub(1) {
                        Some(less) => too_deep = less,
                        None => drop(open.pop()),
                    }
                    out.push(c);
                    1
                }
                '-' | '0'..='9' if matches!(before, '[' | ',' | ':') && !open.is_empty() => {
                    let number =
                        span(rest, |c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
                    out.push_str(&self.number(number, self.fate_of_number(&open)));
                    number.len()
                }
                c if is_letter(c) => {
                    let word = span(rest, is_letter);
                    let stays = !self.rules.contents
                        || (!self.ink.is_shape() && known(&PLAIN, word))
                        || matches!(word, "true" | "false" | "null");
                    out.push_str(&if stays { Cow::Borrowed(word) } else { self.ink.rewrite(word).into() });
                    word.len()
                }
                c => {
                    out.push(c);
                    c.len_utf8()
                }
            };
            if !c.is_whitespace() {
                before = c;
            }
            rest = &rest[taken..];
        }
        out
    }

    /// The query of an address.
    pub(super) fn query(&self, query: &str) -> String {
        if self.rules.is_nothing() {
            return query.to_owned();
        }
        let pairs = query.split('&').map(|pair| {
            let Some((name, raw)) = pair.split_once('=') else { return pair.to_owned() };
            let Some((key, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
                return pair.to_owned();
            };
            let fate = self.rules.fate(Some(&key), None);
            if fate == Fate::Kept || (fate == Fate::Usual && is_plain_value(&value)) {
                return pair.to_owned();
            }
            let pieces = value.char_indices().map(|(i, c)| (c, &value[i..i + c.len_utf8()])).collect();
            let other = self.words(pieces);
            let mut pair = format!("{name}=");
            if other == *value {
                pair.push_str(raw)
            } else {
                push_encoded(&mut pair, &other)
            }
            pair
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    fn fate(&self, open: &[Open]) -> Fate {
        if open.last().is_some_and(|open| open.hidden) {
            return Fate::Hidden;
        }
        let of = open.last().and_then(|open| open.name.as_deref());
        self.rules.fate(field(open), of)
    }

    fn fate_of_number(&self, open: &[Open]) -> Fate {
        match (self.fate(open), open.last()) {
            // The id of what was added, whatever its length.
            (Fate::Usual, Some(Open { is_object: true, key: Some(key), .. })) if key == "data" => Fate::Kept,
            (fate, _) => fate,
        }
    }

    fn key(&self, inner: &str) -> String {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !self.rules.contents || inner.chars().all(is_name) {
            inner.to_owned()
        } else {
            self.words(pieces(inner))
        }
    }

    fn string(&self, inner: &str, fate: Fate) -> String {
        match fate {
            Fate::Kept => inner.to_owned(),
            Fate::Usual if is_plain_value(inner) => inner.to_owned(),
            Fate::Usual | Fate::Hidden => self.words(pieces(inner)),
        }
    }

    fn number(&self, number: &str, fate: Fate) -> String {
        // No telephone number has an exponent, and with other digits before it it might be beyond all numbers.
        let (digits, exponent) = number.split_at(number.find(['e', 'E']).unwrap_or(number.len()));
        let short = !exponent.is_empty()
            || digits.split('.').all(|digits| digits.trim_start_matches('-').len() <= SHORT);
        match fate {
            Fate::Kept => number.to_owned(),
            Fate::Usual if short => number.to_owned(),
            Fate::Usual | Fate::Hidden => {
                let pieces = digits.char_indices().map(|(i, c)| (c, &digits[i..=i])).collect();
                self.words(pieces) + exponent
            }
        }
    }

    /// Replaces the words of a text of which each character is given with its spelling, and keeps how it was spelt.
    fn words(&self, pieces: Vec<(char, &str)>) -> String {
        let mut out = String::new();
        let mut at = 0;
        while let Some((c, spelling)) = pieces.get(at).copied() {
            if !is_letter(c) {
                out.push_str(spelling);
                at += 1;
                continue;
            }
            let end = pieces[at..].iter().position(|(c, _)| !is_letter(*c)).map_or(pieces.len(), |n| at + n);
            let word: String = pieces[at..end].iter().map(|(c, _)| c).collect();
            let behind = |n: usize| at.checked_sub(n).map(|i| pieces[i].0);
            let around = (behind(2), behind(1), pieces.get(end).map(|(c, _)| *c));
            // A shape has nothing that stays: what is scrambled might come to look like it.
            if !self.ink.is_shape() && is_markup(&word, around) {
                out.push_str(&word);
            } else {
                for (c, (_, spelling)) in self.ink.rewrite(&word).chars().zip(&pieces[at..end]) {
                    push_spelt(&mut out, c, spelling);
                }
            }
            at = end;
        }
        out
    }
}

/// Deeper than anything that is read. What is deeper still belongs to the last of these.
const DEEPEST: usize = 256;
/// Digits of a number that is no telephone number.
const SHORT: usize = 6;

/// The field whose value comes.
fn field(open: &[Open]) -> Option<&str> {
    let open = open.last()?;
    if open.is_object { open.key.as_deref() } else { open.name.as_deref() }
}

/// A string at the beginning of a text: the length of it with its quotes, and what is between them. One that is not
/// closed goes on to the end.
fn string(text: &str) -> (usize, &str) {
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

fn span(text: &str, is_in: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !is_in(c)).unwrap_or(text.len())]
}

fn unescaped(inner: &str) -> Cow<'_, str> {
    if inner.contains('\\') {
        pieces(inner).into_iter().map(|(c, _)| c).collect::<String>().into()
    } else {
        inner.into()
    }
}

/// The characters of a JSON string, each with its spelling.
fn pieces(inner: &str) -> Vec<(char, &str)> {
    let mut all = Vec::with_capacity(inner.len() / 2);
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let (c, length) = match (c, rest.as_bytes().get(1)) {
            ('\\', Some(b'u')) => escaped(rest).unwrap_or((' ', 2)),
            ('\\', Some(next @ (b'"' | b'\\' | b'/'))) => (char::from(*next), 2),
            ('\\', Some(next)) if next.is_ascii() => (' ', 2),
            (c, _) => (c, c.len_utf8()),
        };
        all.push((c, &rest[..length]));
        rest = &rest[length..];
    }
    all
}

/// `\u0441`, or a pair of surrogates, and how long it is.
fn escaped(text: &str) -> Option<(char, usize)> {
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

/// A character as another was spelt.
fn push_spelt(out: &mut String, c: char, spelling: &str) {
    if !spelling.starts_with('\\') {
        return out.push(c);
    }
    let upper = spelling.contains(|c: char| c.is_ascii_uppercase());
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
    }
}

/// A date, a time, a range of dates, or a short number.
fn is_plain_value(text: &str) -> bool {
    let fits = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text
                .bytes()
                .zip(shape.bytes())
                .all(|(c, s)| if s == b'0' { c.is_ascii_digit() } else { c == s })
    };
    let is_date = |text: &str| {
        ["0000-00-00", "0000-00-00 00:00", "0000-00-00 00:00:00", "0000-00-00T00:00:00"]
            .iter()
            .any(|shape| fits(text, shape))
    };
    let is_number = text.len() <= SHORT && text.bytes().all(|c| c.is_ascii_digit());
    is_number || text.split(';').all(is_date)
}

/// The name of a tag, an entity, or the mark of a secret, between these characters.
fn is_markup(word: &str, around: (Option<char>, Option<char>, Option<char>)) -> bool {
    match around {
        (_, Some('<'), _) | (Some('<'), Some('/'), _) => known(&TAGS, word),
        (_, Some('&'), Some(';')) | (Some('&'), Some('#'), Some(';')) => known(&ENTITIES, word),
        (_, Some('['), Some(']')) => word == "secret",
        _ => false,
    }
}

fn known(list: &[&str], word: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

const TAGS: [&str; 20] = [
    "a", "b", "br", "div", "em", "font", "h1", "h2", "h3", "hr", "i", "li", "ol", "p", "span", "strong",
    "table", "td", "tr", "ul",
];

const ENTITIES: [&str; 11] =
    ["quot", "amp", "lt", "gt", "nbsp", "laquo", "raquo", "mdash", "ndash", "apos", "039"];

/// What PHP and gateways say, outside of JSON; all else there may be somebody's words.
const PLAIN: [&str; 74] = [
    "a",
    "b",
    "bad",
    "body",
    "br",
    "catchable",
    "center",
    "charset",
    "class",
    "column",
    "content",
    "deprecated",
    "div",
    "doctype",
    "error",
    "exception",
    "fatal",
    "forbidden",
    "found",
    "function",
    "gateway",
    "h1",
    "h2",
    "h3",
    "head",
    "hr",
    "html",
    "http",
    "in",
    "internal",
    "line",
    "link",
    "main",
    "memory",
    "meta",
    "method",
    "moved",
    "mysqli",
    "nginx",
    "not",
    "notice",
    "of",
    "on",
    "out",
    "p",
    "parse",
    "permanently",
    "php",
    "pre",
    "recoverable",
    "request",
    "secret",
    "server",
    "service",
    "span",
    "sql",
    "stack",
    "standards",
    "strict",
    "style",
    "table",
    "td",
    "temporarily",
    "the",
    "thrown",
    "time",
    "title",
    "tr",
    "trace",
    "unavailable",
    "uncaught",
    "undefined",
    "utf",
    "warning",
];

#[cfg(test)]
mod tests;
