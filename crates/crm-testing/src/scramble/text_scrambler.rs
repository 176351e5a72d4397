//! Replaces the words of a text that is JSON, contains JSON, or is something else.
//!
//! It does not parse, because a response is often recorded just because no parser reads it.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::json_text::{leading_string, push_spelt_like, spelt_chars, unescaped};
use super::known_words::{ENTITIES, HTML_TAGS, PHP_AND_GATEWAY_WORDS};
use super::replacement_words::{WordReplacer, is_letter};
use super::rules::{ScrambleRules, Treatment};

pub(crate) struct TextScrambler<'a> {
    pub(crate) rules: &'a ScrambleRules,
    pub(crate) words: &'a WordReplacer,
}

/// An object or array that is open at some place of the text.
struct Open {
    is_object: bool,
    /// The field whose value it is.
    name: Option<String>,
    /// The field within it whose value comes next.
    key: Option<String>,
    /// Everything within it is scrambled.
    is_hidden: bool,
}

impl TextScrambler<'_> {
    /// Scrambles a body.
    pub(crate) fn text(&self, text: &str) -> String {
        if self.rules.keep_everything() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut open = Vec::new();
        let mut too_deep = 0_usize;
        // The last character that is not a space. For a string, its quote.
        let mut before = '\0';
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let taken = match c {
                '"' if matches!(before, '\0' | '{' | '[' | ',' | ':') => {
                    let (taken, inner) = leading_string(rest);
                    let is_closed = taken > 1 + inner.len();
                    let is_key = matches!(before, '{' | ',') && rest[taken..].trim_start().starts_with(':');
                    out.push('"');
                    match open.last_mut() {
                        Some(Open { is_object: true, key, .. }) if is_key => {
                            out.push_str(&self.field_name(inner));
                            *key = Some(unescaped(inner).into_owned());
                        }
                        _ => out.push_str(&self.string(inner, self.treatment(&open))),
                    }
                    out.push_str(if is_closed { "\"" } else { "" });
                    taken
                }
                '{' | '[' if open.len() < DEEPEST => {
                    let name = next_field(&open).map(str::to_owned);
                    let is_hidden = self.treatment(&open) == Treatment::ScrambleAll;
                    open.push(Open { is_object: c == '{', name, key: None, is_hidden });
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
                    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
                    let number = prefix(rest, is_part);
                    out.push_str(&self.number(number, self.treatment_of_number(&open)));
                    number.len()
                }
                c if is_letter(c) => {
                    let word = prefix(rest, is_letter);
                    let is_kept = !self.rules.contents
                        || (!self.words.is_shape() && contains(&PHP_AND_GATEWAY_WORDS, word))
                        || matches!(word, "true" | "false" | "null");
                    out.push_str(&if is_kept {
                        Cow::Borrowed(word)
                    } else {
                        self.words.replace(word).into()
                    });
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

    /// Scrambles the query of an address.
    pub(crate) fn query(&self, query: &str) -> String {
        if self.rules.keep_everything() {
            return query.to_owned();
        }
        let pairs = query.split('&').map(|pair| self.query_pair(pair).unwrap_or_else(|| pair.to_owned()));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Scrambles a pair of a query. `None` if it stays as it is.
    fn query_pair(&self, pair: &str) -> Option<String> {
        let (name, value) = pair.split_once('=')?;
        let field = percent_decode_str(name).decode_utf8_lossy();
        let value = percent_decode_str(value).decode_utf8_lossy();
        match self.rules.treatment(Some(&field), None) {
            Treatment::Keep => return None,
            Treatment::ScrambleTexts if is_date_or_short_number(&value) => return None,
            Treatment::ScrambleTexts | Treatment::ScrambleAll => {}
        }
        let chars = value.char_indices().map(|(i, c)| (c, &value[i..i + c.len_utf8()])).collect();
        let other = self.words(chars);
        (other != *value).then(|| format!("{name}={}", utf8_percent_encode(&other, ENCODED)))
    }

    fn treatment(&self, open: &[Open]) -> Treatment {
        let parent = open.last().and_then(|open| open.name.as_deref());
        match open.last() {
            Some(open) if open.is_hidden => Treatment::ScrambleAll,
            _ => self.rules.treatment(next_field(open), parent),
        }
    }

    fn treatment_of_number(&self, open: &[Open]) -> Treatment {
        match open.last() {
            Some(Open { is_object: true, key: Some(key), name, is_hidden: false }) => {
                self.rules.treatment_of_number(key, name.as_deref())
            }
            _ => self.treatment(open),
        }
    }

    fn field_name(&self, inner: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !self.rules.contents || inner.chars().all(is_plain) {
            inner.to_owned()
        } else {
            self.words(spelt_chars(inner))
        }
    }

    fn string(&self, inner: &str, treatment: Treatment) -> String {
        match treatment {
            Treatment::Keep => inner.to_owned(),
            Treatment::ScrambleTexts if is_date_or_short_number(inner) => inner.to_owned(),
            Treatment::ScrambleTexts | Treatment::ScrambleAll => self.words(spelt_chars(inner)),
        }
    }

    fn number(&self, number: &str, treatment: Treatment) -> String {
        // A phone number has no exponent. The exponent stays, because other digits there might exceed every number type.
        let (digits, exponent) = number.split_at(number.find(['e', 'E']).unwrap_or(number.len()));
        let is_short = !exponent.is_empty()
            || digits.split('.').all(|digits| digits.trim_start_matches('-').len() <= SHORT_NUMBER);
        match treatment {
            Treatment::Keep => number.to_owned(),
            Treatment::ScrambleTexts if is_short => number.to_owned(),
            Treatment::ScrambleTexts | Treatment::ScrambleAll => {
                let chars = digits.char_indices().map(|(i, c)| (c, &digits[i..=i])).collect();
                self.words(chars) + exponent
            }
        }
    }

    /// Replaces the words of a text whose characters come with their spellings. The spellings stay.
    fn words(&self, chars: Vec<(char, &str)>) -> String {
        let mut out = String::new();
        let mut at = 0;
        while let Some((c, spelling)) = chars.get(at).copied() {
            if !is_letter(c) {
                out.push_str(spelling);
                at += 1;
                continue;
            }
            let end = chars[at..].iter().position(|(c, _)| !is_letter(*c)).map_or(chars.len(), |n| at + n);
            let word: String = chars[at..end].iter().map(|(c, _)| c).collect();
            let char_before = |n: usize| at.checked_sub(n).map(|i| chars[i].0);
            let around = (char_before(2), char_before(1), chars.get(end).map(|(c, _)| *c));
            // A shape keeps no word, because a scrambled word may happen to look like a kept one.
            if !self.words.is_shape() && is_markup(&word, around) {
                out.push_str(&word);
            } else {
                for (c, (_, spelling)) in self.words.replace(&word).chars().zip(&chars[at..end]) {
                    push_spelt_like(&mut out, c, spelling);
                }
            }
            at = end;
        }
        out
    }
}

/// Deeper than any real response. What is nested deeper is treated like the deepest open object or array.
const DEEPEST: usize = 256;

/// The digits of the longest number that cannot be a phone number.
const SHORT_NUMBER: usize = 6;

/// Everything but RFC 3986's unreserved characters, as the clients encode a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns the field whose value comes next.
fn next_field(open: &[Open]) -> Option<&str> {
    let open = open.last()?;
    if open.is_object { open.key.as_deref() } else { open.name.as_deref() }
}

fn prefix(text: &str, is_part: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())]
}

/// Whether a text is a date, a time, a range of dates, or a short number.
fn is_date_or_short_number(text: &str) -> bool {
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
    let is_number = text.len() <= SHORT_NUMBER && text.bytes().all(|c| c.is_ascii_digit());
    is_number || text.split(';').all(is_date)
}

/// Whether a word is the name of a tag or an entity, or the mark of a secret, judged by the characters around it: two
/// before and one after.
fn is_markup(word: &str, around: (Option<char>, Option<char>, Option<char>)) -> bool {
    match around {
        (_, Some('<'), _) | (Some('<'), Some('/'), _) => contains(&HTML_TAGS, word),
        (_, Some('&'), Some(';')) | (Some('&'), Some('#'), Some(';')) => contains(&ENTITIES, word),
        (_, Some('['), Some(']')) => word == "secret",
        _ => false,
    }
}

fn contains(list: &[&str], word: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
