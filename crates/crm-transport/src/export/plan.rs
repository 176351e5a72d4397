//! Which page to ask for next, and what the answers come to. No I/O: whoever holds a [`Plan`] asks for the pages.
//!
//! How it reads, and why nothing is missed, is told in the documentation of the [module above](super).

use std::collections::{HashSet, VecDeque};

use crm_model::{Page, Unreadable};

use super::stretch::{Face, Stretch};

/// Pages of a stretch. Its lowest page is read twice, so one request in fourteen is for that; and so many pages
/// wait in memory for each call in flight.
const STRETCH: u64 = 13;

/// A page that is to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    /// The stretch it is for; `None` where it only tells how long the list is.
    stretch: Option<u64>,
    pub(super) page: u64,
}

/// The records of a finished stretch.
pub(super) struct Taken<T> {
    pub(super) records: Vec<T>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// Up to where the list has been given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given {
    /// The greatest id.
    pub(super) id: u64,
    /// The page it stood on; `None` where nothing was given.
    pub(super) page: Option<u64>,
}

/// Why the answers make no list.
#[derive(Debug)]
pub(super) struct Unsorted;

pub(super) struct Plan<T> {
    id: fn(&T) -> u64,
    lanes: u64,
    /// Records a full page holds, as far as is known beforehand.
    asked: usize,
    /// Whether the size of the pages has to be learned from page 0 first.
    size_to_learn: bool,
    scouting: bool,
    given: Given,
    given_face: Option<Face>,
    /// When that came first.
    given_face_came: u64,
    given_answered: u64,
    given_unreadable: HashSet<String>,
    /// Not given yet; by page, hence by id.
    stretches: VecDeque<Stretch<T>>,
    /// Counts what happens, to tell what was before what.
    clock: u64,
    /// The highest page that a stretch was begun with.
    placed: Option<u64>,
    /// The highest page known to hold records, and how many.
    high: Option<(u64, usize)>,
    /// The lowest page known to be empty.
    empty: Option<u64>,
    /// Whether every page belongs to a stretch.
    end_found: bool,
    scout: Scout,
    longest: usize,
    /// The first page that came, to tell whether there is another one.
    first_face: Option<Face>,
    several: bool,
    unsorted: bool,
    total: Option<u64>,
    /// The length of a page that came again in place of one beyond it.
    repeated: Option<usize>,
    pub(super) repaired: u64,
    pub(super) moved_up: u64,
}

#[derive(Default)]
struct Scout {
    in_flight: bool,
    /// The highest page it found records on, and the greatest id there.
    low: Option<(u64, u64)>,
}

impl<T> Plan<T> {
    pub(super) fn new(id: fn(&T) -> u64, lanes: usize, asked: usize, given: Given) -> Self {
        Self {
            id,
            lanes: lanes as u64,
            asked,
            size_to_learn: false,
            scouting: false,
            given,
            given_face: None,
            given_face_came: 0,
            given_answered: 0,
            given_unreadable: HashSet::new(),
            stretches: VecDeque::new(),
            clock: 0,
            placed: given.page,
            high: given.page.map(|page| (page, usize::MAX)),
            empty: None,
            end_found: false,
            scout: Scout::default(),
            longest: 0,
            first_face: None,
            several: false,
            unsorted: false,
            total: None,
            repeated: None,
            repaired: 0,
            moved_up: 0,
        }
    }

    /// Asks for page 0 alone first: where the next one begins depends on how long it is.
    pub(super) fn learning_the_size(mut self) -> Self {
        self.size_to_learn = true;
        self
    }

    /// Looks far ahead as well, to tell how long the list is.
    pub(super) fn scouting(mut self) -> Self {
        self.scouting = true;
        self
    }

    /// So many records were on the longest page of other lists of this server.
    pub(super) fn having_seen(mut self, longest: usize) -> Self {
        self.longest = longest;
        self
    }

