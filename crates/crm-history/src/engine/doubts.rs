//! All doubts, and what a reading decides about them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crm_model::history::{EntryId, Rejection};
use tokio::time::Instant;

use super::doubt::{Again, Doubt, DoubtItem, Witness};
use super::item::{Answer, Floor, Item, Key, View, Waiting};
use super::known::Known;
use super::lookup::Reading;
use super::matching::{self, Found};
use super::mutations::breaks;
use super::reasons::UnknownReason;

/// The requests without a usable answer, in the order of sending.
#[derive(Default)]
pub(super) struct Doubts(Vec<Doubt>);

/// What is known when doubts are decided.
pub(super) struct Seen<'a> {
    pub(super) reading: &'a Reading,
    pub(super) known: &'a Known,
    /// The identities of the activities whose answer is not there yet.
    pub(super) in_flight: &'a HashSet<u64>,
}

/// What was decided about an activity in doubt.
pub(super) enum Decision {
    Stored(EntryId, Option<EntryId>),
    StoredWithoutId,
    /// Certainly not stored.
    Missing(MissingFrom),
    Refused(Rejection),
    Undecidable(UnknownReason),
}

/// The request of a missing activity.
pub(super) struct MissingFrom {
    pub(super) request: u64,
    /// How many activities it had.
    pub(super) size: usize,
    /// What the server said in place of an outcome.
    pub(super) answer: Option<Answer>,
}

