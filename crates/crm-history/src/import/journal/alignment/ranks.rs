//! The rows of a journal by their content, in little memory: a journal may have millions of them.

use std::ops::Range;

use super::super::order::Rank;
use super::super::row::RowHash;

/// Rows, those with equal content beside each other and in the order of the journal.
pub(super) struct Ranks {
    rows: Vec<(RowHash, Rank)>,
    /// For each row its own position, or one behind it if it is taken. One more stands for the end.
    untaken: Vec<usize>,
    left: usize,
}

impl Ranks {
    pub(super) fn new(mut rows: Vec<(RowHash, Rank)>) -> Self {
        rows.sort_unstable();
        rows.shrink_to_fit();
        Self { untaken: (0..=rows.len()).collect(), left: rows.len(), rows }
    }

    /// Returns how many were not taken.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (RowHash, Rank)> {
        self.rows.iter().copied()
    }

    /// Returns all rows with this content, in the order of the journal.
    pub(super) fn of(&self, hash: RowHash) -> &[(RowHash, Rank)] {
        &self.rows[self.range(hash)]
    }

    pub(super) fn has_left(&mut self, hash: RowHash) -> bool {
        let range = self.range(hash);
        self.untaken_from(range.start) < range.end
    }

    /// Takes a row with this content: the first one from this rank on, or the first of all.
    pub(super) fn take(&mut self, hash: RowHash, from: Rank) -> Option<Rank> {
        let range = self.range(hash);
        let behind = range.start + self.rows[range.clone()].partition_point(|(_, rank)| *rank < from);
        let at =
            [behind, range.start].into_iter().map(|at| self.untaken_from(at)).find(|at| *at < range.end)?;
        self.untaken[at] = at + 1;
        self.left -= 1;
        Some(self.rows[at].1)
    }

    fn range(&self, hash: RowHash) -> Range<usize> {
        let start = self.rows.partition_point(|(other, _)| *other < hash);
        start..start + self.rows[start..].partition_point(|(other, _)| *other == hash)
    }

    /// Returns the first position from here on that is not taken. Shortens the way to it for the next time.
    fn untaken_from(&mut self, mut at: usize) -> usize {
        while self.untaken[at] != at {
            self.untaken[at] = self.untaken[self.untaken[at]];
            at = self.untaken[at];
        }
        at
    }
}
