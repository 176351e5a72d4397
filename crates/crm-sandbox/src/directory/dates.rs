//! Times of clients and contacts as a search compares them.

use chrono::{NaiveDateTime, TimeDelta};

use crate::history::datum::Written;

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
        let read = |text: &Option<String>| {
            text.as_deref().map(|text| Written::read(text).map(Written::without_rest))
        };
        let (start, end) = (read(&self.start), read(&self.end));
        move |at| {
            let Some(at) = at.map(|at| Written::from(at + shift)) else { return false };
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
