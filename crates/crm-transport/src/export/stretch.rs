//! A stretch: some pages that are read downwards, and the ids it answers for.

use crm_model::{Page, Unreadable};

/// Pages read one after the other from `top` down.
///
/// It answers for the ids above its floor (which its neighbour below answers for) up to its bound.
pub(super) struct Stretch<T> {
    /// When its first page was asked for, which also names it; and when that came.
    pub(super) asked: u64,
    pub(super) answered: u64,
    /// When its latest page was asked for.
    pub(super) last_asked: u64,
    /// The page it begins with.
    pub(super) top: u64,
    /// The greatest id of its first page; not known before that is read.
    pub(super) bound: Option<u64>,
    /// What its first page looked like.
    pub(super) face: Option<Face>,
    /// The page to read next; `None` below page 0.
    pub(super) next: Option<u64>,
    pub(super) in_flight: bool,
    /// The smallest id seen.
    lowest: u64,
    pub(super) records: Vec<T>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// By what a page is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Face {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) len: usize,
}

impl Face {
    pub(super) fn of<T>(page: &Page<T>, id: fn(&T) -> u64) -> Self {
        let id_of = |item: Option<&T>| item.map_or(0, id);
        Self { first: id_of(page.items.first()), last: id_of(page.items.last()), len: page.len() }
    }
}

impl<T> Stretch<T> {
    /// One whose first page is being asked for.
    pub(super) fn from_page(asked: u64, top: u64) -> Self {
        Self {
            asked,
            answered: u64::MAX,
            last_asked: asked,
            top,
            bound: None,
            face: None,
            next: Some(top),
            in_flight: true,
            lowest: u64::MAX,
            records: Vec::new(),
            unreadable: Vec::new(),
        }
    }

    /// One that begins with a page that was found empty: it answers for every id from its floor on.
    pub(super) fn from_end(asked: u64, empty: u64) -> Self {
        let next = empty.checked_sub(1);
        Self { bound: Some(u64::MAX), next, in_flight: false, ..Self::from_page(asked, empty) }
    }

    /// Takes in page `at`, which was asked for. What its neighbour below answers for is left out.
    pub(super) fn take(&mut self, at: u64, page: Page<T>, id: fn(&T) -> u64, floor: u64) {
        self.in_flight = false;
        self.next = at.checked_sub(1);
        let face = Face::of(&page, id);
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
            // A page without one readable id bounds nothing: the page below it does.
            self.top = at;
            self.face = Some(face);
            self.bound = greatest.or(if self.next.is_none() { Some(0) } else { None });
        }
    }

    /// Whether it has all ids it answers for: it has met one that it does not answer for, or page 0.
    pub(super) fn is_done(&self, floor: u64) -> bool {
        let met = |bound| bound <= floor || self.lowest <= floor || self.next.is_none();
        !self.in_flight && self.bound.is_some_and(met)
    }

    /// Its records by id, each once.
    pub(super) fn into_records(mut self, id: fn(&T) -> u64, floor: u64) -> (Vec<T>, Vec<Unreadable>) {
        let bound = self.bound.unwrap_or(0);
        self.records.retain(|record| (floor + 1..=bound).contains(&id(record)));
        // Stable, so that of two readings of a record the first stays.
        self.records.sort_by_key(id);
        self.records.dedup_by_key(|record| id(record));
        (self.records, self.unreadable)
    }
}
