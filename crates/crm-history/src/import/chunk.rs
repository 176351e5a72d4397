//! Chunks: the parts of the input that are sent in one call.

use crm_model::history::{AddOutcome, Loss, NewEntry};
use crm_transport::durable::IdentityHash;

use super::import_outcome::ImportOutcome;

/// A part of the input, sent in one call.
pub(super) struct Chunk {
    /// Index of its first activity in the input.
    pub(super) first: u64,
    /// Hash of its activities. A resumed import recognizes them by it.
    pub(super) hash: IdentityHash,
    pub(super) items: Vec<Item>,
    /// What an earlier run sent without learning the outcome.
    pub(super) doubt: Option<Sent>,
}

/// An activity of a chunk.
pub(super) struct Item {
    pub(super) index: u64,
    pub(super) entry: NewEntry,
    pub(super) losses: Vec<Loss>,
    pub(super) unknown_user: bool,
    pub(super) unknown_type: bool,
    /// `None` as long as it has to be sent or looked up.
    pub(super) outcome: Option<AddOutcome>,
}

/// What was sent, and when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    /// Positions within the chunk, ascending.
    pub(super) items: Vec<usize>,
    /// The highest ID that was known before.
    pub(super) watermark: u64,
    /// Seconds since 1970 by the clock of this machine.
    pub(super) at: u64,
}

impl Chunk {
    /// Returns the positions of the items without an outcome.
    pub(super) fn open_items(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.items.len()).filter(|&item| self.items[item].outcome.is_none())
    }

    /// Gives these items the same outcome, except those that have one.
    pub(super) fn settle(&mut self, items: &[usize], outcome: &AddOutcome) {
        for &item in items {
            self.items[item].outcome.get_or_insert_with(|| outcome.clone());
        }
    }

    /// Gives all items without an outcome this one.
    pub(super) fn settle_rest(&mut self, outcome: &AddOutcome) {
        for item in &mut self.items {
            item.outcome.get_or_insert_with(|| outcome.clone());
        }
    }

    /// Returns the outcomes of all items.
    pub(super) fn into_outcomes(self) -> impl Iterator<Item = ImportOutcome> {
        self.items.into_iter().map(|Item { index, entry, losses, unknown_user, unknown_type, outcome }| {
            let outcome = outcome.unwrap_or_else(|| AddOutcome::NotSent("the import stopped".to_owned()));
            ImportOutcome { index, entry, outcome, losses, unknown_user, unknown_type }
        })
    }
}
