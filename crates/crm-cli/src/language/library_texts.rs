//! Says in Russian what the libraries say in English.
//!
//! `library_texts.ru.toml` has a Russian text for every English text in the sources of the libraries, and a test compares
//! the two. What comes from elsewhere, such as the words of a database, is quoted.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::library::one_line;
use super::{Language, Messages};

static TEXTS: LazyLock<Texts> = LazyLock::new(|| Texts::new(include_str!("library_texts.ru.toml")));

/// `library_texts.ru.toml`: Russian texts by the English ones.
#[derive(Default, Deserialize)]
struct Catalogue {
    /// The texts in the sources.
    texts: BTreeMap<String, String>,
    /// Texts that the sources put together, errors of the program itself, and words of other libraries.
    composed: BTreeMap<String, String>,
}

/// The texts of the libraries, the longest first.
struct Texts(Vec<Text>);

/// An English text with holes for values, and the Russian one.
struct Text {
    /// What is before, between and behind the holes.
    pieces: Vec<String>,
    /// `{1}` is the value of the first hole. `{1?}` is left out if that value has no Russian text.
    russian: String,
    /// The name of an error says the same.
    is_said_by_name: bool,
}

impl Texts {
    fn new(catalogue: &str) -> Self {
        // A test reads the whole catalogue, so a fault cannot get here.
        let catalogue: Catalogue = toml::from_str(catalogue).unwrap_or_default();
        let texts = catalogue.texts.into_iter().chain(catalogue.composed);
        let texts = texts.map(|(english, russian)| {
            let (is_said_by_name, russian) = match russian.strip_prefix('~') {
                Some(russian) => (true, russian.to_owned()),
                None => (false, russian),
            };
            Text { pieces: pieces(&english), russian, is_said_by_name }
        });
        let mut texts: Vec<Text> = texts.collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.pieces.iter().map(String::len).sum::<usize>()));
        Self(texts)
    }
}

/// Splits a text in the format of `format!` at its holes.
fn pieces(text: &str) -> Vec<String> {
    let (mut pieces, mut is_in_hole, mut signs) = (vec![String::new()], false, text.chars().peekable());
    while let Some(sign) = signs.next() {
        let is_double = signs.peek() == Some(&sign) && matches!(sign, '{' | '}');
        match sign {
            '}' if is_in_hole => is_in_hole = false,
            _ if is_in_hole => {}
            '{' if !is_double => {
                is_in_hole = true;
                pieces.push(String::new());
            }
            _ => {
                if is_double {
                    signs.next();
                }
                pieces.last_mut().into_iter().for_each(|piece| piece.push(sign));
            }
        }
    }
    pieces
}

impl Text {
    /// Returns the values in the holes if this is the text.
    fn values<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let [first, rest @ ..] = &self.pieces[..] else { return None };
        let mut left = text.strip_prefix(first.as_str())?;
        let mut values = Vec::new();
        for (index, piece) in rest.iter().enumerate() {
            let is_last = index + 1 == rest.len();
            let end =
                if is_last { left.strip_suffix(piece.as_str())?.len() } else { left.find(piece.as_str())? };
            values.push(&left[..end]);
            left = &left[end + piece.len()..];
        }
        (left.is_empty() && values.iter().all(|value| is_one_value(value))).then_some(values)
    }
}

/// Returns a text without the names of errors, which end the message of each error in it.
fn without_names(mut text: String) -> String {
    if text.contains(']') {
        for id in crm::Error::IDS {
            text = text.replace(&format!(" [{id}]"), "");
        }
    }
    text
}

impl Messages {
    /// Returns a text of a library in the language of the messages, on one line. It may consist of several parts with a
    /// semicolon between them.
    pub(crate) fn of_library(&self, text: &str) -> String {
        let text = one_line(text);
        if self.language() == Language::English { text } else { self.parts(&without_names(text), |_| true) }
    }

    /// Returns the message or the advice of an error in Russian, without what its name says.
    pub(super) fn beside_name(&self, text: &str) -> String {
        self.parts(&without_names(one_line(text)), |part| {
            found(part).is_none_or(|(text, _)| !text.is_said_by_name)
        })
    }

    /// Returns the Russian text of a message, without the parts that are not wanted.
    fn parts(&self, text: &str, is_wanted: fn(&str) -> bool) -> String {
        if text.len() > LONGEST {
            return quoted(text);
        }
        if let Some((operation, rest)) = text.split_once(": ").filter(|_| starts_with_operation(text)) {
            return format!("{operation}: {}", self.parts(rest, |_| true));
        }
        let parts: Vec<&str> = text.split("; ").collect();
        let (mut shown, mut next) = (Vec::new(), 0);
        while next < parts.len() {
            // A text of a library may have a semicolon itself.
            let known = (next + 1..=parts.len().min(next + MOST_PARTS)).rev().find_map(|end| {
                let part = parts[next..end].join("; ");
                Some((self.known(&part)?, is_wanted(&part), end))
            });
            let (part, is_wanted, end) = known.unwrap_or_else(|| (quoted(parts[next]), true, next + 1));
            next = end;
            shown.extend((is_wanted && !part.is_empty()).then_some(part));
        }
        shown.join("; ")
    }

