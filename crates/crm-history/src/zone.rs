//! The time zone of an account.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};

/// The time zone of an account. Converts instants to the times that the server expects, and back.
///
/// Set it with [`HistoryClient::with_zone`](crate::HistoryClient::with_zone). Then the client sends activities with
/// [`NewEntry::at_instant`](crate::NewEntry::at_instant).
///
/// # The offset of today
///
/// The server stores instants. It converts every time with the offset that the account has *today*, not on the day of the
/// record (derived from the server's source). This type does the same in both directions, so an instant that is written
/// and read back is the same, on any day.
///
/// In a zone with daylight saving time this has consequences. All times that the server returns move by an hour when
/// the clocks change, and the instants stay. A call at 10:00 on a winter day in Berlin is shown at 11:00 in summer. So:
/// - `local` returns in summer 11:00 for that call. The web interface shows the same.
/// - Convert a time that was read at once, and store the instant. After a clock change the result is an hour off.
/// - Prefer [`at_instant`](crate::NewEntry::at_instant) to a time that you convert yourself: it is converted when the
///   activity is sent. A request that crosses a clock change can still be an hour off.
///
/// A zone without daylight saving time, such as `Europe/Moscow`, has none of these problems.
///
/// # Zones that do not work
///
/// The server refuses to write to an account west of Greenwich: code 500, `Unknown or incorrect time zone`. In a zone with
/// half hours, such as `Asia/Kolkata`, every call fails (observed). An instant outside 1970-01-01 00:00:01 UTC to
/// 2038-01-19 03:14:07 UTC is stored as the zero date (observed).
///
/// ```
/// use chrono::{DateTime, FixedOffset, Utc};
/// use crm_history::Zone;
///
/// let moscow = Zone::new(FixedOffset::east_opt(3 * 3600).unwrap());
/// let instant: DateTime<Utc> = "2024-06-25T11:25:00Z".parse()?;
/// assert_eq!(moscow.local(instant).to_string(), "2024-06-25 14:25:00");
/// assert_eq!(moscow.instant(moscow.local(instant)), instant);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Zone {
    name: Arc<str>,
    offset: Arc<dyn Fn(DateTime<Utc>) -> FixedOffset + Send + Sync>,
    clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    reader_shift: TimeDelta,
}

impl Zone {
    /// Creates the zone of an account, such as `chrono_tz::Europe::Moscow` or a [`FixedOffset`].
    ///
    /// With the feature `chrono-tz`, a zone can be parsed from its name: `"Europe/Moscow".parse()`.
    #[must_use]
    pub fn new<Tz>(zone: Tz) -> Self
    where
        Tz: TimeZone + fmt::Debug + Send + Sync + 'static,
    {
        Self {
            name: format!("{zone:?}").into(),
            offset: Arc::new(move |now| zone.offset_from_utc_datetime(&now.naive_utc()).fix()),
            clock: Arc::new(|| SystemTime::now().into()),
            reader_shift: TimeDelta::zero(),
        }
    }

    /// Sets the shift of the login that reads, in hours (default: 0).
    ///
    /// Each user has a shift, which is set in the web interface. The server adds it to every time that this user reads,
    /// but not to times that the user writes. It ignores a shift that exceeds 12 hours together with the offset of the
    /// account (observed), and so does this type. The API does not return the shift.
    #[must_use]
    pub fn with_reader_shift(mut self, hours: i8) -> Self {
        self.reader_shift = TimeDelta::hours(hours.into());
        self
    }

    /// Sets the clock that says what today is (default: the clock of this machine).
    ///
    /// Use it in tests, or to convert times that were read earlier: `zone.with_clock(move || read_at)`.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the time to write for this instant, with today's UTC offset.
    ///
    /// The result is for [`NewEntry::at`](crate::NewEntry::at). It does not contain the shift of the reader, because the
    /// server adds that only when it reads.
    #[must_use]
    pub fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        instant.naive_utc().checked_add_signed(self.offset()).unwrap_or(instant.naive_utc())
    }

    /// Returns the instant of a time that the server returned just now, such as [`Entry::at`](crate::Entry::at), with
    /// today's UTC offset and the clock shift of the reader.
    ///
    /// No time is ambiguous or missing, because the offset does not depend on the day of the record.
    #[must_use]
    pub fn instant(&self, read: NaiveDateTime) -> DateTime<Utc> {
        let offset = self.offset();
        let total = offset + self.reader_shift;
        let applied = if total.abs() > LARGEST_OFFSET { offset } else { total };
        read.checked_sub_signed(applied).unwrap_or(read).and_utc()
    }

    fn offset(&self) -> TimeDelta {
        let offset = (self.offset)((self.clock)());
        TimeDelta::seconds(offset.local_minus_utc().into())
    }
}

