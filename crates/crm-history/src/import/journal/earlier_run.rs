//! What the lines of earlier runs add up to.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crm_transport::Error;

use super::alignment::{Alignment, FIRST_INSERTED};
use super::elsewhere::StoredElsewhere;
use super::file;
use super::lines::{Line, RecordedOutcome, SendLine};
use super::order::{Order, Sequence};
use super::row::{HashKey, RowHash};
use super::rows::{Row, Rows, State};
use crate::engine::{self, Floor, Key, SentBefore, Settled};

/// What earlier runs with this journal did, by the key of the row.
pub(in crate::import) struct EarlierRun {
    path: PathBuf,
    key: HashKey,
    rows: Rows,
    /// The rows that were inserted or moved, and the row in front of each, in the order of the lines.
    placed: Vec<(Key, Option<Key>)>,
    last_request: u64,
    /// The lowest floor of all requests.
    oldest_floor: Option<u64>,
    /// Each ID was above the floor of its request.
    ids_grow: bool,
    /// The highest floor of a request whose IDs are known.
    highest_floor: u64,
    /// The rows that are stored under an unknown ID, and the floor of the request of each.
    without_id: HashMap<RowHash, Vec<u64>>,
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
        Self {
            path,
            key,
            rows: Rows::default(),
            placed: Vec::new(),
            last_request: 0,
            oldest_floor: None,
            ids_grow: true,
            highest_floor: 0,
            without_id: HashMap::new(),
        }
    }

    pub(super) fn key(&self) -> &HashKey {
        &self.key
    }

    /// Returns what is known of all rows together.
    pub(in crate::import) fn summary(&self) -> engine::Earlier {
        let mut summary = engine::Earlier {
            last_request: self.last_request,
            oldest_floor: self.oldest_floor.unwrap_or(0),
            ids_grow: self.ids_grow,
            ..engine::Earlier::default()
        };
        for (key, row) in self.rows.iter() {
            match row.state {
                State::Done(outcome) => {
                    let has_unknown_id = outcome == RecordedOutcome::StoredWithoutId
                        || matches!(outcome.settled(), Settled::Undecidable(_));
                    summary.has_unknown_ids |= has_unknown_id;
                    outcome.ids().for_each(|id| _ = summary.claimed.insert(id));
                }
                State::Sent(sent) => {
                    summary.in_doubt += 1;
                    let lowest = summary.lowest_floor.unwrap_or(u64::MAX);
                    summary.lowest_floor = Some(lowest.min(sent.floor.id));
                    if let Some(floors) = self.without_id.get(&row.hash).filter(|floors| !floors.is_empty()) {
                        let mut floors = floors.clone();
                        floors.sort_unstable();
                        summary.without_id.insert(key, floors);
                    }
                }
            }
        }
        summary.has_grown = summary.claimed.first().is_some_and(|lowest| lowest <= self.highest_floor);
        summary
    }

    /// Takes the refused rows for new ones.
    pub(in crate::import) fn forget_refused(&mut self) {
        self.rows.remove_refused();
    }

    /// Returns the rows in the order of the latest input, to be matched with those of this one.
    pub(in crate::import) fn into_alignment(self) -> Alignment {
        let is_inserted: HashSet<Key> =
            self.placed.iter().map(|(key, _)| *key).filter(|key| *key >= FIRST_INSERTED).collect();
        let last = self.rows.keys().chain(is_inserted.iter().copied()).max();
        // Rows that were never inserted or moved are in the order of their keys.
        let order = if self.placed.is_empty() {
            Sequence::from_iter(self.rows.keys())
        } else {
            let mut order = Order::default();
            let mut last = None;
            for key in self.rows.keys().filter(|key| !is_inserted.contains(key)) {
                order.insert(key, last);
                last = Some(key);
            }
            for &(key, after) in &self.placed {
                order.remove(key);
                order.insert(key, after);
            }
            order.keys().into_iter().filter(|key| self.rows.get(*key).is_some()).collect()
        };
        Alignment::new(self.path, self.key, self.rows, order, last)
    }

    /// Returns what was sent, for another import.
    ///
    /// # Errors
    /// Some of it may be stored or not.
    pub(super) fn into_elsewhere(self) -> Result<StoredElsewhere, Error> {
        if self.rows.in_doubt().next().is_some() {
            let error = file::fault(&self.path, "has activities that may be stored or not", None);
            return Err(error.hint("run the import with that journal first, so that they are looked up"));
        }
        let rows = self.rows.iter().filter_map(|(_, row)| match row.state {
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
                    self.forget_without_id(key);
                    self.rows.insert(key, Row { hash, state: State::Sent(sent) });
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
                    let sent = self.rows.get(key);
                    let may_be_unsent = matches!(outcome, RecordedOutcome::Refused(_));
                    if !may_be_unsent && sent.as_ref().is_none_or(|row| row.hash != hash) {
                        return Err("ends a row that was not sent");
                    }
                    if let Some(Row { state: State::Sent(sent), .. }) = sent {
                        self.note_outcome(hash, sent.floor.id, &outcome);
                    }
                    self.rows.insert(key, Row { hash, state: State::Done(outcome) });
                }
            }
        }
        Ok(())
    }

    /// Notes what the outcome of a request with this floor says about all IDs.
    fn note_outcome(&mut self, hash: RowHash, floor: u64, outcome: &RecordedOutcome) {
        if *outcome == RecordedOutcome::StoredWithoutId {
            self.without_id.entry(hash).or_default().push(floor);
        }
        self.ids_grow &= outcome.ids().all(|id| id > floor);
        if outcome.ids().next().is_some() {
            self.highest_floor = self.highest_floor.max(floor);
        }
    }

    /// Forgets that a row is stored under an unknown ID, because it is sent again.
    fn forget_without_id(&mut self, key: Key) {
        if let Some(Row { hash, state: State::Done(RecordedOutcome::StoredWithoutId) }) = self.rows.get(key)
            && let Some(floors) = self.without_id.get_mut(&hash)
        {
            floors.pop();
        }
    }

    #[cfg(test)]
    pub(super) fn in_doubt(&self) -> usize {
        self.rows.in_doubt().count()
    }

    #[cfg(test)]
    pub(super) fn rows(&self) -> usize {
        self.rows.keys().count()
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

    #[test]
    fn a_row_without_an_id_that_is_sent_again_is_not_its_own_equal() {
        let row = r#"[0,"00000000000000aa"]"#;
        let sent = format!(r#"{{"send":{{"request":1,"floor":32,"rows":[{row}]}}}}"#);
        let done = r#"{"done":[[0,"00000000000000aa","stored_without_id"]]}"#;
        let again = format!(r#"{{"send":{{"request":2,"floor":40,"rows":[{row}]}}}}"#);
        assert!(summary(&[&sent, done, &again]).without_id.is_empty());
        let equal = r#"{"send":{"request":2,"floor":40,"rows":[[1,"00000000000000aa"]]}}"#;
        assert_eq!(summary(&[&sent, done, equal]).without_id, HashMap::from([(1, vec![32])]));
    }
}