    /// Returns the Russian text of one part of a message, if there is one.
    fn known(&self, text: &str) -> Option<String> {
        let with_status = || {
            let (rest, status) = text.rsplit_once(" (HTTP ")?;
            Some(format!("{} (HTTP {status}", self.known(rest)?))
        };
        let with_answer = || {
            let (rest, answer) = text.split_once(": ").filter(|_| text.ends_with('»'))?;
            let words = answer.trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == ' ');
            words.starts_with('«').then(|| Some(format!("{}: {answer}", self.known(rest)?)))?
        };
        let with_field = || {
            let (field, fault) = text.split_once(' ')?;
            let field = field.trim_end_matches(':');
            is_name(field).then(|| Some(format!("{field}: {}", self.text_of(fault)?)))?
        };
        let known = self.text_of(text).or_else(with_status).or_else(with_answer);
        known.or_else(|| self.about_file(text)).or_else(with_field)
    }

    /// Returns the text of the catalogue.
    fn text_of(&self, text: &str) -> Option<String> {
        let (found, values) = found(text)?;
        let mut russian = found.russian.clone();
        for (number, value) in (1..).zip(values) {
            russian = russian.replace(&format!("«{{{number}}}»"), &format!("«{value}»"));
            // A value is looked up at most once: texts are nested, and twice at each level would take forever.
            let (known, any) = (format!("{{{number}?}}"), format!("{{{number}}}"));
            if russian.contains(&known) {
                russian = russian.replace(&known, &self.known(value).unwrap_or_default());
            } else if russian.contains(&any) {
                russian = russian.replace(&any, &self.value(value));
            }
        }
        Some(russian)
    }

    /// Returns a text about a file or a database: its role, its path, the fault and perhaps the cause.
    fn about_file(&self, text: &str) -> Option<String> {
        let (role, rest) =
            ROLES.iter().find_map(|(english, role)| Some((role, text.strip_prefix(english)?)))?;
        let fault = |text: &str| {
            let whole = self.text_of(text);
            whole.or_else(|| {
                let (fault, cause) = text.split_once(": ").filter(|(_, cause)| is_one_value(cause))?;
                Some(format!("{}: {}", self.text_of(fault)?, self.value(cause)))
            })
        };
        // A path may have spaces, and does not reach into the next part of the message.
        let mut ends = rest.match_indices(' ').take_while(|(end, _)| !rest[..=*end].contains("; "));
        let found = ends.find_map(|(end, _)| Some((&rest[..end], fault(&rest[end + 1..])?)));
        found.map(|(path, fault)| format!("{role} {path}: {fault}"))
    }

    /// Returns a value in a text: a text of a library, a cause that is known, or the words of another program.
    pub(super) fn value(&self, value: &str) -> String {
        if value.len() > LONGEST {
            return quoted(value);
        }
        let error = || starts_with_operation(value).then(|| self.parts(value, |_| true));
        let known = self.known(value).or_else(error);
        let known = known.or_else(|| self.system_error(value)).or_else(|| self.known_cause(value));
        known.unwrap_or_else(|| quoted(value))
    }
}

/// The parts of a text of a library that has semicolons itself.
const MOST_PARTS: usize = 4;
/// A longer text in bytes is not one of a library, but the words of a server.
const LONGEST: usize = 4096;

/// What stores are for, in the words of `Error::storage`.
const ROLES: &[(&str, &str)] = &[
    ("the journal ", "журнал импорта"),
    ("the checkpoint ", "файл контрольной точки"),
    ("the outbox ", "очередь"),
    ("the copy ", "копия"),
];

/// Returns the text of the catalogue that this is, and the values in it.
fn found(text: &str) -> Option<(&'static Text, Vec<&str>)> {
    TEXTS.0.iter().find_map(|found| Some((found, found.values(text)?)))
}

/// Returns whether a message begins with an operation, such as `history.add: `.
fn starts_with_operation(text: &str) -> bool {
    const CLIENTS: [&str; 5] = ["directory.", "history.", "mirror.", "outbox.", "projects."];
    let name = text.split_once(": ").map_or("", |(name, _)| name);
    CLIENTS.iter().any(|client| name.starts_with(client)) && is_name(name)
}

/// Returns whether this is a value in a message. The end of a message is none, except behind an error in a message.
fn is_one_value(text: &str) -> bool {
    !text.contains("; ") || starts_with_operation(text)
}

/// Returns whether it is a name, such as the field `list[2].content`.
fn is_name(text: &str) -> bool {
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '[' | ']');
    text.starts_with(|sign: char| sign.is_ascii_alphabetic()) && text.chars().all(is_part)
}

/// Puts English words of another program into quotation marks.
fn quoted(text: &str) -> String {
    let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let words: Vec<&str> = text.split([' ', ':', ',']).collect();
    let is_english = words.windows(2).any(|two| two.iter().all(is_word));
    if is_english && !text.contains(['«', '»']) { format!("«{text}»") } else { text.to_owned() }
}

#[cfg(test)]
mod tests;
