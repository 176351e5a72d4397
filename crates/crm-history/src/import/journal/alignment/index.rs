//! The rows of a journal by their content.
//!
//! It takes twice the memory of the rows. So it is made only when the input has another row than the journal, or when a row
//! was refused.

use super::super::order::Rank;
use super::super::row::RowHash;
use super::ranks::Ranks;
use crate::engine::Ranges;

pub(super) struct Index {
    /// The rows that are stored or in doubt.
    sent: Ranks,
    /// The rows that are certainly not stored.
    unsent: Ranks,
    /// The rows whose content was sent more often than the input has had it until now.
    missing: Ranges,
}

impl Index {
    /// `rows`: the content of each one in the order of the journal, and whether it was sent.
    pub(super) fn new(rows: impl Iterator<Item = (RowHash, bool)>) -> Self {
        let (mut sent, mut unsent) = (Vec::new(), Vec::new());
        for (rank, (hash, was_sent)) in (0..).zip(rows) {
            if was_sent { &mut sent } else { &mut unsent }.push((hash, rank));
        }
        let (sent, unsent) = (Ranks::new(sent), Ranks::new(unsent));
        let not_sent = unsent.all().filter(|(hash, _)| !sent.of(*hash).is_empty());
        let missing = sent.all().chain(not_sent).map(|(_, rank)| rank).collect();
        Self { sent, unsent, missing }
    }

    /// Takes a row with this content: one that was sent if there is one, and the first from this rank on if possible.
    pub(super) fn take(&mut self, hash: RowHash, from: Rank) -> Option<Rank> {
        let rank = self.sent.take(hash, from).or_else(|| self.unsent.take(hash, from))?;
        if !self.sent.has_left(hash) && self.missing.contains(rank) {
            for (_, rank) in self.sent.of(hash).iter().chain(self.unsent.of(hash)) {
                self.missing.remove(*rank);
            }
        }
        Some(rank)
    }

    /// Returns the lowest and the highest rank of this content: of equal rows any could be meant.
    pub(super) fn bounds(&self, hash: RowHash) -> Option<(Rank, Rank)> {
        let of = [self.sent.of(hash), self.unsent.of(hash)];
        let first = of.iter().filter_map(|rows| rows.first()).map(|(_, rank)| *rank).min()?;
        let last = of.iter().filter_map(|rows| rows.last()).map(|(_, rank)| *rank).max()?;
        Some((first, last))
    }

    /// Returns how many rows that were sent were not taken.
    pub(super) fn left(&self) -> u64 {
        self.sent.left() as u64
    }

    pub(super) fn missing(&self) -> &Ranges {
        &self.missing
    }
}
