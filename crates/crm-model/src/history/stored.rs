//! How the server stores a new activity.

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};

use super::tags;
use super::{ClientId, ContactId, DealId, LossKind, NewEntry};

/// A new activity as the server would store it.
///
/// Content and type are *observed*: in recorded calls, and with the server's public source on PHP 8.2 and MariaDB 10.11.
/// Dates, contacts and the type after `add.list` are derived from that source only. Another version of the server may
/// differ. A database in strict mode refuses values that this one cuts or replaces: long texts, dates out of range and
/// characters beyond the Basic Multilingual Plane.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stored {
    /// `datum`, in whole seconds. `None` for the zero date, for an instant, which is not converted yet, and if no time was
    /// given: the server then uses its own.
    #[doc(alias = "datum")]
    pub at: Option<NaiveDateTime>,
    /// `content` as `info` returns it. Empty if nothing is left; `info` then returns `null`.
    pub content: String,
    /// `content` as `list` returns it.
    pub listed: String,
    /// `tip` after `add`, which cleans it like the content. «Событие» if no type was given.
    #[doc(alias = "tip")]
    pub activity_type_by_add: Option<String>,
    /// `tip` after `add.list`, which does not clean it. `None` if no type was given.
    #[doc(alias = "tip")]
    pub activity_type_by_add_list: Option<String>,
    /// `pid` as `list` returns it. `info` returns only the first contact.
    #[doc(alias = "pid")]
    pub contacts: Vec<ContactId>,
    /// `clid`. A higher ID than 2147483647 is stored as 2147483647 (observed).
    #[doc(alias = "clid")]
    pub client: Option<ClientId>,
    /// `did`. A higher ID than 2147483647 is stored as 2147483647 (observed).
    #[doc(alias = "did")]
    pub deal: Option<DealId>,
}

impl NewEntry {
    /// Returns the activity as the server would store it. Use it to recognize the activity when it is read back.
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
        let content = Cleaning::content(&self.sent_content()).text;
        let written = self.activity_type.as_deref().unwrap_or_default();
        let by_add = if written.is_empty() {
            "Событие".to_owned()
        } else {
            Cleaning::activity_type_by_add(written).text
        };
        Stored {
            at: self.stored_at(),
            listed: listed(&content),
            content,
            activity_type_by_add: Some(by_add).filter(|title| !title.is_empty()),
            activity_type_by_add_list: Some(Cleaning::activity_type_by_add_list(written).text)
                .filter(|title| !title.is_empty()),
            contacts: fitting(&self.contacts)
                .into_iter()
                .map(|id| ContactId(id.0.min(CONTACT_LIMIT)))
                .collect(),
            client: self.client.map(|id| ClientId(id.0.min(ID_LIMIT))),
            deal: self.deal.map(|id| DealId(id.0.min(ID_LIMIT))),
        }
    }

    /// Returns the time as the server would store it: [`Stored::at`], without the work for the texts.
    #[must_use]
    pub fn stored_at(&self) -> Option<NaiveDateTime> {
        let at = self.at.filter(|&at| fits(at) && self.at_instant.is_none());
        at.and_then(|at| at.with_nanosecond(0))
    }
}

/// Returns the letters and digits of a content. Use it to compare a stored content with the predicted one, because
/// another version of the server may clean texts slightly differently.
///
/// [`Stored::content`] and [`Stored::listed`] have the same fingerprint. Two contents with the same fingerprint are
/// similar but not necessarily equal, so compare the contents first.
///
/// ```
/// use crm_model::history::{NewEntry, fingerprint};
///
/// let stored = NewEntry::new("и/или: «да»").as_stored();
/// assert_eq!(fingerprint(&stored.content), "иилида");
/// assert_eq!(fingerprint("и-или:<br />\n”да”"), "иилида"); // from a server that keeps quotes
/// ```
#[must_use]
pub fn fingerprint(content: &str) -> String {
    let mut text = content.replace("<br />", "");
    while text.contains("&laquo;") || text.contains("&raquo;") {
        text = text.replace("&laquo;", "").replace("&raquo;", "");
    }
    text.chars().filter(|&c| c.is_alphanumeric() && !beyond_bmp(c)).collect()
}

