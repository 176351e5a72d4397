//! The columns of a table that hold a status, and times as a database keeps them.

use std::time::{Duration, SystemTime};

use crm_history::{EntryId, Rejection};

use super::Change;
use crate::status::{OutboxStats, State, Status, UnknownOutcome};

/// The columns that hold a [`Change`].
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) state: &'static str,
    pub(crate) record_id: Option<i64>,
    /// The copy of a stored activity, or the candidate of an unknown one.
    pub(crate) other_id: Option<i64>,
    pub(crate) code: Option<i64>,
    pub(crate) reason: Option<String>,
    /// Milliseconds from now on.
    pub(crate) delay: Option<i64>,
    pub(crate) is_final: bool,
}

impl Columns {
    /// Returns `None` for [`Change::Prepared`], which changes other columns.
    pub(crate) fn new(change: &Change) -> Option<Self> {
        let id = |id: EntryId| id.0.cast_signed();
        Some(match change {
            Change::Stored { id: record, copy } => Self {
                state: State::Stored.as_str(),
                record_id: record.map(id),
                other_id: copy.map(id),
                is_final: true,
                ..Self::default()
            },
            Change::Refused(Rejection { code, text, .. }) => Self {
                state: State::Refused.as_str(),
                code: *code,
                reason: Some(text.clone()),
                is_final: true,
                ..Self::default()
            },
            Change::Queued => Self { state: State::Queued.as_str(), ..Self::default() },
            Change::Unknown(UnknownOutcome { reason, candidate }) => Self {
                state: State::Unknown.as_str(),
                other_id: candidate.map(id),
                reason: Some(reason.clone()),
                is_final: true,
                ..Self::default()
            },
            Change::Held { delay, reason } => Self {
                state: State::Held.as_str(),
                reason: Some(reason.clone()),
                delay: Some(millis(*delay)),
                ..Self::default()
            },
            Change::Prepared { .. } => return None,
        })
    }
}

/// Returns the status of these columns. A state of a later version is an unknown outcome, which is not sent.
pub(crate) fn status(
    state: &str,
    record_id: Option<i64>,
    other_id: Option<i64>,
    code: Option<i64>,
    reason: Option<String>,
) -> (Status, Option<EntryId>) {
    let id = |id: i64| EntryId(id.cast_unsigned());
    let reason = reason.unwrap_or_default();
    let status = match state.parse() {
        Ok(State::Queued) => Status::Queued,
        Ok(State::Held) => Status::Held(reason),
        Ok(State::Sending) => Status::Sending,
        Ok(State::Stored) => return (Status::Stored(record_id.map(id)), other_id.map(id)),
        Ok(State::Refused) => Status::Refused(Rejection::new(code, reason)),
        Ok(State::Unknown) => Status::Unknown(UnknownOutcome::new(reason, other_id.map(id))),
        Err(_) => {
            let why = format!("the state {state:?} is not known to this version: update the program");
            Status::Unknown(UnknownOutcome::new(why, record_id.map(id)))
        }
    };
    (status, None)
}

/// Counts the activities of a state. [`status`] shows those of a later version as unknown.
pub(crate) fn count(stats: &mut OutboxStats, state: &str, count: i64) {
    let state = state.parse().unwrap_or(State::Unknown);
    stats.set(state, stats.count(state) + count.cast_unsigned());
}

/// The condition for the state [`State::Unknown`], with the states of a later version.
pub(crate) const IS_UNKNOWN: &str = "state NOT IN ('queued', 'held', 'sending', 'stored', 'refused')";

/// Returns the milliseconds of a duration, of a very long one those of a hundred years. A database fails if such a time is
/// out of its range, and would do so forever.
pub(crate) fn millis(time: Duration) -> i64 {
    const MOST: i64 = 100 * 366 * 24 * 3600 * 1000;
    i64::try_from(time.as_millis()).unwrap_or(MOST).min(MOST)
}

pub(crate) fn to_system_time(millis: i64) -> SystemTime {
    let epoch = SystemTime::UNIX_EPOCH;
    match u64::try_from(millis) {
        Ok(millis) => epoch + Duration::from_millis(millis),
        Err(_) => epoch,
    }
}

pub(crate) fn from_system_time(time: SystemTime) -> i64 {
    millis(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// Fences are milliseconds since the start of 2024, or one more than the last one. So a database that lost commits in a
/// failover does not give the fence of a sender that still runs to another one.
pub(crate) const EPOCH: i64 = 1_704_067_200_000;
