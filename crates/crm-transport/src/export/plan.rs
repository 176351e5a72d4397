//! Which page to ask for next, and what the pages come to.
//!
//! [`Plan`] does no I/O: its owner asks for the pages. How it reads a list, and why it misses nothing, is explained in
//! the [module above](super).

use std::cmp::Reverse;
use std::collections::VecDeque;

use crm_model::Page;

use super::end_search::{EndSearch, Step};
use super::page_identity::{PageIdentity, PagesSeen, Unsorted};
use super::resume_point::{ResumePoint, Returned};
use super::stretch::{Stretch, StretchRecords};

/// The number of pages in a stretch. The lowest of them is read twice, so one request in fourteen pays for that. A
/// stretch of pages waits in memory for each call in flight.
pub(super) const STRETCH: u64 = 13;

/// A page to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageRequest {
    /// The stretch that needs it; `None` if it only tells how long the list is.
    stretch: Option<u64>,
    pub(super) page: u64,
}

/// How many records come before a page, where pages begin at a number of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PageSize {
    /// The source knows.
    Known,
    /// Page 0 has to be read first.
    Unlearnt,
    /// The number of records that the server put on page 0.
    Learnt(u64),
}

/// What was seen where two stretches met.
#[derive(Default)]
pub(super) struct Moves {
    /// Deletions that were met. Nothing was missed.
    pub(super) repaired: u64,
    /// Records that had moved up. Others may have been missed.
    pub(super) moved_up: u64,
}

/// What is known of the list.
pub(super) struct Plan<T> {
    id: fn(&T) -> u64,
    concurrency: u64,
    page_size: PageSize,
    /// Whether pages far ahead are asked for, to tell how long the list is.
    looks_far_ahead: bool,
    pages: PagesSeen,
    end: EndSearch,
    returned: Returned,
    /// Not returned yet; by page, and therefore by id.
    stretches: VecDeque<Stretch<T>>,
    /// Emptied by the owner of the plan.
    pub(super) moves: Moves,
    /// Counts events, to tell which of two came first.
    clock: u64,
}

impl<T> Plan<T> {
    /// Creates a plan that resumes from a point. `page_size` is the number of records that is asked for on a page.
    pub(super) fn new(id: fn(&T) -> u64, concurrency: usize, page_size: usize, from: ResumePoint) -> Self {
        Self {
            id,
            concurrency: concurrency as u64,
            page_size: PageSize::Known,
            looks_far_ahead: false,
            pages: PagesSeen::new(page_size),
            end: EndSearch::from_page(from.page),
            returned: Returned::new(from),
            stretches: VecDeque::new(),
            moves: Moves::default(),
            clock: 0,
        }
    }

    /// Asks for page 0 alone first unless its size is known: where the next page begins depends on it.
    pub(super) fn counting_records(mut self, size: Option<u64>) -> Self {
        self.page_size = size.map_or(PageSize::Unlearnt, PageSize::Learnt);
        self
    }

    /// Asks for pages far ahead as well, to tell how long the list is.
    pub(super) fn looking_far_ahead(mut self) -> Self {
        self.looks_far_ahead = true;
        self
    }

    /// The next page to ask for; `None` if nothing can be done before a page comes or records are taken.
    pub(super) fn next(&mut self) -> Option<PageRequest> {
        if self.page_size == PageSize::Unlearnt {
            return self.end.nothing_begun().then(|| self.begin(0));
        }
        // The end comes first: the sooner it is known, the better the rest can be shared out.
        if !self.is_beginning()
            && let Some(request) = self.ahead()
        {
            return Some(request);
        }
        self.far_ahead().or_else(|| self.onward()).or_else(|| self.ahead()).or_else(|| self.split())
    }

