//! What a run has done.

use std::fmt;
use std::time::SystemTime;

use crm_transport::Error;

use crate::sync::Mode;
use crate::table::Table;

/// What a run has done.
#[derive(Clone, Debug)]
#[must_use = "only the report says whether the copy is complete"]
#[non_exhaustive]
pub struct Report {
    /// The ID of the run in the table `runs`.
    pub run: i64,
    /// What was read: `Quick` or `Full`.
    pub mode: Mode,
    /// What was done in each table.
    pub tables: Vec<TableReport>,
    /// By how many hours the clock of the login was found to have moved, against the last run that ended.
    pub shift_hours: Option<i64>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it stopped, if too many rows of a table were missing at once.
    pub too_many_missing: Option<TooManyMissing>,
}

/// Too many rows of a table were missing at once, so none of them was removed; see
/// [`allow_deletes`](crate::Sync::allow_deletes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyMissing {
    /// The table.
    pub table: Table,
    /// The rows that the CRM does not list.
    pub missing: u64,
    /// All rows in view. Of what belongs to projects: all rows in view, or those that the run has compared.
    pub rows: u64,
}

impl Report {
    /// Returns `true` if the run read everything that it had to read, without contradictions.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.outcome, Outcome::Complete)
    }

    /// Returns why the run is not complete.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match &self.outcome {
            Outcome::Complete | Outcome::Stopped => None,
            Outcome::RunAgain(error) | Outcome::NeedsPerson(error) => Some(error),
        }
    }

    /// Returns what was done in a table. `None` if the run did not reach it.
    #[must_use]
    pub fn table(&self, table: Table) -> Option<&TableReport> {
        self.tables.iter().find(|report| report.table == table)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} run {}: {}", self.mode, self.run, self.outcome)?;
        for table in &self.tables {
            write!(f, "\n{table}")?;
        }
        Ok(())
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Everything was read.
    Complete,
    /// The time of [`until`](crate::Sync::until) has come, or [`stop_when`](crate::Sync::stop_when) said so. The
    /// records read so far are kept, and the next run resumes.
    Stopped,
    /// A call failed, or the list changed while it was read. The records read so far are kept. Run it again.
    RunAgain(Error),
    /// A person must look: the keys were refused, too many records are missing, or a record cannot be decoded.
    NeedsPerson(Error),
}

impl Outcome {
    /// Returns the word in the column `verdict` of the table `runs`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::RunAgain(_) => "run_again",
            Self::NeedsPerson(_) => "needs_person",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Stopped => f.write_str("stopped before its end"),
            Self::RunAgain(error) | Self::NeedsPerson(error) => write!(f, "not complete: {error}"),
        }
    }
}

/// What a run has done in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableReport {
    /// The table.
    pub table: Table,
    /// Records that were read.
    pub read: u64,
    /// New rows.
    pub inserted: u64,
    /// Rows whose record has changed.
    pub updated: u64,
    /// Rows whose record was deleted.
    pub deleted: u64,
    /// Rows whose record the login no longer sees.
    pub out_of_view: u64,
    /// Rows whose record the login sees again.
    pub in_view: u64,
    /// Whether the table was read to its end, without contradictions.
    pub is_complete: bool,
}

impl TableReport {
    pub(crate) fn new(table: Table) -> Self {
        Self {
            table,
            read: 0,
            inserted: 0,
            updated: 0,
            deleted: 0,
            out_of_view: 0,
            in_view: 0,
            is_complete: false,
        }
    }
}

impl fmt::Display for TableReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, read, inserted, updated, deleted, out_of_view, .. } = self;
        let end = if self.is_complete { "" } else { ", not complete" };
        write!(
            f,
            "{table}: {read} read, {inserted} new, {updated} changed, {deleted} deleted, {out_of_view} out of view{end}"
        )
    }
}

/// A run as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its ID.
    pub id: i64,
    /// When it began, by the clock of the program.
    pub started_at: SystemTime,
    /// When it ended. `None` while it is active, and if it was killed.
    pub ended_at: Option<SystemTime>,
    /// `quick` or `full`. `auto` while it is active, if that was requested.
    pub mode: String,
    /// `complete`, `stopped`, `run_again` or `needs_person`; see [`Outcome`]. `None` without an end.
    pub verdict: Option<String>,
    /// The figures of each table, as JSON.
    pub figures: Option<String>,
    /// Why it is not complete.
    pub error: Option<String>,
    /// By how many hours the clock of the login was found to have moved.
    pub shift_hours: Option<i64>,
}
