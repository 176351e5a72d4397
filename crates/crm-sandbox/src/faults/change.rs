//! Other people who work in the same account.

use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::millis;
use crate::history::records::Records;
use crate::projects::data::Project;

/// A change of the stored records that does not come from the request itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Change {
    /// Another user adds records that are equal to those of this write.
    EqualRecords {
        /// How many times; more than 10,000 are 10,000.
        #[serde(default = "one")]
        count: usize,
        /// When.
        #[serde(default)]
        at: Moment,
    },
    /// Records on the first page of this list change.
    FirstPage(PageChange),
    /// From now on each new record of the history has the next free ID below this one.
    IdsGoDown {
        /// The first ID is one less; 10,000,000 at most.
        from: u64,
    },
}

/// What other users do to the first records of a page: they delete some, move the next ones to another day, edit the
/// next ones, and add copies of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PageChange {
    /// How many copies of the first record are added, under new IDs.
    pub add: usize,
    /// How many records are deleted.
    pub delete: usize,
    /// How many records move to another day.
    #[serde(rename = "move")]
    pub moved: usize,
    /// By how many days they move; 1 by default.
    pub days: i64,
    /// How many records are edited: their text ends with ` (edited)`.
    pub edit: usize,
}

impl Default for PageChange {
    fn default() -> PageChange {
        PageChange { add: 0, delete: 0, moved: 0, days: 1, edit: 0 }
    }
}

impl PageChange {
    pub(crate) fn apply_to_records(&self, records: &mut Records, page: &[u64]) {
        let copy = page.first().and_then(|first| records.get(*first).cloned());
        let [deleted, moved, edited] = self.parts(page);
        for id in deleted {
            records.remove(*id);
        }
        for id in moved {
            if let Some(record) = records.get_mut(*id) {
                record.datum = record.datum.map(|datum| self.moved(datum));
            }
        }
        for id in edited {
            if let Some(record) = records.get_mut(*id) {
                record.content = Some(format!("{}{EDITED}", record.content.as_deref().unwrap_or_default()));
            }
        }
        for copy in copy.iter().cycle().take(self.add) {
            records.add(copy.clone());
        }
    }

    pub(crate) fn apply_to_projects(&self, projects: &mut Vec<Project>, page: &[u64]) {
        let copy = projects.iter().find(|project| page.first() == Some(&project.id)).cloned();
        let [deleted, moved, edited] = self.parts(page);
        for project in projects.iter_mut() {
            if deleted.contains(&project.id) {
                project.deleted = true;
            } else if moved.contains(&project.id) {
                project.created = self.moved(project.created);
            } else if edited.contains(&project.id) {
                project.name.push_str(EDITED);
            }
        }
        let last = projects.iter().map(|project| project.id).max().unwrap_or(0);
        let copies = copy.iter().cycle().zip(1..).take(self.add);
        projects.extend(copies.map(|(copy, step)| Project { id: last + step, ..copy.clone() }));
    }

    /// The IDs of the records that are deleted, moved and edited.
    fn parts<'p>(&self, page: &'p [u64]) -> [&'p [u64]; 3] {
        let (deleted, rest) = page.split_at(self.delete.min(page.len()));
        let (moved, rest) = rest.split_at(self.moved.min(rest.len()));
        [deleted, moved, &rest[..self.edit.min(rest.len())]]
    }

    /// The same time on another day; on the same one where the calendar ends before.
    fn moved(&self, time: NaiveDateTime) -> NaiveDateTime {
        let days = TimeDelta::try_days(self.days);
        days.and_then(|days| time.checked_add_signed(days)).unwrap_or(time)
    }
}

const EDITED: &str = " (edited)";

/// When another user adds records.
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
    /// This long after the request arrived.
    #[serde(rename = "later_millis", with = "millis")]
    Later(Duration),
}

fn one() -> usize {
    1
}
