//! What a server makes of a new activity.

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::tags;
use super::{ContactId, LossKind, NewEntry};

/// A new activity as it would be read back.
///
/// Content and type were observed: the recorded cases, and PHP 8.2 with MariaDB 10.11 over the server's public
/// tables and cleaning. Dates, contacts and the type after `add.list` come from those tables and that cleaning
/// alone. A server of another revision may differ, and a database in strict mode refuses what is too long, too
/// early, too late or beyond the Basic Multilingual Plane, where this one cuts or replaces it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stored {
    /// `datum`, in whole seconds. `None` for the time of storing, where none was given, and for the zero date.
    #[doc(alias = "datum")]
    pub at: Option<NaiveDateTime>,
    /// `content` as `info` returns it. Empty where nothing is left; `info` says `null` there.
    pub content: String,
    /// `content` as `list` shows it.
    pub listed: String,
    /// `tip` after `add`, which cleans it like a content. «Событие» where none was given.
    #[doc(alias = "tip")]
    pub activity_type_by_add: Option<String>,
    /// `tip` after `add.list`, which does not clean it. `None` where none was given.
    #[doc(alias = "tip")]
    pub activity_type_by_add_list: Option<String>,
    /// `pid` as `list` shows it; `info` shows the first alone.
    #[doc(alias = "pid")]
    pub contacts: Vec<ContactId>,
}

impl NewEntry {
    /// What a server would make of it, to recognise it when it is read back.
    ///
    /// ```
    /// use crm_model::history::NewEntry;
    ///
    /// let stored = NewEntry::new("КП «Кабель»:\nhttps://x.ru/a <b>срочно</b>").as_stored();
    /// assert_eq!(stored.content, "КП Кабель:\nhttps://x.ru/a срочно");
    /// assert_eq!(stored.listed, "КП Кабель:<br />\nhttps:--x.ru-a срочно");
    /// ```
    #[must_use]
    pub fn as_stored(&self) -> Stored {
        let content = Cleaning::content(&self.content).text;
        let written = self.activity_type.as_deref().unwrap_or_default();
        let by_add = if written.is_empty() {
            "Событие".to_owned()
        } else {
            Cleaning::activity_type_by_add(written).text
        };
        Stored {
            at: self.at.filter(|&at| fits(at)).and_then(|at| at.with_nanosecond(0)),
            listed: listed(&content),
            content,
            activity_type_by_add: Some(by_add).filter(|title| !title.is_empty()),
            activity_type_by_add_list: Some(Cleaning::activity_type_by_add_list(written).text)
                .filter(|title| !title.is_empty()),
            contacts: fitting(&self.contacts),
        }
    }
}

/// The letters and digits of a content, to compare what was read with what was predicted where a server may
/// clean a little differently.
///
/// It is the same for [`Stored::content`] and [`Stored::listed`]. Two contents with one fingerprint are alike,
/// not equal: compare the contents themselves first.
///
/// ```
/// use crm_model::history::{NewEntry, fingerprint};
///
/// let stored = NewEntry::new("и/или: «да»").as_stored();
/// assert_eq!(fingerprint(&stored.content), "иилида");
/// assert_eq!(fingerprint("и-или:<br />\n”да”"), "иилида"); // of a server that keeps quotes
/// ```
#[must_use]
pub fn fingerprint(content: &str) -> String {
    let mut text = content.replace("<br />", "");
    while text.contains("&laquo;") || text.contains("&raquo;") {
        text = text.replace("&laquo;", "").replace("&raquo;", "");
    }
    text.chars().filter(|&c| c.is_alphanumeric() && !beyond_bmp(c)).collect()
}

/// A content that is stored, as `list` shows it.
fn listed(content: &str) -> String {
    const SHOWN: [(&str, &str); 8] = [
        ("<", ""),
        (">", ""),
        ("\"", "”"),
        ("&laquo;", ""),
        ("&raquo;", ""),
        ("/", "-"),
        ("«", "”"),
        ("»", "”"),
    ];
    let stripped = tags::strip(content).text;
    break_lines(&replace_all(stripped.trim_matches(BLANKS), &SHOWN))
}

/// `<br />` before each line break; `\r\n` and `\n\r` are one.
fn break_lines(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if matches!(c, '\r' | '\n') {
            broken += "<br />";
            let other = if c == '\r' { '\n' } else { '\r' };
            broken.push(c);
            broken.extend(chars.next_if_eq(&other));
        } else {
            broken.push(c);
        }
    }
    broken
}

/// The column of the contacts holds this many characters, of their ids joined by `;`.
pub(super) const CONTACTS_LIMIT: usize = 100;
/// The column of the content holds this many bytes.
const CONTENT_LIMIT: usize = 65_535;
/// The column of the type holds this many characters.
const ACTIVITY_TYPE_LIMIT: usize = 50;

/// The contacts that fit. The last of them may be another one: an id that is cut is an id.
pub(super) fn fitting(ids: &[ContactId]) -> Vec<ContactId> {
    let mut joined = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(";");
    joined.truncate(CONTACTS_LIMIT);
    joined.split(';').filter_map(|id| id.parse().ok()).filter(|&id| id != 0).map(ContactId).collect()
}

