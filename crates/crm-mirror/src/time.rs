//! Times as the stores keep them: seconds since 1970, and UTC as text.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDateTime};

#[cfg(feature = "sqlite")]
const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

pub(crate) fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(_) => 0,
    }
}

pub(crate) fn from_seconds(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.max(0).unsigned_abs())
}

pub(crate) fn to_utc(seconds: i64) -> NaiveDateTime {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().naive_utc()
}

#[cfg(feature = "sqlite")]
pub(crate) fn to_text(seconds: i64) -> String {
    to_utc(seconds).format(FORMAT).to_string()
}

#[cfg(feature = "sqlite")]
pub(crate) fn text_to_seconds(text: &str) -> Option<i64> {
    Some(NaiveDateTime::parse_from_str(text, FORMAT).ok()?.and_utc().timestamp())
}
