//! Compares what was reported with what the server holds.

use std::collections::{BTreeMap, BTreeSet};

use crm_history::{AddOutcome, ImportOutcome, OutcomeReason};
use crm_sandbox::Record;

use crate::activities::Key;

/// What an import said of an activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is stored under this id, and a second time under the other one.
    Stored(u64, Option<u64>),
    StoredWithoutId,
    Refused,
    NotSent,
    /// It may be stored or not.
    Unknown,
}

impl Told {
    pub(crate) fn of_outcome(outcome: &ImportOutcome) -> Told {
        match &outcome.outcome {
            AddOutcome::Created(id) => {
                let copy = match &outcome.reason {
                    Some(OutcomeReason::StoredTwice(copy)) => Some(copy.0),
                    _ => None,
                };
                Told::Stored(id.0, copy)
            }
            AddOutcome::StoredWithoutId => Told::StoredWithoutId,
            AddOutcome::Rejected(_) => Told::Refused,
            AddOutcome::NotSent(_) => Told::NotSent,
            _ => Told::Unknown,
        }
    }

    /// The most records that it allows.
    fn most(&self) -> usize {
        match self {
            Told::Stored(_, Some(_)) => 2,
            Told::Stored(..) | Told::StoredWithoutId | Told::Unknown => 1,
            Told::Refused | Told::NotSent => 0,
        }
    }

    /// The fewest records that it promises.
    fn fewest(&self) -> usize {
        if matches!(self, Told::Unknown) { 0 } else { self.most() }
    }

    fn ids(&self) -> impl Iterator<Item = u64> {
        let (id, copy) = if let Told::Stored(id, copy) = self { (Some(*id), *copy) } else { (None, None) };
        id.into_iter().chain(copy)
    }
}

/// What the server holds, and whose it is.
pub(crate) struct Truth {
    pub(crate) records: Vec<Record>,
    /// Ids that others wrote, or that were there before.
    pub(crate) foreign: BTreeSet<u64>,
    /// The highest id before the first run.
    pub(crate) watermark: u64,
    /// Which activities may be refused: for what they hold, or because they were answered without an outcome twice.
    pub(crate) may_be_refused: Vec<bool>,
    /// Whether the server changes types, so that they say nothing.
    pub(crate) ignores_types: bool,
    /// Whether the server may store something so late that the same activity is stored twice, and both are named.
    pub(crate) may_be_twice: bool,
    /// How many marked activities were perhaps stored again after a lost journal, because a list that showed nothing looks
    /// like that of an empty account.
    pub(crate) probes: usize,
    /// What was sent after the lease had expired, without its times. The CRM cannot check the lease, as the docs say: such an
    /// activity may be stored twice. Nobody knows of its second record, which can be taken for that of an activity that
    /// differs only by whole hours.
    pub(crate) late: BTreeSet<Key>,
}

impl Truth {
    fn key(&self, record: &Record) -> Key {
        let key = Key::of_record(record);
        if self.ignores_types { key.without_type() } else { key }
    }

    fn is_late(&self, key: &Key) -> bool {
        self.late.contains(&key.clone().without_time())
    }
}

/// Returns what is wrong with what was told. `told` is in the order of the input and may end early.
pub(crate) fn violations(truth: &Truth, keys: &[Key], told: &[Told]) -> Vec<String> {
    let mut found = Vec::new();
    let by_id: BTreeMap<u64, &Record> = truth.records.iter().map(|record| (record.cid, record)).collect();
    let mut claimed = BTreeMap::new();
    for (index, (key, told)) in keys.iter().zip(told).enumerate() {
        let is_late = truth.is_late(key);
        if matches!(told, Told::Stored(_, Some(_))) && !truth.may_be_twice && !is_late {
            found.push(format!("activity {index} was stored twice, and no delay was as long as `settle`"));
        }
        if *told == Told::Refused && !truth.may_be_refused.get(index).copied().unwrap_or(true) {
            found.push(format!("activity {index} was refused, and nothing refuses it"));
        }
        for id in told.ids() {
            if let Some(other) = claimed.insert(id, index) {
                found.push(format!("record {id} was reported for activities {other} and {index}"));
            }
            match by_id.get(&id) {
                None => {
                    found.push(format!("activity {index} was reported as record {id}, which does not exist"))
                }
                Some(record)
                    if truth.key(record) != *key && !(is_late && truth.is_late(&truth.key(record))) =>
                {
                    found.push(format!("activity {index} was reported as record {id}, which is another one"));
                }
                Some(_) if truth.foreign.contains(&id) && !may_be_taken_for_ours(truth, keys, key, id) => {
                    found.push(format!(
                        "activity {index} was reported as record {id}, which somebody else wrote"
                    ));
                }
                Some(_) => {}
            }
        }
    }
    let mut probes = truth.probes;
    for (key, indices) in counts(keys).into_iter().filter(|(key, _)| !truth.is_late(key)) {
        let stored = ours(truth, &key);
        let sum = |of: fn(&Told) -> usize, missing| -> usize {
            indices.iter().map(|&index| told.get(index).map_or(missing, of)).sum()
        };
        let most = sum(Told::most, 1);
        let is_equal = |id: &&u64| by_id.get(id).is_some_and(|record| truth.key(record) == key);
        let taken = claimed.keys().filter(|id| truth.foreign.contains(id)).filter(is_equal).count();
        // The record of an activity whose id the server did not say cannot be told from an equal one of somebody else.
        let without_id = indices.iter().filter(|&&index| told.get(index) == Some(&Told::StoredWithoutId));
        let new_foreign = truth.foreign.range(truth.watermark + 1..);
        let not_taken = new_foreign.filter(|id| !claimed.contains_key(id)).filter(is_equal).count();
        let fewest = sum(Told::fewest, 0).saturating_sub(taken + not_taken.min(without_id.count()));
        let name = key.describe();
        let probed = if key.is_marked() { stored.saturating_sub(most).min(probes) } else { 0 };
        probes -= probed;
        if stored > most + probed {
            let equal = indices.len();
            found.push(format!(
                "{stored} records, and at most {most} were reported of {equal} equal activities: {name}"
            ));
        }
        if stored < fewest {
            found.push(format!("{stored} records, and {fewest} were reported as stored: {name}"));
        }
    }
    found
}