impl Doubts {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of activities in doubt.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|doubt| doubt.items.len()).sum()
    }

    pub(super) fn add(&mut self, doubt: Doubt) {
        self.0.push(doubt);
    }

    /// Adds an activity that an earlier process sent.
    pub(super) fn add_earlier(&mut self, request: u64, floor: Floor, waiting: Waiting, due: Instant) {
        match self.0.iter_mut().find(|doubt| doubt.request == request) {
            Some(doubt) => {
                doubt.items.push(DoubtItem::new(waiting));
                doubt.size += 1;
                (doubt.looked, doubt.looked_late) = (false, false);
            }
            None => self.0.push(Doubt::new(request, floor, vec![waiting], due)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Doubt> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Doubt> {
        self.0.iter_mut()
    }

    /// Takes the activities of which the server confirmed a copy.
    pub(super) fn take_confirmed(&mut self) -> Vec<(Waiting, Decision)> {
        let items =
            self.0.iter_mut().flat_map(|doubt| doubt.items.extract_if(.., |item| item.confirmed.is_some()));
        let decision = |item: DoubtItem| Some((item.waiting, Decision::Stored(item.confirmed?, None)));
        items.filter_map(decision).collect()
    }

    pub(super) fn take_all(&mut self) -> Vec<Doubt> {
        std::mem::take(&mut self.0)
    }

    /// Returns the activities in doubt.
    fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.iter().flat_map(|doubt| &doubt.items).map(|item| &*item.waiting.item)
    }

    /// Returns the lowest floor in use: that of a doubt, or of an equal activity that is stored without a known ID.
    pub(super) fn lowest_floor(&self, known: &Known) -> Option<u64> {
        let floor = |item: &Item| known.stored_without_id(item.identity).first().copied();
        let equal = self.items().filter_map(floor);
        self.0.iter().map(|doubt| doubt.floor.id).chain(equal).min()
    }

    /// Returns the views in which the doubts and their witnesses are looked up.
    pub(super) fn views(&self) -> Vec<View> {
        let items = self.items().map(|item| &item.view);
        let witnesses = self.0.iter().filter_map(|doubt| doubt.witness.as_ref()?.record.as_ref());
        let mut views: Vec<&View> = items.chain(witnesses.map(|(view, _)| view)).collect();
        views.sort_unstable();
        views.dedup();
        views.into_iter().cloned().collect()
    }

    /// Returns when they are to be looked up next.
    pub(super) fn next_look(&self, now: Instant) -> Option<Instant> {
        self.0.iter().map(|doubt| doubt.next_look(now)).min()
    }

    /// Returns the views of the doubts that need a witness. Returns `None` if there are none, or if one of them is not due:
    /// the same witness is enough for all.
    pub(super) fn need_witness(&self) -> Option<Vec<View>> {
        let mut without = self.0.iter().filter(|doubt| doubt.witness.is_none()).peekable();
        without.peek()?;
        let mut views = Vec::new();
        for doubt in without {
            if !doubt.needs_witness() {
                return None;
            }
            views.extend(doubt.items.iter().map(|item| item.waiting.item.view.clone()));
        }
        Some(views)
    }

    /// Returns whether a request was answered without an outcome.
    pub(super) fn have_answers(&self) -> bool {
        self.0.iter().any(|doubt| doubt.answer.is_some())
    }

    /// Notes that an activity is stored whose request began then.
    pub(super) fn witnessed(
        &mut self,
        item: &Item,
        id: EntryId,
        began: Instant,
        stored: Instant,
        pause: Duration,
    ) {
        for doubt in &mut self.0 {
            if doubt.needs_witness() && began >= doubt.due {
                let record = Some((item.view.clone(), id));
                doubt.witness = Some(Witness { record, began, stored, pause });
            }
            // What the list showed could not be trusted without a known record in it.
            if doubt.trouble == Some(UnknownReason::ListShowsNothing)
                && doubt.items.iter().any(|other| other.waiting.item.view == item.view)
            {
                doubt.looked = false;
            }
        }
    }

    /// Decides what can be decided after a reading that began then. Decided activities are no longer in doubt.
    pub(super) fn decide(
        &mut self,
        begun: Instant,
        relook: Duration,
        pause: Duration,
        seen: &Seen<'_>,
        sole_writer: bool,
    ) -> Vec<(Waiting, Decision)> {
        let &Seen { reading, known, in_flight } = seen;
        let mut found = matching::find(&self.0, reading, known, sole_writer, in_flight.is_empty());
        // One that the server may still store takes a record that is there, and then its own one comes. So of equal activities,
        // none is missing before all of them are due.
        let mut latest: HashMap<u64, Instant> = HashMap::new();
        for doubt in &self.0 {
            for item in &doubt.items {
                let due = latest.entry(item.waiting.item.identity).or_insert(doubt.due);
                *due = doubt.due.max(*due);
            }
        }
        // The record of an equal activity whose answer is not there yet looks the same.
        for doubt in &mut self.0 {
            let is_missing = |item: &&DoubtItem| found.get(&item.waiting.item.key) == Some(&Found::Missing);
            let missing = doubt.items.iter().filter(is_missing);
            if let Some(&due) = missing.filter_map(|item| latest.get(&item.waiting.item.identity)).max() {
                doubt.wait_until(due);
            }
            let is_in_flight = |item: &&DoubtItem| in_flight.contains(&item.waiting.item.identity);
            let open: Vec<Key> =
                doubt.items.iter().filter(is_in_flight).map(|item| item.waiting.item.key).collect();
            doubt.is_postponed = !open.is_empty();
            open.iter().for_each(|key| drop(found.remove(key)));
        }
        // A list may show the newest records only. So it must show one that is older than the request, and than those of equal
        // activities that are stored without an ID: their records would not be shown, and another one would stand for them.
        let shows = |item: &Item, floor: Floor| {
            let records = reading.get(&item.view).map_or(&[][..], |read| &read.records);
            let without_id = known.stored_without_id(item.identity).iter().find(|floor| **floor > 0);
            let lowest = without_id.map_or(floor.id, |without_id| floor.id.min(*without_id));
            // A restored outbox knows no floor. Then the whole list is read, and a known record must be in it.
            let is_whole = floor.is_certain && floor.id == 0;
            records.first().is_some_and(|oldest| oldest.id.0 <= lowest)
                || (is_whole && records.iter().any(|record| known.is_claimed(record.id)))
        };
        let mut decided = Vec::new();
        let mut stored_now = Vec::new();
        for doubt in &mut self.0 {
            let before = decided.len();
            // An activity that was sent twice may have been stored by its first request.
            let began = doubt.began.filter(|_| doubt.items.iter().all(|item| item.copies == 1));
            doubt.decide(begun, relook, &found, &shows, reading, &mut decided);
            // Where ids do not grow, a list proves nothing.
            let floor = doubt.floor.id;
            let stored = decided[before..].iter().find_map(|(waiting, decision)| match decision {
                Decision::Stored(id, _) if id.0 > floor => Some((Arc::clone(&waiting.item), *id)),
                _ => None,
            });
            stored_now.extend(stored.zip(began));
        }
        self.0.retain(|doubt| !doubt.items.is_empty());
        // A witness that was not answered, and is seen, is a witness all the same.
        for ((item, id), began) in stored_now {
            self.witnessed(&item, id, began, begun, pause);
        }
        decided
    }

    /// Looks again at the doubts that had to wait for a request that has ended now.
    pub(super) fn resume_postponed(&mut self, now: Instant) {
        for doubt in self.0.iter_mut().filter(|doubt| doubt.is_postponed) {
            doubt.is_postponed = false;
            doubt.looked &= doubt.looked_late;
            doubt.look_again = now;
        }
    }

    /// Ends with the doubts that lack a witness and that cannot be decided.
    pub(super) fn give_up_in_trouble(&mut self) -> Vec<(Waiting, Decision)> {
        let mut decided = Vec::new();
        let in_trouble = self.0.iter_mut().filter(|doubt| doubt.needs_witness() && doubt.trouble.is_some());
        in_trouble.for_each(|doubt| doubt.give_up(&mut decided));
        self.0.retain(|doubt| !doubt.items.is_empty());
        decided
    }

    /// Notes a reading that is not believable. Returns the activities that cannot be decided because of it.
    pub(super) fn not_believable(
        &mut self,
        begun: Instant,
        relook: Duration,
        why: &'static str,
    ) -> Vec<(Waiting, Decision)> {
        let reason = UnknownReason::ListNotBelievable(why);
        let mut decided = Vec::new();
        for doubt in &mut self.0 {
            doubt.looked = true;
            doubt.look_again = begun + relook;
            doubt.items.iter_mut().for_each(|item| item.missing_readings = 0);
            doubt.trouble = Some(reason.clone());
            if begun >= doubt.due {
                doubt.looked_late = true;
                doubt.undecided += 1;
            }
            if doubt.undecided >= MAX_UNDECIDED {
                doubt.give_up(&mut decided);
            }
        }
        self.0.retain(|doubt| !doubt.items.is_empty());
        decided
    }
}

impl Doubt {
    fn decide(
        &mut self,
        begun: Instant,
        relook: Duration,
        found: &HashMap<Key, Found>,
        shows: &impl Fn(&Item, Floor) -> bool,
        reading: &Reading,
        decided: &mut Vec<(Waiting, Decision)>,
    ) {
        let counts = self.counts(begun) && !self.is_postponed;
        self.looked = true;
        self.looked_late |= begun >= self.due;
        self.look_again = begun + relook;
        self.trouble = None;
        let mut items = Vec::new();
        let mut hides = false;
        for mut item in std::mem::take(&mut self.items) {
            let is_shown = shows(&item.waiting.item, self.floor);
            hides |= !is_shown;
            let found = found.get(&item.waiting.item.key);
            let is_missing = is_shown && found == Some(&Found::Missing);
            item.missing_readings = if is_missing { item.missing_readings + 1 } else { 0 };
            match found {
                // A second copy is waited for until the server must be done.
                Some(Found::Stored(ids)) if is_shown && (self.looked_late || item.is_complete(ids)) => {
                    let (id, copy) = item.ids(ids);
                    decided.push((item.waiting, Decision::Stored(id, copy)));
                    continue;
                }
                // It must not be sent as its own witness. Another one shows that ids grow, so that this record is not its own.
                Some(Found::BelowFloor(id)) => {
                    self.trouble = Some(UnknownReason::PerhapsOlder(*id));
                }
                Some(found) => self.trouble = found.trouble().or(self.trouble.take()),
                None => {}
            }
            items.push(item);
        }
        self.items = items;
        if hides {
            self.trouble = Some(UnknownReason::ListShowsNothing);
        }
        if !counts || self.items.is_empty() {
            return;
        }
        if hides || !(self.witness_is_shown(reading) || breaks("a-list-shows-known-records")) {
            self.trouble = Some(UnknownReason::ListShowsNothing);
            self.undecided += 1;
        } else {
            let key = |item: &DoubtItem| item.waiting.item.key;
            let seen = self.items.iter().filter_map(|item| Some((key(item), found.get(&key(item))?.clone())));
            let seen: HashMap<Key, Found> = seen.collect();
            match self.first_reading.replace(seen) {
                None if breaks("two-readings-agree") => return self.conclude(decided),
                None => return,
                Some(first) if Some(&first) == self.first_reading.as_ref() => return self.conclude(decided),
                Some(_) => {
                    self.trouble = Some(UnknownReason::Unsteady);
                    self.undecided += 1;
                }
            }
        }
        if self.undecided >= MAX_UNDECIDED {
            self.give_up(decided);
        }
    }

    /// Two readings after the witness agree.
    fn conclude(&mut self, decided: &mut Vec<(Waiting, Decision)>) {
        let found = self.first_reading.take().unwrap_or_default();
        for item in std::mem::take(&mut self.items) {
            let found = found.get(&item.waiting.item.key);
            if let Some(Found::Stored(ids)) = found {
                let (id, copy) = item.ids(ids);
                decided.push((item.waiting, Decision::Stored(id, copy)));
                continue;
            }
            let Some(undecidable) = found.and_then(Found::trouble) else {
                decided.push(self.missing(item));
                continue;
            };
            let decision = match item.confirmed {
                Some(id) => Decision::Stored(id, None),
                None => Decision::Undecidable(undecidable),
            };
            decided.push((item.waiting, decision));
        }
    }

    fn give_up(&mut self, decided: &mut Vec<(Waiting, Decision)>) {
        let reason = self.trouble.clone().unwrap_or(UnknownReason::Unsteady);
        for item in std::mem::take(&mut self.items) {
            let decision = match item.confirmed {
                Some(id) => Decision::Stored(id, None),
                None => Decision::Undecidable(reason.clone()),
            };
            decided.push((item.waiting, decision));
        }
    }

    /// Decides about an activity that is certainly not stored.
    fn missing(&self, item: DoubtItem) -> (Waiting, Decision) {
        let DoubtItem { waiting, confirmed, again, .. } = item;
        let decision = match (confirmed, again) {
            (Some(id), _) => Decision::Stored(id, None),
            (None, Some(Again::StoredWithoutId)) => Decision::StoredWithoutId,
            (None, Some(Again::Refused(rejection))) => Decision::Refused(rejection),
            (None, None) => {
                let is_refusal = self.is_refusal || (self.size == 1 && breaks("refused-alone-twice"));
                match self.answer.as_ref().filter(|_| is_refusal) {
                    Some(answer) => Decision::Refused(Rejection::new(answer.code, answer.text.clone())),
                    None => Decision::Missing(MissingFrom {
                        request: self.request,
                        size: self.size,
                        answer: self.answer.clone(),
                    }),
                }
            }
        };
        (waiting, decision)
    }

    fn witness_is_shown(&self, reading: &Reading) -> bool {
        let Some(Witness { record: Some((view, id)), .. }) = &self.witness else { return true };
        reading.get(view).is_some_and(|view| view.records.iter().any(|record| record.id == *id))
    }
}

impl DoubtItem {
    /// Returns whether every copy was found.
    fn is_complete(&self, ids: &[EntryId]) -> bool {
        ids.len() + usize::from(self.confirmed.is_some()) == self.copies
    }

    /// Returns the ID of the activity and the one of its copy.
    fn ids(&self, found: &[EntryId]) -> (EntryId, Option<EntryId>) {
        let mut all = self.confirmed.into_iter().chain(found.iter().copied());
        (all.next().unwrap_or(EntryId(0)), all.next())
    }
}

/// Readings after which a doubt cannot be decided.
const MAX_UNDECIDED: u32 = 5;
