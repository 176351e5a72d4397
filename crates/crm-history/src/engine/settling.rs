//! The part of the driver that settles doubts: readings, witnesses, and the end of its patience.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crm_model::history::{NewEntry, Rejection};
use crm_transport::Error;
use tokio::time::Instant;

use super::answers::stop_reason;
use super::doubt::{Again, Doubt, DoubtItem};
use super::doubts::{Decision, MissingFrom, Seen};
use super::driver::{Driver, Finished, NewestIds};
use super::item::{Ending, Floor, Key, View, Waiting};
use super::lookup::{self, LookupFault, Reading};
use super::mutations::breaks;
use super::reasons::{NotSentReason, UnknownReason};
use super::request::ItemResult;
use super::store::{Sending, Settled};

/// A decision that is being recorded.
pub(super) type Decided = (Waiting, Decision);

impl Driver {
    /// Reads the newest IDs of each view before the first activity in it is sent.
    pub(super) fn read_views(&mut self, now: Instant) {
        if now < self.health.reads_from || self.known.distrusted().is_some() || self.is_out_of_patience(now) {
            return;
        }
        let unread = self.queue.views().filter(|view| !self.known.has_read(view));
        let unread = unread.filter(|view| !self.views_in_reading.contains(view));
        let Some(view) = unread.min().cloned() else { return };
        if self.views_in_reading.len() >= self.settings.concurrency {
            return;
        }
        self.views_in_reading.insert(view.clone());
        let client = self.client.clone();
        let is_proof = !self.known.keeps_days;
        self.read(async move {
            let newest = lookup::newest_ids(&client, &view, is_proof).await;
            Finished::Newest(view, newest)
        });
        self.read_views(now);
    }

    pub(super) fn view_was_read(&mut self, view: View, result: Result<NewestIds, LookupFault>) {
        self.views_in_reading.remove(&view);
        match result {
            Ok(newest) => {
                self.health.read_worked();
                self.known.keeps_days |= newest.is_some();
                self.known.view_read(view, newest);
            }
            // A later one may be. Until then nothing is certain about what was there before.
            Err(LookupFault::NotBelievable(_)) => {
                self.view_is_not_believable(&view);
                self.known.view_read(view, None);
            }
            Err(LookupFault::Failed(error)) => self.read_failed(&error),
        }
    }

    /// Looks up the doubts when it is time.
    pub(super) fn read_doubts(&mut self, now: Instant) {
        let is_time = self.doubts.next_look(now).is_some_and(|at| now >= at.max(self.health.reads_from));
        if self.is_reading || !is_time || self.is_out_of_patience(now) {
            return;
        }
        self.is_reading = true;
        let client = self.client.clone();
        let views = self.doubts.views().into_iter().map(|view| {
            let must_show = self.known.must_show(&view);
            (view, must_show)
        });
        let views = views.collect();
        let floor = self.known.read_down_to(self.doubts.lowest_floor(&self.known).unwrap_or(0));
        // The first look only finds.
        let is_proof = self.doubts.iter().any(|doubt| doubt.looked);
        let page_size = self.known.page_size();
        let distrusted = self.known.distrusted();
        self.read(async move {
            let reading = match distrusted {
                Some(why) => Err(LookupFault::NotBelievable(why)),
                None => lookup::read(&client, views, floor, page_size, is_proof).await,
            };
            Finished::Read(now, reading)
        });
    }

    pub(super) fn was_read(&mut self, begun: Instant, result: Result<Reading, LookupFault>) {
        self.is_reading = false;
        if self.stop.is_some() {
            return;
        }
        let relook = self.settings.settle.max(SHORTEST_RELOOK).min(self.settings.patience / 3);
        let decided = match result {
            Ok(reading) => {
                self.health.read_worked();
                self.known.seen(&reading);
                // Only so many readings follow a witness.
                if self.doubts.iter().any(|doubt| doubt.witness.is_some()) {
                    self.health.has_read_since(begun);
                }
                // A witness that had to be looked for shows that the server is slow.
                let pause = self.settings.settle;
                let in_flight: HashSet<u64> = self.items_in_flight().map(|item| item.identity).collect();
                let view = Seen { reading: &reading, known: &self.known, in_flight: &in_flight };
                self.doubts.decide(begun, relook, pause, &view, self.settings.sole_writer)
            }
            Err(LookupFault::NotBelievable(why)) => {
                self.health.read_failed(why.to_owned(), Some(self.pause(Duration::ZERO)));
                self.health.read_worked();
                self.doubts.not_believable(begun, relook, why)
            }
            Err(LookupFault::Failed(error)) => return self.read_failed(&error),
        };
        self.record(decided);
    }

