//! Times of lists.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

/// Returns a time in UTC, such as `2024-06-25T10:00:00Z`.
pub(crate) fn utc(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}
