//! [`Store`]: what an outbox needs of a database.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod columns;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::io::ErrorKind::{NotConnected, Other, ResourceBusy, TimedOut};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crm_history::{EntryId, Rejection};
use crm_transport::{BoxFuture, Error};

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use columns::{
    Columns, EPOCH, IS_UNKNOWN, count, from_system_time, millis, status, to_system_time,
};
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "postgres")]
pub(crate) use postgres::rows::{
    insert as postgres_insert, read_row as postgres_row, select_key as postgres_select_key,
};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::rows::put as put_in_sqlite;

use crate::activity::{NewActivity, StoredActivity};
use crate::status::{Filter, OutboxStats, State, Status, UnknownOutcome};

/// A database of an outbox.
///
/// A method is atomic, and everything is durable when it returns. Times are those of the store's own clock.
///
/// The sender holds a lease with a number from 2^12 to 2^42, the *fence*, which grows with each owner. [`sending`](Self::sending) and
/// [`settle`](Self::settle) change nothing if the lease belongs to a later owner.
pub trait Store: Send + Sync + 'static {
    /// Puts activities with different keys. Returns the row that each key had before, or `None` if it is new.
    fn put<'a>(&'a self, activities: &'a [NewActivity]) -> BoxFuture<'a, Result<Vec<Option<Row>>, Error>>;

    /// Returns the activity of a key.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Row>, Error>>;

    /// Returns activities in the order of `put`.
    fn list<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<Vec<Row>, Error>>;

    /// Counts the activities.
    fn stats(&self) -> BoxFuture<'_, Result<OutboxStats, Error>>;

    /// Carries out a person's decision, if the activity is in one of these states. Returns whether it was.
    ///
    /// The activity forgets its last request, because the ID that a person names says nothing about the floor.
    /// [`Change::Queued`] also forgets what a hook prepared, and applies only to an activity whose content is kept.
    fn decide<'a>(
        &'a self,
        key: &'a str,
        from: &'a [State],
        change: &'a Change,
    ) -> BoxFuture<'a, Result<bool, Error>>;

    /// Returns the highest ID that the activities show which were stored before this time: their own IDs, and the floors
    /// of their requests.
    fn highest_id_before(&self, since: SystemTime) -> BoxFuture<'_, Result<Option<u64>, Error>>;

    /// Puts everything in doubt that is queued, held or sent. Returns how many activities these are.
    ///
    /// What was sent keeps its request, whose floor was certain or not for the lists that were read then. The others get a
    /// request each 100 activities, with a number below 2^32, and all of these have the same floor: this one, or a lower one
    /// of an earlier reconciliation that is still in doubt.
    fn reconcile(&self, floor: u64) -> BoxFuture<'_, Result<u64, Error>>;

    /// Removes the contents of activities that were stored longer ago, with a known id. Returns how many these are.
    ///
    /// The record of an activity without a known id is recognized by its content alone. Without it, the record would be taken
    /// for that of an equal activity in doubt, which would then be lost.
    ///
    /// This works in steps, each of which is atomic, so that other calls do not have to wait.
    fn remove_contents(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>>;

    /// Removes activities that were stored or refused longer ago, with their keys. Returns how many these are.
    ///
    /// This works in steps, each of which is atomic, so that other calls do not have to wait.
    fn purge(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>>;

    /// Takes the lease for this time, if it is free. Returns its fence.
    fn acquire(&self, lease: Duration) -> BoxFuture<'_, Result<Option<u64>, Error>>;

    /// Extends the lease. Returns `false` if it is lost.
    fn renew(&self, fence: u64, lease: Duration) -> BoxFuture<'_, Result<bool, Error>>;

    /// Releases the lease, so that another instance can take it at once.
    fn release(&self, fence: u64) -> BoxFuture<'_, Result<(), Error>>;

    /// The sender with this fence was dropped without [`release`](Self::release). A store whose lease does not expire
    /// releases it here (default: does nothing). This must not block.
    fn abandon(&self, fence: u64) {
        let _ = fence;
    }

    /// Returns queued activities after this position, and those whose time of being held is over.
    fn queued(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>>;

    /// Returns all activities in the state [`Sending`](Status::Sending), in the order of their requests.
    fn in_doubt(&self) -> BoxFuture<'_, Result<Vec<Row>, Error>>;

    /// Returns the IDs of stored activities from this one on, and at least the highest 200 of all.
    fn claimed(&self, lowest: u64) -> BoxFuture<'_, Result<Vec<u64>, Error>>;

    /// Returns whether the ID of a stored activity is at or below the floor of its request.
    fn has_id_below_floor(&self) -> BoxFuture<'_, Result<bool, Error>>;

    /// Returns the lowest floor of all requests that were recorded, and of all reconciliations, also of those whose activities
    /// are removed (default: 0, which is right for every store, but lets more activities stay in doubt).
    fn oldest_floor(&self) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move { Ok(0) })
    }

    /// Returns, for each activity in doubt, the floors of those that are equal to it and stored without an id. They are
    /// equal if the JSON is, as it was sent.
    fn stored_without_id(&self) -> BoxFuture<'_, Result<Vec<(u64, u64)>, Error>>;

    /// Returns whether an activity is stored under an ID that is not known, or may be: all that are `Stored` without an ID or
    /// `Unknown`, and those that were lost before a reconciliation (default: `true`, which is right for every store, but lets
    /// more activities stay in doubt).
    fn has_unknown_ids(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move { Ok(true) })
    }

    /// Of this many stored activities with the highest IDs, returns those whose content is kept.
    fn last_stored(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>>;

    /// Extends the lease, and records a request that is about to be sent, with what became of other activities, each of
    /// which is there once. Returns `false` if the lease is lost, or if an activity of the request is neither queued, held
    /// nor being sent. Then nothing is changed.
    fn sending<'a>(
        &'a self,
        fence: u64,
        lease: Duration,
        request: &'a Request,
        outcomes: &'a [(u64, Change)],
    ) -> BoxFuture<'a, Result<bool, Error>>;

    /// Records what became of activities, each of which is there once. Returns `false` if the lease belongs to a later
    /// owner. Then nothing is changed.
    fn settle<'a>(&'a self, fence: u64, changes: &'a [(u64, Change)]) -> BoxFuture<'a, Result<bool, Error>>;

    /// Ends when another process may have put something (default: never). The outbox polls anyway.
    fn changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// An activity in a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Position in the order of `put`. Grows, with gaps.
    pub seq: u64,
    /// The idempotency key.
    pub key: String,
    /// The activity. `None` once its content was removed.
    pub activity: Option<StoredActivity>,
    /// The activity as a hook prepared it, if that differs.
    pub prepared: Option<StoredActivity>,
    /// Recognizes the activity. `None` if another program put it and it was not sent yet.
    pub fingerprint: Option<u64>,
    /// Its status.
    pub status: Status,
    /// The last request in which it was, if it is in doubt or stored.
    pub request: Option<SentIn>,
    /// The ID of a second record of it.
    pub copy: Option<EntryId>,
    /// When it was put.
    pub put_at: SystemTime,
    /// When it was stored, refused or given up.
    pub settled_at: Option<SystemTime>,
}

