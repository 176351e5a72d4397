//! The proof that the list ends where an empty page was found.
//!
//! A server may return an empty page in the middle of a list, once or always. So the end is believed only if the page
//! after it and one far behind it are empty, each read twice. The page right behind it is looked at once, too. A page that
//! came before counts as empty, and is read once more each time.
//!
//! If a page behind the empty one holds records, the list may have changed meanwhile. So both are read again, one after the
//! other. Only a record that is still behind the empty page proves a hole. Otherwise the search goes on.

use std::collections::BTreeSet;

use crm_model::Page;

/// The pages that are still to be read before the end is believed.
#[derive(Debug)]
pub(super) struct EndProof {
    /// The page after the end.
    end: u64,
    to_ask: Vec<u64>,
    in_flight: usize,
    /// The pages that were read once more because another page came in place of them.
    read_again: BTreeSet<u64>,
    end_holds: bool,
    /// The highest page behind it that holds records.
    behind: Option<u64>,
    /// Whether one of the pages holds a record that can be decoded.
    is_readable: bool,
    /// The greatest ID on the pages behind it.
    greatest_behind: u64,
    /// What is read again because a page behind the end holds records: the list may have grown or shrunk meanwhile.
    again: Option<Again>,
}

/// What is read again, one after the other, when a page behind the end holds records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// The page after the end.
    End,
    /// The page behind it.
    Behind { is_same: bool },
}

/// What the proof came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proven {
    /// Other pages are still to come.
    NotYet,
    /// The list ends before this page.
    End(u64),
    /// The list is taken to end before this page, although pages from there on held records in some of many readings.
    DoubtfulEnd(u64),
    /// This page was empty only once, or the list has changed meanwhile. `is_readable` says whether one of the records can
    /// be decoded.
    Unproven { page: u64, is_readable: bool },
    /// One page is empty, and one behind it holds records.
    Hole { empty: u64, held: u64, is_readable: bool },
}

/// What a page of the proof holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// No records.
    Nothing,
    /// The records of a page before it.
    Repeated,
    /// Records of which none can be decoded.
    Unreadable,
    /// Records, and the smallest and the greatest of their IDs.
    Records { lowest: u64, greatest: u64 },
}

impl Content {
    /// Returns what a page holds. `is_repeated` says whether it is one that came before.
    pub(super) fn from_page<T>(page: &Page<T>, is_repeated: bool, id: fn(&T) -> u64) -> Self {
        let ids = || page.items.iter().map(id);
        match (page.is_empty(), ids().min(), ids().max()) {
            (true, ..) => Self::Nothing,
            (false, ..) if is_repeated => Self::Repeated,
            (false, Some(lowest), Some(greatest)) => Self::Records { lowest, greatest },
            (false, ..) => Self::Unreadable,
        }
    }
}

impl EndProof {
    /// Begins the proof. Each page of `empties` was read once, and was empty.
    pub(super) fn new(end: u64, empties: &[u64]) -> Self {
        let far = end.saturating_add((end / 2).max(16));
        // Near the beginning of a list, a page that the search has read is far enough.
        let read = empties.iter().max().copied().filter(|&page| end < 400 && page >= end.saturating_add(8));
        let mut to_ask = read.map_or_else(|| vec![far, far], |page| vec![page]);
        let next = end.saturating_add(1);
        to_ask.extend((!empties.contains(&next)).then_some(next));
        // Another page has come in place of it.
        to_ask.extend((!empties.contains(&end)).then_some(end));
        to_ask.push(end);
        Self {
            end,
            to_ask,
            in_flight: 0,
            read_again: BTreeSet::new(),
            end_holds: false,
            behind: None,
            is_readable: false,
            greatest_behind: 0,
            again: None,
        }
    }

    /// The next page to ask for.
    pub(super) fn next(&mut self) -> Option<u64> {
        let page = self.to_ask.pop()?;
        self.in_flight += 1;
        Some(page)
    }

    /// Takes in one of the pages.
    pub(super) fn add(&mut self, page: u64, content: Content) -> Proven {
        let is_empty = matches!(content, Content::Nothing | Content::Repeated);
        self.in_flight = self.in_flight.saturating_sub(1);
        if content == Content::Repeated && self.read_again.insert(page) {
            self.to_ask.push(page);
        }
        self.is_readable |= matches!(content, Content::Records { .. });
        if page == self.end {
            self.end_holds |= !is_empty;
        } else if self.again.is_some() {
            // Records only move down. One that was seen before was there while the page after the end was empty.
            let is_same = match content {
                Content::Records { lowest, .. } => lowest <= self.greatest_behind,
                _ => !is_empty,
            };
            self.again = Some(Again::Behind { is_same });
        } else if !is_empty {
            self.behind = self.behind.max(Some(page));
            if let Content::Records { greatest, .. } = content {
                self.greatest_behind = self.greatest_behind.max(greatest);
            }
        }
        if self.in_flight > 0 || !self.to_ask.is_empty() {
            return Proven::NotYet;
        }
        let is_readable = self.is_readable;
        let unproven = Proven::Unproven { page: self.end, is_readable };
        let Some(held) = self.behind.filter(|_| !self.end_holds) else {
            return if self.end_holds { unproven } else { Proven::End(self.end) };
        };
        match self.again {
            None => (self.again, self.to_ask) = (Some(Again::End), vec![self.end]),
            Some(Again::End) => self.to_ask.push(held),
            Some(Again::Behind { is_same: true }) => {
                return Proven::Hole { empty: self.end, held, is_readable };
            }
            Some(Again::Behind { is_same: false }) => return unproven,
        }
        Proven::NotYet
    }
}

/// What is said of a doubtful end.
pub(super) fn doubtful_end(page: u64) -> String {
    format!("pages from {page} on are empty at times, and hold records at others")
}

/// Ends a search that would go on forever, because pages are empty at times and hold records at others.
#[derive(Debug, Default)]
pub(super) struct FailedProofs {
    /// The page at which the latest one failed.
    page: Option<u64>,
    /// How many failed at the same page as the one before, or because of nothing but unreadable records.
    in_vain: u32,
}

impl FailedProofs {
    /// Takes in what a proof came to. Returns it, or a doubtful end if too many have failed in vain.
    pub(super) fn add(&mut self, proven: Proven) -> Proven {
        const MOST: u32 = 16;
        let (Proven::Unproven { page, is_readable } | Proven::Hole { empty: page, is_readable, .. }) = proven
        else {
            return proven;
        };
        let is_same = self.page.replace(page) == Some(page);
        self.in_vain += u32::from(is_same || !is_readable);
        if self.in_vain > MOST { Proven::DoubtfulEnd(page) } else { proven }
    }
}
