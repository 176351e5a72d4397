//! Finds the records of activities in doubt.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use crm_model::history::{Entry, EntryId, NewEntry, Stored, fingerprint};

use super::doubt::{Doubt, DoubtItem};
use super::item::{Key, View};
use super::known::Known;
use super::lookup::{Reading, ViewReading};
use super::mutations::breaks;
use super::reasons::UnknownReason;

/// What a reading says about an activity in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// These records are its own, the oldest first. Several only if it was sent several times.
    Stored(Vec<EntryId>),
    /// No record is like it.
    Missing,
    /// No record above the floor is like it. This one below it is equal, and may have been written since the first request.
    BelowFloor(EntryId),
    /// A record may be it, or not.
    Unclear(UnknownReason),
}

impl Found {
    /// Returns why this cannot be decided.
    pub(super) fn trouble(&self) -> Option<UnknownReason> {
        if let Self::Unclear(reason) = self { Some(reason.clone()) } else { None }
    }
}

/// Looks for all activities in doubt. Equal activities are interchangeable. `nothing_in_flight`: no other activity may have a
/// record of which nothing is known yet.
pub(super) fn find(
    doubts: &[Doubt],
    reading: &Reading,
    known: &Known,
    sole_writer: bool,
    nothing_in_flight: bool,
) -> HashMap<Key, Found> {
    let mut wanted: Vec<Wanted<'_>> = doubts.iter().map(Wanted::new).collect();
    // The record of an earlier one may have been changed. It must not take that of a later one in its place.
    wanted.sort_by_key(|wanted| Reverse(wanted.doubt.floor.id));
    let learned = learned_shifts(reading, known);
    let is_learned = !learned.is_empty() || breaks("a-reader-has-a-shift");
    let (shifts, shift) = if breaks("a-reader-has-a-shift") {
        (vec![0], Shift::Known)
    } else {
        match learned.is_empty() {
            false => (learned, Shift::Known),
            true => likely_shift(&wanted, reading, known, nothing_in_flight),
        }
    };
    let mut search = Search::new(reading, known, shifts);
    wanted.iter().for_each(|wanted| search.skip_stored_without_id(wanted));
    let mut found = HashMap::new();
    let mut unclear = Vec::new();
    for wanted in &wanted {
        let equal = search.find_equal(wanted);
        let in_order = in_order(&equal, known, wanted.doubt.last_concurrent);
        for ((item, expected), ids) in wanted.items.iter().zip(equal) {
            let result = match ids.first() {
                None => Found::Missing,
                Some(_) if expected.entry.mark.is_some() => Found::Stored(ids),
                Some(&id) if !wanted.doubt.floor.is_certain => {
                    Found::Unclear(UnknownReason::PerhapsOlder(id))
                }
                Some(&id)
                    if shift == Shift::Unclear
                        && !breaks("an-unclear-shift-proves-nothing")
                        && expected.has_time() =>
                {
                    Found::Unclear(UnknownReason::TimeUnclear(id))
                }
                // A sole writer has written every such record, and each other activity of his has its own.
                Some(&id)
                    if shift == Shift::Guessed
                        && !(sole_writer && nothing_in_flight && known.accounts_for_all())
                        && expected.has_time()
                        && !breaks("a-guessed-shift-proves-nothing") =>
                {
                    Found::Unclear(UnknownReason::TimeUnclear(id))
                }
                Some(id) if in_order.contains(id) => Found::Stored(ids),
                Some(_) if expected.has_time() || sole_writer => Found::Stored(ids),
                Some(_) if breaks("one-undated-record-may-be-of-others") => Found::Stored(ids),
                Some(&id) => Found::Unclear(UnknownReason::EqualWithoutTime(id)),
            };
            if let Found::Unclear(UnknownReason::TimeUnclear(id) | UnknownReason::PerhapsOlder(id)) = result
                && shift != Shift::Known
            {
                unclear.push((id, item.waiting.item.identity));
            }
            found.insert(item.waiting.item.key, result);
        }
    }
    // With another shift, such a record is that of another activity.
    for (id, identity) in unclear {
        search.used.remove(&id);
        search.similar.insert((id, identity));
    }
    // The hours say nothing before the shift is learned.
    let near: Vec<i64> = match is_learned {
        false => (-LARGEST_SHIFT..=LARGEST_SHIFT).collect(),
        true => search.shifts.iter().flat_map(|shift| [shift - 1, *shift, shift + 1]).collect(),
    };
    let reason = if shift == Shift::Unclear { UnknownReason::TimeUnclear } else { UnknownReason::Similar };
    wanted.iter().for_each(|wanted| search.find_similar(wanted, &near, reason, &mut found));
    found
}

