//! The IDs that an import knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crm_model::history::{AddOutcome, EntryId};

use super::journal::RecordedChunk;

/// Separates new records from old ones, and the records of one chunk from those of another.
pub(super) struct KnownIds(Mutex<Ids>);

#[derive(Default)]
struct Ids {
    /// The highest ID seen.
    highest: u64,
    /// Whether the server was asked for it in this run. Others may have added records since the journal was written.
    is_current: bool,
    /// IDs of activities of this import, above every watermark in use.
    claimed: BTreeSet<u64>,
    /// The lowest watermark of each unfinished chunk, by the index of its first activity.
    watermarks: BTreeMap<u64, u64>,
}

impl KnownIds {
    pub(super) fn new<'a>(recorded: impl IntoIterator<Item = &'a RecordedChunk>) -> Self {
        let mut ids = Ids::default();
        for chunk in recorded {
            chunk.outcomes.values().filter_map(AddOutcome::id).for_each(|id| ids.claim(id));
            if let Some(doubt) = &chunk.doubt {
                ids.watermarks.insert(chunk.first, doubt.watermark);
            }
        }
        Self(Mutex::new(ids))
    }

    /// Returns `true` if the server was asked for its highest ID in this run.
    pub(super) fn is_current(&self) -> bool {
        self.lock().is_current
    }

    /// Notes the highest ID that the server has.
    pub(super) fn set_highest(&self, highest: u64) {
        let mut ids = self.lock();
        ids.highest = ids.highest.max(highest);
        ids.is_current = true;
    }

    /// Returns the highest ID before a chunk is sent. `first` is the index of its first activity.
    pub(super) fn watermark(&self, first: u64) -> u64 {
        let mut ids = self.lock();
        let highest = ids.highest;
        ids.watermarks.entry(first).or_insert(highest);
        highest
    }

    /// Notes that an activity of this import is stored under this ID.
    pub(super) fn claim(&self, id: EntryId) {
        self.lock().claim(id);
    }

    /// Returns the IDs that belong to activities of this import.
    pub(super) fn claimed(&self) -> BTreeSet<u64> {
        self.lock().claimed.clone()
    }

    /// Forgets the IDs that no unfinished chunk needs, now that this chunk is finished.
    pub(super) fn finish(&self, first: u64) {
        let mut ids = self.lock();
        ids.watermarks.remove(&first);
        ids.claimed = match ids.watermarks.values().min().copied() {
            Some(lowest) => ids.claimed.split_off(&lowest),
            None => BTreeSet::new(),
        };
    }

    fn lock(&self) -> MutexGuard<'_, Ids> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ids {
    fn claim(&mut self, id: EntryId) {
        self.highest = self.highest.max(id.0);
        self.claimed.insert(id.0);
    }
}
