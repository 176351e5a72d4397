//! What a page that has come says of the list.

use crm_model::Page;

use super::super::end_proof::{Content, Proven, doubtful_end};
use super::super::end_search::EndSearch;
use super::super::page_identity::{PageIdentity, PagesSeen, Unusable, holds_a_record_twice};
use super::super::resume_point::{ResumePoint, Returned};
use super::super::stretch::{Doubt, Stretch};
use super::{Closing, Look, PageRequest, PageSize, Plan, Purpose};

/// How often a list is started again because the server returns fewer records than on page 0.
const RESTARTS: u32 = 3;

impl<T> Plan<T> {
    /// Takes in a page that was asked for.
    pub(in super::super) fn add(&mut self, request: PageRequest, mut page: Page<T>) -> Result<(), Unusable> {
        if request.restarts != self.restarts {
            return Ok(()); // it was counted in larger pages
        }
        self.has_started = true;
        match self.page_size {
            PageSize::Unlearnt if request.page == 0 && !page.is_empty() => {
                self.page_size = PageSize::Learnt(page.len() as u64);
            }
            // Page 0 may have been the last one when the size was learned. What is too much is on the next page as well.
            PageSize::Learnt(size) if page.unreadable.is_empty() => page.items.truncate(size as usize),
            _ => {}
        }
        let identity = self.pages.add(&page, self.id)?;
        self.add_misplaced(request, &page, identity)?;
        self.compare_with_empty_pages(request, &page);
        self.has_seen_empty |= page.is_empty();
        if let Some(greatest) = page.items.iter().map(self.id).max().filter(|id| *id > self.greatest.0) {
            self.greatest = (greatest, self.tick());
        }
        if holds_a_record_twice(&page, self.id) {
            self.contradict(format!("page {} holds a record twice", request.page));
        }
        match request.purpose {
            Purpose::Length => {
                let greatest = page.items.iter().map(self.id).max().unwrap_or(0);
                self.end.add_far_page(request.page, (!page.is_empty()).then_some(greatest));
            }
            Purpose::End => self.add_to_proof(request, &page, identity),
            Purpose::Closing { is_again } => self.close(identity, is_again),
            // The stretch may be gone. Another one is then responsible for its ids.
            Purpose::Stretch(name) => {
                if let Some(closing) = &mut self.closing {
                    closing.state = Look::Due;
                }
                if let Some(at) = self.stretches.iter().position(|stretch| stretch.asked == name) {
                    self.add_to_stretch(at, request, page, identity);
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
        let came_before = self.came_before(request, page, identity);
        match self.end.add_proof(request.page, Content::from_page(page, came_before, self.id)) {
            Proven::NotYet | Proven::Unproven { .. } => {}
            Proven::Hole { empty, held, .. } => {
                self.contradict(format!("page {empty} is empty, and page {held} is not"));
                if self.page_size == PageSize::Unlearnt {
                    self.page_size = PageSize::Learnt(self.pages.asked() as u64);
                }
            }
            Proven::End(end) => self.add_end(end),
            Proven::DoubtfulEnd(end) => {
                self.contradict(doubtful_end(end));
                self.add_end(end);
            }
        }
    }

    fn add_end(&mut self, end: u64) {
        if self.has_seen_empty && self.has_seen_page_below {
            self.contradict("a page came in place of the one below it".to_owned());
        }
        // The last page is read once more: a record may have moved to it since, or it may have been cut.
        if end > 0 {
            let now = self.tick();
            self.stretches.push_back(Stretch::from_end(now, end));
        }
    }

    /// Takes in the last page, which came once more at the very end. One wrong page proves nothing.
    fn close(&mut self, now: PageIdentity, is_again: bool) {
        let Some(closing) = &mut self.closing else { return };
        let has_moved_up = now.first > 0 && now.first < closing.then.first;
        closing.state =
            if !is_again && (has_moved_up || now.is_empty()) { Look::DueAgain } else { Look::Done };
        self.moves.moved_up += u64::from(is_again && has_moved_up);
    }

    fn add_to_stretch(&mut self, at: usize, request: PageRequest, page: Page<T>, identity: PageIdentity) {
        let number = request.page;
        let floor = self.floor(at);
        let full = self.pages.full();
        let now = self.tick();
        self.stretches[at].in_flight = false;
        if self.stretches[at].is_beginning() {
            if page.is_empty() || self.came_before(request, &page, identity) {
                self.stretches.remove(at);
                self.end.add_empty(number, page.is_empty());
                self.has_shrunk |= self.end.end().is_some();
            } else if self.is_read_above(at, identity) {
                // Nothing is left for it, or the page came in place of another. The stretch above reads on. The end is
                // further on all the same: otherwise this page would be asked for again and again.
                self.drop_stretch(at);
                self.end.add_held(number, identity.len, full);
            } else {
                self.compare_with_stretches_below(at, number, identity, &page);
                self.stretches[at].add(now, number, page, identity, self.id, floor);
                self.end.add_held(number, identity.len, full);
                self.drop_overlapping(at);
                if self.hides_pages(at) {
                    self.drop_stretch(at);
                }
            }
            return;
        }
        let stretch = &self.stretches[at];
        match stretch.doubt {
            None => {
                let above = stretch.last_page;
                let has_grown = self.has_grown(at, number, identity);
                let is_doubtful = |above: &PageIdentity| has_grown || self.is_doubtful(identity, *above);
                // An empty page is read twice, also where the list has become shorter. So is the last page if records that
                // were seen before are not on it or below it: it may have been cut.
                let (greatest, came) = self.greatest;
                let lacks = came < stretch.last_asked && identity.last < greatest;
                let is_doubtful = above.as_ref().map_or(page.is_empty() || lacks, is_doubtful);
                let has_moved = above.filter(|above| identity.reaches(*above));
                if !is_doubtful {
                    self.add_inner(identity, above);
                }
                self.compare_with_stretches_below(at, number, identity, &page);
                let (has_gaps, top_below) = (self.pages.ids_have_gaps(), self.top_below(at));
                let stretch = &mut self.stretches[at];
                if stretch.is_last() && self.closing.is_none() && number > 0 && !page.is_empty() {
                    self.closing = Some(Closing { page: number, then: identity, state: Look::Done });
                }
                stretch.add(now, number, page, identity, self.id, floor);
                let ends_early = number > top_below.saturating_add(1) && stretch.is_done(floor);
                // Pages between are unread. They may have been deleted since, or one of the two readings is wrong.
                let is_doubtful =
                    is_doubtful || ends_early || stretch.ends_unsurely(identity, above, floor, has_gaps);
                stretch.doubt = match has_moved {
                    Some(above) => Some(Doubt::Moved(number, above)),
                    None => is_doubtful.then_some(Doubt::Again(number, above)),
                };
            }
            Some(doubt @ (Doubt::Again(number, _) | Doubt::Moved(number, _))) => {
                let above = doubt.above();
                let is_doubtful = above.is_some_and(|above| self.is_doubtful(identity, above));
                let has_moved = above.filter(|above| identity.reaches(*above));
                let is_again_moved = has_moved.is_some() && matches!(doubt, Doubt::Moved(..));
                if !is_doubtful {
                    self.add_inner(identity, above);
                }
                let is_open = (is_doubtful || is_again_moved) && self.contradiction.is_none();
                if page.is_empty() && !is_doubtful {
                    self.add_shortened(at, number, now);
                }
                self.stretches[at].step_back();
                self.look_for_moves(at, number, identity, &page);
                let (is_empty, has_gaps) = (page.is_empty(), self.pages.ids_have_gaps());
                let stretch = &mut self.stretches[at];
                stretch.add(now, number, page, identity, self.id, floor);
                stretch.doubt = None;
                // It was empty before, and now it hides the pages between.
                let is_sudden = above.is_none()
                    && !is_empty
                    && self.contradiction.is_none()
                    && stretch.ends_unsurely(identity, None, floor, has_gaps);
                stretch.doubt = match (is_open, is_sudden) {
                    (true, _) => Some(Doubt::Above(number, identity)),
                    (false, true) => Some(Doubt::Again(number, Some(identity))),
                    // It was something else that seemed wrong with it before.
                    (false, false) if !is_again_moved => has_moved.map(|above| Doubt::Moved(number, above)),
                    (false, false) => None,
                };
            }
            Some(Doubt::Above(number, below)) if page.is_empty() => {
                self.stretches[at].doubt = Some(Doubt::AboveAgain(number, below));
            }
            Some(Doubt::Above(number, below) | Doubt::AboveAgain(number, below)) => {
                let is_known = stretch.has_seen(&page, self.id);
                if page.is_empty() {
                    self.add_shortened(at, number + 1, now);
                }
                self.look_for_moves(at, number + 1, identity, &page);
                // The list has grown beyond this page meanwhile, or it had records above it all the time.
                let has_new = !page.is_empty() && !is_known && below.len < self.full() && below != identity;
                let stretch = &mut self.stretches[at];
                stretch.doubt = has_new.then_some(Doubt::Again(number, Some(identity)));
                if page.is_empty() {
                    // The list has become shorter. The page below may be the last one now.
                    stretch.last_page = Some(below).filter(|below| !below.is_empty());
                }
                stretch.add_records(page, self.id, floor);
                self.settle(number, below, identity, is_known);
            }
        }
    }

    /// Drops those stretches, from this one up, of which only the first page was read, if it shows records of the stretches
    /// below. Such a stretch would end at once, and hide the pages between. The stretch above reads on instead.
    ///
    /// The page came in place of another, or whole stretches were deleted meanwhile.
    fn drop_overlapping(&mut self, from: usize) {
        for at in (from..self.stretches.len()).rev() {
            let (floor, top_below) = (self.floor(at), self.top_below(at));
            if self.stretches[at].has_only_overlap(floor, top_below) {
                self.drop_stretch(at);
            }
        }
    }

    /// Drops a stretch that does not fit between the others. Nothing is split from now on.
    fn drop_stretch(&mut self, at: usize) {
        self.stretches.remove(at);
        self.has_shrunk = true;
    }

    /// Whether the stretch above would end at this one, although pages between the two are unread.
    fn hides_pages(&self, at: usize) -> bool {
        let (Some(stretch), Some(above)) = (self.stretches.get(at), self.stretches.get(at + 1)) else {
            return false;
        };
        let would_end = stretch.bound.is_some_and(|bound| above.has_reached(bound));
        would_end && above.next.is_some_and(|next| next > stretch.top)
    }

    /// Whether the stretch above has read pages above this one, and this one shows records that were on the lowest of them
    /// or above it.
    fn is_read_above(&self, at: usize, page: PageIdentity) -> bool {
        let above = self.stretches.get(at + 1).and_then(|above| above.last_page);
        above.is_some_and(|above| page.reaches(above))
    }

    /// Whether a page contradicts the page above it, as far as can be told from the two: it is shorter than a full page
    /// although there are records above it, or it is the page above once more.
    fn is_doubtful(&self, page: PageIdentity, above: PageIdentity) -> bool {
        if page == above {
            return !self.has_seen_page_below || self.has_seen_empty;
        }
        page.len < self.full()
    }

    /// Settles the doubt about a page, by the page above it: `is_known` is whether that shows a record that was seen
    /// before. Because records only move down, that record was above the page all the time.
    fn settle(&mut self, number: u64, page: PageIdentity, above: PageIdentity, is_known: bool) {
        // Had records below this page been deleted, the page above it would show none of its records any more.
        if page.reaches(above) {
            self.moves.moved_up += 1;
        }
        if above == page && !page.is_empty() {
            self.has_seen_page_below = true;
            if self.has_seen_empty {
                self.contradict(format!("page {} came in place of page {number}", number + 1));
            }
        } else if is_known && !above.is_empty() && page.len < self.full() {
            match self.page_size {
                PageSize::Learnt(size) if self.can_restart(size, page.len) => {
                    self.restart(size, page.len as u64)
                }
                // A server may return fewer records than requested.
                PageSize::Known if self.pages.is_full_length(page.len) => self.add_inner(page, Some(above)),
                _ => {
                    let (len, full) = (page.len, self.full());
                    self.contradict(format!(
                        "page {number} holds {len} of {full} records, and others follow"
                    ));
                }
            }
        }
    }

    /// Takes in a page with records above it: every such page must have the same length.
    fn add_inner(&mut self, page: PageIdentity, above: Option<PageIdentity>) {
        if above.is_some_and(|above| above != page)
            && let Some(other) = self.pages.add_inner(page.len)
        {
            self.contradict(format!("pages of {other} and of {} records have others above them", page.len));
        }
    }

    pub(super) fn contradict(&mut self, what: String) {
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
        self.closing = None;
        self.shortened.clear();
        self.restarts += 1;
    }
}
