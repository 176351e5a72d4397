//! What a server would change in a new activity.

use std::fmt;

use super::stored::{CONTACTS_LIMIT, Cleaning, fits, fitting};
use super::{ContactId, NewEntry};

/// Something that a server would change in a new activity, without an error and without a word.
///
/// `Display` says it to a person and quotes nothing of what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The server's word for the field: `content`, `tip`, `pid` or `datum`.
    pub field: &'static str,
    /// What would be lost.
    pub kind: LossKind,
}

/// What would be lost of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossKind {
    /// `"`, `'`, `` ` ``, `\`, «, », `<`, `>` and NUL are dropped (observed), and so are `&laquo;` and `&raquo;`.
    Characters {
        /// How many characters.
        count: usize,
    },
    /// The four characters `\r\n`, as a text escaped once too often has them, become a line break.
    LineBreaks {
        /// How many times.
        count: usize,
    },
    /// Tags are dropped: whatever stands between a `<` that no blank follows, and a `>`. So is an address
    /// written as `Name <name@example.ru>`, and the lines of `a<br>b` run together.
    Tags {
        /// How many tags.
        count: usize,
        /// How many characters they have.
        characters: usize,
    },
    /// A `<` that no blank follows, and no `>` ends: it and the rest of the text are dropped.
    Rest {
        /// Which character the `<` is, counted from 1.
        position: usize,
        /// How many characters are dropped, the `<` included.
        characters: usize,
    },
    /// Blanks, tabs and line breaks at the ends are dropped.
    Blanks {
        /// How many.
        count: usize,
    },
    /// Characters beyond the Basic Multilingual Plane, such as emoji, become `????` each.
    BeyondBmp {
        /// How many.
        count: usize,
    },
    /// The end is cut off.
    TooLong {
        /// What the field holds: 65,535 bytes of the content, 50 characters of the type.
        limit: usize,
        /// How many bytes or characters are cut off.
        over: usize,
    },
    /// The ids of the contacts, joined by one character each, fill more than the 100 characters there are.
    Contacts {
        /// How many contacts are lost.
        lost: usize,
        /// Whether a cut id points at another contact, which the activity then has.
        another: bool,
    },
    /// Nothing is left.
    Emptied,
    /// The date is not from 1970-01-02 to 2038-01-17, or is a leap second: it becomes `0000-00-00 00:00:00`, and
    /// no range of dates finds the activity. A day more at both ends may do, depending on the account's zone.
    Date,
}

