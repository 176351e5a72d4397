//! The proof that the list ends where an empty page was found.
//!
//! A server may return an empty page in the middle of a list, once or always. So the end is believed only if the page
//! after it and one far behind it are empty, each read twice. The page right behind it is looked at once, too.

use std::collections::BTreeSet;

use crm_model::Page;

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
    /// Whether a page behind it holds a record that can be decoded.
    is_readable: bool,
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
    /// One page is empty, and one behind it holds records. `is_readable` says whether one of them can be decoded.
    Hole { empty: u64, held: u64, is_readable: bool },
}

/// What a page of the proof holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// No records, or those of a page before it.
    Nothing,
    /// Records of which none can be decoded.
    Unreadable,
    /// Records.
    Records,
}

impl Content {
    /// Returns what a page holds. `is_repeated` says whether it is one that came before.
    pub(super) fn from_page<T>(page: &Page<T>, is_repeated: bool) -> Self {
        match page.is_empty() || is_repeated {
            true => Self::Nothing,
            false if page.items.is_empty() => Self::Unreadable,
            false => Self::Records,
        }
    }
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
        Self { end, to_ask, in_flight: 0, end_holds: false, behind: None, is_readable: false }
    }

    /// The next page to ask for.
    pub(super) fn next(&mut self) -> Option<u64> {
        let page = self.to_ask.pop()?;
        self.in_flight += 1;
        Some(page)
    }

    /// Takes in one of the pages.
    pub(super) fn add(&mut self, page: u64, content: Content) -> Proven {
        let is_empty = content == Content::Nothing;
        self.in_flight = self.in_flight.saturating_sub(1);
        if page == self.end {
            self.end_holds |= !is_empty;
        } else if !is_empty {
            self.behind = self.behind.max(Some(page));
            self.is_readable |= content == Content::Records;
        }
        if self.in_flight > 0 || !self.to_ask.is_empty() {
            return Proven::NotYet;
        }
        match self.behind {
            _ if self.end_holds => Proven::HoldsRecords(self.end),
            Some(page) => Proven::Hole { empty: self.end, held: page, is_readable: self.is_readable },
            None => Proven::End(self.end),
        }
    }
}
