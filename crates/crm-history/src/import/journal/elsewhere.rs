//! What another import has stored, so that it is not sent again.

use std::collections::HashMap;

use crm_model::history::NewEntry;

use super::row::{HashKey, RowHash};
use crate::engine::Settled;

/// The activities that another import has sent, by their content.
pub(in crate::import) struct StoredElsewhere {
    hash_key: HashKey,
    rows: HashMap<RowHash, Vec<Settled>>,
}

impl StoredElsewhere {
    pub(super) fn new(hash_key: HashKey, rows: impl Iterator<Item = (RowHash, Settled)>) -> Self {
        let mut by_content: HashMap<RowHash, Vec<Settled>> = HashMap::new();
        rows.for_each(|(hash, settled)| by_content.entry(hash).or_default().push(settled));
        Self { hash_key, rows: by_content }
    }

    /// Returns what became of an equal activity. Each one counts once.
    pub(in crate::import) fn take(&mut self, entry: &NewEntry) -> Option<Settled> {
        // Equal activities without a time may be different ones, and a lost one is worse than a question.
        if entry.at.is_none() && entry.at_instant.is_none() && entry.mark.is_none() {
            return None;
        }
        self.rows.get_mut(&self.hash_key.hash(entry))?.pop()
    }
}
