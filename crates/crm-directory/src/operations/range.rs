//! A range of local times, and how it is sent.

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Map, Value};

use super::Fault;

/// A range of local times, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) since: Option<NaiveDateTime>,
    pub(crate) until: Option<NaiveDateTime>,
}

impl Range {
    pub(crate) fn contains(&self, time: NaiveDateTime) -> bool {
        let whole_seconds = |time: NaiveDateTime| time.and_utc().timestamp();
        self.since.is_none_or(|since| whole_seconds(since) <= whole_seconds(time))
            && self.until.is_none_or(|until| whole_seconds(time) <= whole_seconds(until))
    }

    pub(super) fn fault(&self, field: &'static str) -> Option<Fault> {
        if self.since.zip(self.until).is_some_and(|(since, until)| since > until) {
            return Some((field, "ends before it starts"));
        }
        let is_far = |time: NaiveDateTime| !(1000..=9998).contains(&chrono::Datelike::year(&time));
        [self.since, self.until]
            .into_iter()
            .flatten()
            .any(is_far)
            .then_some((field, "is outside the years 1000 to 9998"))
    }

    /// Adds `dateStart` and `dateEnd`. The server includes both if it gets both, and excludes one that comes alone
    /// (observed), so that one is sent a second further out.
    pub(super) fn add_created(&self, parameters: &mut Map<String, Value>) {
        let second = TimeDelta::seconds(1);
        let (start, end) = match (self.since, self.until) {
            (Some(since), None) => (Some(since - second), None),
            (None, Some(until)) => (None, Some(until + second)),
            both => both,
        };
        parameters.extend(start.map(|time| ("dateStart".to_owned(), sent(time))));
        parameters.extend(end.map(|time| ("dateEnd".to_owned(), sent(time))));
    }
}

/// A time as it is sent. Without a time of day the server would take midnight (observed).
pub(super) fn sent(time: NaiveDateTime) -> Value {
    time.format("%Y-%m-%d %H:%M:%S").to_string().into()
}
