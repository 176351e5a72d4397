//! Which row of the input is which row of the journal.
//!
//! A row is known by its content. Of rows with equal content any is as good as another, so their number decides. What the
//! journal does not know is new, if all rows that were sent earlier are in the input. If some of them are missing, a new
//! row may be one of those, changed since. It would be stored twice. Such a row is held until the missing ones appear.
//! What is still held at the end of the input is new only behind or in front of all rows that the journal knows.
//!
//! An input that has not changed is compared with the journal row by row. Only the first row that is another one needs
//! an index of all of them.

mod index;
mod ranks;

use std::collections::HashSet;
use std::path::PathBuf;

use crm_model::history::NewEntry;
use crm_transport::Error;

use super::earlier_run::Earlier;
use super::file;
use super::lines::RecordedOutcome;
use super::order::{Rank, Sequence};
use super::row::{HashKey, RowHash};
use super::rows::{Row, Rows, State};
use crate::engine::{Key, Ranges};
use index::Index;

/// The rows of the journal, matched with those of the input one by one.
pub(in crate::import) struct Alignment {
    path: PathBuf,
    hash_key: HashKey,
    rows: Rows,
    /// The order of the latest input.
    order: Sequence,
    /// `None` as long as the input has had the rows of the journal in their order, and all of them were sent.
    index: Option<Index>,
    /// The rows in doubt that the input has not had until now.
    in_doubt: HashSet<Key>,
    /// Keys that are taken.
    keys: Ranges,
    /// The key of the latest row of the input that has one.
    last_key: Option<Key>,
    /// Whether the latest row of the input is held.
    is_last_held: bool,
    next_new_key: Key,
    matched: Matched,
    held: Vec<Held>,
    /// The rows whose key does not say where they are, and the row in front of each.
    placed: Vec<(Key, Option<Key>)>,
}

/// What was found in the input until now.
#[derive(Default)]
struct Matched {
    count: u64,
    /// The first row that was found is at most this one, and the last one at least that.
    first_at_most: Option<Rank>,
    last_at_least: Option<Rank>,
    last: Option<Rank>,
    highest: Option<Rank>,
    /// Whether the input has them in another order than the journal.
    is_reordered: bool,
}

/// A row that may be new.
struct Held {
    index: Key,
    /// The matched rows in front of it.
    matched_before: u64,
    /// The key of the row in front of it, or `None` if that is held as well or there is none.
    after: Option<Key>,
}

/// What is known about a row of the input.
#[derive(Debug)]
pub(in crate::import) enum Place {
    /// It has this key in the journal.
    Known(Key, Earlier),
    /// It may be new, and may be one that was sent earlier and changed since.
    Held,
}

/// What becomes of a row that was held.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::import) struct Released {
    /// Its position in the input.
    pub(in crate::import) index: Key,
    /// Its key if it is new. `None` if it may be one that was sent earlier.
    pub(in crate::import) key: Option<Key>,
}

/// Rows with a key from here on were inserted between others.
pub(super) const FIRST_INSERTED: Key = 1 << 40;

impl Alignment {
    /// Begins with what the journal has. `last_key` is the highest key.
    pub(super) fn new(
        path: PathBuf,
        hash_key: HashKey,
        rows: Rows,
        order: Sequence,
        last_key: Option<Key>,
    ) -> Self {
        Self {
            path,
            hash_key,
            in_doubt: rows.in_doubt().collect(),
            keys: rows.keys().collect(),
            rows,
            order,
            index: None,
            last_key: None,
            is_last_held: false,
            next_new_key: last_key.map_or(FIRST_INSERTED, |last| FIRST_INSERTED.max(last.saturating_add(1))),
            matched: Matched::default(),
            held: Vec::new(),
            placed: Vec::new(),
        }
    }

    /// Finds the row of the journal that this row of the input is.
    pub(in crate::import) fn take(&mut self, index: Key, entry: &NewEntry) -> Place {
        let hash = self.hash_key.hash(entry);
        if let Some(rank) = self.choose(hash)
            && let Some((key, row)) = self.row(rank)
        {
            if self.matched.highest.is_some_and(|highest| highest > rank) {
                self.placed.push((key, self.last_key));
            }
            self.note_match(rank, hash);
            self.in_doubt.remove(&key);
            (self.last_key, self.is_last_held) = (Some(key), false);
            return Place::Known(key, row.earlier());
        }
        if self.misses_none() {
            let key = self.new_key(self.last_key);
            self.last_key = Some(key);
            return Place::Known(key, Earlier::New);
        }
        let after = self.last_key.filter(|_| !self.is_last_held);
        self.held.push(Held { index, matched_before: self.matched.count, after });
        self.is_last_held = true;
        Place::Held
    }

    /// Returns whether rows are held.
    pub(in crate::import) fn holds_rows(&self) -> bool {
        !self.held.is_empty()
    }

    /// Returns the number of rows that were sent earlier and are missing from the input until now, and how many rows of the
    /// input the journal knows.
    pub(in crate::import) fn counts(&mut self) -> (u64, u64) {
        (self.indexed().left(), self.matched.count)
    }

    /// Returns the rows that were held and are certainly new.
    pub(in crate::import) fn release_new(&mut self) -> Vec<Released> {
        if self.misses_none() { self.release_all() } else { Vec::new() }
    }