    pub(super) fn read_failed(&mut self, error: &Error) {
        match stop_reason(error) {
            Some(reason) => self.stop(reason),
            None => {
                // A view that cannot be read would keep its activities for longer than the import waits for anything.
                let wait = error.retry_after().map(|wait| wait.min(self.settings.patience));
                self.health.read_failed(error.to_string(), wait);
                self.health.is_rate_limited = error.is_rate_limited();
            }
        }
    }

    /// Records decisions. They take effect once they are durable.
    fn record(&mut self, decided: Vec<Decided>) {
        self.record_after(None, decided);
    }

    /// Records decisions. `sending` is recorded before them.
    pub(super) fn record_after(&mut self, sending: Option<Sending>, decided: Vec<Decided>) {
        if decided.is_empty() {
            return;
        }
        for (waiting, decision) in &decided {
            if let Decision::Stored(id, copy) = decision
                && !breaks("a-found-record-is-claimed")
            {
                for id in copy.iter().chain([id]) {
                    self.known.found(&waiting.item.view, *id);
                }
            }
            if let Decision::Undecidable(_) = decision {
                self.known.leave_undecided();
            }
            if let Decision::Missing(MissingFrom { request, answer: Some(answer), .. }) = decision {
                self.suspects.add(*request, answer, waiting.item.key);
            }
            self.health.progress();
        }
        let settled = decided.iter().map(|(waiting, decision)| (waiting.item.key, decision.settled()));
        let settled: Vec<_> = settled.collect();
        self.recording += 1;
        let store = Arc::clone(&self.store);
        self.spawn(async move {
            let sent = match &sending {
                Some(sending) => store.sending(sending).await,
                None => Ok(()),
            };
            let recorded = match sent {
                Ok(()) => store.settled(&settled).await,
                failed => failed,
            };
            Finished::Recorded(recorded, decided)
        });
    }

    pub(super) fn was_recorded(&mut self, result: Result<(), Error>, decided: Vec<Decided>) {
        self.recording -= 1;
        if let Err(error) = result {
            self.stop(NotSentReason::Storage(error.to_string()));
            self.failure.get_or_insert(error);
        }
        let mut missing: BTreeMap<u64, (MissingFrom, Vec<Waiting>)> = BTreeMap::new();
        for (waiting, decision) in decided {
            self.queue.release(&waiting);
            let key = waiting.item.key;
            let ending = match decision {
                Decision::Stored(id, copy) => Ending::Stored { id, copy },
                Decision::StoredWithoutId => Ending::StoredWithoutId,
                Decision::Refused(rejection) => Ending::Refused(rejection),
                Decision::Undecidable(reason) => Ending::Unknown(reason),
                Decision::Missing(from) if from.size == 1 && waiting.sent >= MAX_SENT => {
                    Ending::NotSent(NotSentReason::NoAnswer(self.health.last_failure.clone()))
                }
                Decision::Missing(from) => {
                    missing.entry(from.request).or_insert_with(|| (from, Vec::new())).1.push(waiting);
                    continue;
                }
            };
            self.end(key, ending);
        }
        for (from, waiting) in missing.into_values().rev() {
            self.queue.put_back(waiting, from.size);
        }
        self.mark_refusals();
    }

    /// Records the refusal of an activity that must not be sent.
    pub(crate) fn refuse_unsent(&mut self, key: Key, entry: NewEntry, rejection: Rejection) {
        let waiting = self.waiting(key, entry);
        self.queue.hold(&waiting);
        self.record(vec![(waiting, Decision::Refused(rejection))]);
    }

