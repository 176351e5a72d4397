//! Finds the records of activities in doubt.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use crm_model::history::{Entry, EntryId, NewEntry, Stored, fingerprint};

use super::doubt::{Doubt, DoubtItem};
use super::item::{Key, View};
use super::known::Known;
use super::lookup::{Reading, ViewReading};
use super::reasons::UnknownReason;

/// What a reading says about an activity in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// These records are its own, the oldest first. Several only if it was sent several times.
    Stored(Vec<EntryId>),
    /// No record is like it.
    Missing,
    /// This record is equal, but the activity has no time.
    Equal(EntryId),
    /// This record resembles it, and may be it.
    Similar(EntryId),
    /// A record that cannot be decoded may be it.
    Unreadable,
}

impl Found {
    /// Returns why this cannot be decided.
    pub(super) fn trouble(&self) -> Option<UnknownReason> {
        Some(match self {
            Self::Equal(id) => UnknownReason::EqualWithoutTime(*id),
            Self::Similar(id) => UnknownReason::Similar(*id),
            Self::Unreadable => UnknownReason::Unreadable,
            Self::Stored(_) | Self::Missing => return None,
        })
    }
}

/// Looks for all activities in doubt. Equal activities are interchangeable.
pub(super) fn find(
    doubts: &[Doubt],
    reading: &Reading,
    known: &Known,
    sole_writer: bool,
) -> HashMap<Key, Found> {
    let learned = learned_shifts(reading, known);
    let is_guess = learned.is_empty();
    let shifts = if is_guess { likely_shift(doubts, reading, known) } else { learned };
    // Nothing but a time that is equal as it is tells our record from one of somebody else.
    let is_guess = is_guess && shifts != [0];
    let mut search = Search { reading, known, shifts, is_guess, used: BTreeSet::new() };
    let mut found = HashMap::new();
    for doubt in doubts {
        search.find_equal(doubt, sole_writer, &mut found);
    }
    for doubt in doubts {
        search.find_similar(doubt, &mut found);
    }
    found
}

struct Search<'a> {
    reading: &'a Reading,
    known: &'a Known,
    /// Hours by which the caller may read times shifted.
    shifts: Vec<i64>,
    /// The shift is the most likely one, and is not known.
    is_guess: bool,
    used: BTreeSet<EntryId>,
}

impl Search<'_> {
    fn find_equal(&mut self, doubt: &Doubt, sole_writer: bool, found: &mut HashMap<Key, Found>) {
        let mut matched: Vec<(&DoubtItem, ExpectedRecord<'_>, Vec<EntryId>)> = Vec::new();
        for item in &doubt.items {
            let expected = ExpectedRecord::new(&item.waiting.item.entry);
            let copies = item.copies - usize::from(item.confirmed.is_some());
            let mut ids: Vec<EntryId> = Vec::new();
            for _ in 0..copies {
                let Some(id) = self.take(doubt, item, |record| expected.equals(record, &self.shifts)) else {
                    break;
                };
                self.used.insert(id);
                ids.push(id);
            }
            matched.push((item, expected, ids));
        }
        let ids: Vec<EntryId> = matched.iter().filter_map(|(.., ids)| ids.first().copied()).collect();
        let in_order = ids.len() >= 2 && ids.is_sorted_by(|a, b| a < b);
        for (item, expected, ids) in matched {
            let result = match ids.first() {
                None => Found::Missing,
                Some(_) if expected.is_distinct(self.is_guess) || in_order || sole_writer => {
                    Found::Stored(ids)
                }
                Some(id) => Found::Equal(*id),
            };
            found.insert(item.waiting.item.key, result);
        }
    }

    fn find_similar(&mut self, doubt: &Doubt, found: &mut HashMap<Key, Found>) {
        for item in &doubt.items {
            let key = item.waiting.item.key;
            if found.get(&key) != Some(&Found::Missing) {
                continue;
            }
            let expected = ExpectedRecord::new(&item.waiting.item.entry);
            if let Some(id) = self.take(doubt, item, |record| expected.resembles(record, &self.shifts)) {
                self.used.insert(id);
                found.insert(key, Found::Similar(id));
            } else if self.view(&item.waiting.item.view).is_some_and(|view| view.has_unreadable) {
                found.insert(key, Found::Unreadable);
            }
        }
    }

    fn view(&self, view: &View) -> Option<&ViewReading> {
        self.reading.0.get(view)
    }

    /// Returns the oldest new record that matches and belongs to nothing else.
    fn take(&self, doubt: &Doubt, item: &DoubtItem, matches: impl Fn(&Entry) -> bool) -> Option<EntryId> {
        let view = self.view(&item.waiting.item.view)?;
        let is_new = |record: &&Entry| {
            record.id.0 > doubt.floor && !self.known.is_claimed(record.id) && !self.used.contains(&record.id)
        };
        view.records.iter().filter(is_new).find(|record| matches(record)).map(|record| record.id)
    }
}