    /// Takes in a page that was asked for.
    pub(super) fn add(&mut self, request: PageRequest, page: Page<T>) -> Result<(), Unsorted> {
        if self.page_size == PageSize::Unlearnt {
            self.page_size = PageSize::Learnt(page.len().max(1) as u64);
        }
        let identity = self.pages.add(&page, self.id)?;
        match request.stretch {
            None => {
                let greatest = page.items.iter().map(self.id).max().unwrap_or(0);
                self.end.add_far_page(request.page, page.is_empty(), greatest);
            }
            // The stretch may be gone. Another one is then responsible for its ids.
            Some(asked) => {
                if let Some(at) = self.stretches.iter().position(|stretch| stretch.asked == asked) {
                    self.add_to_stretch(at, request.page, page, identity);
                }
            }
        }
        // Everything left is below an empty page, so nothing above that page needs to be read.
        if let Some(empty) = self.end.lowest_empty() {
            for stretch in self.stretches.iter_mut().filter(|stretch| stretch.bound.is_some()) {
                stretch.next = stretch.next.min(empty.checked_sub(1));
            }
        }
        Ok(())
    }

    fn add_to_stretch(&mut self, at: usize, number: u64, page: Page<T>, identity: PageIdentity) {
        let floor = self.floor(at);
        if self.stretches[at].bound.is_some() {
            self.compare_with_stretch_below(at, number, identity, &page);
            self.stretches[at].add(number, page, self.id, floor);
            return;
        }
        let is_repeated = self.is_repeated(number, self.stretches[at].asked, identity);
        if is_repeated || (page.is_empty() && self.stretches[at].unreadable.is_empty()) {
            self.stretches.remove(at);
            self.end.add_empty(number);
            if is_repeated {
                self.pages.add_repeated(identity.len);
            }
        } else {
            self.stretches[at].add(number, page, self.id, floor);
            self.stretches[at].answered = self.tick();
            self.end.add_held(number, identity.len);
        }
    }

    /// The records of the lowest stretch, once it is finished.
    pub(super) fn take(&mut self) -> Option<StretchRecords<T>> {
        let floor = self.returned.up_to.id;
        self.stretches.front().filter(|stretch| stretch.is_done(floor))?;
        let stretch = self.stretches.pop_front()?;
        Some(self.returned.add(stretch, self.id))
    }