    /// Records the refusal of an activity that the server refused when it was alone.
    pub(super) fn refuse(&mut self, waiting: Vec<Waiting>, error: &Error) {
        let rejection = Rejection::new(error.api_code(), error.to_string());
        waiting.iter().for_each(|waiting| self.queue.hold(waiting));
        let decided = waiting.into_iter().map(|waiting| (waiting, Decision::Refused(rejection.clone())));
        self.record(decided.collect());
    }

    /// Sends a witness if the doubts need one and nothing else is on its way.
    pub(super) fn send_witness(&mut self, now: Instant) {
        let Some(wanted) = self.doubts.need_witness() else { return };
        let is_unanswered = self.doubts.iter().any(|doubt| doubt.is_witness && doubt.answer.is_none());
        if is_unanswered || !self.in_flight.is_empty() || !self.health.may_witness(now) {
            return;
        }
        if let Some(witness) = self.queue.next_alone(&self.known, &wanted, &self.suspects) {
            self.send(vec![witness], true);
        }
    }

    /// Returns when the engine has waited long enough for anything to become certain.
    pub(super) fn patience_ends(&self) -> Option<Instant> {
        if self.doubts.is_empty() && (self.queue.len() == 0 || !self.health.is_failing()) {
            return None;
        }
        let since = self.doubts.iter().map(Doubt::waits_for).max();
        Some(
            since.map_or(self.health.last_progress, |at| at.max(self.health.last_progress))
                + self.settings.patience,
        )
    }

    /// Returns whether nothing new may begin, so that what is going on ends and the patience with it.
    pub(super) fn is_out_of_patience(&self, now: Instant) -> bool {
        self.patience_ends().is_some_and(|at| now >= at)
    }

    /// At the end of its patience, sends one activity all the same if that may help, or stops. Does not wait a second time if
    /// the server refused the first one, because all have waited for as long.
    pub(super) fn watch_patience(&mut self, now: Instant) {
        if !self.in_flight.is_empty()
            || self.recording > 0
            || self.is_reading
            || !self.views_in_reading.is_empty()
            || !(self.is_out_of_patience(now) || self.may_take_another_chance())
        {
            return;
        }
        if self.health.has_a_last_chance() && self.take_last_chance() {
            self.health.takes_last_chance(now);
            return;
        }
        if !self.is_out_of_patience(now) {
            return;
        }
        let since = now - self.health.last_progress;
        let last = self.health.last_failure.clone();
        self.stop(NotSentReason::ServerDown { since, last });
    }

    fn may_take_another_chance(&self) -> bool {
        self.health.has_another_chance() && self.health.can_read() && self.doubts.need_witness().is_some()
    }

    /// Sends another witness, or an activity in doubt once more as its own witness. Returns `false` if neither helps.
    fn take_last_chance(&mut self) -> bool {
        let Some(wanted) = self.doubts.need_witness() else { return false };
        // An activity that is equal to one in doubt has not been sent yet. So sending it doubles nothing, and its ID may settle
        // the doubt.
        let witness = self.queue.next_alone(&self.known, &wanted, &self.suspects);
        if let Some(witness) = witness.or_else(|| self.queue.next_equal(&self.known)) {
            self.send(vec![witness], true);
            return true;
        }
        // One that is not there, as two readings agree, may be its own witness.
        let is_missing = |item: &DoubtItem| {
            (item.missing_readings >= 2 || breaks("only-a-missing-one-is-its-own-witness"))
                && item.again.is_none()
                && item.copies == 1
        };
        let missing = |doubt: &&Doubt| {
            doubt.needs_witness()
                && matches!(doubt.trouble, None | Some(UnknownReason::TimeUnclear(_)))
                && doubt.items.iter().any(is_missing)
        };
        // The server may refuse one activity of an answered request, rather than all.
        let likely = |doubt: &&Doubt| (doubt.answer.is_some(), Reverse(doubt.items.len()), !doubt.is_witness);
        let Some(doubt) = self.doubts.iter().filter(missing).min_by_key(likely) else {
            // Nothing that comes later changes what the lists say about the others.
            let undecidable = self.doubts.give_up_in_trouble();
            let helps = !undecidable.is_empty();
            self.record(undecidable);
            return helps;
        };
        let (request, floor) = (doubt.request, doubt.floor);
        let last = doubt.items.iter().rfind(|item| is_missing(item));
        let Some(waiting) = last.map(|item| item.waiting.clone()) else { return false };
        let number = self.next_number();
        let sending = Sending { request, keys: Vec::new(), floor };
        self.start(number, sending, vec![waiting], true, Some(request));
        true
    }

