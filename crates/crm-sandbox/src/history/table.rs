//! The columns of the table of the history: what each keeps of a value, or why the database refuses it.

use chrono::{NaiveDateTime, TimeDelta};

use super::datum::{self, Written};
use crate::account::SqlMode;

/// An error of the database for a value: its number and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    number: u16,
    text: String,
}

impl Refusal {
    /// The account's offset from Greenwich is not one that the database knows.
    pub(super) fn of_time_zone(zone: &str) -> Refusal {
        Refusal { number: 1298, text: format!("Unknown or incorrect time zone: '{zone}'") }
    }

    /// The text of the error of the API.
    pub(super) fn message(&self) -> String {
        format!("{} в строке {}", self.text, self.number)
    }

    fn value(kind: &str, value: &str, column: &str) -> Refusal {
        // The names of database and table are assumed.
        let text = format!(
            "Incorrect {kind} value: '{value}' for column `salesman`.`app_history`.`{column}` at row 1"
        );
        Refusal { number: if kind == "datetime" { 1292 } else { 1366 }, text }
    }

    fn too_long(column: &str) -> Refusal {
        Refusal { number: 1406, text: format!("Data too long for column '{column}' at row 1") }
    }

    fn out_of_range(column: &str) -> Refusal {
        Refusal { number: 1264, text: format!("Out of range value for column '{column}' at row 1") }
    }
}

/// How long a text may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// A column of type TEXT.
    Bytes(usize),
    /// A column of type VARCHAR. Spaces beyond the limit are dropped in every SQL mode.
    Symbols(usize),
}

pub(super) const CONTENT: (&str, Limit) = ("des", Limit::Bytes(65_535));
pub(super) const TIP: (&str, Limit) = ("tip", Limit::Symbols(50));
pub(super) const CONTACTS: (&str, Limit) = ("pid", Limit::Symbols(100));

/// What a column keeps of a text; `None` where that is nothing. The database knows characters of three bytes at most,
/// and takes each byte of a longer one for an unknown character.
pub(super) fn text(
    (name, limit): (&str, Limit),
    text: &str,
    mode: SqlMode,
) -> Result<Option<String>, Refusal> {
    let mut kept = String::with_capacity(text.len());
    for (at, symbol) in text.char_indices() {
        if symbol <= '\u{ffff}' {
            kept.push(symbol);
        } else if mode == SqlMode::Lenient {
            kept.push_str("????");
        } else {
            return Err(Refusal::value("string", &printable(&text.as_bytes()[at..]), name));
        }
    }
    let (end, is_loss) = match limit {
        Limit::Bytes(bytes) => {
            let end = (0..=bytes.min(kept.len())).rev().find(|end| kept.is_char_boundary(*end)).unwrap_or(0);
            (end, end < kept.len())
        }
        Limit::Symbols(symbols) => {
            let end = kept.char_indices().nth(symbols).map_or(kept.len(), |(end, _)| end);
            (end, !kept[end..].trim_end_matches(' ').is_empty())
        }
    };
    if is_loss && mode != SqlMode::Lenient {
        return Err(Refusal::too_long(name));
    }
    kept.truncate(end);
    Ok((!kept.is_empty()).then_some(kept))
}

/// What a column of type INT keeps of a number.
pub(super) fn id(name: &str, number: i64, mode: SqlMode) -> Result<i64, Refusal> {
    let kept = number.clamp(i32::MIN.into(), i32::MAX.into());
    if kept != number && mode != SqlMode::Lenient { Err(Refusal::out_of_range(name)) } else { Ok(kept) }
}

/// What the column of the date keeps; `None` is the zero date. `offset` is how far the account is ahead of Greenwich.
pub(super) fn moment(text: &str, offset: TimeDelta, mode: SqlMode) -> Result<Option<NaiveDateTime>, Refusal> {
    let written = Written::read(text);
    let kept = written.and_then(Written::exact).and_then(|at| datum::stored(at, offset));
    let is_zero = written.is_some_and(Written::is_zero);
    let is_loss = (kept.is_none() && !(is_zero && mode != SqlMode::StrictNoZeroDate))
        || written.is_some_and(Written::has_more);
    if is_loss && mode != SqlMode::Lenient {
        Err(Refusal::value("datetime", text, "datum"))
    } else {
        Ok(kept)
    }
}

/// The first six bytes as the database prints them in an error.
fn printable(bytes: &[u8]) -> String {
    const PRINTED: usize = 6;
    let mut printed = String::new();
    for byte in bytes.iter().take(PRINTED) {
        match byte {
            0x20..=0x7f => printed.push(char::from(*byte)),
            _ => printed.push_str(&format!("\\x{byte:02X}")),
        }
    }
    if bytes.len() > PRINTED {
        printed.push_str("...");
    }
    printed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_cut_at_65_535_bytes_and_a_tip_at_50_symbols() {
        let kept = |column, long: &str| text(column, long, SqlMode::Lenient).unwrap().unwrap();
        assert_eq!(kept(CONTENT, &"ё".repeat(40_000)).len(), 65_534);
        assert_eq!(kept(CONTENT, &"a".repeat(70_000)).len(), 65_535);
        assert_eq!(kept(TIP, &"ё".repeat(60)), "ё".repeat(50));
        assert_eq!(text(TIP, "", SqlMode::Lenient), Ok(None));
    }

    #[test]
    fn a_strict_database_prints_six_bytes_of_what_it_cannot_store() {
        for (written, printed) in [
            ("x 😀", r"\xF0\x9F\x98\x80"),
            ("😀 ok", r"\xF0\x9F\x98\x80 o..."),
            ("😀конец", r"\xF0\x9F\x98\x80\xD0\xBA..."),
        ] {
            let refused = text(CONTENT, written, SqlMode::Strict).unwrap_err();
            assert!(
                refused.message().starts_with(&format!("Incorrect string value: '{printed}' for")),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn spaces_beyond_the_limit_of_a_tip_are_no_loss() {
        assert!(text(TIP, &format!("{}   ", "x".repeat(50)), SqlMode::Strict).is_ok());
        assert!(text(TIP, &format!("{} y", "x".repeat(50)), SqlMode::Strict).is_err());
    }
}
