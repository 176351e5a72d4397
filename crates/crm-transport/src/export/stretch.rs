//! A stretch: consecutive pages that are read downwards, and the IDs that they must contain.

use std::collections::HashSet;

use crm_model::{Page, Unreadable};

use super::page_identity::{PageIdentity, fingerprint};

/// Pages that are read one after the other, from `top` down.
///
/// A stretch is responsible for the IDs above its floor, up to its bound. The floor is the bound of the stretch below.
pub(super) struct Stretch<T> {
    /// When its first page was requested, which is also its name; and when that page came.
    pub(super) asked: u64,
    pub(super) answered: u64,
    /// When the page with its bound came.
    pub(super) bounded: u64,
    /// When its latest page was asked for.
    pub(super) last_asked: u64,
    /// The page with which it begins.
    pub(super) top: u64,
    /// The greatest ID of its first page with a readable record. Unknown until such a page is read.
    pub(super) bound: Option<u64>,
    pub(super) first_page: Option<PageIdentity>,
    /// The page that came last, if it held records.
    pub(super) last_page: Option<PageIdentity>,
    /// The page to read next; `None` below page 0.
    pub(super) next: Option<u64>,
    pub(super) in_flight: bool,
    /// The page that came last contradicts the pages above it, and is looked at more closely.
    pub(super) doubt: Option<Doubt>,
    /// It has met the page with which the stretch below begins, unchanged.
    has_met: bool,
    /// The smallest and the greatest ID seen.
    lowest: u64,
    highest: u64,
    /// The smallest ID seen before the page that came last, and the greatest ID of the first page with a readable record.
    lowest_before: u64,
    anchor: Option<u64>,
    /// The greatest ID on its own pages. One on the page above may have been looked at as well.
    own_highest: u64,
    /// The records above the floor, page by page as they came.
    pages: Vec<Vec<T>>,
    unreadable: Vec<Unreadable>,
    fingerprints: HashSet<u64>,
}

/// What is read to settle whether a page contradicts the pages above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// This page once more. Beside it, the page above, if there is one.
    Again(u64, Option<PageIdentity>),
    /// This page once more, because it shows records of the page above or from above that. Beside it, that page.
    Moved(u64, PageIdentity),
    /// The page above this one. Beside it, the second reading of this one.
    Above(u64, PageIdentity),
    /// The page above this one once more, because it was empty.
    AboveAgain(u64, PageIdentity),
}

impl Doubt {
    /// The page above the one in doubt, as it was read before.
    pub(super) fn above(self) -> Option<PageIdentity> {
        match self {
            Self::Again(_, above) => above,
            Self::Moved(_, above) => Some(above),
            Self::Above(..) | Self::AboveAgain(..) => None,
        }
    }
}

/// The records of a finished stretch: by ID, each once.
pub(super) struct StretchRecords<T> {
    pub(super) records: Vec<T>,
    pub(super) unreadable: Vec<Unreadable>,
}

impl<T> Stretch<T> {
    /// Creates a stretch whose first page is being asked for.
    pub(super) fn from_page(asked: u64, top: u64) -> Self {
        Self {
            asked,
            answered: u64::MAX,
            bounded: u64::MAX,
            last_asked: asked,
            top,
            bound: None,
            first_page: None,
            last_page: None,
            next: Some(top),
            in_flight: true,
            doubt: None,
            has_met: false,
            lowest: u64::MAX,
            highest: 0,
            lowest_before: u64::MAX,
            anchor: None,
            own_highest: 0,
            pages: Vec::new(),
            unreadable: Vec::new(),
            fingerprints: HashSet::new(),
        }
    }

    /// Creates the highest stretch. It begins with a page that was found empty, so no ID is above it.
    pub(super) fn from_end(asked: u64, empty: u64) -> Self {
        let next = empty.checked_sub(1);
        Self { bound: Some(u64::MAX), next, in_flight: false, ..Self::from_page(asked, empty) }
    }

