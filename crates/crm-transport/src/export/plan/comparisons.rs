//! What a page shows when it is compared with the pages below it that were read before.

use crm_model::Page;

use super::super::page_identity::{PageIdentity, Unusable};
use super::super::resume_point::{Returned, Top};
use super::super::stretch::Stretch;
use super::{PageRequest, Plan, Shortened};

impl<T> Plan<T> {
    /// Whether the page with which the stretch below begins has more records now. It may have been the last one.
    pub(super) fn has_grown(&self, at: usize, number: u64, now: PageIdentity) -> bool {
        let below = at.checked_sub(1).map(|below| &self.stretches[below]);
        let then = below.map_or(self.returned.first_page, |below| below.first_page);
        number == self.top_below(at) && then.is_some_and(|then| then.len < now.len)
    }

    /// Compares a page that is read again. Deletions were counted when it was read first.
    pub(super) fn look_for_moves(&mut self, at: usize, number: u64, now: PageIdentity, page: &Page<T>) {
        let repaired = self.moves.repaired;
        self.compare_with_stretches_below(at, number, now, page);
        self.moves.repaired = repaired;
    }

    /// Compares a page of a stretch with the pages that were read before it was asked for. Two readings at the same time
    /// cannot be compared.
    pub(super) fn compare_with_stretches_below(
        &mut self,
        at: usize,
        number: u64,
        now: PageIdentity,
        page: &Page<T>,
    ) {
        let floor = self.floor(at);
        let asked = self.stretches[at].last_asked;
        // Each record between two pages has an id of its own.
        let step = self.page_step();
        let lowest = |top: Top| top.bound.saturating_add((number - top.page - 1).saturating_mul(step));
        let lowest = self.tops_below(number, asked).map(lowest).max();
        let mut has_moved_up = self.stretches[at].has_new_between(page, self.id, floor)
            || page.items.iter().any(|item| lowest.is_some_and(|lowest| (self.id)(item) <= lowest));
        let neighbour = match at.checked_sub(1).map(|below| &self.stretches[below]) {
            Some(below) => (Some(below.top), below.first_page, below.answered),
            None => (self.returned.page, self.returned.first_page, self.returned.answered),
        };
        if let (Some(top), Some(then), answered) = neighbour
            && top == number
        {
            if then == now {
                // The records below have not moved, whether they can be decoded or not.
                self.stretches[at].meet(floor);
            }
            if answered <= asked && page.unreadable.is_empty() {
                // A page that was full can only show greater ids, and it shows them after a deletion.
                self.moves.repaired += u64::from(then.len >= self.full() && now.last > then.last);
                has_moved_up |= now.len >= then.len && now.last < then.last;
                // The last page is longer now, and not only at its end.
                has_moved_up |= now.first > 0 && now.first < then.first;
            }
        }
        self.moves.moved_up += u64::from(has_moved_up);
    }

    /// How many records come before a page and not before the one below it.
    fn page_step(&self) -> u64 {
        self.learnt_page_size().unwrap_or(self.pages.longest() as u64)
    }

    /// The first pages of stretches below this page whose bounds were known when it was asked for.
    fn tops_below(&self, number: u64, asked: u64) -> impl Iterator<Item = Top> {
        let top = |below: &Stretch<T>| {
            let bound = below.bound.filter(|_| !below.is_last())?;
            Some(Top { page: below.top, bound, bounded: below.bounded })
        };
        let tops = self.returned.tops.iter().copied().chain(self.stretches.iter().filter_map(top));
        tops.filter(move |top| top.page < number && top.bounded <= asked)
    }

    /// Those of them that this run has read. Since an earlier run, records may have come in below.
    fn tops_seen_below(&self, number: u64, asked: u64) -> impl Iterator<Item = Top> {
        self.tops_below(number, asked).filter(|top| top.bounded > 0)
    }