/// Returns a stored content as `list` returns it.
fn listed(content: &str) -> String {
    const REPLACED: [(&str, &str); 8] = [
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
    break_lines(&replace_all(stripped.trim_matches(WHITESPACE), &REPLACED))
}

/// Writes `<br />` before each line break. `\r\n` and `\n\r` are one line break.
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

/// The column of the contacts holds this many characters: IDs joined by `;`.
pub(super) const CONTACTS_LIMIT: usize = 100;
/// The columns of the client and of the deal hold IDs up to this one.
pub(super) const ID_LIMIT: u64 = 2_147_483_647;
/// A higher ID of a contact is read as this one.
pub(super) const CONTACT_LIMIT: u64 = 9_223_372_036_854_775_807;
/// The column of the content holds this many bytes.
const CONTENT_LIMIT: usize = 65_535;
/// The column of the type holds this many characters.
const ACTIVITY_TYPE_LIMIT: usize = 50;

/// Returns the contacts that fit into their column. The last one may be another contact, because an ID that is cut is still an ID.
pub(super) fn fitting(ids: &[ContactId]) -> Vec<ContactId> {
    let mut joined = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(";");
    joined.truncate(CONTACTS_LIMIT);
    joined.split(';').filter_map(|id| id.parse().ok()).filter(|&id| id != 0).map(ContactId).collect()
}

/// Returns whether the column of the date, a `TIMESTAMP`, can hold it in any time zone of an account.
pub(super) fn fits(at: NaiveDateTime) -> bool {
    let day = (at.year(), at.month(), at.day());
    let leap_second = at.nanosecond() >= 1_000_000_000; // sent as :60, which the column does not accept
    ((1970, 1, 2)..=(2038, 1, 17)).contains(&day) && !leap_second
}

/// Returns whether the column of the date can hold this instant.
pub(super) fn fits_instant(instant: DateTime<Utc>) -> bool {
    let is_leap_second = instant.nanosecond() >= 1_000_000_000;
    (1..=i64::from(i32::MAX)).contains(&instant.timestamp()) && !is_leap_second
}

/// The characters that PHP's `trim` removes.
const WHITESPACE: &[char] = &[' ', '\n', '\r', '\t', '\x0b', '\0'];

fn beyond_bmp(c: char) -> bool {
    c > '\u{ffff}'
}

/// Applies the replacements one after another, each to the whole text.
fn replace_all(text: &str, replacements: &[(&str, &str)]) -> String {
    // Most texts have nothing to replace, and an import cleans each of its texts several times.
    let may_begin = |byte| replacements.iter().any(|(from, _)| from.as_bytes().first() == Some(&byte));
    if !text.bytes().any(may_begin) {
        return text.to_owned();
    }
    replacements.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// A text on its way into the database, and its losses. Each step that changes the text adds a loss, so a text without
/// losses is stored unchanged.
pub(super) struct Cleaning {
    pub(super) text: String,
    pub(super) losses: Vec<LossKind>,
}

impl Cleaning {
    /// Cleans a content.
    pub(super) fn content(written: &str) -> Self {
        let mut cleaning = Self::begin(written);
        cleaning.line_breaks();
        cleaning.untag(written);
        cleaning.within_bmp();
        cleaning.cut_bytes(CONTENT_LIMIT);
        cleaning.emptied(written);
        cleaning
    }

    /// Cleans the title of an activity type as `add` does.
    pub(super) fn activity_type_by_add(written: &str) -> Self {
        let mut cleaning = Self::begin(written);
        cleaning.untag(written);
        cleaning.emptied(written);
        cleaning.within_bmp();
        cleaning.cut_characters(ACTIVITY_TYPE_LIMIT);
        cleaning
    }

    /// Changes the title of an activity type as `add.list` does.
    pub(super) fn activity_type_by_add_list(written: &str) -> Self {
        let mut cleaning = Self::begin(written);
        cleaning.within_bmp();
        cleaning.cut_characters(ACTIVITY_TYPE_LIMIT);
        cleaning
    }

    fn begin(written: &str) -> Self {
        Self { text: written.to_owned(), losses: Vec::new() }
    }

    /// Turns the four characters `\r\n` into a line break.
    fn line_breaks(&mut self) {
        let count = self.text.matches(r"\r\n").count();
        if count > 0 {
            self.text = self.text.replace(r"\r\n", "\r\n");
            self.losses.push(LossKind::LineBreaks { count });
        }
    }

    /// Removes tags, whitespace at the ends and some characters, as the server does with most texts.
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
            // The new line breaks moved the `<`. Count it to find it in the written text.
            let nth = self.text[..at].matches('<').count();
            let before = written.split('<').take(nth + 1).map(|part| part.chars().count() + 1).sum::<usize>();
            let characters = written.chars().count() + 1 - before;
            self.losses.push(LossKind::UnclosedTag { position: before, characters });
        }
        let trimmed = stripped.text.trim_matches(WHITESPACE);
        let whitespace = stripped.text.len() - trimmed.len(); // each is one byte
        if whitespace > 0 {
            self.losses.push(LossKind::Whitespace { count: whitespace });
        }
        self.text = replace_all(trimmed, &DROPPED);
        let count = stripped.strays + trimmed.chars().count() - self.text.chars().count();
        if count > 0 {
            self.losses.push(LossKind::Characters { count });
        }
    }

    /// Replaces characters of four bytes with `????`. The server's database connection supports at most three bytes.
    fn within_bmp(&mut self) {
        let count = self.text.chars().filter(|&c| beyond_bmp(c)).count();
        if count > 0 {
            self.text = self.text.replace(beyond_bmp, "????");
            self.losses.push(LossKind::BeyondBmp { count });
        }
    }

    /// Cuts after `limit` bytes, before a character that would be cut in two.
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

    /// Records that were not added through the API may have tags and quotes.
    #[test]
    fn a_list_returns_no_tags_and_replaces_quotes() {
        assert_eq!(
            listed("Запись номер 1 <b>жирно</b> & \"кавычки\"\nвторая строка"),
            "Запись номер 1 жирно & ”кавычки”<br />\nвторая строка"
        );
        assert_eq!(listed(" «a» < b "), "”a”  b");
    }
}
