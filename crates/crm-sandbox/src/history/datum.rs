//! Dates and times as the database reads, compares and writes them.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use super::table::Refusal;
use super::{errors, php};

/// A date as it is written, which may be a day that does not exist, such as 31 February or day 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Written {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    /// Something that is no part of a date stands behind it.
    has_more: bool,
}

impl Written {
    /// A date, with or without a time, as MariaDB reads a text: `2024-06-25 14:25`, `2024.6.5`, `24-06-25`,
    /// `20240625142500`, `2024-06-25T14:25:00Z` (what follows the seconds is left out). `None` where it is none, such as
    /// `25.06.2024`.
    pub(crate) fn read(text: &str) -> Option<Written> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let is_run_together = digits == text.len() || (digits > 4 && text[digits..].starts_with('.'));
        let (fields, rest, year_digits) = if is_run_together {
            let year_digits = if matches!(digits, 4 | 8) || digits >= 14 { 4 } else { 2 };
            let (fields, rest) = run_together(text, year_digits);
            (fields, rest, year_digits)
        } else {
            let (fields, rest) = apart(text);
            (fields, rest, digits)
        };
        let [year, month, day, time @ ..] = fields.as_slice() else { return None };
        let is_zero = fields.iter().all(|field| *field == 0);
        let century = match (year_digits, *year) {
            _ if is_zero => 0,
            (2, 70..) => 1900,
            (2, _) => 2000,
            _ => 0,
        };
        let part = |index: usize| time.get(index).copied().unwrap_or(0);
        let fraction = rest.strip_prefix('.').filter(|_| time.len() == 3);
        let rest = fraction
            .map_or(rest, |fraction| fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()));
        let written = Written {
            year: year + century,
            month: *month,
            day: *day,
            hour: part(0),
            minute: part(1),
            second: part(2),
            has_more: !rest.is_empty(),
        };
        let fits = written.year <= 9999
            && written.month <= 12
            && written.day <= 31
            && written.hour <= 23
            && written.minute <= 59
            && written.second <= 59;
        fits.then_some(written)
    }

    /// The date without what stands behind it.
    pub(crate) fn without_rest(self) -> Written {
        Written { has_more: false, ..self }
    }

    /// `0000-00-00 00:00:00`.
    pub(super) fn is_zero(self) -> bool {
        Written { has_more: false, ..self } == Written::default()
    }

    pub(super) fn has_more(self) -> bool {
        self.has_more
    }

    /// The moment, where the day exists.
    pub(super) fn exact(self) -> Option<NaiveDateTime> {
        self.date()?.and_hms_opt(self.hour, self.minute, self.second)
    }

    /// The first day whose midnight is not before this. A day that does not exist lies between its neighbours.
    pub(super) fn first_day(self) -> Option<NaiveDate> {
        let Some(day) = self.date() else { return self.day_before()?.checked_add_days(Days::new(1)) };
        let is_midnight = (self.hour, self.minute, self.second) == (0, 0, 0);
        if is_midnight { Some(day) } else { day.checked_add_days(Days::new(1)) }
    }

    /// The last day whose midnight is not after this.
    pub(super) fn last_day(self) -> Option<NaiveDate> {
        self.date().or_else(|| self.day_before())
    }

    fn date(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year.try_into().ok()?, self.month, self.day)
    }

    /// The day before one that does not exist.
    fn day_before(self) -> Option<NaiveDate> {
        let start_of_month = NaiveDate::from_ymd_opt(self.year.try_into().ok()?, self.month.max(1), 1)?;
        if self.month == 0 || self.day == 0 {
            return start_of_month.pred_opt();
        }
        start_of_month.with_day(start_of_month.num_days_in_month().into())
    }
}

impl From<NaiveDateTime> for Written {
    fn from(at: NaiveDateTime) -> Written {
        Written {
            year: u32::try_from(at.year()).unwrap_or(0),
            month: at.month(),
            day: at.day(),
            hour: at.hour(),
            minute: at.minute(),
            second: at.second(),
            has_more: false,
        }
    }
}

/// What a column of type TIMESTAMP keeps of a local time, given how far that is ahead of Greenwich: a second from 1970
/// to 2038.
pub(super) fn stored(at: NaiveDateTime, offset: TimeDelta) -> Option<NaiveDateTime> {
    let seconds = (at - offset).and_utc().timestamp();
    (1..=i64::from(i32::MAX)).contains(&seconds).then_some(at)
}

/// How far the clock of a reader is ahead of the account's, given the account's offset and the reader's own hours; or the
/// page of an error where the database does not know such an offset.
///
/// The server ignores the reader's hours where they and the offset make more than 12.
pub(super) fn shift(offset: TimeDelta, hours: Option<i32>) -> Result<TimeDelta, String> {
    let account = hours_of(offset);
    let Some(own) = hours else {
        let number = if account.fract() == 0.0 { "int" } else { "float" };
        return Err(errors::type_error(&format!("Unsupported operand types: {number} + string")));
    };
    let (total, own) = match account + f64::from(own) {
        total if total.abs() > 12.0 => (account, 0),
        total => (total, own),
    };
    if total.fract() != 0.0 {
        let sign = if total > 0.0 { '+' } else { '-' };
        return Err(errors::unknown_time_zone(&format!("{sign}{}:00", php::float_text(total.abs()))));
    }
    Ok(TimeDelta::hours(own.into()))
}

/// A time by a clock that is ahead by this much; the same where there is no such time.
pub(super) fn moved(datum: NaiveDateTime, by: TimeDelta) -> NaiveDateTime {
    datum.checked_add_signed(by).unwrap_or(datum)
}

