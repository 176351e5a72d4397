//! [`Store`]: what a copy needs of a database.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod log;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::collections::BTreeMap;
use std::io::ErrorKind::{NotConnected, Other, ResourceBusy, TimedOut};
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDateTime;
pub use crm_transport::BoxFuture;
use crm_transport::Error;

pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

use crate::changes::{Change, ChangeFilter, ChangeKind};
use crate::report::Run;
use crate::row::{Key, Row};
use crate::table::{ColumnKind, Shape, Table};

/// A database of a copy.
///
/// A method is atomic, and everything is durable when it returns. All times are seconds since 1970 by the clock of the
/// program. One run at a time holds the lock. Its number, the *fence*, grows with each owner. An owner whose fence was
/// replaced writes nothing.
pub trait Store: std::fmt::Debug + Send + Sync + 'static {
    /// Adds columns to the table of projects. Returns `true` if one of them is new: its values are then missing.
    fn add_columns<'a>(&'a self, columns: &'a [(String, ColumnKind)]) -> BoxFuture<'a, Result<bool, Error>>;

    /// Takes the lock, if no other run holds it. Returns its fence.
    fn lock(&self) -> BoxFuture<'_, Result<Option<i64>, Error>>;

    /// Gives the lock back.
    fn unlock(&self, fence: i64) -> BoxFuture<'_, Result<(), Error>>;

    /// The run with this fence was dropped. This must not block.
    fn abandon(&self, fence: i64);

    /// Returns the settings: small texts by name.
    fn settings(&self) -> BoxFuture<'_, Result<BTreeMap<String, String>, Error>>;

    /// Records that a run begins, and returns its ID.
    fn begin_run<'a>(
        &'a self,
        fence: i64,
        started_at: i64,
        mode: &'a str,
    ) -> BoxFuture<'a, Result<i64, Error>>;

    /// Records how a run ended. Removes the oldest changes, up to the first one that was seen at `keep_since` or later, and
    /// writes the highest of their `seq` to the setting `pruned`.
    fn end_run<'a>(&'a self, fence: i64, end: &'a RunEnd) -> BoxFuture<'a, Result<(), Error>>;

    /// Returns rows that are not deleted, by key, without their contents.
    fn heads<'a>(&'a self, range: &'a Range) -> BoxFuture<'a, Result<Vec<Head>, Error>>;

    /// Writes batches in one transaction, with the change log. Returns what has changed, for each batch.
    fn commit(&self, fence: i64, batches: Vec<Batch>) -> BoxFuture<'_, Result<Vec<Applied>, Error>>;

    /// Returns marks of rows that a list lacks, by key.
    fn missing(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Missing>, Error>>;

    /// Counts the marks that this run has set.
    fn count_missing(&self, table: Table, run: i64) -> BoxFuture<'_, Result<u64, Error>>;

    /// Counts the rows that are in view.
    fn count(&self, table: Table) -> BoxFuture<'_, Result<u64, Error>>;

    /// Returns the projects in view whose children were read longest ago, never first.
    fn oldest_children(&self, limit: i64) -> BoxFuture<'_, Result<Vec<ChildrenRead>, Error>>;

    /// Returns rows with their records, by key, deleted ones included.
    fn records(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Record>, Error>>;

    /// Returns entries of the change log, oldest first.
    fn changes<'a>(&'a self, filter: &'a ChangeFilter) -> BoxFuture<'a, Result<Vec<Change>, Error>>;

    /// Returns the [`seq`](Change::seq) of the last entry of the change log, or 0. By default it reads all of them.
    fn newest_change(&self) -> BoxFuture<'_, Result<i64, Error>> {
        Box::pin(async move {
            let mut filter = ChangeFilter::new();
            while let Some(last) = self.changes(&filter).await?.last() {
                filter = filter.after(last.seq);
            }
            Ok(filter.after)
        })
    }

    /// Returns the latest runs, latest first.
    fn runs(&self, limit: i64) -> BoxFuture<'_, Result<Vec<Run>, Error>>;

    /// Removes the row of a record, what belongs to it, and every entry of the change log about it. Of a client or a contact
    /// it also removes the deleted activities about it. Returns how many rows and entries these are.
    fn forget(&self, fence: i64, table: Table, id: i64) -> BoxFuture<'_, Result<u64, Error>>;

    /// Replaces the JSON of a record in its row, and in the entries of the change log, where this function returns
    /// another one. Nothing is logged. Returns how many texts were replaced.
    fn rewrite(&self, fence: i64, table: Table, rewrite: Rewrite) -> BoxFuture<'_, Result<u64, Error>>;
}

/// Returns another JSON for a record, or `None` to keep it.
pub type Rewrite = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The rows to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The table. If its records belong to a project, the range is one project.
    pub table: Table,
    /// Rows after this key.
    pub after: Key,
    /// Rows up to this key.
    pub up_to: Key,
    /// Of activities: only those at this time or later.
    pub since: Option<NaiveDateTime>,
    /// Only these IDs, if it is not empty.
    pub ids: Vec<i64>,
    /// The maximum number of rows.
    pub limit: i64,
}

impl Range {
    pub(crate) fn of_table(table: Table, limit: i64) -> Self {
        Self { table, after: Key::default(), up_to: Key::MAX, since: None, ids: Vec::new(), limit }
    }
}

/// A row without its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The key.
    pub key: Key,
    /// Identifies the record as it was listed.
    pub fingerprint: i64,
    /// Identifies what a second call returned for it.
    pub detail: Option<i64>,
    /// Whether the login no longer sees it.
    pub is_out_of_view: bool,
}