/// Returns the records of neighbours, in the order of sending, that stand side by side: the server stores the activities of a
/// request one after another, and only concurrent requests come between them.
fn in_order(found: &[Vec<EntryId>], known: &Known, last_concurrent: u64) -> Vec<EntryId> {
    let pairs = found.windows(2).filter_map(|pair| Some([*pair[0].first()?, *pair[1].first()?]));
    let pairs = pairs.filter(|pair| known.wrote_all_between(pair[0], pair[1], last_concurrent));
    pairs.flatten().collect()
}

/// What is known about the hours by which the caller reads times shifted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shift {
    /// A record whose ID the server gave us shows it. Or the times are equal as they are, and no other activity may have
    /// such a record.
    Known,
    /// One shift alone explains all new records.
    Guessed,
    /// Several shifts explain them, or none does.
    Unclear,
}

/// The activities of a request in doubt, in the form in which the server would have stored them.
struct Wanted<'a> {
    doubt: &'a Doubt,
    items: Vec<(&'a DoubtItem, ExpectedRecord<'a>)>,
}

impl<'a> Wanted<'a> {
    fn new(doubt: &'a Doubt) -> Self {
        let items = doubt.items.iter().map(|item| (item, ExpectedRecord::new(&item.waiting.item.entry)));
        Self { doubt, items: items.collect() }
    }
}

struct Search<'a> {
    reading: &'a Reading,
    known: &'a Known,
    /// Hours by which the caller may read times shifted.
    shifts: Vec<i64>,
    /// The records that belong to an activity of this search.
    used: HashSet<EntryId>,
    /// The records that an activity of this identity resembles. They may be other activities as well.
    similar: HashSet<(EntryId, u64)>,
    /// The identities whose records without a known ID are used.
    skipped: HashSet<u64>,
}

impl<'a> Search<'a> {
    fn new(reading: &'a Reading, known: &'a Known, shifts: Vec<i64>) -> Self {
        let (used, similar, skipped) = Default::default();
        Self { reading, known, shifts, used, similar, skipped }
    }

    /// The activities that are stored under an ID which the server did not say have a record each, too.
    fn skip_stored_without_id(&mut self, wanted: &Wanted<'_>) {
        for (item, expected) in &wanted.items {
            let floors = self.known.stored_without_id(item.waiting.item.identity);
            if floors.is_empty() || !self.skipped.insert(item.waiting.item.identity) {
                continue;
            }
            for &floor in floors {
                let id = self.take(floor, item, |record| self.equals(item, expected, record));
                self.used.extend(id);
            }
        }
    }

    /// Returns whether a record is what the server stores for an activity.
    fn equals(&self, item: &DoubtItem, expected: &ExpectedRecord<'_>, record: &Entry) -> bool {
        expected.equals(record, &self.shifts) && self.has_owner(item, record)
    }

    /// Returns whether a record has the owner that was named, or none. The caller's list shows the records of subordinates,
    /// too, and an activity without a named owner belongs to the caller. A mark says more than an owner.
    fn has_owner(&self, item: &DoubtItem, record: &Entry) -> bool {
        let NewEntry { user, mark, .. } = &item.waiting.item.entry;
        let is_of_another = |view: &ViewReading| view.of_others.contains(&record.id);
        match (user, &record.user_login) {
            _ if mark.is_some() => true,
            (Some(expected), Some(found)) => expected.trim().to_lowercase() == found.trim().to_lowercase(),
            (Some(_), None) => true,
            (None, _) => !self.view(&item.waiting.item.view).is_some_and(is_of_another),
        }
    }

    /// Returns the records of each activity.
    fn find_equal(&mut self, wanted: &Wanted<'_>) -> Vec<Vec<EntryId>> {
        let mut found = Vec::with_capacity(wanted.items.len());
        for (item, expected) in &wanted.items {
            let copies = item.copies - usize::from(item.confirmed.is_some());
            let mut ids: Vec<EntryId> = Vec::new();
            for _ in 0..copies {
                let equals = |record: &Entry| self.equals(item, expected, record);
                let new = self.take(wanted.doubt.floor.id, item, equals);
                // A mark says whose a record is, however old it is.
                let old = || self.take(0, item, equals).filter(|_| expected.entry.mark.is_some());
                let Some(id) = new.or_else(old) else { break };
                if !breaks("a-record-is-found-once") {
                    self.used.insert(id);
                }
                ids.push(id);
            }
            found.push(ids);
        }
        found
    }