    /// The next page to ask for; `None` where nothing can be done before an answer comes or records are taken.
    pub(super) fn next(&mut self) -> Option<Ticket> {
        if self.size_to_learn {
            return self.placed.is_none().then(|| self.begin(0));
        }
        // The end first: the sooner it is known, the better the rest can be shared out.
        if !self.is_beginning()
            && let Some(ticket) = self.ahead()
        {
            return Some(ticket);
        }
        self.far_ahead().or_else(|| self.onward()).or_else(|| self.ahead()).or_else(|| self.split())
    }

    /// Takes in an answer.
    pub(super) fn answer(&mut self, ticket: Ticket, page: Page<T>) -> Result<(), Unsorted> {
        self.size_to_learn = false;
        self.longest = self.longest.max(page.len());
        self.total = page.total.or(self.total);
        let face = Face::of(&page, self.id);
        if !page.is_empty() {
            self.several |= *self.first_face.get_or_insert(face) != face;
            self.unsorted |= !page.items.is_sorted_by_key(self.id);
            if self.unsorted && self.several {
                return Err(Unsorted);
            }
        }
        match ticket.stretch {
            None => self.scouted(ticket.page, &page),
            // A stretch may be gone by now: then another one answers for its ids.
            Some(asked) => {
                if let Some(at) = self.stretches.iter().position(|stretch| stretch.asked == asked) {
                    self.read(at, ticket.page, page, face);
                }
            }
        }
        // All that is left is below an empty page: no need to read down to it.
        if let Some(empty) = self.empty {
            for stretch in self.stretches.iter_mut().filter(|stretch| stretch.bound.is_some()) {
                stretch.next = stretch.next.min(empty.checked_sub(1));
            }
        }
        Ok(())
    }

    fn read(&mut self, at: usize, number: u64, page: Page<T>, face: Face) {
        let floor = self.floor(at);
        if self.stretches[at].bound.is_some() {
            self.compare_at_the_seam(at, number, face, &page);
            self.stretches[at].take(number, page, self.id, floor);
            return;
        }
        let is_repeated = self.is_repeated(number, self.stretches[at].asked, face);
        if is_repeated || (page.is_empty() && self.stretches[at].unreadable.is_empty()) {
            self.stretches.remove(at);
            self.found_empty(number);
            self.repeated = is_repeated.then_some(face.len).or(self.repeated);
        } else {
            self.stretches[at].take(number, page, self.id, floor);
            self.stretches[at].answered = self.clock();
            self.high = self.high.filter(|&(high, _)| high >= number).or(Some((number, face.len)));
        }
    }

    fn found_empty(&mut self, page: u64) {
        self.empty = Some(self.empty.map_or(page, |empty| empty.min(page)));
    }

    /// The records of the lowest stretch, once it is finished.
    pub(super) fn take(&mut self) -> Option<Taken<T>> {
        let floor = self.given.id;
        self.stretches.front().filter(|stretch| stretch.is_done(floor))?;
        let stretch = self.stretches.pop_front()?;
        let (top, bound) = (stretch.top, stretch.bound.unwrap_or(0));
        if self.given_face != stretch.face {
            (self.given_face, self.given_face_came) = (stretch.face, stretch.answered);
        }
        self.given_answered = self.given_answered.max(stretch.answered);
        let (records, mut unreadable) = stretch.into_records(self.id, floor);
        let last = records.last().map_or(0, self.id);
        self.given.id = floor.max(if bound == u64::MAX { last } else { bound });
        self.given.page = Some(top);
        let known = self.given_unreadable.clone();
        self.given_unreadable = unreadable.iter().map(|record| record.raw.clone()).collect();
        unreadable.retain(|record| !known.contains(&record.raw));
        Some(Taken { records, unreadable })
    }

    /// Whether every record was taken.
    pub(super) fn is_over(&self) -> bool {
        self.end_found && self.stretches.is_empty()
    }

    /// Up to where records were taken.
    pub(super) fn given(&self) -> Given {
        self.given
    }

