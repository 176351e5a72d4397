//! What waits to be sent.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::item::{Key, View, Waiting};
use super::known::Known;
use super::mutations::breaks;
use super::suspects::Suspects;

/// The limits of a request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub activities: usize,
    pub bytes: usize,
}

/// The activities that wait, in the order of sending.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// How many activities of this identity are in doubt.
    held: HashMap<u64, usize>,
    last_group: u64,
    /// What came before does not wait for others.
    flushed: Option<Instant>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn push(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
    }

    /// Lets nothing that is here wait for others.
    pub(super) fn flush(&mut self, now: Instant) {
        self.flushed = Some(now);
    }

    /// Holds back the activities that are equal to this one.
    pub(super) fn hold(&mut self, waiting: &Waiting) {
        if !breaks("equal-activities-wait") {
            *self.held.entry(waiting.item.identity).or_default() += 1;
        }
    }

    pub(super) fn release(&mut self, waiting: &Waiting) {
        if let Some(count) = self.held.get_mut(&waiting.item.identity) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(&waiting.item.identity);
            }
        }
    }

    /// Puts back, in front, activities of a request of `size` that are certainly not stored. They are sent in halves.
    pub(super) fn put_back(&mut self, waiting: Vec<Waiting>, size: usize) {
        let piece = size.div_ceil(2).max(1);
        for half in waiting.chunks(piece).rev() {
            self.last_group += 1;
            for waiting in half.iter().rev() {
                let waiting = Waiting { piece, group: self.last_group, ..waiting.clone() };
                self.waiting.push_front(waiting);
            }
        }
    }

    /// Puts back, in front, activities that never reached the server.
    pub(super) fn put_back_unsent(&mut self, waiting: Vec<Waiting>) {
        waiting.into_iter().rev().for_each(|waiting| self.waiting.push_front(waiting));
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Waiting> {
        std::mem::take(&mut self.waiting).into_iter()
    }

    /// Returns the views of the activities that wait.
    pub(super) fn views(&self) -> impl Iterator<Item = &View> {
        self.waiting.iter().map(|waiting| &waiting.item.view)
    }

    /// Returns the activities whose mark must be looked for.
    pub(super) fn with_unknown_mark(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter().filter(|waiting| waiting.mark_unknown)
    }

    /// Notes that the mark of this activity was looked for.
    pub(super) fn mark_is_known(&mut self, key: Key) {
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.item.key == key) {
            waiting.mark_unknown = false;
        }
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Waiting> {
        let place = self.waiting.iter().position(|waiting| waiting.item.key == key)?;
        self.waiting.remove(place)
    }

    /// Takes the activities of the next request, or `None` if none should be sent now.
    ///
    /// The last ones stay while something is in doubt, or is sent again, or is the end of the input: they will be needed as
    /// witnesses. Once no others are left, they are sent one by one.
    pub(super) fn next_request(&mut self, rules: &Rules<'_>) -> Option<Vec<Waiting>> {
        // Without a floor, the id of a single activity gives one to all others. Without an older record in a view, the
        // record of its first activity is one for the others.
        let mut first_of_view = rules.views_in_flight.clone();
        let may_go = |waiting: &Waiting, first_of_view: &HashSet<View>| {
            let view = &waiting.item.view;
            let is_alone = if rules.known.has_certain_floor(view) {
                rules.known.has_older_record(view) || !first_of_view.contains(view)
            } else {
                !rules.in_flight
            };
            is_alone && self.may_be_sent(waiting, rules.known)
        };
        let first = self.waiting.iter().position(|waiting| may_go(waiting, &first_of_view))?;
        let Waiting { group, mut piece, .. } = self.waiting[first];
        if !rules.known.has_certain_floor(&self.waiting[first].item.view) {
            piece = 1;
        }
        let mut bytes = 0;
        let mut places = Vec::new();
        let mut is_full = false;
        for (place, waiting) in self.waiting.iter().enumerate().skip(first) {
            if waiting.group != group || !may_go(waiting, &first_of_view) {
                continue;
            }
            bytes += waiting.item.bytes;
            if places.len() >= piece.min(rules.limits.activities)
                || (bytes > rules.limits.bytes && !places.is_empty())
            {
                is_full = true;
                break;
            }
            places.push(place);
            if !rules.known.has_older_record(&waiting.item.view) {
                first_of_view.insert(waiting.item.view.clone());
            }
        }
        is_full |= places.len() >= piece.min(rules.limits.activities);
        let is_flushed = self.flushed >= Some(self.waiting[first].since);
        let may_wait = group == 0 && !rules.input_ended && !is_flushed;
        if !is_full && may_wait && rules.now < self.waiting[first].since + rules.flush_after {
            return None;
        }
        let most = self.most_to_send(rules);
        if most == 0 {
            return None;
        }
        if most == 1 && rules.is_careful() && !rules.in_flight {
            return self.next_alone(rules.known, &[], rules.suspects).map(|waiting| vec![waiting]);
        }
        places.truncate(most);
        let mut taken: Vec<Waiting> =
            places.into_iter().rev().filter_map(|place| self.waiting.remove(place)).collect();
        taken.reverse();
        Some(taken)
    }

    /// Returns how many activities the next request may take, so that others stay as witnesses for it.
    fn most_to_send(&self, rules: &Rules<'_>) -> usize {
        let reserve = match rules.is_careful() {
            true => LARGE_RESERVE,
            false if rules.in_doubt || rules.input_ended => RESERVE,
            false => return usize::MAX,
        };
        let usable = self.waiting.iter().filter(|waiting| self.may_be_sent(waiting, rules.known)).count();
        match usable.saturating_sub(reserve) {
            0 if rules.in_doubt || rules.in_flight => 0,
            0 if rules.is_careful() => 1,
            0 => usable,
            spare => spare,
        }
    }

    /// Returns whether activities wait that failed in a request together.
    pub(super) fn has_pieces(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.group > 0)
    }

    /// Takes an activity that is sent alone, perhaps as a witness: one of these views if there is one.
    ///
    /// The most suspected one goes first. It must be sent alone at some time, and the others are left as witnesses for it.
    pub(super) fn next_alone(
        &mut self,
        known: &Known,
        wanted: &[View],
        suspects: &Suspects,
    ) -> Option<Waiting> {
        let suits = |waiting: &&Waiting| self.may_be_sent(waiting, known);
        let rank = |waiting: &Waiting| {
            (!wanted.contains(&waiting.item.view), suspects.shared_by(waiting.item.key), waiting.sent)
        };
        let best = self.waiting.iter().enumerate().filter(|(_, waiting)| suits(waiting));
        let (place, _) = best.min_by_key(|(place, waiting)| (rank(waiting), *place))?;
        self.waiting.remove(place)
    }

    /// Takes an activity that waits because an equal one is in doubt.
    pub(super) fn next_equal(&mut self, known: &Known) -> Option<Waiting> {
        let place = self.waiting.iter().position(|waiting| is_looked_up(waiting, known))?;
        self.waiting.remove(place)
    }

    /// Returns when the oldest activity has waited long enough for a request that is not full.
    pub(super) fn flush_at(&self, flush_after: Duration) -> Option<Instant> {
        self.waiting.front().map(|waiting| waiting.since + flush_after)
    }

    fn may_be_sent(&self, waiting: &Waiting, known: &Known) -> bool {
        is_looked_up(waiting, known) && !self.held.contains_key(&waiting.item.identity)
    }
}

