//! A request without a usable answer, and what is known about it.

use std::collections::HashMap;
use std::time::Duration;

use crm_model::history::{EntryId, Rejection};
use tokio::time::Instant;

use super::item::{Answer, Floor, Key, View, Waiting};
use super::matching::Found;
use super::mutations::breaks;
use super::reasons::UnknownReason;

/// A request whose activities may be stored or not.
pub(super) struct Doubt {
    pub(super) request: u64,
    pub(super) floor: Floor,
    /// The activities without an outcome, in the order of sending.
    pub(super) items: Vec<DoubtItem>,
    /// How many activities were sent.
    pub(super) size: usize,
    /// What the server said in place of an outcome.
    pub(super) answer: Option<Answer>,
    /// The server refuses its only activity, if that is missing.
    pub(super) is_refusal: bool,
    /// When it was sent. `None` if an earlier process sent it.
    pub(super) began: Option<Instant>,
    /// The last request that was sent before this one ended; 0 if an earlier process sent it.
    pub(super) last_concurrent: u64,
    /// When the server must be done with the request.
    pub(super) due: Instant,
    /// It was looked up since the request ended.
    pub(super) looked: bool,
    /// When it is looked up again while it lacks a witness.
    pub(super) look_again: Instant,
    /// A reading could not decide it, because a request with an equal activity was in flight.
    pub(super) is_postponed: bool,
    /// It was looked up since it was due.
    pub(super) looked_late: bool,
    /// It was sent as a witness.
    pub(super) is_witness: bool,
    pub(super) witness: Option<Witness>,
    /// The first of the two readings after the witness.
    pub(super) first_reading: Option<HashMap<Key, Found>>,
    /// Readings after the witness that decided nothing.
    pub(super) undecided: u32,
    /// Why the last reading decided nothing.
    pub(super) trouble: Option<UnknownReason>,
}

/// An activity in doubt.
pub(super) struct DoubtItem {
    pub(super) waiting: Waiting,
    /// How often it was sent without an outcome. More than once only after the patience of the job was over.
    pub(super) copies: usize,
    /// How many readings, the last ones, show nothing like it.
    pub(super) missing_readings: u32,
    /// It was sent once more alone, and got the same answer as its request.
    pub(super) is_answered_alike: bool,
    /// The server stored it without an ID, or refused it, when it was sent once more.
    pub(super) again: Option<Again>,
    /// The ID of the copy that the server confirmed.
    pub(super) confirmed: Option<EntryId>,
}

/// The answer to an activity that was sent once more, other than its ID.
#[derive(Clone)]
pub(super) enum Again {
    StoredWithoutId,
    Refused(Rejection),
}

/// A sign that the server carries out writes.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    /// The record that a reading must show. `None` if an earlier witness is enough.
    pub(super) record: Option<(View, EntryId)>,
    /// When its request began.
    pub(super) began: Instant,
    pub(super) stored: Instant,
    /// The time until the first reading, and between the two.
    pub(super) pause: Duration,
}

impl DoubtItem {
    pub(super) fn new(waiting: Waiting) -> Self {
        Self {
            waiting,
            copies: 1,
            missing_readings: 0,
            is_answered_alike: false,
            again: None,
            confirmed: None,
        }
    }
}

impl Doubt {
    pub(super) fn new(request: u64, floor: Floor, waiting: Vec<Waiting>, due: Instant) -> Self {
        let size = waiting.len();
        let items = waiting.into_iter().map(DoubtItem::new);
        Self {
            request,
            floor,
            items: items.collect(),
            size,
            answer: None,
            is_refusal: false,
            began: None,
            last_concurrent: 0,
            due,
            looked: false,
            look_again: due,
            is_postponed: false,
            looked_late: false,
            is_witness: false,
            witness: None,
            first_reading: None,
            undecided: 0,
            trouble: None,
        }
    }

    /// Returns whether only a witness is missing.
    pub(super) fn needs_witness(&self) -> bool {
        self.looked_late && self.witness.is_none() && !breaks("a-witness-comes-first")
    }

    /// Returns when it is to be looked up next.
    pub(super) fn next_look(&self, now: Instant) -> Instant {
        if !self.looked {
            return now;
        }
        if self.is_postponed {
            return self.look_again;
        }
        if !self.looked_late {
            return self.due;
        }
        let Some(witness) = &self.witness else { return self.look_again };
        let number = if self.first_reading.is_none() { 1 } else { 2 };
        let pause = if breaks("readings-pause") { Duration::ZERO } else { witness.pause };
        witness.stored + pause * (number + self.undecided)
    }

    /// Returns whether a reading that began then is one of the two after the witness.
    pub(super) fn counts(&self, begun: Instant) -> bool {
        self.looked_late
            && (self.witness.is_some() || breaks("a-witness-comes-first"))
            && begun >= self.next_look(begun)
    }

    /// Notes that the server carried out a write at this time, and that no record needs to show it.
    pub(super) fn was_witnessed(&mut self, at: Instant, pause: Duration) {
        self.witness = Some(Witness { record: None, began: at, stored: at, pause });
    }

    /// Returns until when waiting for it says nothing about the server.
    pub(super) fn waits_for(&self) -> Instant {
        match &self.witness {
            Some(witness) => witness.stored + witness.pause * (2 + self.undecided),
            None => self.due,
        }
    }

    /// Returns why it ends without an outcome, if the reason is its own and not that of the whole job.
    pub(super) fn reason_at_the_end(&self) -> Option<UnknownReason> {
        let is_refused = self.items.iter().all(|item| item.missing_readings >= 2 && item.is_answered_alike);
        let answer = self.answer.as_ref().filter(|_| is_refused);
        let answer = answer.map(|answer| UnknownReason::RefusedWithoutWitness(answer.text.clone()));
        self.trouble.clone().or(answer)
    }

    /// Nothing of it is missing before this time, and before another witness if the last one was sent earlier.
    pub(super) fn wait_until(&mut self, due: Instant) {
        if due <= self.due {
            return;
        }
        self.due = due;
        self.looked_late = false;
        if self.witness.as_ref().is_some_and(|witness| witness.began < due) {
            (self.witness, self.first_reading) = (None, None);
        }
    }

    /// Starts over, because it was sent once more without an answer.
    pub(super) fn start_over(&mut self, due: Instant) {
        self.due = due;
        (self.looked, self.looked_late) = (false, false);
        (self.witness, self.first_reading, self.undecided) = (None, None, 0);
    }
}