/// Changes to the rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The run.
    pub run: i64,
    /// When it was seen, in seconds since 1970.
    pub now: i64,
    /// The table and its columns.
    pub shape: Arc<Shape>,
    /// Rows that are new, have changed or are in view again. The children of such a project count as not read.
    pub puts: Vec<Row>,
    /// Rows whose record was deleted or went out of view. The children of a project share its fate.
    pub removals: Vec<(Key, Removal)>,
    /// Marks to set: rows that a list lacks. A mark that is there keeps its [`since`](Missing::since).
    pub missing: Vec<Missing>,
    /// Marks to remove.
    pub found: Vec<Key>,
    /// Rows that hold what a second call returned already, and what identifies it. Nothing else of them changes.
    pub details: Vec<(Key, i64)>,
    /// Projects whose children were read.
    pub children_read: Vec<i64>,
    /// Settings to write.
    pub settings: Vec<(String, String)>,
}

impl Batch {
    /// Creates a batch of a run that changes nothing yet. `now` is when its changes are seen.
    #[must_use]
    pub fn new(run: i64, now: i64, shape: &Arc<Shape>) -> Self {
        Self {
            run,
            now,
            shape: Arc::clone(shape),
            puts: Vec::new(),
            removals: Vec::new(),
            missing: Vec::new(),
            found: Vec::new(),
            details: Vec::new(),
            children_read: Vec::new(),
            settings: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.puts.is_empty()
            && self.removals.is_empty()
            && self.missing.is_empty()
            && self.found.is_empty()
            && self.details.is_empty()
            && self.children_read.is_empty()
            && self.settings.is_empty()
    }
}

/// Why a row is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The record was deleted: the row goes.
    Delete,
    /// The record was deleted: the row stays, with the time in `deleted_at`.
    SoftDelete,
    /// The login no longer sees the record: the row stays, with the time in `out_of_view_at`.
    OutOfView,
}

/// The mark of a row that a list lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The row.
    pub key: Key,
    /// The last run whose list lacked it.
    pub run: i64,
    /// When the first complete list ended that lacked it.
    pub since: Option<i64>,
}

/// What a batch has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// New rows.
    pub inserted: u64,
    /// Rows whose record has changed.
    pub updated: u64,
    /// Rows whose record was deleted.
    pub deleted: u64,
    /// Rows whose record went out of view.
    pub out_of_view: u64,
    /// Rows whose record came back into view, unchanged.
    pub in_view: u64,
}

impl Applied {
    /// Counts changes of a kind.
    pub fn add(&mut self, kind: ChangeKind, count: u64) {
        *match kind {
            ChangeKind::Insert => &mut self.inserted,
            ChangeKind::Update => &mut self.updated,
            ChangeKind::Delete => &mut self.deleted,
            ChangeKind::OutOfView => &mut self.out_of_view,
            ChangeKind::InView => &mut self.in_view,
        } += count;
    }
}

/// When the children of a project were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildrenRead {
    /// The project.
    pub project_id: i64,
    /// When; `None` if they were never read, or if the project has changed since.
    pub at: Option<i64>,
}

/// A row with its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key.
    pub key: Key,
    /// The record as JSON.
    pub raw: String,
    /// When it was found to be deleted, with soft deletes.
    pub deleted_at: Option<i64>,
    /// Since when the login does not see it.
    pub out_of_view_at: Option<i64>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// The run.
    pub run: i64,
    /// When it ended.
    pub ended_at: i64,
    /// See [`Run::mode`].
    pub mode: &'static str,
    /// See [`Run::verdict`].
    pub verdict: &'static str,
    /// See [`Run::figures`].
    pub figures: String,
    /// See [`Run::error`].
    pub error: Option<String>,
    /// See [`Run::shift_hours`].
    pub shift_hours: Option<i64>,
    /// Settings to write.
    pub settings: Vec<(String, String)>,
    /// Older changes are removed.
    pub keep_since: i64,
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
    Error::storage(operation, "copy", Path::new(location), what, Some(cause))
}

/// Returns `true` if an error of a copy is temporary: another run is active, or the database cannot be reached, does
/// not respond, or is busy. Retry later.
#[must_use]
pub fn is_temporary(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let is_busy = cause.is_some_and(|cause| matches!(cause.kind(), NotConnected | TimedOut | ResourceBusy));
    is_busy || error.kind() == crm_transport::ErrorKind::Incomplete
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

/// The setting that identifies this copy.
pub(crate) const COPY: &str = "copy";

/// The setting with the highest `seq` of the change log that was removed because of its age.
pub(crate) const PRUNED: &str = "pruned";

/// The settings with the kinds of the columns that the user has added to the projects begin so. The name follows.
pub(crate) const OWN_COLUMN: &str = "column:";

/// Returns the columns that the user has added to the projects.
pub(crate) fn own_columns(settings: &BTreeMap<String, String>) -> Vec<(String, ColumnKind)> {
    let column = |(name, kind): (&String, &String)| {
        Some((name.strip_prefix(OWN_COLUMN)?.to_owned(), kind.parse().ok()?))
    };
    settings.iter().filter_map(column).collect()
}

/// The setting that says that a column of a table is new, and that the rows lack its values.
pub(crate) fn refill(table: Table) -> String {
    format!("refill:{table}")
}

/// The error of a run that another one has replaced.
pub(crate) fn replaced(location: &str) -> Error {
    let cause = std::io::Error::new(ResourceBusy, "another run has taken over");
    fault(RUN, location, "cannot be written", cause)
}

pub(crate) const OPEN: &str = "mirror.open";
pub(crate) const RUN: &str = "mirror.run";
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) const READ: &str = "mirror.read";