    /// Notes what became of an activity that was sent once more while its first copy was in doubt. `floor` is that of its second
    /// copy.
    pub(super) fn was_sent_again(
        &mut self,
        request: u64,
        results: Vec<(Waiting, ItemResult)>,
        began: Instant,
        ended: Instant,
        floor: Floor,
    ) {
        let pause = self.pause(ended - began);
        let number = self.next_number();
        for (waiting, result) in results {
            let doubt = self.doubts.iter_mut().find(|doubt| doubt.request == request);
            let Some(doubt) = doubt else { continue };
            let of_key = |item: &&mut DoubtItem| item.waiting.item.key == waiting.item.key;
            let Some(item) = doubt.items.iter_mut().find(of_key) else { continue };
            match result {
                ItemResult::Stored(id) => {
                    item.copies += 1;
                    // Otherwise the ids do not grow, and the first copy may be anywhere.
                    if id.0 > floor.id {
                        item.confirmed = Some(id);
                    }
                    self.known.confirm(&waiting.item, id, request, floor);
                    self.health.progress();
                    self.doubts.witnessed(&waiting.item, id, began, ended, pause);
                }
                ItemResult::InDoubt(answer) => {
                    item.copies += 1;
                    let answer = answer.filter(|answer| Some(answer) == doubt.answer.as_ref());
                    item.is_answered_alike = answer.is_some();
                    doubt.start_over(ended + self.settings.settle);
                    if let Some(answer) = answer {
                        self.health.was_answered_alike();
                        // It is sent again only after another activity was stored.
                        if doubt.size > 1 {
                            self.suspects.add(number, &answer, waiting.item.key);
                        }
                    }
                }
                ItemResult::AccountSetting(rejection) => {
                    self.stop(NotSentReason::AccountSetting(rejection.to_string()));
                }
                ItemResult::StoredWithoutId => {
                    item.again = Some(Again::StoredWithoutId);
                    doubt.was_witnessed(ended, pause);
                    self.known.confirm_without_id(waiting.item.identity, doubt.floor);
                }
                ItemResult::Refused(rejection) => {
                    item.again = Some(Again::Refused(rejection));
                    doubt.was_witnessed(ended, pause);
                }
                ItemResult::NotStored => {}
            }
        }
    }

    /// Returns the time until a reading after a witness that took so long.
    pub(super) fn pause(&self, took: Duration) -> Duration {
        if took > SLOW { self.settings.settle } else { PAUSE.min(self.settings.settle) }
    }
}

impl Decision {
    fn settled(&self) -> Settled {
        match self {
            Self::Stored(id, copy) => Settled::Stored(*id, *copy),
            Self::StoredWithoutId => Settled::StoredWithoutId,
            Self::Missing(_) => Settled::Missing,
            Self::Refused(rejection) => Settled::Refused(rejection.clone()),
            Self::Undecidable(reason) => Settled::Undecidable(reason.clone()),
        }
    }
}

/// The time between the readings after a witness.
const PAUSE: Duration = Duration::from_secs(2);
/// A witness that took longer shows that the server is slow.
const SLOW: Duration = Duration::from_secs(5);
/// The shortest time between two readings while a witness is missing.
const SHORTEST_RELOOK: Duration = Duration::from_secs(1);
/// How often an activity is sent before it is left unsent.
const MAX_SENT: u32 = 16;