    /// Returns the new records that are equal to a dated activity, if these shifts are taken into account.
    fn candidates(&self, wanted: &Wanted<'_>) -> Vec<EntryId> {
        let floor = wanted.doubt.floor.id;
        let dated = wanted.items.iter().filter(|(_, expected)| expected.has_time());
        let equal = dated.flat_map(|(item, expected)| {
            let records = self.view(&item.waiting.item.view).into_iter().flat_map(|view| &view.records);
            let is_free = move |record: &&Entry| self.is_free(record, floor);
            records.filter(is_free).filter(|record| self.equals(item, expected, record))
        });
        equal.map(|record| record.id).collect()
    }

    fn find_similar(
        &mut self,
        wanted: &Wanted<'_>,
        near: &[i64],
        reason: fn(EntryId) -> UnknownReason,
        found: &mut HashMap<Key, Found>,
    ) {
        for (item, expected) in &wanted.items {
            let key = item.waiting.item.key;
            let is_missing = match found.get(&key) {
                Some(Found::Missing) => true,
                // The equal record may be that of an activity that has not come yet, and a changed one this activity's own.
                Some(Found::Stored(_)) if self.known.awaits_earlier() && expected.entry.mark.is_none() => {
                    false
                }
                _ => continue,
            };
            let floor = wanted.doubt.floor.id;
            let identity = item.waiting.item.identity;
            let similar = self.take(floor, item, |record| {
                !self.similar.contains(&(record.id, identity)) && expected.resembles(record, near)
            });
            if let Some(id) = similar {
                self.similar.insert((id, identity));
                found.insert(key, Found::Unclear(reason(id)));
            } else if self.view(&item.waiting.item.view).is_some_and(|view| !view.unreadable.is_empty())
                && !breaks("an-unreadable-record-is-a-doubt")
            {
                found.insert(key, Found::Unclear(UnknownReason::Unreadable));
            } else if is_missing && let Some(id) = self.below_floor(wanted, item, expected, near) {
                found.insert(key, Found::BelowFloor(id));
            }
        }
    }

    /// Returns an equal record at or below the floor that may have been written since the first request.
    fn below_floor(
        &self,
        wanted: &Wanted<'_>,
        item: &DoubtItem,
        expected: &ExpectedRecord<'_>,
        near: &[i64],
    ) -> Option<EntryId> {
        let view = &item.waiting.item.view;
        let may_be_new = |id| self.known.may_be_new(view, id, wanted.doubt.began.is_none());
        if breaks("nothing-below-the-floor-is-like-it") {
            return None;
        }
        self.take(0, item, |record| {
            record.id.0 <= wanted.doubt.floor.id
                && may_be_new(record.id)
                && expected.equals(record, near)
                && self.has_owner(item, record)
        })
    }

    fn view(&self, view: &View) -> Option<&ViewReading> {
        self.reading.get(view)
    }

    /// Returns whether a record is new and belongs to nothing else.
    fn is_free(&self, record: &Entry, floor: u64) -> bool {
        (record.id.0 > floor || breaks("only-newer-records-are-ours"))
            && !self.known.is_claimed(record.id)
            && !self.used.contains(&record.id)
    }

    /// Returns the oldest record above this ID that matches and belongs to nothing else.
    fn take(&self, floor: u64, item: &DoubtItem, matches: impl Fn(&Entry) -> bool) -> Option<EntryId> {
        let view = self.view(&item.waiting.item.view)?;
        let is_free = |record: &&Entry| self.is_free(record, floor);
        view.records.iter().filter(is_free).find(|record| matches(record)).map(|record| record.id)
    }
}

/// Returns the hours by which this caller reads times shifted, as the records show whose IDs the server gave us.
fn learned_shifts(reading: &Reading, known: &Known) -> Vec<i64> {
    let mut shifts = Vec::new();
    for record in reading.0.iter().flat_map(|(_, view)| &view.records) {
        if let (Some(written), Some(read)) = (known.written_at(record.id), record.at)
            && let Some(shift) = whole_hours(read - written)
            && !shifts.contains(&shift)
        {
            shifts.push(shift);
        }
    }
    shifts
}

