//! The search for the end of the list: the first page that is empty.

use super::plan::STRETCH;

/// What is known of where the list ends.
#[derive(Default)]
pub(super) struct EndSearch {
    /// The highest page with which a stretch was begun.
    highest_begun: Option<u64>,
    /// The highest page known to hold records, and how many.
    highest_held: Option<(u64, usize)>,
    /// The lowest page known to be empty.
    lowest_empty: Option<u64>,
    /// Whether every page belongs to a stretch.
    is_found: bool,
    /// Whether a page far ahead is being asked for.
    scout_in_flight: bool,
    /// The highest page found so to hold records, and the greatest id on it.
    scouted: Option<(u64, u64)>,
}

/// What the search wants to be done next.
pub(super) enum Step {
    /// Begin a stretch with this page.
    Begin(u64),
    /// The end is found. If the page is named, begin the highest stretch at it: it is the first empty one.
    Found(Option<u64>),
    /// Nothing before a page has come.
    Wait,
}

impl EndSearch {
    /// Creates a search that begins above a page of which the records have been returned.
    pub(super) fn from_page(page: Option<u64>) -> Self {
        let highest_held = page.map(|page| (page, usize::MAX));
        Self { highest_begun: page, highest_held, ..Self::default() }
    }

    /// What to do next. No stretch is begun above page `limit` before the end is near.
    ///
    /// `is_beginning` is whether the first page of a stretch is being asked for; `full` and `longest` are the lengths
    /// of a full page and of the longest one.
    pub(super) fn step(&mut self, limit: u64, is_beginning: bool, full: usize, longest: usize) -> Step {
        if self.is_found {
            return Step::Wait;
        }
        let next = self.highest_begun.map_or(0, |page| page + STRETCH);
        let Some(empty) = self.lowest_empty.filter(|&empty| next >= empty) else {
            return if next <= limit { Step::Begin(next) } else { Step::Wait };
        };
        if is_beginning {
            return Step::Wait;
        }
        let (unread, len) = self.highest_held.map_or((0, 0), |(page, len)| (page + 1, len));
        if len < full && empty > unread {
            return Step::Begin(unread); // a short page is most likely the last one
        }
        if empty > unread + 2 {
            return Step::Begin(unread.midpoint(empty));
        }
        self.is_found = true;
        // A page shorter than others had room for more, so nothing was beyond it. A page that is only shorter than what
        // was asked for may be a full one.
        Step::Found((empty > 0 && len >= longest).then_some(empty))
    }

    /// A page far beyond the others, to tell how long the list is: twice as far each time, then nearer until the end
    /// is known well enough. No page up to `limit`, because those are asked for anyway.
    pub(super) fn far_ahead(&mut self, limit: u64) -> Option<u64> {
        let begun = self.highest_begun.filter(|_| !self.scout_in_flight && !self.is_found)?;
        let held = self.scouted.map_or(begun, |(page, _)| page.max(begun));
        let page = match self.lowest_empty {
            None => held.saturating_mul(2),
            Some(empty) if empty > held + held / 8 + STRETCH => held.midpoint(empty),
            Some(_) => return None,
        };
        if begun < limit || page <= limit {
            return None;
        }
        self.scout_in_flight = true;
        Some(page)
    }

    /// Takes in a page far ahead: the greatest id on it, or `None` if it is empty.
    pub(super) fn add_far_page(&mut self, at: u64, is_empty: bool, greatest: u64) {
        self.scout_in_flight = false;
        // Beyond the end some servers return the last page again.
        if is_empty || self.scouted.is_some_and(|(page, id)| page < at && greatest <= id) {
            self.add_empty(at);
        } else {
            self.scouted = Some((at, greatest));
        }
    }

    /// Notes that a stretch is begun with this page.
    pub(super) fn add_begun(&mut self, page: u64) {
        self.highest_begun = self.highest_begun.max(Some(page));
    }

    /// Notes that this page holds records.
    pub(super) fn add_held(&mut self, page: u64, len: usize) {
        self.highest_held = self.highest_held.filter(|&(held, _)| held >= page).or(Some((page, len)));
    }

    /// Notes that this page is empty.
    pub(super) fn add_empty(&mut self, page: u64) {
        self.lowest_empty = Some(self.lowest_empty.map_or(page, |empty| empty.min(page)));
    }

    /// Whether every page belongs to a stretch.
    pub(super) fn is_found(&self) -> bool {
        self.is_found
    }

    /// Whether no stretch was begun, in this run or before it.
    pub(super) fn nothing_begun(&self) -> bool {
        self.highest_begun.is_none()
    }

    /// The lowest page known to be empty.
    pub(super) fn lowest_empty(&self) -> Option<u64> {
        self.lowest_empty
    }

    /// About how many pages there are, once that can be told.
    pub(super) fn pages(&self) -> Option<u64> {
        let held = self.highest_held.map_or(0, |(page, _)| page + 1);
        if self.is_found {
            return Some(held);
        }
        let held = self.scouted.map_or(held, |(page, _)| held.max(page + 1));
        Some(held.midpoint(self.lowest_empty?.max(held)))
    }
}
