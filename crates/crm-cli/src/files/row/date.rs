//! Dates as people and programs write them. What could mean two times is refused, and nothing ever becomes "now".

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};

use crate::files::cell::Cell;
use crate::files::problem::DateFault;

/// When an activity took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// A local time of the account.
    Local(NaiveDateTime),
    /// An instant. The client converts it when the activity is sent.
    Instant(DateTime<Utc>),
}

/// How dates are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateFormat {
    /// ISO 8601, `dd.mm.yyyy` and the dates of spreadsheets. Whatever could mean two times is refused.
    #[default]
    Auto,
    /// Unix seconds.
    Unix,
    /// The day numbers of a spreadsheet, also in text files.
    Serial,
    /// A pattern of `strftime`, such as `%d/%m/%Y %H:%M`.
    Pattern(String),
}

impl DateFormat {
    /// Reads `auto`, `unix`, `excel`, or a pattern with `%`. Returns `None` for anything else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Some(Self::Auto),
            "unix" => Some(Self::Unix),
            "excel" | "serial" => Some(Self::Serial),
            _ if text.contains('%') => Some(Self::Pattern(text.to_owned())),
            _ => None,
        }
    }
}

/// How the dates of a table are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dates {
    pub(crate) format: DateFormat,
    /// The time zone of the account is known, so that instants can be sent.
    pub(crate) has_zone: bool,
    /// Day numbers are counted from 1904.
    pub(crate) is_1904: bool,
    /// Rows of the table have dates, so that a row without one lacks it.
    pub(crate) is_needed: bool,
}

impl Dates {
    /// Reads a date; `None` where there is none. `time` is the cell of a column of times.
    pub(super) fn read(&self, date: &Cell, time: &Cell) -> Result<Option<When>, DateFault> {
        if date.is_blank() {
            return match (time.is_blank(), self.is_needed) {
                (true, false) => Ok(None),
                (true, true) => Err(DateFault::Missing),
                (false, _) => Err(DateFault::TimeOnly),
            };
        }
        let when = match (self.moment(date)?, time_of_day(time)?) {
            (When::Instant(instant), None) => When::Instant(in_range(instant.naive_utc())?.and_utc()),
            (When::Local(at), None) => When::Local(in_range(at)?),
            (When::Local(at), Some(time)) if [NaiveTime::MIN, time].contains(&at.time()) => {
                When::Local(in_range(at.date().and_time(time))?)
            }
            (_, Some(_)) => return Err(DateFault::TwoTimes),
        };
        Ok(Some(when))
    }

    /// Turns the day number of a spreadsheet into a date, so that a rejected file shows it as one.
    pub(in crate::files) fn normalize_date(&self, cell: &mut Cell) {
        if let (Cell::Number(number), DateFormat::Auto | DateFormat::Serial) = (&*cell, &self.format)
            && let Ok(at) = self.serial(*number)
        {
            *cell = Cell::Date(at);
        }
    }

    /// Turns the fraction of a day into a time.
    pub(in crate::files) fn normalize_time(cell: &mut Cell) {
        if let Cell::Number(days @ 0.0..1.0) = *cell {
            *cell = Cell::Duration(days);
        }
    }

    fn moment(&self, cell: &Cell) -> Result<When, DateFault> {
        match cell {
            Cell::Text(text) => self.moment_of_text(text),
            Cell::Date(at) => Ok(When::Local(*at)),
            Cell::Duration(_) => Err(DateFault::TimeOnly),
            Cell::Number(number) => self.moment_of_number(*number),
            Cell::Empty | Cell::Bool(_) | Cell::Error(_) => Err(DateFault::Unreadable),
        }
    }

    fn moment_of_text(&self, text: &str) -> Result<When, DateFault> {
        let text = text.replace(['\u{a0}', '\u{202f}', '\n'], " ");
        let text = text.trim().trim_start_matches('\'');
        match &self.format {
            DateFormat::Auto => self.auto(text),
            DateFormat::Unix => self.unix(text.parse().map_err(|_| DateFault::Unreadable)?),
            DateFormat::Serial => match text.replace(',', ".").parse() {
                Ok(number) => self.serial(number).map(When::Local),
                Err(_) => self.auto(text),
            },
            DateFormat::Pattern(pattern) => self.pattern(text, pattern),
        }
    }

    fn moment_of_number(&self, number: f64) -> Result<When, DateFault> {
        if self.format == DateFormat::Unix {
            return self.unix(number);
        }
        match self.serial(number) {
            // 20250303, and the like.
            Err(_) if number.fract() == 0.0 && number > 0.0 => self.moment_of_text(&number.to_string()),
            result => result.map(When::Local),
        }
    }

    /// The day number of a spreadsheet, from 1970 to 2038.
    fn serial(&self, days: f64) -> Result<NaiveDateTime, DateFault> {
        let days = if self.is_1904 { days + 1462.0 } else { days };
        if (0.0..1.0).contains(&days) {
            return Err(if days == 0.0 { DateFault::Zero } else { DateFault::TimeOnly });
        }
        if !(25_569.0..50_425.0).contains(&days) {
            return Err(DateFault::Unreadable);
        }
        #[allow(clippy::cast_possible_truncation, reason = "the range was checked")]
        let seconds = ((days - 25_569.0) * 86_400.0).round() as i64;
        let at = DateTime::from_timestamp(seconds, 0).ok_or(DateFault::Unreadable)?.naive_utc();
        Ok(at)
    }