    /// Whether it is the highest stretch.
    pub(super) fn is_last(&self) -> bool {
        self.bound == Some(u64::MAX)
    }

    /// Whether its first page is being asked for.
    pub(super) fn is_beginning(&self) -> bool {
        self.first_page.is_none() && self.bound.is_none()
    }

    /// The page to ask for.
    pub(super) fn wanted(&self) -> Option<u64> {
        match self.doubt {
            Some(Doubt::Again(page, _) | Doubt::Moved(page, _)) => Some(page),
            Some(Doubt::Above(page, _) | Doubt::AboveAgain(page, _)) => Some(page + 1),
            None => self.next,
        }
    }

    /// The greatest id seen.
    pub(super) fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether this page shows a record that was seen before, or one that has no id.
    pub(super) fn has_seen(&self, page: &Page<T>, id: fn(&T) -> u64) -> bool {
        !page.unreadable.is_empty() || page.items.iter().any(|item| id(item) <= self.highest)
    }

    /// Whether a page shows a record that was not there when the pages above it were read.
    ///
    /// Records only move down, and new ones come at the end. So one that is shown now, and was there all the time, was below
    /// those pages, or was seen.
    pub(super) fn has_new_between(&self, page: &Page<T>, id: fn(&T) -> u64, floor: u64) -> bool {
        let lowest = if self.doubt.is_none() { self.lowest } else { self.lowest_before };
        let from = lowest.max(floor);
        let between = |id: u64| from < id && self.anchor.is_some_and(|anchor| id <= anchor);
        let is_seen = |wanted: u64| self.pages.iter().flatten().any(|record| id(record) == wanted);
        page.items.iter().map(id).any(|id| between(id) && !is_seen(id))
    }

    /// Whether only its first page was read, and shows records up to the floor although that bounds pages below it.
    pub(super) fn has_only_overlap(&self, floor: u64, top_below: u64) -> bool {
        let has_first_page_only = self.first_page.is_some() && self.next == self.top.checked_sub(1);
        has_first_page_only && self.top > top_below && self.lowest <= floor
    }

    /// Forgets where the page that came last has led to, because it is to be read once more.
    pub(super) fn step_back(&mut self) {
        self.lowest = self.lowest_before;
        self.has_met = false;
    }

    /// Whether records may be between a page with which it ends and the page above it. It then ends only if the page is
    /// the right one.
    ///
    /// A page from further below can come in place of it, and looks like one after deletions. If the page is the first one
    /// of the stretch below, unchanged, that is unlikely. It is asked for only where ids have gaps, or at the end.
    pub(super) fn ends_unsurely(
        &self,
        page: PageIdentity,
        above: Option<PageIdentity>,
        floor: u64,
        has_gaps: bool,
    ) -> bool {
        let is_adjacent = above.is_some_and(|above| above.first <= page.last.saturating_add(1));
        let is_met = self.has_met && (has_gaps || above.is_none());
        self.is_done(floor) && self.bound.is_some_and(|bound| bound > floor) && !is_adjacent && !is_met
    }

    /// Takes in page `at`, which was asked for and has come `now`. Records up to the floor are left to the stretch below.
    pub(super) fn add(
        &mut self,
        now: u64,
        at: u64,
        page: Page<T>,
        identity: PageIdentity,
        id: fn(&T) -> u64,
        floor: u64,
    ) {
        self.next = at.checked_sub(1);
        if self.bound.is_none() {
            // A page without a readable id bounds nothing. The page below it does.
            self.bound = page.items.iter().map(id).max().or(if self.next.is_none() { Some(0) } else { None });
            self.bounded = now;
        }
        if self.first_page.is_none() && !self.is_last() {
            self.first_page = Some(identity);
            self.answered = now;
        }
        self.last_page = Some(identity).filter(|page| !page.is_empty()).or(self.last_page);
        self.anchor = self.anchor.or(page.items.iter().map(id).max());
        self.own_highest = page.items.iter().map(id).fold(self.own_highest, u64::max);
        if self.doubt.is_none() {
            self.lowest_before = self.lowest; // a second reading is compared with the same pages as the first
        }
        self.add_records(page, id, floor);
    }

