//! What the lines of earlier runs add up to.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use crm_transport::Error;

use super::alignment::{Alignment, FIRST_INSERTED};
use super::elsewhere::StoredElsewhere;
use super::file;
use super::lines::{Line, RecordedOutcome, SendLine};
use super::order::Order;
use super::row::{HashKey, RowHash};
use crate::engine::{self, Floor, Key, SentBefore, Settled};

/// What earlier runs with this journal did, by the key of the row.
pub(in crate::import) struct EarlierRun {
    path: PathBuf,
    key: HashKey,
    rows: BTreeMap<Key, Row>,
    /// The rows that were inserted or moved, and the row in front of each, in the order of the lines.
    placed: Vec<(Key, Option<Key>)>,
    last_request: u64,
    /// The lowest floor of all requests.
    oldest_floor: Option<u64>,
}

/// A row that was sent or refused.
pub(super) struct Row {
    pub(super) hash: RowHash,
    /// The floor of the last request in which it was sent.
    floor: u64,
    pub(super) state: State,
}

pub(super) enum State {
    Sent(SentBefore),
    Done(RecordedOutcome),
}

/// What is known about a row of the input.
#[derive(Debug)]
pub(in crate::import) enum Earlier {
    /// It is to be sent.
    New,
    /// It was sent, and the outcome is not known.
    Sent(SentBefore),
    /// It has its outcome.
    Done(Settled),
}

impl EarlierRun {
    pub(super) fn new(path: PathBuf, key: HashKey) -> Self {
        Self { path, key, rows: BTreeMap::new(), placed: Vec::new(), last_request: 0, oldest_floor: None }
    }

    pub(super) fn key(&self) -> &HashKey {
        &self.key
    }

    /// Returns what is known of all rows together.
    pub(in crate::import) fn summary(&self) -> engine::Earlier {
        let mut summary = engine::Earlier {
            last_request: self.last_request,
            oldest_floor: self.oldest_floor.unwrap_or(0),
            ..engine::Earlier::default()
        };
        let mut floors: HashMap<RowHash, Vec<u64>> = HashMap::new();
        let mut highest_floor = 0;
        for row in self.rows.values() {
            match &row.state {
                State::Done(RecordedOutcome::StoredWithoutId) => {
                    summary.has_unknown_ids = true;
                    floors.entry(row.hash).or_default().push(row.floor)
                }
                State::Done(outcome) => {
                    summary.has_unknown_ids |= matches!(outcome.settled(), Settled::Undecidable(_));
                    summary.ids_grow &= outcome.ids().all(|id| id > row.floor);
                    if outcome.ids().next().is_some() {
                        highest_floor = highest_floor.max(row.floor);
                    }
                    summary.claimed.extend(outcome.ids());
                }
                State::Sent(sent) => {
                    summary.in_doubt += 1;
                    let lowest =
                        summary.lowest_floor.map_or(sent.floor.id, |lowest| lowest.min(sent.floor.id));
                    summary.lowest_floor = Some(lowest);
                }
            }
        }
        summary.has_grown = summary.claimed.iter().any(|&id| id <= highest_floor);
        for (&key, row) in self.rows.iter().filter(|(_, row)| matches!(row.state, State::Sent(_))) {
            if let Some(floors) = floors.get_mut(&row.hash) {
                floors.sort_unstable();
                summary.without_id.insert(key, floors.clone());
            }
        }
        summary
    }

    /// Takes the refused rows for new ones.
    pub(in crate::import) fn forget_refused(&mut self) {
        self.rows.retain(|_, row| !matches!(row.state, State::Done(RecordedOutcome::Refused(_))));
    }

    /// Returns the rows in the order of the latest input, to be matched with those of this one.
    pub(in crate::import) fn into_alignment(mut self) -> Alignment {
        // Rows that were never inserted or moved are in the order of their keys.
        if self.placed.is_empty() {
            let last = self.rows.keys().next_back().copied();
            return Alignment::new(self.path, self.key, self.rows.into_iter().collect(), last);
        }
        let mut order = Order::default();
        let is_inserted: HashSet<Key> =
            self.placed.iter().map(|(key, _)| *key).filter(|key| *key >= FIRST_INSERTED).collect();
        let mut last = None;
        for &key in self.rows.keys().filter(|key| !is_inserted.contains(key)) {
            order.insert(key, last);
            last = Some(key);
        }
        for &(key, after) in &self.placed {
            order.remove(key);
            order.insert(key, after);
        }
        let last = self.rows.keys().chain(&is_inserted).max().copied();
        let rows = order.keys().into_iter().filter_map(|key| Some((key, self.rows.remove(&key)?))).collect();
        Alignment::new(self.path, self.key, rows, last)
    }