/// Whether the column of the date, a `TIMESTAMP`, holds it whatever the zone of the account is.
pub(super) fn fits(at: NaiveDateTime) -> bool {
    let day = (at.year(), at.month(), at.day());
    let leap_second = at.nanosecond() >= 1_000_000_000; // is sent as :60, which the column does not know
    ((1970, 1, 2)..=(2038, 1, 17)).contains(&day) && !leap_second
}

/// What PHP's `trim` takes for blanks.
const BLANKS: &[char] = &[' ', '\n', '\r', '\t', '\x0b', '\0'];

fn beyond_bmp(c: char) -> bool {
    c > '\u{ffff}'
}

/// One replacement after the other, each over the whole text.
fn replace_all(text: &str, replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// A text on its way into the database, and what it lost there. Every step that changes the text says so:
/// hence a text without losses is stored as it is.
pub(super) struct Cleaning {
    pub(super) text: String,
    pub(super) losses: Vec<LossKind>,
}

impl Cleaning {
    /// A content.
    pub(super) fn content(written: &str) -> Self {
        let mut cleaning = Self::begin(written);
        cleaning.line_breaks();
        cleaning.untag(written);
        cleaning.within_bmp();
        cleaning.cut_bytes(CONTENT_LIMIT);
        cleaning.emptied(written);
        cleaning
    }

    /// The title of a type, by `add`.
    pub(super) fn activity_type_by_add(written: &str) -> Self {
        let mut cleaning = Self::begin(written);
        cleaning.untag(written);
        cleaning.emptied(written);
        cleaning.within_bmp();
        cleaning.cut_characters(ACTIVITY_TYPE_LIMIT);
        cleaning
    }

    /// The title of a type, by `add.list`.
    pub(super) fn activity_type_by_add_list(written: &str) -> Self {
        let mut cleaning = Self::begin(written);
        cleaning.within_bmp();
        cleaning.cut_characters(ACTIVITY_TYPE_LIMIT);
        cleaning
    }

    fn begin(written: &str) -> Self {
        Self { text: written.to_owned(), losses: Vec::new() }
    }

    /// A backslash and an r, a backslash and an n: the server takes the four characters for a line break.
    fn line_breaks(&mut self) {
        let count = self.text.matches(r"\r\n").count();
        if count > 0 {
            self.text = self.text.replace(r"\r\n", "\r\n");
            self.losses.push(LossKind::LineBreaks { count });
        }
    }

    /// What the server does to most texts before it stores them.
    fn untag(&mut self, written: &str) {
        const DROPPED: [(&str, &str); 11] = [
            (r"\r\n", "\r\n"),
            ("\"", ""),
            ("\\", ""),
            ("'", ""),
            ("&laquo;", ""),
            ("&raquo;", ""),
            ("`", ""),
            ("«", ""),
            ("»", ""),
            ("<", ""),
            (">", ""),
        ];
        let stripped = tags::strip(&self.text);
        if stripped.tags > 0 {
            self.losses.push(LossKind::Tags { count: stripped.tags, characters: stripped.tag_characters });
        }
        if let Some(at) = stripped.unclosed {
            // The line breaks moved it; it is the same `<` of those that were written.
            let nth = self.text[..at].matches('<').count();
            let before = written.split('<').take(nth + 1).map(|part| part.chars().count() + 1).sum::<usize>();
            let characters = written.chars().count() + 1 - before;
            self.losses.push(LossKind::Rest { position: before, characters });
        }
        let trimmed = stripped.text.trim_matches(BLANKS);
        let blanks = stripped.text.len() - trimmed.len(); // each is one byte
        if blanks > 0 {
            self.losses.push(LossKind::Blanks { count: blanks });
        }
        self.text = replace_all(trimmed, &DROPPED);
        let count = stripped.strays + trimmed.chars().count() - self.text.chars().count();
        if count > 0 {
            self.losses.push(LossKind::Characters { count });
        }
    }

    /// The connection speaks UTF-8 of at most three bytes: a longer character becomes as many `?` as it has
    /// bytes.
    fn within_bmp(&mut self) {
        let count = self.text.chars().filter(|&c| beyond_bmp(c)).count();
        if count > 0 {
            self.text = self.text.replace(beyond_bmp, "????");
            self.losses.push(LossKind::BeyondBmp { count });
        }
    }

    /// A character that would be cut in two is left out.
    fn cut_bytes(&mut self, limit: usize) {
        if self.text.len() > limit {
            let end = (0..=limit).rev().find(|&end| self.text.is_char_boundary(end)).unwrap_or(0);
            self.losses.push(LossKind::TooLong { limit, over: self.text.len() - end });
            self.text.truncate(end);
        }
    }

    fn cut_characters(&mut self, limit: usize) {
        if let Some((end, _)) = self.text.char_indices().nth(limit) {
            self.losses.push(LossKind::TooLong { limit, over: self.text[end..].chars().count() });
            self.text.truncate(end);
        }
    }

    fn emptied(&mut self, written: &str) {
        if self.text.is_empty() && !written.is_empty() {
            self.losses.push(LossKind::Emptied);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::listed;

    /// Records that were not written through the API have tags and quotes.
    #[test]
    fn a_list_shows_no_tags_and_other_quotes() {
        assert_eq!(
            listed("Запись номер 1 <b>жирно</b> & \"кавычки\"\nвторая строка"),
            "Запись номер 1 жирно & ”кавычки”<br />\nвторая строка"
        );
        assert_eq!(listed(" «a» < b "), "”a”  b");
    }
}
