//! What the server would change in a new activity.

use std::fmt;

use super::stored::{CONTACT_LIMIT, CONTACTS_LIMIT, Cleaning, ID_LIMIT, fits, fits_instant, fitting};
use super::{ContactId, NewEntry};

/// A change that the server would make to a new activity without an error.
///
/// `Display` describes the change and quotes nothing of the activity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The server's name of the field: `content`, `tip`, `datum`, `clid`, `pid` or `did`.
    pub field: &'static str,
    /// The change.
    pub kind: LossKind,
}

/// The kind of a change, with its size.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossKind {
    /// The server drops `"`, `'`, `` ` ``, `\`, «, », `<`, `>`, NUL, `&laquo;` and `&raquo;` (observed).
    Characters {
        /// The number of characters.
        count: usize,
    },
    /// The server turns the four characters `\r\n` into a line break. A text that was escaped twice has them.
    LineBreaks {
        /// The number of occurrences.
        count: usize,
    },
    /// The server drops tags. A tag is everything from a `<` without a space after it to the next `>`. The address in
    /// `Name <name@example.ru>` is dropped too, and `a<br>b` becomes one word.
    Tags {
        /// The number of tags.
        count: usize,
        /// The number of characters in them.
        characters: usize,
    },
    /// A tag is never closed: a `<` without a space after it and without a later `>`. The server drops it and the rest of
    /// the text.
    UnclosedTag {
        /// The position of the `<` in characters, counted from 1.
        position: usize,
        /// The number of dropped characters, including the `<`.
        characters: usize,
    },
    /// The server drops spaces, tabs and line breaks at both ends.
    Whitespace {
        /// The number of characters.
        count: usize,
    },
    /// The server replaces each character beyond the Basic Multilingual Plane, such as an emoji, with `????`.
    BeyondBmp {
        /// The number of characters.
        count: usize,
    },
    /// The server cuts off the end.
    TooLong {
        /// The maximum length: 65,535 bytes for the content, 50 characters for the type.
        limit: usize,
        /// The number of bytes or characters that are cut off.
        over: usize,
    },
    /// The IDs of the contacts, joined by one character, are longer than 100 characters.
    Contacts {
        /// The number of lost contacts.
        lost: usize,
        /// Whether the server cuts an ID in two and so stores another contact.
        another: bool,
    },
    /// The ID is higher than the server can hold, so no record has it: a phone number, for example. The server stores the
    /// limit in its place (observed).
    IdTooLarge {
        /// The highest id: 2147483647 for a client or a deal, 9223372036854775807 for a contact.
        limit: u64,
    },
    /// The activity has no client, no contact and no deal. `add` refuses it. `add.list` stores it, but it does not
    /// appear in the history of any client, contact or deal (observed).
    Unlinked,
    /// Nothing is left of the field.
    Emptied,
    /// The date is outside 1970-01-02 to 2038-01-17, or a leap second. The server stores `0000-00-00 00:00:00`, and no
    /// range with a first day finds the activity. Depending on the account's time zone, one more day may work at either end.
    /// An instant is judged exactly: 1970-01-01 00:00:01 to 2038-01-19 03:14:07 UTC.
    Date,
}