    fn unix(&self, seconds: f64) -> Result<When, DateFault> {
        if seconds == 0.0 {
            return Err(DateFault::Zero);
        }
        // Below, and in the milliseconds of other programs, it is something else.
        if !(1.0e8..1.0e10).contains(&seconds) {
            return Err(DateFault::Unreadable);
        }
        #[allow(clippy::cast_possible_truncation, reason = "the range was checked")]
        let moment = DateTime::from_timestamp(seconds as i64, 0).ok_or(DateFault::Unreadable)?;
        self.instant(moment)
    }

    fn instant(&self, instant: DateTime<Utc>) -> Result<When, DateFault> {
        if self.has_zone { Ok(When::Instant(instant)) } else { Err(DateFault::ZoneNeeded) }
    }

    fn pattern(&self, text: &str, pattern: &str) -> Result<When, DateFault> {
        if let Ok(moment) = DateTime::<FixedOffset>::parse_from_str(text, pattern) {
            return self.instant(moment.to_utc());
        }
        // A rejected file has the dates of a spreadsheet in the second form, whatever the pattern is.
        let forms = [pattern, "%Y-%m-%d %H:%M:%S"];
        if let Some(at) = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()) {
            return Ok(When::Local(at));
        }
        let day = NaiveDate::parse_from_str(text, pattern).map_err(|_| DateFault::Unreadable)?;
        Ok(When::Local(day.and_time(NaiveTime::MIN)))
    }

    fn auto(&self, text: &str) -> Result<When, DateFault> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return compact(text).map(When::Local);
        }
        if let Some((days, fraction)) = text.split_once([',', '.'])
            && [days, fraction]
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        {
            let is_serial = days.len() == 5 && fraction.len() != 4;
            return Err(if is_serial { DateFault::LooksSerial } else { DateFault::Unreadable });
        }
        let named = with_month_number(text);
        let text = named.as_deref().unwrap_or(text);
        let (day, rest) = text.split_at(text.find([' ', 'T', 't', ',']).unwrap_or(text.len()));
        let rest = rest.trim_start_matches([' ', 'T', 't', ',']);
        let rest = rest.strip_prefix("г.").or_else(|| rest.strip_prefix("г ")).unwrap_or(rest).trim();
        let day = day_of(day.trim_end_matches("г."))?;
        if rest.is_empty() {
            return Ok(When::Local(day.and_time(NaiveTime::MIN)));
        }
        let (time, offset) = split_offset(rest);
        let at = day.and_time(clock(time)?);
        let Some(offset) = offset else { return Ok(When::Local(at)) };
        let seconds = offset_seconds(offset).ok_or(DateFault::Unreadable)?;
        let utc = at.checked_sub_signed(TimeDelta::seconds(seconds)).ok_or(DateFault::OutOfRange)?;
        self.instant(utc.and_utc())
    }
}

/// `3 марта 2025 г. 9:07` as `3.3.2025 г. 9:07`.
fn with_month_number(text: &str) -> Option<String> {
    const MONTHS: [[&str; 3]; 12] = [
        ["январь", "января", "january"],
        ["февраль", "февраля", "february"],
        ["март", "марта", "march"],
        ["апрель", "апреля", "april"],
        ["май", "мая", "may"],
        ["июнь", "июня", "june"],
        ["июль", "июля", "july"],
        ["август", "августа", "august"],
        ["сентябрь", "сентября", "september"],
        ["октябрь", "октября", "october"],
        ["ноябрь", "ноября", "november"],
        ["декабрь", "декабря", "december"],
    ];
    let (day, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let rest = rest.trim_start_matches([' ', '-', '.']);
    let (name, rest) = rest.split_at(rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len()));
    let name = Some(name.to_lowercase()).filter(|name| name.chars().count() >= 3)?;
    let month = MONTHS.iter().position(|names| names.iter().any(|month| month.starts_with(&name)))? + 1;
    Some(format!("{day}.{month}.{}", rest.trim_start_matches(['.', ' ', '-'])))
}

/// `20250303` and `20250303090700`. Other digits are numbers of something else.
fn compact(digits: &str) -> Result<NaiveDateTime, DateFault> {
    let part =
        |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse().ok()).unwrap_or(0);
    match digits.len() {
        8 | 14 if digits.bytes().all(|digit| digit == b'0') => Err(DateFault::Zero),
        8 | 14 => {
            let year = digits.get(..4).and_then(|year| year.parse().ok()).unwrap_or(0);
            let day = NaiveDate::from_ymd_opt(year, part(4..6), part(6..8));
            let time = NaiveTime::from_hms_opt(part(8..10), part(10..12), part(12..14));
            let at = day.zip(time).map(|(day, time)| day.and_time(time)).ok_or(DateFault::NoSuchTime)?;
            Ok(at)
        }
        1 => Err(if digits == "0" { DateFault::Zero } else { DateFault::Unreadable }),
        5 => Err(DateFault::LooksSerial),
        10 | 13 => Err(DateFault::LooksUnix),
        _ => Err(DateFault::Unreadable),
    }
}

