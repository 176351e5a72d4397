//! Which page to ask for next, and what the pages come to.
//!
//! [`Plan`] does no I/O: its owner asks for the pages. How it reads a list, and why it misses nothing, is explained in
//! the [module above](super).

mod arrivals;
mod comparisons;

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::end_search::{EndSearch, Pages, Step};
use super::page_identity::{PageIdentity, PagesSeen};
use super::resume_point::{ResumePoint, Returned};
use super::stretch::{Stretch, StretchRecords};

/// The number of pages in a stretch, where IDs have few gaps. Neighbouring stretches then meet at adjacent IDs.
const STRETCH: u64 = 13;
/// The most pages in a stretch where IDs have gaps. The page at which two stretches meet is then read twice.
const LONG_STRETCH: u64 = 64;
/// About how many pages wait in memory where stretches are long.
const PAGES_IN_MEMORY: u64 = 256;

/// A page to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageRequest {
    purpose: Purpose,
    pub(super) page: u64,
    /// When it was requested.
    asked: u64,
    /// How often the plan had been started again by then.
    restarts: u32,
}

/// What a page is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Purpose {
    /// The stretch with this name needs it.
    Stretch(u64),
    /// To tell how long the list is.
    Length,
    /// To prove the end.
    End,
    /// To see whether the list has grown since its last page came.
    Closing { is_again: bool },
}

/// The last page as it came first, which is compared with the same page at the very end.
#[derive(Clone, Copy, Debug)]
struct Closing {
    page: u64,
    then: PageIdentity,
    state: Look,
}

/// Whether the last page was looked at once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Due,
    InFlight,
    /// It looked as if the list had changed, and is read again.
    DueAgain,
    /// Nothing was read since.
    Done,
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
    /// Pages that contradict others. Records may have been missed.
    pub(super) contradictions: u64,
}

/// A page that was empty twice, although records had been above it.
struct Shortened {
    page: u64,
    /// When it came for the second time.
    came: u64,
    /// The greatest id that was known when it was asked for.
    known: u64,
}

/// What is known of the list.
pub(super) struct Plan<T> {
    id: fn(&T) -> u64,
    concurrency: u64,
    page_size: PageSize,
    /// Whether pages far ahead are asked for, to tell how long the list is.
    looks_far_ahead: bool,
    pages: PagesSeen,
    /// The page to begin with, and whether a page has come.
    start: u64,
    has_started: bool,
    end: EndSearch,
    returned: Returned,
    /// Not returned yet; by page, and therefore by ID.
    stretches: VecDeque<Stretch<T>>,
    /// The last page of a list of more than one page.
    closing: Option<Closing>,
    /// Emptied by the owner of the plan.
    pub(super) moves: Moves,
    /// The first contradiction.
    contradiction: Option<String>,
    /// Whether an empty page has come. A server that returns the last page again in place of it returns none.
    has_seen_empty: bool,
    /// Whether a page came in place of the one below it.
    has_seen_page_below: bool,
    /// Whether a page below the end, once that was proven, was empty.
    has_shrunk: bool,
    /// The greatest ID on any page, and when it came.
    greatest: (u64, u64),
    /// Where the list seemed to have become shorter.
    shortened: Vec<Shortened>,
    /// How many pages came in place of pages further on, and were not the same each time.
    misplaced: u32,
    /// How often the plan was begun anew with smaller pages.
    restarts: u32,
    /// Counts events, to tell which of two came first.
    clock: u64,
}

impl<T> Plan<T> {
    /// Creates a plan that resumes from a point. `page_size` is the number of records that is requested on a page.
    pub(super) fn new(id: fn(&T) -> u64, concurrency: usize, page_size: usize, from: ResumePoint) -> Self {
        let last = from.end.map_or(u64::MAX, |end| end.saturating_sub(1));
        Self {
            id,
            concurrency: concurrency as u64,
            page_size: PageSize::Known,
            looks_far_ahead: false,
            pages: PagesSeen::new(page_size),
            start: from.page.unwrap_or(0).min(last),
            has_started: false,
            end: EndSearch::with_hint(from.end),
            returned: Returned::new(from),
            stretches: VecDeque::new(),
            closing: None,
            moves: Moves::default(),
            contradiction: None,
            has_seen_empty: false,
            has_seen_page_below: false,
            has_shrunk: false,
            greatest: (0, 0),
            shortened: Vec::new(),
            misplaced: 0,
            restarts: 0,
            clock: 0,
        }
    }