impl NewEntry {
    /// Returns what the server would change without an error. Empty if it stores the activity unchanged.
    ///
    /// For the type (`tip`) these are the changes of `add`. `add.list` only cuts the type and replaces emoji. An
    /// unknown login, which results in a record without an owner, is not detected. Neither is an unknown activity type.
    /// [`Stored`](super::Stored) describes how certain these predictions are.
    ///
    /// ```
    /// use crm_model::history::{ClientId, NewEntry};
    ///
    /// let entry = |content: &str| NewEntry::new(content).client(ClientId(1));
    /// let losses = entry("цена <5000, сказал \"дорого\"").losses();
    /// assert_eq!(
    ///     losses[0].to_string(),
    ///     "content: the \"<\" at character 6 opens a tag that is never closed: the server drops the rest \
    ///      (22 characters)"
    /// );
    /// assert!(entry("цена < 5000").losses()[0].to_string().starts_with("content: 1 character"));
    /// assert!(entry("цена до 5000").losses().is_empty());
    /// ```
    #[must_use]
    pub fn losses(&self) -> Vec<Loss> {
        let written = self.activity_type.as_deref().unwrap_or_default();
        let mut tip = Cleaning::activity_type_by_add(written).losses;
        // Where both calls lose something, `add.list` loses more, because `add` cleans the text first.
        tip.retain(|kind| !matches!(kind, LossKind::BeyondBmp { .. } | LossKind::TooLong { .. }));
        tip.extend(Cleaning::activity_type_by_add_list(written).losses);

        let of = |field| move |kind| Loss { field, kind };
        let mut losses: Vec<Loss> =
            Cleaning::content(&self.sent_content()).losses.into_iter().map(of("content")).collect();
        losses.extend(tip.into_iter().map(of("tip")));
        losses.extend(contacts(&self.contacts).map(of("pid")));
        for (field, is_too_large, limit) in [
            ("clid", self.client.is_some_and(|id| id.0 > ID_LIMIT), ID_LIMIT),
            ("pid", self.contacts.iter().any(|id| id.0 > CONTACT_LIMIT), CONTACT_LIMIT),
            ("did", self.deal.is_some_and(|id| id.0 > ID_LIMIT), ID_LIMIT),
        ] {
            losses.extend(is_too_large.then_some(Loss { field, kind: LossKind::IdTooLarge { limit } }));
        }
        if self.client.is_none() && self.contacts.is_empty() && self.deal.is_none() {
            losses.push(Loss { field: "clid", kind: LossKind::Unlinked });
        }
        let has_date = match (self.at_instant, self.at) {
            (Some(instant), _) => fits_instant(instant),
            (None, at) => at.is_none_or(fits),
        };
        losses.extend((!has_date).then_some(Loss { field: "datum", kind: LossKind::Date }));
        losses
    }
}

fn contacts(written: &[ContactId]) -> Option<LossKind> {
    let stored = fitting(written);
    let kept = written.iter().zip(&stored).take_while(|(written, stored)| written == stored).count();
    let lost = written.len() - kept;
    (lost > 0).then_some(LossKind::Contacts { lost, another: stored.len() > kept })
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, kind } = self;
        write!(f, "{field}: ")?;
        match *kind {
            LossKind::Characters { count } => write!(
                f,
                "{} that the server drops (quotes of any kind, \\, <, >, &laquo;, &raquo;, NUL)",
                counted(count, "character")
            )?,
            LossKind::LineBreaks { count } => write!(
                f,
                "the four characters \\r\\n occur {}: the server turns them into a line break",
                counted(count, "time")
            )?,
            LossKind::Tags { count, characters } => write!(
                f,
                "{} that the server drops ({})",
                counted(count, "tag"),
                counted(characters, "character")
            )?,
            LossKind::UnclosedTag { position, characters } => write!(
                f,
                "the \"<\" at character {position} opens a tag that is never closed: the server drops the rest ({})",
                counted(characters, "character")
            )?,
            LossKind::Whitespace { count } => {
                write!(f, "{} at the ends that the server drops", counted(count, "whitespace character"))?;
            }
            LossKind::BeyondBmp { count } => {
                write!(f, "{} that the server turns into \"????\"", counted(count, "emoji or other rare character"))?;
            }
            LossKind::TooLong { limit, over } => {
                let unit = if *field == "content" { "byte" } else { "character" };
                write!(f, "{} beyond the {limit} that the server keeps", counted(over, unit))?;
            }
            LossKind::Contacts { lost, another } => {
                write!(
                    f,
                    "{} beyond the {CONTACTS_LIMIT} characters of ids that the server keeps",
                    counted(lost, "contact")
                )?;
                if another {
                    f.write_str("; it cuts an id in two and stores another contact in its place")?;
                }
            }
            LossKind::IdTooLarge { limit } => {
                write!(f, "an id above {limit}, which no record has: the server stores {limit} in its place")?;
            }
            LossKind::Unlinked => f.write_str(
                "missing, and so are pid and did: add refuses such an activity, and add.list stores it where no \
                 client, contact or deal shows it",
            )?,
            LossKind::Emptied => f.write_str("nothing is left of it")?,
            LossKind::Date => f.write_str(
                "not from 1970-01-02 to 2038-01-17: the server stores the zero date, and no range with a first day finds the \
                 activity",
            )?,
        }
        let by_add_list = matches!(kind, LossKind::BeyondBmp { .. } | LossKind::TooLong { .. });
        if *field == "tip" && !by_add_list {
            f.write_str(" (by add; add.list keeps it)")?;
        }
        Ok(())
    }
}

/// `1 tag`, `2 tags`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