/// The server ignores the shift of a reader that leads beyond this one, in either direction (observed).
const LARGEST_OFFSET: TimeDelta = TimeDelta::hours(12);

#[cfg(feature = "chrono-tz")]
impl std::str::FromStr for Zone {
    type Err = crate::InvalidValue;

    /// Reads a name of the IANA database, such as `Europe/Moscow`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let zone: chrono_tz::Tz = name.parse().map_err(|_| {
            crate::InvalidValue::new("Zone", "a name of the IANA database such as Europe/Moscow")
        })?;
        Ok(Self::new(zone))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zone")
            .field("name", &self.name)
            .field("reader_shift_hours", &self.reader_shift.num_hours())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        local(text).and_utc()
    }

    fn berlin(now: &str) -> Zone {
        let now = utc(now);
        Zone::new(chrono_tz::Europe::Berlin).with_clock(move || now)
    }

    fn offset(hours: i32) -> Zone {
        Zone::new(FixedOffset::east_opt(hours * 3600).unwrap())
    }

    #[test]
    fn the_offset_is_that_of_today_and_not_of_the_day_of_the_record() {
        let (winter, summer) = (utc("2024-01-15 09:00:00"), utc("2024-07-15 09:00:00"));
        let before = berlin("2024-03-31 00:59:59");
        assert_eq!(before.local(winter), local("2024-01-15 10:00:00"));
        assert_eq!(before.local(summer), local("2024-07-15 10:00:00"));
        let after = berlin("2024-03-31 01:00:00");
        assert_eq!(after.local(winter), local("2024-01-15 11:00:00"));
        assert_eq!(after.local(summer), local("2024-07-15 11:00:00"));
    }

    #[test]
    fn each_instant_around_a_change_of_the_clocks_comes_back_as_it_was() {
        for now in
            ["2024-03-31 00:59:59", "2024-03-31 01:00:00", "2024-10-27 00:30:00", "2024-10-27 01:30:00"]
        {
            let zone = berlin(now);
            for hour in -4..=4 {
                for change in ["2024-03-31 01:00:00", "2024-10-27 01:00:00"] {
                    let instant = utc(change) + TimeDelta::hours(hour);
                    assert_eq!(zone.instant(zone.local(instant)), instant, "{now} {instant}");
                }
            }
        }
    }

    #[test]
    fn the_shift_of_the_reader_is_taken_from_what_is_read_and_not_added_to_what_is_written() {
        let zone = offset(3).with_reader_shift(2);
        assert_eq!(zone.local(utc("2024-06-25 11:25:00")), local("2024-06-25 14:25:00"));
        assert_eq!(zone.instant(local("2024-06-25 16:25:00")), utc("2024-06-25 11:25:00"));
    }

    #[test]
    fn a_shift_that_makes_more_than_twelve_hours_with_the_offset_is_ignored() {
        let noon = local("2024-06-25 12:00:00");
        for (account, shift, applied) in
            [(10, 2, 12), (10, 3, 10), (-10, -2, -12), (-10, -3, -10), (13, 0, 13), (13, -1, 12)]
        {
            let zone = offset(account).with_reader_shift(shift);
            assert_eq!(zone.instant(noon), noon.and_utc() - TimeDelta::hours(applied), "{account} {shift}");
        }
    }

    #[test]
    fn times_at_the_end_of_the_calendar_do_not_panic() {
        for zone in [offset(3), offset(-3)] {
            for at in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
                let _ = zone.instant(at);
                let _ = zone.local(at.and_utc());
            }
        }
    }

    #[cfg(feature = "chrono-tz")]
    #[test]
    fn a_zone_is_read_from_its_name() {
        let now = utc("2024-07-01 00:00:00");
        let zone = "Europe/Berlin".parse::<Zone>().unwrap().with_clock(move || now);
        assert_eq!(zone.local(utc("2024-01-15 09:00:00")), local("2024-01-15 11:00:00"));
        let error = "Europe/Atlantis".parse::<Zone>().unwrap_err().to_string();
        assert!(error.contains("a name of the IANA database such as Europe/Moscow"), "{error}");
    }
}