/// Returns whether everything is known about an activity that must be known before it is sent.
fn is_looked_up(waiting: &Waiting, known: &Known) -> bool {
    (known.has_read(&waiting.item.view) || known.distrusted().is_some()) && !waiting.mark_unknown
}

/// What decides about the next request.
pub(super) struct Rules<'a> {
    pub(super) limits: Limits,
    pub(super) now: Instant,
    pub(super) flush_after: Duration,
    pub(super) input_ended: bool,
    pub(super) in_doubt: bool,
    pub(super) in_flight: bool,
    /// The server refused a request as a whole, and the activity that is the reason is not found yet.
    pub(super) is_isolating: bool,
    pub(super) suspects: &'a Suspects,
    /// The views of the activities in flight.
    pub(super) views_in_flight: HashSet<View>,
    pub(super) known: &'a Known,
}

impl Rules<'_> {
    /// Returns whether the last activities are sent one by one. A server that refused a request may refuse another one.
    fn is_careful(&self) -> bool {
        self.is_isolating || (self.input_ended && self.suspects.has_seen_any())
    }
}

/// How many activities stay as witnesses. One is not enough: where one of the last two is refused, the other one may be
/// stored before that is known.
const RESERVE: usize = 2;
/// How many activities stay while a refused one is looked for, because some of them may be refused as well.
pub(super) const LARGE_RESERVE: usize = 8;
