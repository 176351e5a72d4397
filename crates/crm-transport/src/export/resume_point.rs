//! The part of the list that has been returned, which is the lower neighbour of the lowest stretch.

use std::collections::{HashSet, VecDeque};

use super::page_identity::{PageIdentity, fingerprint};
use super::stretch::{Stretch, StretchRecords};

/// Where an export resumes: everything up to this ID has been returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ResumePoint {
    /// The greatest ID returned.
    pub(super) id: u64,
    /// The page with which its stretch began; `None` if nothing was returned.
    pub(super) page: Option<u64>,
    /// The first page after the end, if it was found. The list may have changed since.
    pub(super) end: Option<u64>,
}

/// The first page of a stretch: every ID on a page above it is greater than its bound.
#[derive(Clone, Copy)]
pub(super) struct Top {
    pub(super) page: u64,
    pub(super) bound: u64,
    /// When the bound was learnt.
    pub(super) bounded: u64,
}

/// How many of them are remembered. A page may have been asked for before the latest of them came, so one is not enough.
const MOST_TOPS: usize = 128;

/// What is remembered of the stretches that have been returned.
#[derive(Default)]
pub(super) struct Returned {
    pub(super) id: u64,
    /// The page with which the highest of them began.
    pub(super) page: Option<u64>,
    pub(super) first_page: Option<PageIdentity>,
    /// When that page came for the first time.
    pub(super) first_page_came: u64,
    /// When the first page of any of them came for the last time.
    pub(super) answered: u64,
    /// The first pages of the latest of them.
    pub(super) tops: VecDeque<Top>,
    /// The unreadable records of the highest of them, which may be met again in the next one.
    unreadable: HashSet<u64>,
}

impl Returned {
    pub(super) fn new(from: ResumePoint) -> Self {
        let top = from.page.map(|page| Top { page, bound: from.id, bounded: 0 });
        Self { id: from.id, page: from.page, tops: top.into_iter().collect(), ..Self::default() }
    }

    /// The page with which the highest of them began.
    pub(super) fn top(&self) -> u64 {
        self.page.unwrap_or(0)
    }

    /// Adds the stretch above, which is finished, and returns its records.
    pub(super) fn add<T>(&mut self, stretch: Stretch<T>, id: fn(&T) -> u64) -> StretchRecords<T> {
        self.answered = self.answered.max(stretch.answered);
        let (first_page, came) = (stretch.first_page, stretch.answered);
        let (top, bound, is_last) = (stretch.top, stretch.bound.unwrap_or(0), stretch.is_last());
        let bounded = stretch.bounded;
        let floor = self.id;
        let mut found = stretch.into_records(id, floor);
        let last = found.records.last().map_or(0, id);
        let highest = if is_last { last } else { bound };
        // The floor belongs to its page: pages between a lower page and that one may hold lower ids.
        if highest > floor || top >= self.top() {
            (self.id, self.page) = (highest.max(floor), Some(top));
            if self.first_page != first_page {
                (self.first_page, self.first_page_came) = (first_page, came);
            }
        }
        if self.tops.len() == MOST_TOPS {
            self.tops.pop_front();
        }
        // Its own bound: after a restart or a resume, the floor may be greater than every id on this page.
        self.tops.push_back(Top { page: top, bound, bounded });
        let prints = found.unreadable.iter().map(fingerprint).collect();
        let known = std::mem::replace(&mut self.unreadable, prints);
        found.unreadable.retain(|record| !known.contains(&fingerprint(record)));
        found
    }
}
