//! What a page that has come says of the list.

use crm_model::Page;

use super::super::end_proof::{Content, Proven};
use super::super::end_search::EndSearch;
use super::super::page_identity::{PageIdentity, PagesSeen, Unsorted, holds_a_record_twice};
use super::super::resume_point::{ResumePoint, Returned, Top};
use super::super::stretch::{Doubt, Stretch};
use super::{PageRequest, PageSize, Plan, Purpose};

/// How often a list is started again because the server returns fewer records than on page 0.
const RESTARTS: u32 = 3;

impl<T> Plan<T> {
    /// Takes in a page that was requested.
    pub(in super::super) fn add(&mut self, request: PageRequest, page: Page<T>) -> Result<(), Unsorted> {
        if request.restarts != self.restarts {
            return Ok(()); // it was counted in larger pages
        }
        self.has_started = true;
        if self.page_size == PageSize::Unlearnt && request.page == 0 && !page.is_empty() {
            self.page_size = PageSize::Learnt(page.len() as u64);
        }
        let identity = self.pages.add(&page, self.id)?;
        self.has_seen_empty |= page.is_empty();
        if holds_a_record_twice(&page, self.id) {
            self.contradict(format!("page {} holds a record twice", request.page));
        }
        match request.purpose {
            Purpose::Length => {
                let greatest = page.items.iter().map(self.id).max().unwrap_or(0);
                self.end.add_far_page(request.page, (!page.is_empty()).then_some(greatest));
            }
            Purpose::End => self.add_to_proof(request, &page, identity),
            // The stretch may be gone. Another one is then responsible for its ids.
            Purpose::Stretch(name) => {
                if let Some(at) = self.stretches.iter().position(|stretch| stretch.asked == name) {
                    self.add_to_stretch(at, request.page, page, identity);
                }
            }
        }
        // Everything left is below the end, so nothing above needs to be read.
        if let Some(end) = self.end.end() {
            for stretch in self.stretches.iter_mut().filter(|stretch| stretch.bound.is_some()) {
                stretch.next = stretch.next.min(end.checked_sub(1));
            }
        }
        Ok(())
    }

    fn add_to_proof(&mut self, request: PageRequest, page: &Page<T>, identity: PageIdentity) {
        let is_repeated = self.is_repeated(request.page, request.asked, identity);
        if is_repeated {
            self.pages.add_repeated(identity.len);
        }
        match self.end.add_proof(request.page, Content::from_page(page, is_repeated)) {
            Proven::NotYet | Proven::HoldsRecords(_) => {}
            Proven::Hole { empty, held, .. } => {
                self.contradict(format!("page {empty} is empty, and page {held} is not"));
                if self.page_size == PageSize::Unlearnt {
                    self.page_size = PageSize::Learnt(self.pages.asked() as u64);
                }
            }
            Proven::End(end) => {
                if self.has_seen_empty && self.has_seen_page_below {
                    self.contradict("a page came in place of the one below it".to_owned());
                }
                // The last page is read once more: a record may have moved to it since, or it may have been cut.
                if end > 0 {
                    let now = self.tick();
                    self.stretches.push_back(Stretch::from_end(now, end));
                }
            }
        }
    }

    fn add_to_stretch(&mut self, at: usize, number: u64, page: Page<T>, identity: PageIdentity) {
        let floor = self.floor(at);
        let full = self.pages.full();
        self.stretches[at].in_flight = false;
        if self.stretches[at].is_beginning() {
            let is_repeated = self.is_repeated(number, self.stretches[at].asked, identity);
            if is_repeated || page.is_empty() {
                self.stretches.remove(at);
                self.end.add_empty(number);
                self.has_shrunk |= self.end.end().is_some();
                if is_repeated {
                    self.pages.add_repeated(identity.len);
                }
            } else {
                self.stretches[at].add(number, page, identity, self.id, floor);
                self.stretches[at].answered = self.tick();
                self.end.add_held(number, identity.len, full);
            }
            return;
        }
        let stretch = &self.stretches[at];
        match stretch.doubt {
            None => {
                let above = stretch.last_page;
                let has_grown = self.has_grown(at, number, identity);
                let is_doubtful = |above: &PageIdentity| has_grown || self.is_doubtful(identity, *above);
                let doubt = above.filter(is_doubtful).map(|above| Doubt::Again(number, above));
                if doubt.is_none() {
                    self.add_inner(identity, above);
                }
                self.compare_with_stretches_below(at, number, identity, &page);
                self.stretches[at].add(number, page, identity, self.id, floor);
                self.stretches[at].doubt = doubt;
            }
            Some(Doubt::Again(number, above)) => {
                let is_doubtful = self.is_doubtful(identity, above);
                if !is_doubtful {
                    self.add_inner(identity, Some(above));
                }
                let is_open = is_doubtful && self.contradiction.is_none();
                self.look_for_moves(at, number, identity, &page);
                let stretch = &mut self.stretches[at];
                stretch.add(number, page, identity, self.id, floor);
                stretch.doubt = is_open.then_some(Doubt::Above(number, identity));
            }
            Some(Doubt::Above(number, below)) => {
                let is_known = stretch.has_seen(&page, self.id);
                self.look_for_moves(at, number + 1, identity, &page);
                let stretch = &mut self.stretches[at];
                stretch.doubt = None;
                if page.is_empty() {
                    stretch.last_page = None; // the list has become shorter
                }
                stretch.add_records(page, self.id, floor);
                self.settle(number, below, identity, is_known);
            }
        }
    }