/// A new record of somebody else cannot be told apart if it is equal to the second. Undated ones cannot if there are
/// several, or if it stands beside a record of the same request.
fn may_be_taken_for_ours(truth: &Truth, keys: &[Key], key: &Key, id: u64) -> bool {
    let new_foreign = truth.foreign.range(truth.watermark + 1..).count();
    let is_own = |other: &u64| *other > truth.watermark && !truth.foreign.contains(other);
    let own_before = (0..id).rev().take_while(is_own);
    let mut beside = own_before.chain((id + 1..id + LONGEST_RUN).take_while(is_own));
    let places: Vec<usize> = (0..keys.len()).filter(|&place| keys[place] == *key).collect();
    let is_near =
        |place: usize| places.iter().any(|&own| own != place && own.abs_diff(place) < LARGEST_CHUNK);
    let is_neighbour = |other: u64| {
        let record = truth.records.iter().find(|record| record.cid == other).map(|record| truth.key(record));
        record.is_some_and(|record| (0..keys.len()).any(|place| keys[place] == record && is_near(place)))
    };
    id > truth.watermark && (key.is_dated() || new_foreign > 1 || beside.any(is_neighbour))
}

/// More than the activities of a chunk.
const LARGEST_CHUNK: usize = 13;
/// More than the records that our requests store between two of one of them.
const LONGEST_RUN: u64 = 60;

/// Returns what was told once and is contradicted later. Of equal activities only the number counts, because an import may
/// take one for another.
pub(crate) fn contradictions(keys: &[Key], before: &[Told], after: &[Told]) -> Vec<String> {
    let mut equal: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
    keys.iter().enumerate().for_each(|(place, key)| equal.entry(key).or_default().push(place));
    let mut found = Vec::new();
    for places in equal.values() {
        let of = |told: &[Told]| -> Vec<Told> {
            places.iter().filter_map(|&place| told.get(place).cloned()).collect()
        };
        let (before, after) = (of(before), of(after));
        let ids = |told: &[Told]| -> BTreeSet<u64> {
            let id = |told: &Told| if let Told::Stored(id, _) = told { Some(*id) } else { None };
            told.iter().filter_map(id).collect()
        };
        let count = |told: &[Told], wanted: &Told| told.iter().filter(|&told| told == wanted).count();
        let new_ids = ids(&after).difference(&ids(&before)).count();
        let lost_ids = ids(&before).difference(&ids(&after)).count();
        let without_id = (count(&before, &Told::StoredWithoutId))
            .saturating_sub(count(&after, &Told::StoredWithoutId) + new_ids);
        let refused = count(&before, &Told::Refused).saturating_sub(count(&after, &Told::Refused));
        // A run that stops early does not report all.
        let untold = places.len() - after.len();
        if lost_ids + without_id + refused > untold {
            found.push(format!("activities {places:?} were {before:?} in one run and {after:?} later"));
        }
    }
    found
}

fn counts(keys: &[Key]) -> BTreeMap<Key, Vec<usize>> {
    let mut counts: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, key) in keys.iter().enumerate() {
        counts.entry(key.clone()).or_default().push(index);
    }
    counts
}

/// The number of records with this key that we wrote.
fn ours(truth: &Truth, key: &Key) -> usize {
    let own = truth.records.iter().filter(|record| !truth.foreign.contains(&record.cid));
    own.filter(|record| truth.key(record) == *key).count()
}