    /// Whether every record was taken.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_found() && self.stretches.is_empty()
    }

    /// Up to where records were taken.
    pub(super) fn taken_up_to(&self) -> ResumePoint {
        self.returned.up_to
    }

    /// The number of records on page 0, if it had to be learnt.
    pub(super) fn learnt_page_size(&self) -> Option<u64> {
        if let PageSize::Learnt(size) = self.page_size { Some(size) } else { None }
    }

    /// Whether a full page came in place of a page further on. There may then be records that cannot be reached.
    pub(super) fn offset_is_ignored(&self) -> bool {
        self.pages.offset_is_ignored()
    }

    /// About how many pages there are, once that can be told.
    pub(super) fn pages(&self) -> Option<u64> {
        self.end.pages()
    }

    /// How many pages have been read.
    pub(super) fn pages_read(&self) -> u64 {
        let returned = self.returned.up_to.page.map_or(0, |page| page + 1);
        returned + self.stretches.iter().map(Stretch::pages_read).sum::<u64>()
    }

    /// About how many records there are, once that can be told.
    pub(super) fn records_in_all(&self) -> Option<u64> {
        Some(self.pages()?.saturating_mul(self.pages.longest() as u64))
    }

    /// The first page of the next stretch above the others; near the end, a page that tells where the end is.
    fn ahead(&mut self) -> Option<PageRequest> {
        let limit = self.returned.top() + self.concurrency.saturating_add(1).saturating_mul(STRETCH);
        let (is_beginning, full, longest) = (self.is_beginning(), self.pages.full(), self.pages.longest());
        match self.end.step(limit, is_beginning, full, longest) {
            Step::Begin(page) => Some(self.begin(page)),
            Step::Found(empty) => {
                if let Some(empty) = empty {
                    let now = self.tick();
                    self.stretches.push_back(Stretch::from_end(now, empty));
                }
                None
            }
            Step::Wait => None,
        }
    }

    fn far_ahead(&mut self) -> Option<PageRequest> {
        if !self.looks_far_ahead {
            return None;
        }
        let limit = self.returned.top() + self.concurrency.saturating_mul(STRETCH);
        Some(PageRequest { stretch: None, page: self.end.far_ahead(limit)? })
    }

    /// The next page of a stretch: the lowest one, or the longest one once the end is found.
    fn onward(&mut self) -> Option<PageRequest> {
        let open = (0..self.stretches.len())
            .filter(|&at| !self.stretches[at].in_flight && !self.stretches[at].is_done(self.floor(at)));
        let at = if self.end.is_found() {
            open.max_by_key(|&at| (self.pages_left(at), Reverse(at)))?
        } else {
            open.min()?
        };
        let now = self.tick();
        let stretch = &mut self.stretches[at];
        stretch.in_flight = true;
        stretch.last_asked = now;
        Some(PageRequest { stretch: Some(stretch.asked), page: stretch.next? })
    }

    /// Cuts the longest stretch in two, so that calls with nothing else to do read the lower half.
    fn split(&mut self) -> Option<PageRequest> {
        const WORTH_IT: u64 = 6;
        if !self.end.is_found() {
            return None;
        }
        let is_known = |at: usize| self.stretches[at].bound.is_some();
        let known = |at: &usize| is_known(*at) && at.checked_sub(1).is_none_or(is_known);
        let at = (0..self.stretches.len()).filter(known).max_by_key(|&at| self.pages_left(at))?;
        let left = self.pages_left(at);
        (left >= WORTH_IT).then(|| self.begin(self.top_below(at) + left / 2))
    }

    /// Begins a stretch with this page.
    fn begin(&mut self, page: u64) -> PageRequest {
        self.end.add_begun(page);
        let asked = self.tick();
        let above = |stretch: &Stretch<T>| stretch.top >= page || stretch.is_last();
        let at = self.stretches.iter().position(above).unwrap_or(self.stretches.len());
        self.stretches.insert(at, Stretch::from_page(asked, page));
        PageRequest { stretch: Some(asked), page }
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Whether the first page of a stretch is being asked for.
    fn is_beginning(&self) -> bool {
        self.stretches.iter().any(|stretch| stretch.bound.is_none())
    }

    /// The stretches below are responsible for the ids up to this one.
    fn floor(&self, at: usize) -> u64 {
        self.stretches.range(..at).filter_map(|below| below.bound).fold(self.returned.up_to.id, u64::max)
    }

    /// The page with which the stretch below begins.
    fn top_below(&self, at: usize) -> u64 {
        at.checked_sub(1).map_or(self.returned.top(), |below| self.stretches[below].top)
    }

    fn pages_left(&self, at: usize) -> u64 {
        self.stretches[at].pages_left(self.floor(at), self.top_below(at))
    }

    /// Compares the page at which a stretch meets the one below with what it was when that one began with it.
    fn compare_with_stretch_below(&mut self, at: usize, number: u64, now: PageIdentity, page: &Page<T>) {
        let (top, bound, first_page, answered) = match at.checked_sub(1).map(|below| &self.stretches[below]) {
            Some(below) => (Some(below.top), below.bound, below.first_page, below.answered),
            None => {
                let Returned { up_to, first_page, answered, .. } = &self.returned;
                (up_to.page, Some(up_to.id), *first_page, *answered)
            }
        };
        let (Some(top), Some(bound)) = (top, bound) else { return };
        if answered > self.stretches[at].last_asked {
            return; // two readings at the same time cannot be compared
        }
        if number > top {
            self.moves.moved_up += u64::from(page.items.iter().any(|item| (self.id)(item) <= bound));
        } else if let Some(then) = first_page.filter(|_| number == top && page.unreadable.is_empty()) {
            // A page that was full can only show greater ids, and it shows them after a deletion.
            self.moves.repaired += u64::from(then.len >= self.pages.full() && now.last > then.last);
            self.moves.moved_up += u64::from(now.len >= then.len && now.last < then.last);
        }
    }

    /// Whether a page came again in place of one further on: the server ignores the offset, or returns the last page
    /// for every page beyond it. If its records had moved down, the higher page would have shown them first.
    fn is_repeated(&self, top: u64, asked: u64, page: PageIdentity) -> bool {
        let returned = self.returned.first_page == Some(page) && self.returned.first_page_came < asked;
        let before =
            |other: &Stretch<T>| other.first_page == Some(page) && other.top < top && other.answered < asked;
        page.first != 0 && (returned || self.stretches.iter().any(before))
    }
}

#[cfg(test)]
mod tests;