impl NewEntry {
    /// What a server would change in it without an error. Empty where it is stored as it is written.
    ///
    /// Of the type (`tip`) it says what `add` changes; `add.list` cuts it and replaces emoji, and no more. A login
    /// that nobody has makes a record of nobody, which cannot be known here. Where the knowledge comes from is
    /// said at [`Stored`](super::Stored).
    ///
    /// ```
    /// use crm_model::history::NewEntry;
    ///
    /// let losses = NewEntry::new("цена <5000, сказал \"дорого\"").losses();
    /// assert_eq!(
    ///     losses[0].to_string(),
    ///     "content: the \"<\" at character 6 opens a tag that is never closed: the server drops the rest \
    ///      (22 characters)"
    /// );
    /// assert!(NewEntry::new("цена < 5000").losses()[0].to_string().starts_with("content: 1 character"));
    /// assert!(NewEntry::new("цена до 5000").losses().is_empty());
    /// ```
    #[must_use]
    pub fn losses(&self) -> Vec<Loss> {
        let written = self.activity_type.as_deref().unwrap_or_default();
        let mut tip = Cleaning::activity_type_by_add(written).losses;
        // What both lose, add.list loses more of: its text is longer by what add cleans away.
        tip.retain(|kind| !matches!(kind, LossKind::BeyondBmp { .. } | LossKind::TooLong { .. }));
        tip.extend(Cleaning::activity_type_by_add_list(written).losses);

        let of = |field| move |kind| Loss { field, kind };
        let mut losses: Vec<Loss> =
            Cleaning::content(&self.content).losses.into_iter().map(of("content")).collect();
        losses.extend(tip.into_iter().map(of("tip")));
        losses.extend(contacts(&self.contacts).map(of("pid")));
        losses.extend(self.at.filter(|&at| !fits(at)).map(|_| of("datum")(LossKind::Date)));
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
                "the four characters \\r\\n stand {}: the server turns them into a line break",
                counted(count, "time")
            )?,
            LossKind::Tags { count, characters } => write!(
                f,
                "{} that the server drops ({})",
                counted(count, "tag"),
                counted(characters, "character")
            )?,
            LossKind::Rest { position, characters } => write!(
                f,
                "the \"<\" at character {position} opens a tag that is never closed: the server drops the rest ({})",
                counted(characters, "character")
            )?,
            LossKind::Blanks { count } => {
                write!(f, "{} at the ends that the server drops", counted(count, "blank"))?;
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
            LossKind::Emptied => f.write_str("nothing is left of it")?,
            LossKind::Date => f.write_str(
                "not from 1970-01-02 to 2038-01-17: the server stores no date, and no search by date finds the activity",
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
mod tests {
    use super::*;
    use chrono::{NaiveDate, NaiveDateTime};

    fn losses(entry: NewEntry) -> Vec<String> {
        entry.losses().iter().map(ToString::to_string).collect()
    }

    fn of_content(content: impl Into<String>) -> Vec<String> {
        losses(NewEntry::new(content))
    }

    fn midnight(year: i32, month: u32, day: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(0, 0, 0).unwrap()
    }

    #[test]
    fn an_ordinary_activity_loses_nothing() {
        let entry = NewEntry::new("Отправлено КП, цена до 5 000 €\nhttps://x.ru/a?b=1&c=2")
            .at(midnight(2024, 6, 25))
            .activity_type("вх.Звонок")
            .contacts([ContactId(1), ContactId(1)]);
        assert_eq!(entry.losses(), []);
        assert_eq!(NewEntry::new("").losses(), []);
    }

    #[test]
    fn dropped_characters_are_counted_together() {
        assert_eq!(
            of_content("«a» \"b\" 'c' `d` \\ > < e\0&laquo;."),
            [
                "content: 19 characters that the server drops (quotes of any kind, \\, <, >, &laquo;, &raquo;, NUL)"
            ]
        );
    }

    #[test]
    fn tags_are_counted_with_their_length() {
        assert_eq!(of_content("<b>x</b>"), ["content: 2 tags that the server drops (7 characters)"]);
    }

    #[test]
    fn a_tag_that_is_never_closed_is_pointed_at_in_the_text_that_was_written() {
        assert_eq!(
            of_content(r"\r\nжa < 1 <b>и</b> a<b \r\n«»"),
            [
                "content: the four characters \\r\\n stand 2 times: the server turns them into a line break",
                "content: 2 tags that the server drops (7 characters)",
                "content: the \"<\" at character 22 opens a tag that is never closed: the server drops the rest \
                 (9 characters)",
                "content: 2 blanks at the ends that the server drops",
                "content: 1 character that the server drops (quotes of any kind, \\, <, >, &laquo;, &raquo;, NUL)",
            ]
        );
    }

    #[test]
    fn emoji_are_counted() {
        assert_eq!(
            of_content("😀 и 🎉"),
            ["content: 2 emoji or other rare characters that the server turns into \"????\""]
        );
    }

    #[test]
    fn what_is_cut_off_is_counted_in_the_unit_of_its_limit() {
        assert_eq!(
            of_content("ё".repeat(32_768)),
            ["content: 2 bytes beyond the 65535 that the server keeps"]
        );
        assert_eq!(
            losses(NewEntry::new("x").activity_type("ё".repeat(51))),
            ["tip: 1 character beyond the 50 that the server keeps"]
        );
    }

    #[test]
    fn nothing_left_is_a_loss_of_its_own() {
        assert_eq!(
            of_content("<5000"),
            [
                "content: the \"<\" at character 1 opens a tag that is never closed: the server drops the rest \
                 (5 characters)",
                "content: nothing is left of it",
            ]
        );
    }

    #[test]
    fn a_type_says_what_add_alone_would_change() {
        assert_eq!(
            losses(NewEntry::new("x").activity_type("Звонок «вх.» ")),
            [
                "tip: 1 blank at the ends that the server drops (by add; add.list keeps it)",
                "tip: 2 characters that the server drops (quotes of any kind, \\, <, >, &laquo;, &raquo;, NUL) \
                 (by add; add.list keeps it)",
            ]
        );
    }

    #[test]
    fn contacts_that_do_not_fit_are_counted() {
        let contacts = |ids: std::ops::Range<u64>| losses(NewEntry::new("x").contacts(ids.map(ContactId)));
        assert_eq!(contacts(10_000..10_016), [""; 0]);
        assert_eq!(
            contacts(10_000..10_020),
            [
                "pid: 4 contacts beyond the 100 characters of ids that the server keeps; it cuts an id in two and \
              stores another contact in its place"
            ]
        );
        assert_eq!(
            contacts(1000..1021),
            ["pid: 1 contact beyond the 100 characters of ids that the server keeps"]
        );
    }

    #[test]
    fn a_date_that_the_server_cannot_hold_is_a_loss() {
        for (date, lost) in [
            (midnight(1899, 12, 30), true),
            (midnight(1970, 1, 1), true),
            (midnight(1970, 1, 2), false),
            (midnight(2038, 1, 17), false),
            (midnight(2038, 1, 20), true),
            (midnight(9999, 12, 31), true),
            (midnight(12_024, 1, 1), true),
        ] {
            let said = losses(NewEntry::new("x").at(date));
            assert_eq!(said.len(), usize::from(lost), "{date}");
            assert!(said.iter().all(|said| said.starts_with("datum: not from 1970-01-02 to 2038-01-17:")));
        }
        let leap =
            NaiveDate::from_ymd_opt(2016, 12, 31).unwrap().and_hms_milli_opt(23, 59, 59, 1_000).unwrap();
        assert_eq!(NewEntry::new("x").at(leap).losses(), [Loss { field: "datum", kind: LossKind::Date }]);
    }
}