/// Returns the hours by which this caller reads times shifted, as the records show whose ids the server gave us.
fn learned_shifts(reading: &Reading, known: &Known) -> Vec<i64> {
    let mut shifts = Vec::new();
    for record in reading.0.values().flat_map(|view| &view.records) {
        if let (Some(written), Some(read)) = (known.written_at(record.id), record.at)
            && let Some(shift) = whole_hours(read - written)
            && !shifts.contains(&shift)
        {
            shifts.push(shift);
        }
    }
    shifts
}

/// Returns the shift that explains most of the doubts. The server gave us no id yet, so the shift is not known.
fn likely_shift(doubts: &[Doubt], reading: &Reading, known: &Known) -> Vec<i64> {
    let explained = |shift: i64| {
        let mut search =
            Search { reading, known, shifts: vec![shift], is_guess: true, used: BTreeSet::new() };
        let mut found = HashMap::new();
        doubts.iter().for_each(|doubt| search.find_equal(doubt, true, &mut found));
        found.values().filter(|found| matches!(found, Found::Stored(_))).count()
    };
    let count = doubts.iter().map(|doubt| doubt.items.len()).sum::<usize>();
    if explained(0) == count {
        return vec![0];
    }
    let best = (-LARGEST_SHIFT..=LARGEST_SHIFT).max_by_key(|&shift| (explained(shift), shift == 0));
    vec![best.unwrap_or(0)]
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

    /// Returns whether nobody else writes an equal record: it has a mark, or a time to the second whose shift is known.
    fn is_distinct(&self, is_guess: bool) -> bool {
        self.entry.mark.is_some() || (self.stored.at.is_some() && !is_guess)
    }

    /// The record has its mark, or everything that was written, in the form that was expected.
    fn equals(&self, record: &Entry, shifts: &[i64]) -> bool {
        if let Some(mark) = &self.entry.mark {
            return record.mark() == Some(mark);
        }
        self.has_time(record, shifts)
            && record.content.as_deref().unwrap_or_default() == self.stored.listed
            && record.activity_type == self.stored.activity_type_by_add_list
            && record.client_id == self.entry.client
            && record.deal_id == self.entry.deal
            && record.contacts.iter().map(|contact| contact.id).eq(self.stored.contacts.iter().copied())
            && self.has_owner(record)
    }

    /// The record may be this activity. A server of another version may change texts and contacts more than expected.
    fn resembles(&self, record: &Entry, shifts: &[i64]) -> bool {
        let near: Vec<i64> = shifts.iter().flat_map(|shift| [shift - 1, *shift, shift + 1]).collect();
        self.has_time(record, &near)
            && record.client_id == self.entry.client
            && record.deal_id == self.entry.deal
            && fingerprint(record.content.as_deref().unwrap_or_default()) == fingerprint(&self.stored.listed)
    }

    fn has_time(&self, record: &Entry, shifts: &[i64]) -> bool {
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

    /// If an owner was named, the record has this owner, or none.
    fn has_owner(&self, record: &Entry) -> bool {
        match (&self.entry.user, &record.user_login) {
            (Some(expected), Some(found)) => expected.trim().to_lowercase() == found.trim().to_lowercase(),
            _ => true,
        }
    }
}