impl Row {
    /// Returns the JSON that was or will be sent.
    pub(crate) fn as_sent(&self) -> Option<&StoredActivity> {
        self.prepared.as_ref().or(self.activity.as_ref())
    }
}

/// The request in which an activity was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentIn {
    /// Its number, which grows from owner to owner of the lease.
    pub number: u64,
    /// The highest ID that was known before it was sent.
    pub floor: u64,
    /// Every older record has an ID at or below the floor.
    pub floor_is_certain: bool,
}

/// A request that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is recorded with each activity.
    pub sent: SentIn,
    /// Its activities, by [`Row::seq`].
    pub seqs: Vec<u64>,
}

/// The change of an activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is stored. `copy` is the ID of a second record.
    Stored {
        /// The ID, if the server said it.
        id: Option<EntryId>,
        /// The ID of a second record.
        copy: Option<EntryId>,
    },
    /// It is refused.
    Refused(Rejection),
    /// It is certainly not stored, and waits to be sent.
    Queued,
    /// It cannot be decided.
    Unknown(UnknownOutcome),
    /// It waits for this time.
    Held {
        /// From now on.
        delay: Duration,
        /// For a person.
        reason: String,
    },
    /// It stays queued. It is sent as prepared.
    Prepared {
        /// The activity as it is sent, if it differs from what was put.
        activity: Option<StoredActivity>,
        /// The fingerprint of what was put.
        fingerprint: u64,
    },
}

/// Creates an error of a store. `location` must not contain a password.
pub(crate) fn fault(
    operation: &'static str,
    location: &str,
    what: &str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    let cause = match cause.into().downcast::<std::io::Error>() {
        Ok(cause) => *cause,
        Err(cause) => std::io::Error::new(kind(&*cause), cause),
    };
    Error::storage(operation, "outbox", Path::new(location), what, Some(cause))
}

/// Returns `true` if an error of a store is temporary: the database cannot be reached, does not respond, or is busy.
/// Retry later.
#[must_use]
pub fn is_temporary(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| matches!(cause.kind(), NotConnected | TimedOut | ResourceBusy))
}

fn kind(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> std::io::ErrorKind {
    if cause.is::<tokio::time::error::Elapsed>() {
        return TimedOut;
    }
    #[cfg(feature = "postgres")]
    if let Some(error) = cause.downcast_ref::<tokio_postgres::Error>() {
        // The server says nothing itself, or it is starting or stopping.
        let is_down =
            error.code().is_none_or(|code| code.code().starts_with("57P") || code.code() == "53300");
        return if is_down { NotConnected } else { Other };
    }
    #[cfg(feature = "sqlite")]
    if let Some(error) = cause.downcast_ref::<rusqlite::Error>()
        && let Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) =
            error.sqlite_error_code()
    {
        return ResourceBusy;
    }
    Other
}

/// How many activities are cleaned up in one transaction.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) const AT_ONCE: u64 = 2000;
/// How many activities of a reconciliation belong to one request.
pub(crate) const RECONCILED_TOGETHER: u64 = 100;
/// The numbers of requests that were sent begin here. Those of reconciliations are lower.
pub(crate) const FIRST_SENT: u64 = FIRST_FENCE << 20;
/// The lowest fence.
pub(crate) const FIRST_FENCE: u64 = 1 << 12;
/// How many ids [`Store::claimed`] returns at least.
pub(crate) const CLAIMED_AT_LEAST: usize = 200;
