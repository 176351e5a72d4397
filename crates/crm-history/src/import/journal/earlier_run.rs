//! What the lines of earlier runs add up to.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use crm_model::history::NewEntry;
use crm_transport::Error;

use super::lines::{Line, RecordedOutcome, SendLine};
use super::row::{HashKey, RowHash};
use crate::engine::{self, Floor, Key, SentBefore, Settled};
use crate::import::OPERATION;

/// What earlier runs with this journal did, by the position of the row in the input.
pub(in crate::import) struct EarlierRun {
    path: PathBuf,
    key: HashKey,
    rows: BTreeMap<Key, Row>,
    last_request: u64,
}

struct Row {
    hash: RowHash,
    /// The floor of the last request in which it was sent.
    floor: u64,
    state: State,
}

enum State {
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
        Self { path, key, rows: BTreeMap::new(), last_request: 0 }
    }

    pub(super) fn key(&self) -> &HashKey {
        &self.key
    }

    /// Returns what is known of all rows together.
    pub(in crate::import) fn summary(&self) -> engine::Earlier {
        let mut summary = engine::Earlier { last_request: self.last_request, ..engine::Earlier::default() };
        let mut floors: HashMap<RowHash, Vec<u64>> = HashMap::new();
        for row in self.rows.values() {
            match &row.state {
                State::Done(RecordedOutcome::StoredWithoutId) => {
                    summary.has_unknown_ids = true;
                    floors.entry(row.hash).or_default().push(row.floor)
                }
                State::Done(outcome) => {
                    summary.ids_grow &= outcome.ids().all(|id| id > row.floor);
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

    /// Takes what is known about this row of the input. A row that was refused or not sent may have been mended since.
    pub(in crate::import) fn take(&mut self, index: Key, entry: &NewEntry) -> Result<Earlier, Error> {
        let Some(row) = self.rows.remove(&index) else { return Ok(Earlier::New) };
        let is_same = row.hash == self.key.hash(entry);
        Ok(match row.state {
            State::Done(RecordedOutcome::Missing) => Earlier::New,
            State::Done(RecordedOutcome::Refused(_)) if !is_same => Earlier::New,
            _ if !is_same => {
                return Err(self.is_of_another_input(index, index, "has changed since it was sent"));
            }
            State::Done(outcome) => Earlier::Done(outcome.settled()),
            State::Sent(sent) => Earlier::Sent(sent),
        })
    }

    /// Checks that the input, which ends here, had all rows that are stored or in doubt.
    pub(in crate::import) fn check_end(&self) -> Result<(), Error> {
        let needed = |row: &Row| {
            !matches!(row.state, State::Done(RecordedOutcome::Missing | RecordedOutcome::Refused(_)))
        };
        let mut missing = self.rows.iter().filter(|(_, row)| needed(row)).map(|(key, _)| *key);
        let Some(first) = missing.next() else { return Ok(()) };
        let last = missing.next_back().unwrap_or(first);
        Err(self.is_of_another_input(first, last, "missing"))
    }

    fn is_of_another_input(&self, first: Key, last: Key, what: &str) -> Error {
        let rows = if first == last {
            format!("activity {first} {}", what.replace("missing", "is missing"))
        } else {
            format!("activities {first} to {last} {}", what.replace("missing", "are missing"))
        };
        let fault = format!("belongs to another input: {rows}");
        Error::storage(OPERATION, "journal", &self.path, fault, None)
            .hint("use the input that the journal was created with, or another journal")
    }

    /// Adds a line. On failure returns what is wrong with it.
    pub(super) fn add(&mut self, line: Line) -> Result<(), &'static str> {
        match line {
            Line::Send(SendLine { request, floor, uncertain, rows }) => {
                if request == u64::MAX || rows.iter().any(|(index, _)| *index == u64::MAX) {
                    return Err("has an impossible number");
                }
                self.last_request = self.last_request.max(request);
                for (index, hash) in rows {
                    let sent = SentBefore { request, floor: Floor { id: floor, is_certain: !uncertain } };
                    self.rows.insert(index, Row { hash, floor, state: State::Sent(sent) });
                }
            }
            Line::Done(rows) => {
                for (index, hash, outcome) in rows {
                    let sent = self.rows.get(&index);
                    let may_be_unsent = matches!(outcome, RecordedOutcome::Refused(_));
                    if !may_be_unsent && sent.is_none_or(|row| row.hash != hash) {
                        return Err("ends a row that was not sent");
                    }
                    let floor = sent.map_or(0, |row| row.floor);
                    self.rows.insert(index, Row { hash, floor, state: State::Done(outcome) });
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
