//! The ids that the engine knows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use crm_model::history::EntryId;

use super::item::{Earlier, Item, View};

/// Separates new records from old ones, and the records of settled activities from those in doubt.
#[derive(Default)]
pub(super) struct Known {
    /// The highest id seen in any view, or confirmed.
    floor: u64,
    /// The lowest floor of what earlier processes left in doubt. It may come at any time.
    lowest_earlier: Option<u64>,
    /// The views that were read.
    read: BTreeSet<View>,
    /// Records of activities that are settled, above the lowest floor in use.
    claimed: BTreeSet<u64>,
    /// Why no list can be believed.
    distrust: Option<&'static str>,
    /// The ids that the server gave us, with the time that we wrote.
    written: BTreeMap<u64, Option<NaiveDateTime>>,
}

impl Known {
    /// `earlier` is what earlier processes know.
    pub(super) fn new(earlier: Earlier) -> Self {
        let Earlier { claimed, lowest_floor, .. } = earlier;
        Self { claimed: claimed.into_iter().collect(), lowest_earlier: lowest_floor, ..Self::default() }
    }

    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    pub(super) fn has_read(&self, view: &View) -> bool {
        self.read.contains(view)
    }

    /// Notes the highest id in a view.
    pub(super) fn view_read(&mut self, view: View, highest: u64) {
        self.floor = self.floor.max(highest);
        self.read.insert(view);
    }

    /// Notes that no list can be believed from now on.
    pub(super) fn distrust(&mut self, why: &'static str) {
        self.distrust.get_or_insert(why);
    }

    /// Returns why no list can be believed.
    pub(super) fn distrusted(&self) -> Option<&'static str> {
        self.distrust
    }

    /// Notes that the server gave an activity this id, and that `floor` was the highest id before.
    pub(super) fn confirm(&mut self, item: &Item, id: EntryId, floor: u64) {
        if id.0 <= floor {
            self.distrust("the ids of its records do not grow");
        }
        self.claim(id);
        self.written.insert(id.0, item.entry.as_stored().at);
    }

    /// Notes that this record belongs to a settled activity.
    pub(super) fn claim(&mut self, id: EntryId) {
        self.floor = self.floor.max(id.0);
        self.claimed.insert(id.0);
    }

    /// Returns whether this record belongs to an activity that is settled. So it is known to be there.
    pub(super) fn is_claimed(&self, id: EntryId) -> bool {
        self.claimed.contains(&id.0) || self.written.contains_key(&id.0)
    }

    /// Returns the time that we wrote in this record.
    pub(super) fn written_at(&self, id: EntryId) -> Option<NaiveDateTime> {
        self.written.get(&id.0).copied().flatten()
    }

    /// Forgets what no request at or above this floor needs.
    pub(super) fn forget_below(&mut self, lowest: u64) {
        let lowest = self.lowest_earlier.map_or(lowest, |earlier| earlier.min(lowest));
        self.claimed = self.claimed.split_off(&lowest);
        // The last ones stay: they prove that a list shows what is there, and teach its shift of time.
        while self.written.len() > KEPT
            && let Some((&id, _)) = self.written.first_key_value()
            && id < lowest
        {
            self.written.remove(&id);
        }
    }
}

/// How many confirmed ids are kept in any case.
const KEPT: usize = 200;