    /// Returns all rows that were held. Call it when the input has ended, or has paused for too long.
    pub(in crate::import) fn release_all(&mut self) -> Vec<Released> {
        let held = std::mem::take(&mut self.held);
        let mut last = None;
        let mut released = Vec::with_capacity(held.len());
        for Held { index, matched_before, after } in held {
            let key = self.is_new(matched_before).then(|| self.new_key(after.or(last)));
            last = key.or(after).or(last);
            released.push(Released { index, key });
        }
        if std::mem::take(&mut self.is_last_held) {
            self.last_key = last.or(self.last_key);
        }
        released
    }

    /// Returns the rows that were held, and forgets them.
    pub(in crate::import) fn give_up(&mut self) -> Vec<Key> {
        self.held.drain(..).map(|held| held.index).collect()
    }

    /// Returns the rows whose key does not say where they are, each with the row in front of it.
    pub(in crate::import) fn take_placed(&mut self) -> Vec<(Key, Option<Key>)> {
        std::mem::take(&mut self.placed)
    }

    /// Checks that the input, which ends here, had all rows that are in doubt.
    pub(in crate::import) fn check_end(&self) -> Result<(), Error> {
        let count = self.in_doubt.len();
        if count == 0 {
            return Ok(());
        }
        let what = match count {
            1 => "has an activity that may be stored or not, and is missing from the input".to_owned(),
            _ => format!("has {count} activities that may be stored or not, and are missing from the input"),
        };
        let hint = "put them back into the input and run the import again, so that they are looked up";
        Err(file::fault(&self.path, what, None).hint(hint))
    }

    /// Chooses a row with this content: one that was sent if there is one, and the next in order if possible.
    fn choose(&mut self, hash: RowHash) -> Option<Rank> {
        let next = self.matched.last.map_or(0, |last| last + 1);
        if self.index.is_none() {
            match self.row(next) {
                None => return None, // the input had all of them
                Some((_, row)) if row.hash == hash && row.was_sent() => return Some(next),
                Some(_) => {}
            }
        }
        self.indexed().take(hash, next)
    }

    /// Returns the index, which is made when it is needed for the first time.
    fn indexed(&mut self) -> &mut Index {
        let index = self.index.take().unwrap_or_else(|| self.make_index());
        self.index.insert(index)
    }

    /// Makes the index, with what the input has had until now taken from it.
    fn make_index(&mut self) -> Index {
        let rows = (0..self.order.len()).filter_map(|rank| self.row(rank));
        let mut index = Index::new(rows.map(|(_, row)| (row.hash, row.was_sent())));
        for rank in 0..self.matched.count {
            if let Some((_, row)) = self.row(rank) {
                index.take(row.hash, rank);
                self.matched.note_bounds(&index, row.hash);
            }
        }
        index
    }

    fn row(&self, rank: Rank) -> Option<(Key, Row)> {
        let key = self.order.key(rank)?;
        Some((key, self.rows.get(key)?))
    }

    /// Returns whether the input has had all rows that were sent.
    fn misses_none(&self) -> bool {
        match &self.index {
            Some(index) => index.missing().is_empty(),
            None => self.matched.count == self.order.len(),
        }
    }

    fn note_match(&mut self, rank: Rank, hash: RowHash) {
        self.matched.count += 1;
        self.matched.is_reordered |= self.matched.highest.is_some_and(|highest| highest > rank);
        self.matched.highest = self.matched.highest.max(Some(rank));
        self.matched.last = Some(rank);
        if let Some(index) = &self.index {
            self.matched.note_bounds(index, hash);
        }
    }

    /// Returns whether a row that was held is new, although rows are missing: if it is in front of all rows that the
    /// journal knows and these lack only later ones, or the other way round.
    fn is_new(&self, matched_before: u64) -> bool {
        let Matched { count, first_at_most, last_at_least, is_reordered, .. } = self.matched;
        let missing = self.index.as_ref().map(Index::missing);
        let Some((lowest, highest)) = missing.and_then(|missing| missing.first().zip(missing.last())) else {
            return true;
        };
        let is_in_front = matched_before == 0 && first_at_most.is_some_and(|first| first < lowest);
        let is_behind =
            count > 0 && matched_before == count && last_at_least.is_some_and(|last| last > highest);
        !is_reordered && (is_in_front || is_behind)
    }

    /// Returns the key of a new row behind this one: the next number if it is free.
    fn new_key(&mut self, after: Option<Key>) -> Key {
        let next = after.map_or(0, |after| after.saturating_add(1));
        if next < FIRST_INSERTED && self.keys.insert(next) {
            return next;
        }
        let key = self.next_new_key;
        self.next_new_key += 1;
        self.keys.insert(key);
        self.placed.push((key, after));
        key
    }
}

impl Matched {
    /// Notes the row with this content that was found last.
    fn note_bounds(&mut self, index: &Index, hash: RowHash) {
        if let Some((first, last)) = index.bounds(hash) {
            self.first_at_most = self.first_at_most.or(Some(last));
            self.last_at_least = Some(first);
        }
    }
}

impl Row {
    /// Returns whether it is stored or in doubt.
    fn was_sent(&self) -> bool {
        !matches!(self.state, State::Done(RecordedOutcome::Missing | RecordedOutcome::Refused(_)))
    }

    fn earlier(self) -> Earlier {
        match self.state {
            State::Done(RecordedOutcome::Missing) => Earlier::New,
            State::Done(outcome) => Earlier::Done(outcome.settled()),
            State::Sent(sent) => Earlier::Sent(sent),
        }
    }
}

#[cfg(test)]
mod tests;
