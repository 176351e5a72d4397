//! The rows of a journal, in little memory: a journal may have millions of them.

use std::collections::{BTreeMap, HashMap};

use super::lines::RecordedOutcome;
use super::row::RowHash;
use crate::engine::{Key, SentBefore};

/// A row that was sent or refused.
pub(super) struct Row {
    pub(super) hash: RowHash,
    pub(super) state: State,
}

#[derive(Clone, Debug)]
pub(super) enum State {
    Sent(SentBefore),
    Done(RecordedOutcome),
}

/// Rows by their key.
#[derive(Default)]
pub(super) struct Rows {
    /// Those whose keys begin with the same bits, all but the last eight.
    blocks: BTreeMap<u64, Box<Block>>,
    /// The states that a block has no room for.
    others: HashMap<Key, State>,
}

/// Rows with keys side by side. Nearly all of them are stored, under IDs that are close together.
struct Block {
    hashes: [RowHash; BLOCK],
    /// Added to a state, the ID under which the row is stored.
    base: u64,
    states: [u32; BLOCK],
}

const BLOCK: usize = 256;
/// The state in the place of a row that does not exist.
const ABSENT: u32 = u32::MAX;
/// The state of a row whose real state is among the others.
const ELSEWHERE: u32 = u32::MAX - 1;

impl Rows {
    /// Adds a row, in the place of one with the same key.
    pub(super) fn insert(&mut self, key: Key, row: Row) {
        let (number, at) = place(key);
        let block = self.blocks.entry(number).or_default();
        let compact = match row.state {
            State::Done(RecordedOutcome::Stored(id)) => block.compact(id),
            _ => None,
        };
        block.hashes[at] = row.hash;
        block.states[at] = compact.unwrap_or(ELSEWHERE);
        match compact {
            Some(_) => self.others.remove(&key),
            None => self.others.insert(key, row.state),
        };
    }

    pub(super) fn get(&self, key: Key) -> Option<Row> {
        let (number, at) = place(key);
        let block = self.blocks.get(&number)?;
        let state = match block.states[at] {
            ABSENT => return None,
            ELSEWHERE => self.others.get(&key)?.clone(),
            state => State::Done(RecordedOutcome::Stored(block.base + u64::from(state))),
        };
        Some(Row { hash: block.hashes[at], state })
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.blocks.iter().flat_map(|(number, block)| {
            let keys = (number * BLOCK as u64..).zip(block.states);
            keys.filter(|(_, state)| *state != ABSENT).map(|(key, _)| key)
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, Row)> {
        self.keys().filter_map(|key| Some((key, self.get(key)?)))
    }

    /// Returns the rows that are sent and have no outcome, in any order.
    pub(super) fn in_doubt(&self) -> impl Iterator<Item = Key> {
        self.others.iter().filter(|(_, state)| matches!(state, State::Sent(_))).map(|(key, _)| *key)
    }

    /// Removes the rows that were refused.
    pub(super) fn remove_refused(&mut self) {
        let Self { blocks, others } = self;
        others.retain(|key, state| {
            let is_refused = matches!(state, State::Done(RecordedOutcome::Refused(_)));
            let (number, at) = place(*key);
            if is_refused && let Some(block) = blocks.get_mut(&number) {
                block.states[at] = ABSENT;
            }
            !is_refused
        });
    }
}

/// Returns the number of the block of this key, and the place in it.
fn place(key: Key) -> (u64, usize) {
    (key / BLOCK as u64, (key % BLOCK as u64) as usize)
}

impl Default for Block {
    fn default() -> Self {
        Self { hashes: [RowHash::default(); BLOCK], base: 0, states: [ABSENT; BLOCK] }
    }
}

impl Block {
    /// Returns the state of a row that is stored under this ID, if it is close enough to the others.
    fn compact(&mut self, id: u64) -> Option<u32> {
        if self.states.iter().all(|state| *state >= ELSEWHERE) {
            self.base = id.saturating_sub(u64::from(ELSEWHERE / 2));
        }
        let state = u32::try_from(id.checked_sub(self.base)?).ok()?;
        (state < ELSEWHERE).then_some(state)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::engine::Floor;

    fn state() -> impl Strategy<Value = State> {
        let id = prop_oneof![5 => 1000..1100_u64, 1 => 0..9_u64, 1 => u64::MAX - 3..];
        prop_oneof![
            1 => Just(sent(0)),
            4 => id.prop_map(|id| State::Done(RecordedOutcome::Stored(id))),
            1 => Just(State::Done(RecordedOutcome::StoredTwice(4, 5))),
            1 => Just(State::Done(RecordedOutcome::Refused(Some(405)))),
        ]
    }

    fn shown(row: &Row) -> (RowHash, Option<RecordedOutcome>) {
        match &row.state {
            State::Sent(_) => (row.hash, None),
            State::Done(outcome) => (row.hash, Some(outcome.clone())),
        }
    }

    proptest! {
        #[test]
        fn a_row_is_what_was_added_last_and_is_found_under_its_key(
            steps in prop::collection::vec((0..40_u64, any::<u64>(), state()), 0..80), in_between in 0..80_usize
        ) {
            let (mut rows, mut model) = (Rows::default(), BTreeMap::new());
            for (step, (key, hash, state)) in steps.into_iter().enumerate() {
                if step == in_between {
                    rows.remove_refused();
                    model.retain(|_, (_, outcome)| !matches!(outcome, Some(RecordedOutcome::Refused(_))));
                }
                // Stretches on both sides of a gap, and a border of blocks.
                let key = if key < 20 { key } else { 5080 + key };
                let row = Row { hash: RowHash::of(hash), state };
                model.insert(key, shown(&row));
                rows.insert(key, row);
            }
            let all: BTreeMap<Key, _> = rows.iter().map(|(key, row)| (key, shown(&row))).collect();
            prop_assert_eq!(&all, &model);
            prop_assert!(rows.keys().eq(model.keys().copied()));
            prop_assert!((0..5130).all(|key| rows.get(key).map(|row| shown(&row)) == model.get(&key).cloned()));
            let in_doubt = model.iter().filter(|(_, (_, outcome))| outcome.is_none()).map(|(key, _)| *key);
            prop_assert_eq!(rows.in_doubt().collect::<BTreeSet<Key>>(), in_doubt.collect());
        }
    }

    #[test]
    fn stored_rows_need_no_more_than_their_blocks() {
        let mut rows = Rows::default();
        for state in [sent, stored] {
            for key in 0..10 * BLOCK as u64 {
                rows.insert(key, Row { hash: RowHash::of(key), state: state(key) });
            }
        }
        assert_eq!((rows.blocks.len(), rows.others.len()), (10, 0));
        assert_eq!(shown(&rows.get(999).unwrap()).1, Some(RecordedOutcome::Stored(21_528)));
    }

    fn sent(_: Key) -> State {
        State::Sent(SentBefore { request: 1, floor: Floor { id: 7, is_certain: true } })
    }

    fn stored(key: Key) -> State {
        State::Done(RecordedOutcome::Stored(20_529 + key))
    }
}
