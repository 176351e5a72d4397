//! What has changed in a copy.

use std::time::SystemTime;

use crate::row::Key;
use crate::table::Table;

/// An entry of the change log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its position in the log. Grows, with gaps.
    pub seq: i64,
    /// The run that saw it.
    pub run: i64,
    /// When it was seen, by the clock of the program.
    pub seen_at: SystemTime,
    /// The table.
    pub table: Table,
    /// The row.
    pub key: Key,
    /// What happened.
    pub kind: ChangeKind,
    /// The record as JSON before the change. `None` for a new one.
    pub before: Option<String>,
    /// The record as JSON after the change. `None` for a deleted one.
    pub after: Option<String>,
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// `insert`: it is new.
    Insert,
    /// `update`: the record has changed.
    Update,
    /// `delete`: the record was deleted in the CRM.
    Delete,
    /// `out_of_view`: the login no longer sees the record. The row stays.
    OutOfView,
    /// `in_view`: the login sees the record again, unchanged.
    InView,
}

impl ChangeKind {
    const ALL: [Self; 5] = [Self::Insert, Self::Update, Self::Delete, Self::OutOfView, Self::InView];

    /// Returns the word in the column `change`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::OutOfView => "out_of_view",
            Self::InView => "in_view",
        }
    }

    /// Parses such a word. Returns `None` for a word that only a later version knows.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Which changes to read. The first 1000 by default, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ChangeFilter {
    /// Only those of this table.
    pub table: Option<Table>,
    /// Only those that were seen at this time or later.
    pub since: Option<SystemTime>,
    /// Only those after this [`seq`](Change::seq).
    pub after: i64,
    /// The maximum number of changes.
    pub limit: u32,
}

impl Default for ChangeFilter {
    fn default() -> Self {
        Self { table: None, since: None, after: 0, limit: 1000 }
    }
}

impl ChangeFilter {
    /// Creates a filter for the first 1000 changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads only the changes of this table.
    pub fn table(mut self, table: Table) -> Self {
        self.table = Some(table);
        self
    }

    /// Reads only what was seen at this time or later.
    pub fn since(mut self, time: SystemTime) -> Self {
        self.since = Some(time);
        self
    }

    /// Reads only changes after this [`seq`](Change::seq).
    pub fn after(mut self, seq: i64) -> Self {
        self.after = seq;
        self
    }

    /// Sets the maximum number of changes (default: 1000).
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }
}