/// Why an account west of Greenwich cannot be written to: the server puts a plus before its offset.
pub(super) fn unwritable(offset: TimeDelta) -> Option<Refusal> {
    let hours = hours_of(offset);
    (hours < 0.0).then(|| Refusal::of_time_zone(&format!("+{}:00", php::float_text(hours))))
}

fn hours_of(offset: TimeDelta) -> f64 {
    offset.num_seconds() as f64 / 3600.0
}

/// A date and time as it is written on the wire.
pub(crate) fn write(datum: Option<NaiveDateTime>) -> String {
    datum.map_or_else(
        || "0000-00-00 00:00:00".to_owned(),
        // Displayed in the same form where there is no fraction of a second, and much faster than by a format.
        |datum| datum.with_nanosecond(0).unwrap_or(datum).to_string(),
    )
}

/// `YYYYMMDDhhmmss`: the fields up to the first that is missing, and what stands behind them.
fn run_together(text: &str, year_digits: usize) -> (Vec<u32>, &str) {
    let mut fields = Vec::new();
    let mut rest = text;
    for length in [year_digits, 2, 2, 2, 2, 2] {
        let digits = rest.bytes().take(length).take_while(u8::is_ascii_digit).count();
        let Ok(field) = rest[..digits].parse() else { break };
        fields.push(field);
        rest = &rest[digits..];
    }
    (fields, rest)
}

/// Numbers with exactly one mark between them, and spaces or a `T` between date and time; and what stands behind them.
fn apart(text: &str) -> (Vec<u32>, &str) {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(field) = rest[..digits].parse() else { break };
        fields.push(field);
        rest = &rest[digits..];
        if fields.len() == 6 {
            break;
        }
        let spaces = rest.len() - rest.trim_start().len();
        let mark = match rest.chars().next() {
            Some(mark) if mark.is_ascii_punctuation() => 1,
            Some('T') if fields.len() == 3 => 1,
            Some(_) if fields.len() == 3 && spaces > 0 => spaces,
            _ => break,
        };
        rest = &rest[mark..];
    }
    (fields, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<NaiveDateTime> {
        Written::read(text).and_then(Written::exact)
    }

    #[test]
    fn the_database_reads_more_forms_of_a_date_than_are_documented() {
        for (text, read_as) in [
            ("2024-06-25 14:25", "2024-06-25 14:25:00"),
            ("2024-06-25 14:25:31", "2024-06-25 14:25:31"),
            ("2024-06-25", "2024-06-25 00:00:00"),
            ("2024-06-25 14", "2024-06-25 14:00:00"),
            ("2024-6-5 1:2:3", "2024-06-05 01:02:03"),
            ("2024/06/25", "2024-06-25 00:00:00"),
            ("2024.06.25", "2024-06-25 00:00:00"),
            ("2024.6.5 14.25", "2024-06-05 14:25:00"),
            ("24-06-25", "2024-06-25 00:00:00"),
            ("24-06-25 14:25", "2024-06-25 14:25:00"),
            ("99-06-25", "1999-06-25 00:00:00"),
            ("2024-06-25T14:25:31Z", "2024-06-25 14:25:31"),
            ("2024-06-25T14:25:31+03:00", "2024-06-25 14:25:31"),
            ("2024-06-25 14:25:31.999", "2024-06-25 14:25:31"),
            ("2024-06-25 вечером", "2024-06-25 00:00:00"),
            ("20240625142531", "2024-06-25 14:25:31"),
            ("20240625142531.5", "2024-06-25 14:25:31"),
            ("20240625", "2024-06-25 00:00:00"),
            ("240625", "2024-06-25 00:00:00"),
        ] {
            assert_eq!(write(read(text)), read_as, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_the_zero_date() {
        for text in [
            "2024-02-30 10:00",
            "25.06.2024",
            "25.06.2024 14:25",
            "01.05.2019",
            "2024-06",
            "2024-05",
            "2024",
            "завтра",
            "1",
            "2024-06-25 24:00:00",
            "2024-06-25 14:25:61",
            "0000-00-00",
            "2024-13-01",
            "1719325500",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_stands_behind_a_whole_date_is_more() {
        for (text, has_more) in [
            ("2024-06-25 14:25:31", false),
            ("2024-06-25 14:25 ", false),
            ("2024-06-25 14:25:31.999", false),
            ("20240625142531.5", false),
            ("2024-06-25T14:25:31Z", true),
            ("2024-06-25T14:25:31+03:00", true),
            ("2024-06-25 вечером", true),
        ] {
            assert_eq!(Written::read(text).unwrap().has_more(), has_more, "{text}");
        }
    }

    #[test]
    fn a_day_that_does_not_exist_lies_between_its_neighbours() {
        for (text, first, last) in [
            ("2024-05-01", "2024-05-01", "2024-05-01"),
            ("2024-05-01 12:00", "2024-05-02", "2024-05-01"),
            ("2024-02-30", "2024-03-01", "2024-02-29"),
            ("2024-06-31", "2024-07-01", "2024-06-30"),
            ("2024-05-00", "2024-05-01", "2024-04-30"),
            ("2024-00-00", "2024-01-01", "2023-12-31"),
        ] {
            let written = Written::read(text).unwrap();
            assert_eq!(written.first_day().unwrap().to_string(), first, "{text}");
            assert_eq!(written.last_day().unwrap().to_string(), last, "{text}");
        }
    }

    #[test]
    fn a_column_of_type_timestamp_ends_in_2038() {
        let kept = |text| read(text).and_then(|at| stored(at, TimeDelta::hours(3))).is_some();
        assert!(kept("1970-01-01 03:00:01") && kept("2038-01-19 06:14:07"));
        assert!(!kept("1970-01-01 03:00:00") && !kept("2038-01-19 06:14:08"));
    }
}
