//! Dates and times as the database reads and writes them.

use chrono::{NaiveDate, NaiveDateTime, Timelike};

/// A date, with or without a time, as MariaDB reads a text: `2024-06-25 14:25`, `2024-6-5`, `20240625142500`,
/// `2024-06-25T14:25:00Z` (what follows the seconds is left out). `None` where it is none, such as `25.06.2024`.
pub(crate) fn read(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (fields, year_digits) = if digits == text.len() || text[digits..].starts_with('.') {
        let year_digits = if matches!(digits, 4 | 8) || digits >= 14 { 4 } else { 2 };
        (run_together(&text[..digits], year_digits), year_digits)
    } else {
        (apart(text), digits)
    };
    let [year, month, day, time @ ..] = fields.as_slice() else { return None };
    let century = match (year_digits, *year) {
        (2, 70..) => 1900,
        (2, _) => 2000,
        _ => 0,
    };
    let part = |index: usize| time.get(index).copied().unwrap_or(0);
    NaiveDate::from_ymd_opt(i32::try_from(year + century).ok()?, *month, *day)?.and_hms_opt(
        part(0),
        part(1),
        part(2),
    )
}

/// What a column of type TIMESTAMP keeps: a second within its range, in the time zone of Moscow.
pub(super) fn stored(at: NaiveDateTime) -> Option<NaiveDateTime> {
    const MOSCOW: i64 = 3 * 3600;
    let seconds = at.and_utc().timestamp() - MOSCOW;
    (1..=i64::from(i32::MAX)).contains(&seconds).then_some(at)
}

/// A date and time as it is written on the wire.
pub(crate) fn write(datum: Option<NaiveDateTime>) -> String {
    datum.map_or_else(
        || "0000-00-00 00:00:00".to_owned(),
        // Shown so by itself where there is no fraction of a second, and many times as fast as by a format.
        |datum| datum.with_nanosecond(0).unwrap_or(datum).to_string(),
    )
}

/// `YYYYMMDDhhmmss`: the fields up to the first that is missing.
fn run_together(digits: &str, year_digits: usize) -> Vec<u32> {
    let mut fields = Vec::new();
    let mut rest = digits;
    for length in [year_digits, 2, 2, 2, 2, 2] {
        let Some((field, behind)) = rest.split_at_checked(length) else { break };
        fields.extend(field.parse::<u32>());
        rest = behind;
    }
    fields
}

/// Numbers with exactly one mark between them, and blanks or a `T` between date and time.
fn apart(text: &str) -> Vec<u32> {
    let mut fields = Vec::new();
    let mut rest = text;
    while fields.len() < 6 {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(field) = rest[..digits].parse() else { break };
        fields.push(field);
        rest = &rest[digits..];
        let blanks = rest.len() - rest.trim_start().len();
        let mark = match rest.chars().next() {
            Some(mark) if mark.is_ascii_punctuation() => 1,
            Some('T') if fields.len() == 3 => 1,
            Some(_) if fields.len() == 3 && blanks > 0 => blanks,
            _ => break,
        };
        rest = &rest[mark..];
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_reads_more_forms_of_a_date_than_are_documented() {
        for (text, read_as) in [
            ("2024-06-25 14:25", "2024-06-25 14:25:00"),
            ("2024-06-25 14:25:31", "2024-06-25 14:25:31"),
            ("2024-06-25", "2024-06-25 00:00:00"),
            ("2024-6-5 1:2:3", "2024-06-05 01:02:03"),
            ("2024/06/25", "2024-06-25 00:00:00"),
            ("24-06-25", "2024-06-25 00:00:00"),
            ("99-06-25", "1999-06-25 00:00:00"),
            ("2024-06-25T14:25:31Z", "2024-06-25 14:25:31"),
            ("2024-06-25T14:25:31+03:00", "2024-06-25 14:25:31"),
            ("2024-06-25 14:25:31.999", "2024-06-25 14:25:31"),
            ("2024-06-25 вечером", "2024-06-25 00:00:00"),
            ("20240625142531", "2024-06-25 14:25:31"),
            ("20240625", "2024-06-25 00:00:00"),
        ] {
            assert_eq!(write(read(text)), read_as, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_the_zero_date() {
        for text in [
            "2024-02-30 10:00",
            "25.06.2024",
            "2024-06",
            "2024",
            "завтра",
            "2024-06-25 24:00",
            "0000-00-00",
            "2024-13-01",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_column_of_type_timestamp_ends_in_2038() {
        let kept = |text| read(text).and_then(stored).is_some();
        assert!(kept("1970-01-02") && kept("2038-01-19 06:14:07"));
        assert!(!kept("1969-12-31") && !kept("2038-01-19 06:14:08"));
    }
}