    /// Returns what was sent, for another import.
    ///
    /// # Errors
    /// Some of it may be stored or not.
    pub(super) fn into_elsewhere(self) -> Result<StoredElsewhere, Error> {
        if self.rows.values().any(|row| matches!(row.state, State::Sent(_))) {
            let error = file::fault(&self.path, "has activities that may be stored or not", None);
            return Err(error.hint("run the import with that journal first, so that they are looked up"));
        }
        let rows = self.rows.into_values().filter_map(|row| match row.state {
            State::Sent(_) | State::Done(RecordedOutcome::Missing | RecordedOutcome::Refused(_)) => None,
            State::Done(outcome) => Some((row.hash, outcome.settled())),
        });
        Ok(StoredElsewhere::new(self.key, rows))
    }

    /// Adds a line. On failure returns what is wrong with it.
    pub(super) fn add(&mut self, line: Line) -> Result<(), &'static str> {
        match line {
            Line::Send(SendLine { request, floor, uncertain, rows }) => {
                if request == u64::MAX || rows.iter().any(|(key, _)| *key > LARGEST_KEY) {
                    return Err("has an impossible number");
                }
                self.last_request = self.last_request.max(request);
                self.oldest_floor = Some(self.oldest_floor.map_or(floor, |oldest| oldest.min(floor)));
                for (key, hash) in rows {
                    let sent = SentBefore { request, floor: Floor { id: floor, is_certain: !uncertain } };
                    self.rows.insert(key, Row { hash, floor, state: State::Sent(sent) });
                }
            }
            Line::Placed(rows) => {
                if rows.iter().any(|(key, after)| *key > LARGEST_KEY || *after == Some(*key)) {
                    return Err("has an impossible number");
                }
                self.placed.extend(rows);
            }
            Line::Done(rows) => {
                for (key, hash, outcome) in rows {
                    if key > LARGEST_KEY {
                        return Err("has an impossible number");
                    }
                    let sent = self.rows.get(&key);
                    let may_be_unsent = matches!(outcome, RecordedOutcome::Refused(_));
                    if !may_be_unsent && sent.is_none_or(|row| row.hash != hash) {
                        return Err("ends a row that was not sent");
                    }
                    let floor = sent.map_or(0, |row| row.floor);
                    self.rows.insert(key, Row { hash, floor, state: State::Done(outcome) });
                }
            }
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn in_doubt(&self) -> usize {
        self.rows.values().filter(|row| matches!(row.state, State::Sent(_))).count()
    }

    #[cfg(test)]
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }
}

/// The largest key that an import can have come to.
const LARGEST_KEY: Key = 1 << 62;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn summary(lines: &[&str]) -> engine::Earlier {
        let mut run = EarlierRun::new(PathBuf::new(), HashKey::random());
        lines.iter().for_each(|line| run.add(serde_json::from_str(line).unwrap()).unwrap());
        run.summary()
    }

    #[test]
    fn ids_of_one_request_do_not_show_that_ids_grow() {
        let sent =
            r#"{"send":{"request":1,"floor":32,"rows":[[0,"0000000000000001"],[1,"0000000000000002"]]}}"#;
        let done = r#"{"done":[[0,"0000000000000001",{"stored":41}],[1,"0000000000000002",{"stored":40}]]}"#;
        assert!(!summary(&[sent, done]).has_grown);
        let next = r#"{"send":{"request":2,"floor":41,"rows":[[2,"0000000000000003"]]}}"#;
        assert!(!summary(&[sent, done, next]).has_grown, "its answer is not known");
        let stored = r#"{"done":[[2,"0000000000000003",{"stored":42}]]}"#;
        assert!(summary(&[sent, done, next, stored]).has_grown);
    }
}
