//! The search for the end of the list: the first page that is empty, and the proof that it is the end.

use super::end_proof::{Content, EndProof, FailedProofs, Proven};

/// What is known of where the list ends.
#[derive(Debug, Default)]
pub(super) struct EndSearch {
    /// The highest page with which a stretch was begun.
    highest_begun: Option<u64>,
    /// The highest page known to hold records, and how many.
    highest_held: Option<(u64, usize)>,
    /// The lowest page that was empty.
    lowest_empty: Option<u64>,
    /// The pages that were empty.
    empties: Vec<u64>,
    /// The first page after the end in an earlier run.
    hint: Option<u64>,
    /// A short page had records above it, so a short page is not a sign of the end.
    short_is_no_sign: bool,
    /// A page that was empty only once, and is read again.
    again: Option<u64>,
    /// Empty pages up to this one are holes in the list, and not its end.
    hole_until: Option<u64>,
    proof: Option<EndProof>,
    failed_proofs: FailedProofs,
    /// The first page after the end, once it is proven.
    end: Option<u64>,
    /// Whether a page far ahead is being asked for.
    scout_in_flight: bool,
    /// The highest page found so to hold records, and the greatest ID on it.
    scouted: Option<(u64, u64)>,
}

/// What the search wants to be done next.
pub(super) enum Step {
    /// Begin a stretch with this page.
    Begin(u64),
    /// Read this page for the proof of the end.
    Prove(u64),
    /// Nothing before a page has come.
    Wait,
}

/// How the pages of the list have been so far.
pub(super) struct Pages {
    /// How far apart stretches begin.
    pub(super) spacing: u64,
    /// The number of records on a full page.
    pub(super) full: usize,
}

impl EndSearch {
    /// Creates a search. `hint` is the first page after the end in an earlier run.
    pub(super) fn with_hint(hint: Option<u64>) -> Self {
        Self { hint, ..Self::default() }
    }

    /// What to do next. No stretch is begun above page `limit` before the end is near.
    ///
    /// `beginning` is how many first pages of stretches are being asked for, and `most` how many may be.
    pub(super) fn step(&mut self, limit: u64, beginning: usize, most: usize, pages: &Pages) -> Step {
        if self.end.is_some() {
            return Step::Wait;
        }
        if let Some(proof) = &mut self.proof {
            return proof.next().map_or(Step::Wait, Step::Prove);
        }
        if let Some(page) = self.again.take() {
            return Step::Begin(page);
        }
        let next = self.next_top(pages);
        let Some(empty) = self.lowest_empty.filter(|&empty| next >= empty) else {
            return if next <= limit && beginning < most { Step::Begin(next) } else { Step::Wait };
        };
        if beginning > 0 {
            return Step::Wait;
        }
        let (unread, len) = self.highest_held.map_or((0, 0), |(page, len)| (page.saturating_add(1), len));
        if empty > unread {
            let is_short = len < pages.full && !self.short_is_no_sign;
            // A short page is most likely the last one.
            return Step::Begin(if is_short { unread } else { unread.midpoint(empty) });
        }
        let mut proof = EndProof::new(empty, &self.empties);
        let first = proof.next();
        self.proof = Some(proof);
        first.map_or(Step::Wait, Step::Prove)
    }

    /// The page with which the next stretch above the others begins.
    fn next_top(&self, pages: &Pages) -> u64 {
        let Some(begun) = self.highest_begun else { return 0 };
        let above = begun.saturating_add(1);
        let is_short =
            |(page, len): (u64, usize)| page == begun && len < pages.full && !self.short_is_no_sign;
        if self.highest_held.is_some_and(is_short) || self.hint == Some(above) {
            return above;
        }
        let next = begun.saturating_add(pages.spacing);
        match self.hint.and_then(|end| end.checked_sub(1)) {
            Some(last) if (above..=next).contains(&last) => last,
            _ => next,
        }
    }