    /// Asks for pages by a number of records. Unless the size of a page is known, page 0 is read first to learn it.
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
        if self.end.nothing_begun() {
            return Some(self.begin(self.start));
        }
        if !self.has_started {
            return None; // the first page tells how to go on
        }
        if self.page_size == PageSize::Unlearnt {
            // Pages further on cannot be counted before page 0 has come.
            return if self.is_beginning() { None } else { self.ahead() };
        }
        // The end comes first: the sooner it is known, the better the rest can be shared out.
        if !self.is_beginning()
            && let Some(request) = self.ahead()
        {
            return Some(request);
        }
        let next =
            self.far_ahead().or_else(|| self.onward()).or_else(|| self.ahead()).or_else(|| self.split());
        next.or_else(|| self.look_again())
    }

    /// The records of the lowest stretch, once it is finished.
    pub(super) fn take(&mut self) -> Option<StretchRecords<T>> {
        // A page in another order bounds nothing unless it is the whole list, and still is when it is read once more.
        let is_read = |at: usize| self.stretches[at].is_done(self.floor(at));
        if self.pages.is_unsorted() && !(self.end.end().is_some() && (0..self.stretches.len()).all(is_read)) {
            return None;
        }
        let floor = self.returned.id;
        let lowest = self.stretches.front().filter(|stretch| stretch.is_done(floor))?;
        if lowest.is_last() && self.closing.is_some_and(|closing| closing.state != Look::Done) {
            return None;
        }
        let stretch = self.stretches.pop_front()?;
        Some(self.returned.add(stretch, self.id))
    }

    /// Whether every record was taken.
    pub(super) fn is_over(&self) -> bool {
        self.end.end().is_some() && self.stretches.is_empty()
    }

    /// Up to where records were taken.
    pub(super) fn taken_up_to(&self) -> ResumePoint {
        ResumePoint { id: self.returned.id, page: self.returned.page, end: self.end.end() }
    }

    /// The number of records on page 0, if it had to be learned.
    pub(super) fn learnt_page_size(&self) -> Option<u64> {
        if let PageSize::Learnt(size) = self.page_size { Some(size) } else { None }
    }

    /// Whether a full page came in place of a page further on. There may then be records that cannot be reached.
    pub(super) fn offset_is_ignored(&self) -> bool {
        self.pages.offset_is_ignored()
    }

    /// The first contradiction that was seen.
    pub(super) fn contradiction(&self) -> Option<&str> {
        self.contradiction.as_deref()
    }

    /// About how many pages there are, if it is known.
    pub(super) fn pages(&self) -> Option<u64> {
        self.end.pages()
    }

    /// How many pages have been read.
    pub(super) fn pages_read(&self) -> u64 {
        let returned = self.returned.page.map_or(0, |page| page + 1);
        returned + self.stretches.iter().map(Stretch::pages_read).sum::<u64>()
    }

    /// About how many records there are, if it is known.
    pub(super) fn records_in_all(&self) -> Option<u64> {
        Some(self.pages()?.saturating_mul(self.pages.longest() as u64))
    }

    /// The number of records on a page that has others above it.
    fn full(&self) -> usize {
        self.learnt_page_size().map_or_else(|| self.pages.full(), |size| size as usize)
    }

    /// How far apart stretches begin. The first one is short, because most lists are.
    fn spacing(&self) -> u64 {
        if self.end.only_first_page() {
            STRETCH / 2 + 1
        } else if self.pages.ids_have_gaps() {
            (PAGES_IN_MEMORY / (self.concurrency + 2)).clamp(STRETCH, LONG_STRETCH)
        } else {
            STRETCH
        }
    }

    /// The highest page with which a stretch may begin, if `more` stretches wait above those that are returned.
    fn limit(&self, more: u64) -> u64 {
        if self.stretches.is_empty() {
            return u64::MAX; // nothing waits in memory
        }
        self.returned.top().saturating_add(more.saturating_mul(self.spacing()))
    }

    fn request(&mut self, purpose: Purpose, page: u64) -> PageRequest {
        PageRequest { purpose, page, asked: self.tick(), restarts: self.restarts }
    }

    /// The first page of the next stretch above the others; near the end, a page that shows where the end is.
    fn ahead(&mut self) -> Option<PageRequest> {
        let pages = Pages { spacing: self.spacing(), full: self.pages.full() };
        let limit = self.limit(self.concurrency.saturating_add(1));
        let beginning = self.stretches.iter().filter(|stretch| stretch.is_beginning()).count();
        // Beyond the end they are in vain, so few are asked for at once.
        let most = (self.concurrency / 2).max(1) as usize;
        match self.end.step(limit, beginning, most, &pages) {
            Step::Begin(page) => Some(self.begin(page)),
            Step::Prove(page) => Some(self.request(Purpose::End, page)),
            Step::Wait => None,
        }
    }

    fn far_ahead(&mut self) -> Option<PageRequest> {
        if !self.looks_far_ahead {
            return None;
        }
        let page = self.end.far_ahead(self.limit(self.concurrency), self.spacing())?;
        Some(self.request(Purpose::Length, page))
    }

    /// The next page of a stretch: the lowest one, or the longest one once the end is found.
    fn onward(&mut self) -> Option<PageRequest> {
        let is_open = |&at: &usize| {
            let stretch = &self.stretches[at];
            !stretch.in_flight && !stretch.is_done(self.floor(at)) && stretch.wanted().is_some()
        };
        let open = (0..self.stretches.len()).filter(is_open);
        let at = if self.end.end().is_some() {
            open.max_by_key(|&at| (self.pages_left(at), Reverse(at)))?
        } else {
            open.min()?
        };
        let now = self.tick();
        let stretch = &mut self.stretches[at];
        stretch.in_flight = true;
        stretch.last_asked = now;
        let (name, page) = (stretch.asked, stretch.wanted()?);
        Some(PageRequest { purpose: Purpose::Stretch(name), page, asked: now, restarts: self.restarts })
    }

    /// Cuts the longest stretch in two, so that calls with nothing else to do read the lower half.
    fn split(&mut self) -> Option<PageRequest> {
        const WORTH_IT: u64 = 6;
        self.end.end().filter(|_| !self.has_shrunk)?;
        let is_known = |at: usize| self.stretches[at].bound.is_some();
        let known = |at: &usize| is_known(*at) && at.checked_sub(1).is_none_or(is_known);
        let at = (0..self.stretches.len()).filter(known).max_by_key(|&at| self.pages_left(at))?;
        let left = self.pages_left(at);
        (left >= WORTH_IT).then(|| self.begin(self.top_below(at) + left / 2))
    }

    /// The last page once more, when everything else has been read. What has come into view meanwhile moved others past
    /// the readers, and has made the list longer.
    fn look_again(&mut self) -> Option<PageRequest> {
        let lowest = self.stretches.front()?;
        if !lowest.is_last() || !lowest.is_done(self.returned.id) {
            return None;
        }
        let closing = self.closing.as_mut()?;
        let purpose = match closing.state {
            Look::Due => Purpose::Closing { is_again: false },
            Look::DueAgain => Purpose::Closing { is_again: true },
            Look::InFlight | Look::Done => return None,
        };
        closing.state = Look::InFlight;
        let page = closing.page;
        Some(self.request(purpose, page))
    }

    /// Begins a stretch with this page.
    fn begin(&mut self, page: u64) -> PageRequest {
        self.end.add_begun(page);
        let asked = self.tick();
        let above = |stretch: &Stretch<T>| stretch.top >= page || stretch.is_last();
        let at = self.stretches.iter().position(above).unwrap_or(self.stretches.len());
        self.stretches.insert(at, Stretch::from_page(asked, page));
        PageRequest { purpose: Purpose::Stretch(asked), page, asked, restarts: self.restarts }
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Whether the first page of a stretch is being asked for.
    fn is_beginning(&self) -> bool {
        self.stretches.iter().any(Stretch::is_beginning)
    }

    /// The stretches below are responsible for the IDs up to this one.
    fn floor(&self, at: usize) -> u64 {
        self.stretches.range(..at).filter_map(|below| below.bound).fold(self.returned.id, u64::max)
    }

    /// The page with which the stretch below begins.
    fn top_below(&self, at: usize) -> u64 {
        at.checked_sub(1).map_or(self.returned.top(), |below| self.stretches[below].top)
    }

    fn pages_left(&self, at: usize) -> u64 {
        self.stretches[at].pages_left(self.floor(at), self.top_below(at))
    }
}

#[cfg(test)]
mod tests;