    /// Whether a full page came in place of one beyond it, so that there may be records that cannot be reached.
    pub(super) fn is_stuck(&self) -> bool {
        let Some(len) = self.repeated else { return false };
        let is_all = !self.several && self.total == Some(len as u64);
        len >= self.full() && !is_all
    }

    /// How many pages there are, about, once that can be told.
    pub(super) fn pages(&self) -> Option<u64> {
        let held = self.high.map_or(0, |(high, _)| high + 1);
        if self.end_found {
            return Some(held);
        }
        let low = self.scout.low.map_or(held, |(low, _)| held.max(low + 1));
        Some(low.midpoint(self.empty?.max(low)))
    }

    /// How many of them have been read.
    pub(super) fn pages_read(&self) -> u64 {
        let of = |stretch: &Stretch<T>| {
            stretch.top - stretch.next.map_or(stretch.top, |next| next.min(stretch.top))
        };
        self.given.page.map_or(0, |page| page + 1) + self.stretches.iter().map(of).sum::<u64>()
    }

    /// Records of the longest page.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The next stretch above the others; where the end is near, a page that tells where it is.
    fn ahead(&mut self) -> Option<Ticket> {
        if self.end_found {
            return None;
        }
        let next = self.placed.map_or(0, |page| page + STRETCH);
        let Some(empty) = self.empty.filter(|&empty| next >= empty) else {
            let limit = self.given.page.unwrap_or(0) + (self.lanes + 1) * STRETCH;
            return (next <= limit).then(|| self.begin(next));
        };
        if self.is_beginning() {
            return None;
        }
        let (unread, len) = self.high.map_or((0, 0), |(page, len)| (page + 1, len));
        let is_short = len < self.full();
        if is_short && empty > unread {
            return Some(self.begin(unread)); // most likely the end
        }
        if empty > unread + 2 {
            return Some(self.begin(unread.midpoint(empty)));
        }
        self.end_found = true;
        // No need for it where the last page had room for more: there was nothing beyond it. A page that is shorter than
        // was asked for may still be a full one; only a longer one
        // shows that it is not.
        if empty > 0 && len >= self.longest {
            let now = self.clock();
            self.stretches.push_back(Stretch::from_end(now, empty));
        }
        None
    }

    /// A page far beyond the others: twice as far each time, then nearer until the end is known well enough.
    fn far_ahead(&mut self) -> Option<Ticket> {
        let placed = self.placed.filter(|_| self.scouting && !self.scout.in_flight && !self.end_found)?;
        let low = self.scout.low.map_or(placed, |(low, _)| low.max(placed));
        let page = match self.empty {
            None => low.saturating_mul(2),
            Some(empty) if empty > low + low / 8 + STRETCH => low.midpoint(empty),
            Some(_) => return None,
        };
        // Only where the end is further than all that is asked for anyway.
        let limit = self.given.page.unwrap_or(0) + self.lanes * STRETCH;
        if placed < limit || page <= limit {
            return None;
        }
        self.scout.in_flight = true;
        Some(Ticket { stretch: None, page })
    }

    fn scouted(&mut self, at: u64, page: &Page<T>) {
        self.scout.in_flight = false;
        let greatest = page.items.iter().map(self.id).max().unwrap_or(0);
        // Beyond the end some servers give the last page again.
        if page.is_empty() || self.scout.low.is_some_and(|(low, id)| low < at && greatest <= id) {
            self.found_empty(at);
        } else {
            self.scout.low = Some((at, greatest));
        }
    }

    /// The next page of a stretch: of the lowest one while the list goes on, of the longest one at its end.
    fn onward(&mut self) -> Option<Ticket> {
        let open = (0..self.stretches.len())
            .filter(|&at| !self.stretches[at].in_flight && !self.stretches[at].is_done(self.floor(at)));
        let at = if self.end_found {
            open.max_by_key(|&at| (self.rest(at), std::cmp::Reverse(at)))?
        } else {
            open.min()?
        };
        let now = self.clock();
        let stretch = &mut self.stretches[at];
        stretch.in_flight = true;
        stretch.last_asked = now;
        Some(Ticket { stretch: Some(stretch.asked), page: stretch.next? })
    }