    /// Takes in records, wherever they are.
    pub(super) fn add_records(&mut self, mut page: Page<T>, id: fn(&T) -> u64, floor: u64) {
        for id in page.items.iter().map(id) {
            self.lowest = self.lowest.min(id);
            self.highest = self.highest.max(id);
        }
        page.items.retain(|record| id(record) > floor);
        self.pages.push(page.items);
        // Equal texts on one page are several records. On two pages they are the same one, met again.
        let here: Vec<u64> = page.unreadable.iter().map(fingerprint).collect();
        let new =
            page.unreadable.into_iter().zip(&here).filter(|(_, print)| !self.fingerprints.contains(print));
        self.unreadable.extend(new.map(|(record, _)| record));
        self.fingerprints.extend(here);
    }

    /// Notes that the page with which the stretch below begins came again, unchanged.
    pub(super) fn meet(&mut self, floor: u64) {
        self.has_met = true;
        self.bound.get_or_insert(floor);
    }

    /// Whether it has an ID that is not above this one, or the ID right after it.
    pub(super) fn has_reached(&self, id: u64) -> bool {
        self.lowest <= id.saturating_add(1)
    }

    /// Whether it has all its ids: it has met one of the stretch below, or the one after it, or page 0.
    pub(super) fn is_done(&self, floor: u64) -> bool {
        let reached = self.has_met || self.has_reached(floor) || self.next.is_none();
        !self.in_flight && self.doubt.is_none() && self.bound.is_some_and(|bound| bound <= floor || reached)
    }

    /// About how many pages it still has to read, down to the page with which the stretch below begins.
    pub(super) fn pages_left(&self, floor: u64, top_below: u64) -> u64 {
        if self.is_done(floor) { 0 } else { self.next.unwrap_or(0).saturating_sub(top_below) }
    }

    /// How many pages it has read.
    pub(super) fn pages_read(&self) -> u64 {
        self.top - self.next.map_or(self.top, |next| next.min(self.top))
    }

    /// Returns its records by ID, each once.
    pub(super) fn into_records(mut self, id: fn(&T) -> u64, floor: u64) -> StretchRecords<T> {
        // What was added above the last page meanwhile may have moved to that page since, and would be missing below it.
        let bound = if self.is_last() { self.own_highest } else { self.bound.unwrap_or(0) };
        let in_bounds = |record: &T| id(record) > floor && id(record) <= bound;
        self.pages.iter_mut().for_each(|page| page.retain(in_bounds));
        // Each page is below the one before it, unless the list has changed meanwhile. Records are large, and a sort moves
        // none of those that are in order.
        if self.pages.iter().rev().flatten().map(id).is_sorted_by(|one, next| one < next) {
            self.pages.reverse();
        }
        let mut records = Vec::with_capacity(self.pages.iter().map(Vec::len).sum());
        self.pages.iter_mut().for_each(|page| records.append(page));
        // The sort is stable: if a record was read twice, the first reading stays.
        records.sort_by_key(id);
        records.dedup_by_key(|record| id(record));
        StretchRecords { records, unreadable: self.unreadable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_was_read_twice_comes_once_and_as_it_was_read_first() {
        let id: fn(&(u64, &str)) -> u64 = |record| record.0;
        let mut stretch = Stretch::from_page(1, 1);
        for (at, items) in [(1, [(3, "first"), (4, "first")]), (0, [(2, "second"), (3, "second")])] {
            let page = Page::new(items.to_vec());
            let identity = PageIdentity::new(&page, id);
            stretch.add(at, at, page, identity, id, 0);
        }
        assert_eq!(stretch.into_records(id, 0).records, [(2, "second"), (3, "first"), (4, "first")]);
    }
}
