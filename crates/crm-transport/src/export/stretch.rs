//! A stretch: consecutive pages that are read downwards, and the ids that they must contain.

use crm_model::{Page, Unreadable};

use super::page_identity::PageIdentity;

/// Pages that are read one after the other, from `top` down.
///
/// A stretch is responsible for the ids above its floor, up to its bound. The floor is the bound of the stretch below.
pub(super) struct Stretch<T> {
    /// When its first page was asked for, which is also its name; and when that page came.
    pub(super) asked: u64,
    pub(super) answered: u64,
    /// When its latest page was asked for.
    pub(super) last_asked: u64,
    /// The page with which it begins.
    pub(super) top: u64,
    /// The greatest id of its first page. Unknown until that page is read.
    pub(super) bound: Option<u64>,
    pub(super) first_page: Option<PageIdentity>,
    /// The page to read next; `None` below page 0.
    pub(super) next: Option<u64>,
    pub(super) in_flight: bool,
    /// The smallest id seen.
    lowest: u64,
    records: Vec<T>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// The records of a finished stretch: by id, each once.
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
            last_asked: asked,
            top,
            bound: None,
            first_page: None,
            next: Some(top),
            in_flight: true,
            lowest: u64::MAX,
            records: Vec::new(),
            unreadable: Vec::new(),
        }
    }

    /// Creates the highest stretch. It begins with a page that was found empty, so no id is above it.
    pub(super) fn from_end(asked: u64, empty: u64) -> Self {
        let next = empty.checked_sub(1);
        Self { bound: Some(u64::MAX), next, in_flight: false, ..Self::from_page(asked, empty) }
    }

    /// Whether it is the highest stretch.
    pub(super) fn is_last(&self) -> bool {
        self.bound == Some(u64::MAX)
    }

    /// Takes in page `at`, which was asked for. Records up to the floor are left to the stretch below.
    pub(super) fn add(&mut self, at: u64, page: Page<T>, id: fn(&T) -> u64, floor: u64) {
        self.in_flight = false;
        self.next = at.checked_sub(1);
        let identity = PageIdentity::new(&page, id);
        let greatest = page.items.iter().map(id).max();
        for item in page.items {
            let id = id(&item);
            self.lowest = self.lowest.min(id);
            if id > floor {
                self.records.push(item);
            }
        }
        for record in page.unreadable {
            if self.unreadable.iter().all(|known| known.raw != record.raw) {
                self.unreadable.push(record);
            }
        }
        if self.bound.is_none() {
            // A page without a readable id bounds nothing. The page below it does.
            self.top = at;
            self.first_page = Some(identity);
            self.bound = greatest.or(if self.next.is_none() { Some(0) } else { None });
        }
    }

    /// Whether it has all its ids: it has met one of the stretch below, or page 0.
    pub(super) fn is_done(&self, floor: u64) -> bool {
        let met = |bound| bound <= floor || self.lowest <= floor || self.next.is_none();
        !self.in_flight && self.bound.is_some_and(met)
    }

    /// About how many pages it still has to read, down to the page with which the stretch below begins.
    pub(super) fn pages_left(&self, floor: u64, top_below: u64) -> u64 {
        if self.is_done(floor) { 0 } else { self.next.unwrap_or(0).saturating_sub(top_below) }
    }

    /// How many pages it has read.
    pub(super) fn pages_read(&self) -> u64 {
        self.top - self.next.map_or(self.top, |next| next.min(self.top))
    }

    /// Returns its records by id, each once.
    pub(super) fn into_records(mut self, id: fn(&T) -> u64, floor: u64) -> StretchRecords<T> {
        let bound = self.bound.unwrap_or(0);
        self.records.retain(|record| (floor + 1..=bound).contains(&id(record)));
        // The sort is stable: if a record was read twice, the first reading stays.
        self.records.sort_by_key(id);
        self.records.dedup_by_key(|record| id(record));
        StretchRecords { records: self.records, unreadable: self.unreadable }
    }
}
