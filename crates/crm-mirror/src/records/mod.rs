//! How the records of the CRMs become rows.

mod directory;
mod history;
mod projects;

use chrono::{NaiveDateTime, TimeDelta};

use crate::row::{Key, Row};
use crate::table::{ColumnKind, Table};

pub(crate) use projects::{Child, child_row};

/// A record that has a table.
pub(crate) trait Copied: Clone + Send + Sync + 'static {
    /// The table.
    const TABLE: Table;

    /// Whether times of the record are shifted with the reader's clock.
    const HAS_TIMES: bool = false;

    /// Returns the ID.
    fn id(&self) -> u64;

    /// Returns whether it has a time, which shows the reader's shift.
    fn has_time(&self) -> bool {
        false
    }

    /// Returns the fingerprint of the record as it is listed, read without the reader's shift of so many hours.
    fn fingerprint(&self, shift: i64) -> i64;

    /// Returns whether the list may have changed the record, so that only a second call returns it as it is stored.
    fn may_be_changed_by_list(&self) -> bool {
        false
    }

    /// Returns the row, with this fingerprint.
    fn row(&self, key: Key, fingerprint: i64, own_columns: &[(String, ColumnKind)]) -> Row;

    /// Returns the key; `None` if the ID is too large for a database.
    fn key(&self) -> Option<Key> {
        i64::try_from(self.id()).ok().map(Key::new)
    }
}

fn without_shift(at: Option<NaiveDateTime>, shift: i64) -> Option<NaiveDateTime> {
    at.map(|at| at.checked_sub_signed(TimeDelta::hours(shift)).unwrap_or(at))
}
