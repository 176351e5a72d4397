//! Other people who work in the same account.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::millis;

/// Something that changes what is stored, besides the request itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Change {
    /// Somebody else adds records that are equal to those of this write.
    EqualRecords {
        /// How many times.
        #[serde(default = "one")]
        count: usize,
        /// When.
        #[serde(default)]
        at: Moment,
    },
    /// The first records on the first page of this list change: some are deleted, the next ones moved to another day, the
    /// next ones edited. Copies of the first one are added.
    FirstPage {
        /// How many copies of the first record are added, under new ids.
        #[serde(default)]
        add: usize,
        /// How many records are deleted.
        #[serde(default)]
        delete: usize,
        /// How many records move.
        #[serde(default, rename = "move")]
        moved: usize,
        /// By how many days they move.
        #[serde(default = "one_day")]
        days: i64,
        /// How many records are edited: their text ends with ` (edited)`.
        #[serde(default)]
        edit: usize,
    },
    /// From now on each new record of the history has the next free id below this one.
    IdsGoDown {
        /// The first id is one less.
        from: u64,
    },
}

/// When somebody else adds records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Moment {
    /// Right before the request is carried out.
    #[default]
    Before,
    /// Meanwhile: before each item of an `add.list`.
    Meanwhile,
    /// Right after the request is carried out.
    After,
    /// So long after the request came.
    #[serde(rename = "later_millis", with = "millis")]
    Later(Duration),
}

fn one() -> usize {
    1
}

fn one_day() -> i64 {
    1
}
