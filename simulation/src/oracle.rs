//! Compares what was reported with what the server holds.

use std::collections::{BTreeMap, BTreeSet};

use crm_history::AddOutcome;
use crm_sandbox::Record;

use crate::activities::Key;

/// What the server holds, and whose it is.
pub(crate) struct Truth {
    pub(crate) records: Vec<Record>,
    /// Ids that others wrote, or that were there before.
    pub(crate) foreign: BTreeSet<u64>,
    /// The highest id before the first run.
    pub(crate) watermark: u64,
}

/// Returns what is wrong with these outcomes, given in the order of the input.
pub(crate) fn violations(truth: &Truth, keys: &[Key], outcomes: &[AddOutcome]) -> Vec<String> {
    let mut found = Vec::new();
    if outcomes.len() != keys.len() {
        found.push(format!("{} outcomes for {} activities", outcomes.len(), keys.len()));
        return found;
    }
    let by_id: BTreeMap<u64, &Record> = truth.records.iter().map(|record| (record.cid, record)).collect();
    let mut claimed = BTreeMap::new();
    for (index, (key, outcome)) in keys.iter().zip(outcomes).enumerate() {
        let AddOutcome::Created(id) = outcome else { continue };
        if let Some(other) = claimed.insert(id.0, index) {
            found.push(format!("record {id} was reported for activities {other} and {index}"));
        }
        match by_id.get(&id.0) {
            None => found.push(format!("activity {index} was reported as record {id}, which does not exist")),
            Some(record) if Key::of_record(record) != *key => {
                found.push(format!("activity {index} was reported as record {id}, which is another one"));
            }
            // One that is equal in everything, to the second, cannot be told apart.
            Some(_) if truth.foreign.contains(&id.0) && !(key.is_dated() && id.0 > truth.watermark) => {
                found
                    .push(format!("activity {index} was reported as record {id}, which somebody else wrote"));
            }
            Some(_) => {}
        }
    }
    for (key, count) in counts(keys) {
        let stored = ours(truth, &key);
        if stored > count.len() {
            found.push(format!("{stored} records for {} equal activities: {}", count.len(), name(&key)));
        }
        let may_be_stored = count
            .iter()
            .filter(|&&index| !matches!(outcomes[index], AddOutcome::NotSent(_) | AddOutcome::Rejected(_)));
        let may_be_stored = may_be_stored.count();
        if stored > may_be_stored && stored <= count.len() {
            found.push(format!(
                "{stored} records, and only {may_be_stored} of {} equal activities reported as stored or in doubt: {}",
                count.len(),
                name(&key)
            ));
        }
    }
    found
}

/// Returns the keys of which the server holds more records than activities were handed in.
pub(crate) fn doubled(truth: &Truth, keys: &[Key]) -> Vec<String> {
    let counts = counts(keys).into_iter();
    let doubled = counts.filter(|(key, indices)| ours(truth, key) > indices.len());
    doubled
        .map(|(key, indices)| {
            format!("{} records for {} equal activities: {}", ours(truth, &key), indices.len(), name(&key))
        })
        .collect()
}

/// Returns what an outcome that was told once contradicts later.
pub(crate) fn contradictions(before: &[AddOutcome], after: &[AddOutcome]) -> Vec<String> {
    let pairs = before.iter().zip(after).enumerate();
    pairs
        .filter_map(|(index, pair)| match pair {
            (AddOutcome::Created(one), AddOutcome::Created(other)) if one == other => None,
            (AddOutcome::Created(id), other) => {
                Some(format!("activity {index} was reported as record {id}, and later as: {other}"))
            }
            (AddOutcome::Rejected(_), AddOutcome::Rejected(_)) => None,
            (AddOutcome::Rejected(_), other) => {
                Some(format!("activity {index} was refused in one run, and later: {other}"))
            }
            _ => None,
        })
        .collect()
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
    own.filter(|record| Key::of_record(record) == *key).count()
}

fn name(key: &Key) -> String {
    let at = key.at.map_or("undated".to_owned(), |at| at.to_string());
    format!("{:?} of user {}, {at}", key.content, key.owner)
}