    /// Whether a page contradicts the page above it, as far as can be told from the two: it is shorter than a full page
    /// although there are records above it, or it is the page above once more.
    fn is_doubtful(&self, page: PageIdentity, above: PageIdentity) -> bool {
        if page == above {
            return !self.has_seen_page_below || self.has_seen_empty;
        }
        page.len < self.pages.full()
    }

    /// Settles the doubt about a page, by the page above it: `is_known` is whether that shows a record that was seen
    /// before. Because records only move down, that record was above the page all the time.
    fn settle(&mut self, number: u64, page: PageIdentity, above: PageIdentity, is_known: bool) {
        if above == page && !page.is_empty() {
            self.has_seen_page_below = true;
            if self.has_seen_empty {
                self.contradict(format!("page {} came in place of page {number}", number + 1));
            }
        } else if is_known && !above.is_empty() && page.len < self.pages.full() {
            match self.page_size {
                PageSize::Learnt(size) if self.can_restart(size, page.len) => {
                    self.restart(size, page.len as u64)
                }
                _ => {
                    let (len, full) = (page.len, self.pages.full());
                    self.contradict(format!(
                        "page {number} holds {len} of {full} records, and others follow"
                    ));
                }
            }
        }
    }

    /// Whether the page with which the stretch below begins has more records now. It may have been the last one.
    fn has_grown(&self, at: usize, number: u64, now: PageIdentity) -> bool {
        let below = at.checked_sub(1).map(|below| &self.stretches[below]);
        let then = below.map_or(self.returned.first_page, |below| below.first_page);
        number == self.top_below(at) && then.is_some_and(|then| then.len < now.len)
    }

    /// Takes in a page with records above it: every such page must have the same length.
    fn add_inner(&mut self, page: PageIdentity, above: Option<PageIdentity>) {
        if above.is_some_and(|above| above != page)
            && let Some(other) = self.pages.add_inner(page.len)
        {
            self.contradict(format!("pages of {other} and of {} records have others above them", page.len));
        }
    }

    fn contradict(&mut self, what: String) {
        self.moves.contradictions += 1;
        self.contradiction.get_or_insert(what);
    }

    /// Whether the list can be read with pages of this length. A server may return fewer records from some moment on.
    fn can_restart(&self, size: u64, len: usize) -> bool {
        let len = len as u64;
        self.restarts < RESTARTS && len < size && len >= size / 8 && len > 0
    }

    /// Starts again above the records that were returned, with smaller pages.
    fn restart(&mut self, size: u64, smaller: u64) {
        // The page that held the last record of the former one.
        let last = |page: u64| page.saturating_add(1).saturating_mul(size).saturating_sub(1);
        let page = self.returned.page.map(|page| last(page) / smaller);
        self.returned = Returned::new(ResumePoint { id: self.returned.id, page, end: None });
        (self.start, self.has_started) = (page.unwrap_or(0), false);
        self.page_size = PageSize::Learnt(smaller);
        self.pages = PagesSeen::new(self.pages.asked());
        self.end = EndSearch::default();
        self.stretches.clear();
        self.restarts += 1;
    }

    /// Compares a page that is read again. Deletions were counted when it was read first.
    fn look_for_moves(&mut self, at: usize, number: u64, now: PageIdentity, page: &Page<T>) {
        let repaired = self.moves.repaired;
        self.compare_with_stretches_below(at, number, now, page);
        self.moves.repaired = repaired;
    }

    /// Compares a page of a stretch with the pages that were read before it was requested. Two readings at the same
    /// time cannot be compared.
    fn compare_with_stretches_below(&mut self, at: usize, number: u64, now: PageIdentity, page: &Page<T>) {
        let floor = self.floor(at);
        let asked = self.stretches[at].last_asked;
        let below = self.stretches.range(..at);
        let tops = below
            .clone()
            .filter_map(|below| Some(Top { page: below.top, bound: below.bound?, answered: below.answered }));
        // Each record between two pages has an id of its own.
        let step = self.page_step();
        let lowest = |top: &Top| top.bound.saturating_add((number - top.page - 1).saturating_mul(step));
        let tops = self.returned.tops.iter().copied().chain(tops);
        let lowest =
            tops.filter(|top| number > top.page && top.answered <= asked).map(|top| lowest(&top)).max();
        let mut has_moved_up = self.stretches[at].has_new_between(page, self.id, floor)
            || page.items.iter().any(|item| lowest.is_some_and(|lowest| (self.id)(item) <= lowest));
        let neighbour = match below.last() {
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
                self.moves.repaired += u64::from(then.len >= self.pages.full() && now.last > then.last);
                has_moved_up |= now.len >= then.len && now.last < then.last;
            }
        }
        self.moves.moved_up += u64::from(has_moved_up);
    }

    /// How many records come before a page and not before the one below it.
    fn page_step(&self) -> u64 {
        self.learnt_page_size().unwrap_or(self.pages.longest() as u64)
    }

    /// Whether a page came again in place of one further on: the server ignores the offset, or returns the last page
    /// for every page beyond it. If its records had moved down, the higher page would have shown them first.
    fn is_repeated(&self, top: u64, asked: u64, page: PageIdentity) -> bool {
        let Returned { page: number, first_page, first_page_came, .. } = &self.returned;
        let returned =
            *first_page == Some(page) && *first_page_came < asked && number.is_some_and(|it| it < top);
        let before =
            |other: &Stretch<T>| other.first_page == Some(page) && other.top < top && other.answered < asked;
        !page.is_empty() && (returned || self.stretches.iter().any(before))
    }
}