    /// Whether a page came in place of one further on: the server ignores the offset, or returns the last page for every
    /// page beyond it. If its records had moved down, the higher page would have shown them first.
    ///
    /// It is a page that came before, or all its records were on pages below it, which others have changed meanwhile.
    pub(super) fn came_before(
        &mut self,
        request: PageRequest,
        page: &Page<T>,
        identity: PageIdentity,
    ) -> bool {
        let PageRequest { page: number, asked, .. } = request;
        if self.is_repeated(number, asked, identity) {
            self.pages.add_repeated(identity.len);
            return true;
        }
        let greatest = page.items.iter().map(self.id).max().filter(|_| page.unreadable.is_empty());
        let is_known = greatest
            .is_some_and(|greatest| self.tops_seen_below(number, asked).any(|top| greatest <= top.bound));
        self.moves.moved_up += u64::from(is_known);
        is_known
    }

    fn is_repeated(&self, top: u64, asked: u64, page: PageIdentity) -> bool {
        let Returned { page: number, first_page, first_page_came, .. } = &self.returned;
        let returned =
            *first_page == Some(page) && *first_page_came < asked && number.is_some_and(|it| it < top);
        let before =
            |other: &Stretch<T>| other.first_page == Some(page) && other.top < top && other.answered < asked;
        !page.is_empty() && (returned || self.stretches.iter().any(before))
    }

    /// Notes that a page of this stretch was empty twice, so that the list seems to have become shorter.
    pub(super) fn add_shortened(&mut self, at: usize, page: u64, came: u64) {
        let asked = self.stretches[at].last_asked;
        let known = self.tops_below(u64::MAX, asked).map(|top| top.bound).max();
        let known = known.unwrap_or(0).max(self.stretches[at].highest());
        self.shortened.push(Shortened { page, came, known });
    }

    /// Looks for a page that holds an older record above one that was empty twice. Because records only move down, it was
    /// there all the time. Records that were added since have greater ids, each on a page between one of its own.
    pub(super) fn compare_with_empty_pages(&mut self, request: PageRequest, page: &Page<T>) {
        let Some(lowest) = page.items.iter().map(self.id).min() else { return };
        let step = self.fewest_on_a_page();
        let contradicts = |empty: &&Shortened| {
            let added = |pages: u64| empty.known.saturating_add(pages.saturating_mul(step));
            let is_above = request.page.checked_sub(empty.page).map(added);
            empty.came < request.asked && is_above.is_some_and(|greatest| lowest <= greatest)
        };
        if let Some(empty) = self.shortened.iter().find(contradicts) {
            let (empty, held) = (empty.page, request.page);
            self.contradict(if empty == held {
                format!("page {held} was empty, and then held older records")
            } else {
                format!("page {empty} is empty, and page {held} is not")
            });
        }
    }

    /// How many records there are at least on a page that has records above it.
    fn fewest_on_a_page(&self) -> u64 {
        self.pages.shortest_inner().unwrap_or(1) as u64
    }

    /// Takes in whether a page shows a record whose place is at least a page further down, and is not a page that came
    /// before. It then came in place of one further on, or a whole page of records came in below. If that happens often,
    /// the pages do not depend on the offset.
    pub(super) fn add_misplaced(
        &mut self,
        request: PageRequest,
        page: &Page<T>,
        identity: PageIdentity,
    ) -> Result<(), Unusable> {
        const MOST: u32 = 16;
        let PageRequest { page: number, asked, .. } = request;
        let Some(lowest) = page.items.iter().map(self.id).min() else { return Ok(()) };
        // Each record on a page between has an id of its own.
        let step = self.fewest_on_a_page();
        let is_too_low = |pages: u64, bound: u64| {
            pages > 0 && lowest <= bound.saturating_add((pages - 1).saturating_mul(step))
        };
        let tops = self.tops_seen_below(number, asked);
        let tops = tops.filter(|top| is_too_low(number - top.page - 1, top.bound)).count();
        // One page that shows too great ids may itself be in the wrong place.
        let is_misplaced = is_too_low(number, 0) || tops > 1;
        if is_misplaced && !self.is_repeated(number, asked, identity) {
            self.misplaced += 1;
        }
        if self.misplaced > MOST { Err(Unusable::OffsetIgnored) } else { Ok(()) }
    }
}
