//! Times of clients and contacts: what a reader sees, and what a search compares.

use chrono::{NaiveDateTime, TimeDelta};

use crate::account::Caller;
use crate::history::datum;

/// How far the clock of the reader is ahead of the account's. It counts in what is shown and in what is compared.
pub(super) fn shift(caller: &Caller<'_>) -> TimeDelta {
    TimeDelta::hours(caller.user.tzone.unwrap_or(0).into())
}

/// The limits of a search by a time, as texts; a limit that is not given is `None`.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
}

impl Limits {
    pub(super) fn are_given(&self) -> bool {
        self.start.is_some() || self.end.is_some()
    }

    /// Whether a time fits: alone the limits are exclusive, together inclusive. A day means its midnight. A limit that the
    /// database cannot read is the zero date, which is before every time. NULL never fits.
    pub(super) fn condition(&self, shift: TimeDelta) -> impl Fn(Option<NaiveDateTime>) -> bool + use<> {
        let read = |text: &Option<String>| text.as_deref().map(datum::read);
        let (start, end) = (read(&self.start), read(&self.end));
        move |at| {
            let Some(at) = at.map(|at| at + shift) else { return false };
            // `None` is the zero date, and less than every other.
            let at = Some(at);
            match (start, end) {
                (Some(start), Some(end)) => start <= at && at <= end,
                (Some(start), None) => at > start,
                (None, Some(end)) => at < end,
                (None, None) => true,
            }
        }
    }
}
