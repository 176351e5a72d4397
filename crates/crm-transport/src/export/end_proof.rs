//! The proof that the list ends where an empty page was found.
//!
//! A server may return an empty page in the middle of a list, once or always. So the end is believed only if the page
//! after it and one far behind it are empty, each read twice. The page right behind it is looked at once, too.

use std::collections::BTreeSet;

/// The pages that are still to be read before the end is believed.
#[derive(Debug)]
pub(super) struct EndProof {
    /// The page after the end. It was read once, and was empty.
    end: u64,
    to_ask: Vec<u64>,
    in_flight: usize,
    end_holds: bool,
    /// The highest page behind it that holds records.
    behind: Option<u64>,
}

/// What the proof came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proven {
    /// Other pages are still to come.
    NotYet,
    /// The list ends before this page.
    End(u64),
    /// This page was empty only once.
    HoldsRecords(u64),
    /// This page is empty, and the other one holds records.
    Hole(u64, u64),
}

impl EndProof {
    /// Begins the proof. Each page of `empties` was read once, and was empty.
    pub(super) fn new(end: u64, empties: &BTreeSet<u64>) -> Self {
        let far = end.saturating_add((end / 2).max(16));
        // Near the beginning of a list, a page that the search has read is far enough.
        let read = empties.last().copied().filter(|&page| end < 400 && page >= end.saturating_add(8));
        let mut to_ask = read.map_or_else(|| vec![far, far], |page| vec![page]);
        let next = end.saturating_add(1);
        to_ask.extend((!empties.contains(&next)).then_some(next));
        to_ask.push(end);
        Self { end, to_ask, in_flight: 0, end_holds: false, behind: None }
    }

    /// The next page to ask for.
    pub(super) fn next(&mut self) -> Option<u64> {
        let page = self.to_ask.pop()?;
        self.in_flight += 1;
        Some(page)
    }

    /// Takes in one of the pages.
    pub(super) fn add(&mut self, page: u64, is_empty: bool) -> Proven {
        self.in_flight = self.in_flight.saturating_sub(1);
        if page == self.end {
            self.end_holds |= !is_empty;
        } else if !is_empty {
            self.behind = self.behind.max(Some(page));
        }
        if self.in_flight > 0 || !self.to_ask.is_empty() {
            return Proven::NotYet;
        }
        match self.behind {
            _ if self.end_holds => Proven::HoldsRecords(self.end),
            Some(page) => Proven::Hole(self.end, page),
            None => Proven::End(self.end),
        }
    }
}