    /// Cuts the longest stretch in two: calls that have nothing else to do take the lower half.
    fn split(&mut self) -> Option<Ticket> {
        const WORTH_IT: u64 = 6;
        if !self.end_found {
            return None;
        }
        let is_known = |at: usize| self.stretches[at].bound.is_some();
        let known = |at: &usize| is_known(*at) && at.checked_sub(1).is_none_or(is_known);
        let at = (0..self.stretches.len()).filter(known).max_by_key(|&at| self.rest(at))?;
        let rest = self.rest(at);
        (rest >= WORTH_IT).then(|| self.begin(self.top_below(at) + rest / 2))
    }

    /// Begins a stretch with this page.
    fn begin(&mut self, page: u64) -> Ticket {
        self.placed = self.placed.max(Some(page));
        let asked = self.clock();
        // The one that begins at the end stays the last.
        let above = |stretch: &Stretch<T>| stretch.top >= page || stretch.bound == Some(u64::MAX);
        let at = self.stretches.iter().position(above).unwrap_or(self.stretches.len());
        self.stretches.insert(at, Stretch::from_page(asked, page));
        Ticket { stretch: Some(asked), page }
    }

    fn clock(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Whether the first page of a stretch is being asked for.
    fn is_beginning(&self) -> bool {
        self.stretches.iter().any(|stretch| stretch.bound.is_none())
    }

    /// The ids up to this one are those of the stretches below.
    fn floor(&self, at: usize) -> u64 {
        self.stretches.range(..at).filter_map(|below| below.bound).fold(self.given.id, u64::max)
    }

    /// Records of a full page: those of the longest one, where there is more than one to compare.
    fn full(&self) -> usize {
        if self.several { self.longest } else { self.longest.max(self.asked) }
    }

    fn top_below(&self, at: usize) -> u64 {
        at.checked_sub(1).map_or(self.given.page.unwrap_or(0), |below| self.stretches[below].top)
    }

    /// How many pages a stretch still has to read, about.
    fn rest(&self, at: usize) -> u64 {
        if self.stretches[at].is_done(self.floor(at)) {
            return 0;
        }
        self.stretches[at].next.unwrap_or(0).saturating_sub(self.top_below(at))
    }

    /// What the page at which a stretch meets its neighbour tells: the neighbour began with it some time ago.
    fn compare_at_the_seam(&mut self, at: usize, number: u64, now: Face, page: &Page<T>) {
        let (top, bound, face, answered) = match at.checked_sub(1).map(|below| &self.stretches[below]) {
            Some(below) => (Some(below.top), below.bound, below.face, below.answered),
            None => (self.given.page, Some(self.given.id), self.given_face, self.given_answered),
        };
        let (Some(top), Some(bound)) = (top, bound) else { return };
        if answered > self.stretches[at].last_asked {
            return; // what was read at the same time tells nothing
        }
        if number > top {
            self.moved_up += u64::from(page.items.iter().any(|item| (self.id)(item) <= bound));
        } else if let Some(then) = face.filter(|_| number == top && page.unreadable.is_empty()) {
            // A page that was full can only show greater ids, and shows them after a deletion.
            self.repaired += u64::from(then.len >= self.full() && now.last > then.last);
            self.moved_up += u64::from(now.len >= then.len && now.last < then.last);
        }
    }

    /// Whether a page came again in place of one further on: the server ignores the offset, or it gives the last page
    /// for every one beyond. Had its records moved down, it would have been seen on the higher page first.
    fn is_repeated(&self, top: u64, asked: u64, face: Face) -> bool {
        let given = self.given_face == Some(face) && self.given_face_came < asked;
        let before =
            |other: &Stretch<T>| other.face == Some(face) && other.top < top && other.answered < asked;
        face.first != 0 && (given || self.stretches.iter().any(before))
    }
}

#[cfg(test)]
mod tests;