/// `2025-03-04`, `2025/3/4`, `2025.03.04`, `04.03.2025`, `4.3.25`.
fn day_of(text: &str) -> Result<NaiveDate, DateFault> {
    let separator = text.chars().find(|c| !c.is_ascii_digit()).ok_or(DateFault::Unreadable)?;
    let parts: Vec<&str> = text.split(separator).collect();
    let [first, second, third] = parts.as_slice() else { return Err(DateFault::Unreadable) };
    let is_number = |part: &&&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if ![first, second, third].iter().all(is_number) {
        return Err(DateFault::Unreadable);
    }
    if [first, second, third].iter().all(|part| part.bytes().all(|b| b == b'0')) {
        return Err(DateFault::Zero);
    }
    let (year, month, day) = match (separator, first.len(), third.len()) {
        ('-' | '/' | '.', 4, 1..=2) => (*first, *second, *third),
        ('.', 1..=2, 4 | 2) => (*third, *second, *first),
        ('-' | '/', 1..=2, 4 | 2) => return Err(DateFault::Ambiguous),
        _ => return Err(DateFault::Unreadable),
    };
    let number = |part: &str| part.parse::<u32>().map_err(|_| DateFault::Unreadable);
    let century = if year.len() == 2 { 2000 } else { 0 };
    let year = century + year.parse::<i32>().map_err(|_| DateFault::Unreadable)?;
    if year == 0 {
        return Err(DateFault::Zero);
    }
    NaiveDate::from_ymd_opt(year, number(month)?, number(day)?).ok_or(DateFault::NoSuchTime)
}

/// `9:07`, `09:07:00`, `09:07:00.250`. A fraction of a second is dropped, as the server has none.
fn clock(text: &str) -> Result<NaiveTime, DateFault> {
    let mut parts = text.split(':');
    let number = |lengths: std::ops::RangeInclusive<usize>, part: Option<&str>| match part {
        None => Ok(0),
        Some(part) if lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()) => {
            part.parse::<u32>().map_err(|_| DateFault::Unreadable)
        }
        Some(_) => Err(DateFault::Unreadable),
    };
    let (hour, minute) = (parts.next(), parts.next().ok_or(DateFault::Unreadable)?);
    let second = parts.next().map(|second| match second.split_once(['.', ',']) {
        Some((second, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => second,
        _ => second,
    });
    if parts.next().is_some() {
        return Err(DateFault::Unreadable);
    }
    let (hour, minute) = (number(1..=2, hour)?, number(2..=2, Some(minute))?);
    NaiveTime::from_hms_opt(hour, minute, number(2..=2, second)?).ok_or(DateFault::NoSuchTime)
}

/// Splits `09:07:00 +03:00`.
fn split_offset(text: &str) -> (&str, Option<&str>) {
    let upper = text.to_ascii_uppercase();
    for name in ["UTC", "GMT", "Z"] {
        if upper.ends_with(name) {
            return (text[..text.len() - name.len()].trim_end(), Some("+00"));
        }
    }
    match text.find(['+', '-', '\u{2212}']) {
        Some(position) => (text[..position].trim_end(), Some(&text[position..])),
        None => (text, None),
    }
}

/// `+03:00`, `-0330`, `+3`.
fn offset_seconds(text: &str) -> Option<i64> {
    let sign = if text.starts_with('+') { 1 } else { -1 };
    let digits = text.trim_start_matches(['+', '-', '\u{2212}']).replace(':', "");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(if digits.len() > 2 { digits.len() - 2 } else { digits.len() });
    let hours: i64 = hours.parse().ok()?;
    let minutes: i64 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    (digits.len() <= 4 && hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn time_of_day(cell: &Cell) -> Result<Option<NaiveTime>, DateFault> {
    match cell {
        cell if cell.is_blank() => Ok(None),
        Cell::Text(text) => clock(text.trim()).map(Some),
        Cell::Date(at) => Ok(Some(at.time())),
        Cell::Duration(days) | Cell::Number(days) if (0.0..1.0).contains(days) => {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below one day")]
            let seconds = (days * 86_400.0).round() as u32;
            NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).ok_or(DateFault::NoSuchTime).map(Some)
        }
        _ => Err(DateFault::Unreadable),
    }
}

/// The server stores other times as the zero date (observed). At both ends of the range it depends on the time zone.
fn in_range(at: NaiveDateTime) -> Result<NaiveDateTime, DateFault> {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).ok_or(DateFault::OutOfRange);
    let is_stored = day(1970, 1, 2)? <= at.date() && at.date() < day(2038, 1, 19)?;
    if is_stored { Ok(at.with_nanosecond(0).unwrap_or(at)) } else { Err(DateFault::OutOfRange) }
}

#[cfg(test)]
mod tests;
