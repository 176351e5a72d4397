//! How the records of the CRMs become rows.

mod directory;
mod history;
mod projects;

use chrono::{NaiveDateTime, TimeDelta};
use serde::Serialize;

use crate::row::{self, Key, Phone, Value, fingerprint};
use crate::table::{ColumnKind, Table};

pub(crate) use projects::{Child, child_row};

/// A record that has a table.
pub(crate) trait Copied: Clone + Serialize + Send + Sync + 'static {
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

    /// Takes the reader's shift of so many hours from its times.
    fn shift_back(&mut self, _hours: i64) {}

    /// Returns the fingerprint of the record as it is listed, read without the reader's shift of so many hours. `json` is its
    /// JSON.
    fn fingerprint(&self, json: &str, shift: i64) -> i64 {
        if shift == 0 || !Self::HAS_TIMES {
            return fingerprint(json);
        }
        let mut record = self.clone();
        record.shift_back(shift);
        fingerprint(&row::json(&record))
    }

    /// Returns whether the list may have changed the record, so that only a second call returns it as it is stored.
    fn may_be_changed_by_list(&self) -> bool {
        false
    }

    /// Returns the values of the typed columns, those of the user last.
    fn values(&self, own_columns: &[(String, ColumnKind)]) -> Vec<Value>;

    /// Returns the telephone numbers of the record with this ID.
    fn phones(&self, _id: i64) -> Vec<Phone> {
        Vec::new()
    }

    /// Returns the key; `None` if the ID is too large for a database.
    fn key(&self) -> Option<Key> {
        i64::try_from(self.id()).ok().map(Key::new)
    }
}

fn without_shift(at: Option<NaiveDateTime>, shift: i64) -> Option<NaiveDateTime> {
    at.map(|at| at.checked_sub_signed(TimeDelta::hours(shift)).unwrap_or(at))
}