    /// A page far beyond the others, to tell how long the list is: twice as far each time, then nearer until the end
    /// is known well enough. No page up to `limit`, because those are asked for anyway.
    pub(super) fn far_ahead(&mut self, limit: u64, spacing: u64) -> Option<u64> {
        let begun = self.highest_begun.filter(|_| !self.scout_in_flight && self.end.is_none())?;
        let scouted = self.scouted.map_or(0, |(page, _)| page);
        // An empty page in a hole says nothing, so none is asked for.
        let held = begun.max(scouted).max(self.hole_until.unwrap_or(0));
        let page = match self.lowest_empty {
            None => held.saturating_mul(2),
            Some(empty) if empty > held.saturating_add(held / 8).saturating_add(spacing) => {
                held.midpoint(empty)
            }
            Some(_) => return None,
        };
        if begun < limit || page <= limit {
            return None;
        }
        self.scout_in_flight = true;
        Some(page)
    }

    /// Takes in a page far ahead: the greatest ID on it, or `None` if it is empty.
    pub(super) fn add_far_page(&mut self, at: u64, greatest: Option<u64>) {
        self.scout_in_flight = false;
        match greatest {
            // Beyond the end some servers return the last page again.
            Some(id) if self.scouted.is_none_or(|(page, known)| page >= at || id > known) => {
                self.scouted = Some((at, id));
            }
            _ => self.add_empty(at, greatest.is_none()),
        }
    }

    /// Notes that a stretch is begun with this page.
    pub(super) fn add_begun(&mut self, page: u64) {
        self.highest_begun = self.highest_begun.max(Some(page));
    }

    /// Notes that this page holds records. `full` is the number of records on a full page.
    pub(super) fn add_held(&mut self, page: u64, len: usize, full: usize) {
        self.hint = self.hint.filter(|&end| end > page);
        let is_short = |(held, len): (u64, usize)| held < page && len < full;
        self.short_is_no_sign |= self.highest_held.is_some_and(is_short);
        self.highest_held = self.highest_held.filter(|&(held, _)| held >= page).or(Some((page, len)));
    }

    /// Notes that this page is empty, or that a page came in place of it that came before.
    pub(super) fn add_empty(&mut self, page: u64, is_empty: bool) {
        if self.hole_until.is_none_or(|hole| page > hole) {
            if is_empty {
                self.empties.push(page);
            }
            self.lowest_empty = Some(self.lowest_empty.map_or(page, |empty| empty.min(page)));
        }
    }

    /// Takes in a page that was asked for to prove the end.
    pub(super) fn add_proof(&mut self, page: u64, content: Content) -> Proven {
        let Some(proof) = &mut self.proof else { return Proven::NotYet };
        let proven = self.failed_proofs.add(proof.add(page, content));
        if proven == Proven::NotYet {
            return proven;
        }
        self.proof = None;
        match proven {
            Proven::End(end) | Proven::DoubtfulEnd(end) => self.end = Some(end),
            Proven::Unproven { page, .. } => {
                (self.again, self.lowest_empty) = (Some(page), None);
                self.empties.clear();
            }
            Proven::Hole { held, .. } => {
                (self.hole_until, self.lowest_empty) = (Some(held), None);
                self.highest_held = Some((held, usize::MAX));
                self.empties.clear();
            }
            Proven::NotYet => {}
        }
        proven
    }

    /// The first page after the end, once it is proven. Every page then belongs to a stretch.
    pub(super) fn end(&self) -> Option<u64> {
        self.end
    }

    /// Whether no stretch was begun.
    pub(super) fn nothing_begun(&self) -> bool {
        self.highest_begun.is_none()
    }

    /// Whether page 0 is the only one with which a stretch was begun.
    pub(super) fn only_first_page(&self) -> bool {
        self.highest_begun == Some(0)
    }

    /// About how many pages there are, if it is known.
    pub(super) fn pages(&self) -> Option<u64> {
        let held = self.highest_held.map_or(0, |(page, _)| page + 1);
        if self.end.is_some() {
            return Some(held);
        }
        let held = self.scouted.map_or(held, |(page, _)| held.max(page + 1));
        Some(held.midpoint(self.lowest_empty?.max(held)))
    }
}