/// Returns the shift that explains every new record that is equal to a doubt except for its time. The server gave us no ID
/// yet, so the shift is not known.
fn likely_shift(
    wanted: &[Wanted<'_>],
    reading: &Reading,
    known: &Known,
    nothing_in_flight: bool,
) -> (Vec<i64>, Shift) {
    let all: Vec<i64> = (-LARGEST_SHIFT..=LARGEST_SHIFT).collect();
    let search = Search::new(reading, known, all.clone());
    let to_explain: HashSet<EntryId> = wanted.iter().flat_map(|wanted| search.candidates(wanted)).collect();
    let explains = |shift: &i64| {
        let mut search = Search::new(reading, known, vec![*shift]);
        wanted.iter().for_each(|wanted| search.skip_stored_without_id(wanted));
        wanted.iter().for_each(|wanted| drop(search.find_equal(wanted)));
        to_explain.is_subset(&search.used)
    };
    if to_explain.is_empty() {
        return (vec![0], Shift::Known);
    }
    match all.into_iter().filter(explains).collect::<Vec<i64>>()[..] {
        // The record of an activity that is not in doubt, and whose ID is not known, may be read with the time of a doubt.
        [0] if nothing_in_flight && known.accounts_for_all() => (vec![0], Shift::Known),
        [shift] => (vec![shift], Shift::Guessed),
        _ => (vec![0], Shift::Unclear),
    }
}

/// The server ignores a shift that makes more than 12 hours together with the offset of the account (observed).
const LARGEST_SHIFT: i64 = 26;

fn whole_hours(time: TimeDelta) -> Option<i64> {
    (time.num_seconds() % 3600 == 0).then(|| time.num_hours()).filter(|hours| hours.abs() <= LARGEST_SHIFT)
}

/// An activity in the form in which the server would have stored it.
struct ExpectedRecord<'a> {
    entry: &'a NewEntry,
    stored: Stored,
}

impl<'a> ExpectedRecord<'a> {
    fn new(entry: &'a NewEntry) -> Self {
        Self { entry, stored: entry.as_stored() }
    }

    /// Returns whether it has a time to the second, so that nobody else writes an equal record.
    fn has_time(&self) -> bool {
        self.stored.at.is_some()
    }

    /// The record has its mark, or everything that was written, in the form that was expected.
    fn equals(&self, record: &Entry, shifts: &[i64]) -> bool {
        if let Some(mark) = self.entry.mark.as_ref().filter(|_| !breaks("a-mark-says-whose-it-is")) {
            return record.mark() == Some(mark);
        }
        self.is_at(record, shifts)
            && record.content.as_deref().unwrap_or_default() == self.stored.listed
            && record.activity_type == self.stored.activity_type_by_add_list
            && record.client_id == self.entry.client
            && record.deal_id == self.entry.deal
            && record.contacts.iter().map(|contact| contact.id).eq(self.stored.contacts.iter().copied())
    }

    /// The record may be this activity. A server of another version may change texts and contacts more than expected.
    fn resembles(&self, record: &Entry, near: &[i64]) -> bool {
        !breaks("a-similar-record-is-a-doubt")
            && self.is_at(record, near)
            && record.client_id == self.entry.client
            && record.deal_id == self.entry.deal
            && self.has_similar_content(record.content.as_deref().unwrap_or_default())
    }

    /// The server may have added to the content, or cut it. Without a time and a mark too many records begin in the same way.
    fn has_similar_content(&self, content: &str) -> bool {
        let (ours, found) = (fingerprint(&self.stored.listed), fingerprint(content));
        let is_part =
            || !ours.is_empty() && !found.is_empty() && (found.contains(&ours) || ours.starts_with(&found));
        ours == found || ((self.has_time() || self.entry.mark.is_some()) && is_part())
    }

    fn is_at(&self, record: &Entry, shifts: &[i64]) -> bool {
        match (self.stored.at, record.at) {
            (Some(written), Some(read)) => {
                shifts.iter().any(|&shift| read - written == TimeDelta::hours(shift))
            }
            (Some(_), None) => false,
            // The server has no such date and stores the zero date.
            (None, read) if self.entry.at.is_some() => read.is_none(),
            // The time is the server's own.
            (None, _) => true,
        }
    }
}
