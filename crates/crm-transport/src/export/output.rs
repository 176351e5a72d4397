//! Records that are ready to be returned, in order, and those for which more is being fetched.

use std::collections::VecDeque;
use std::vec;

use crate::error::Error;

/// The records of one stretch.
pub(super) struct Output<T> {
    /// The records before the first for which more has to be fetched. They are large, so they stay where they are.
    whole: vec::IntoIter<T>,
    /// The other records, and errors. `None` where a record is still being fetched.
    ready: VecDeque<Option<Result<T, Error>>>,
    /// Records for which more has to be fetched, with their places.
    to_hydrate: VecDeque<(u64, T)>,
    /// The place of the first of `ready`.
    first: u64,
}

impl<T> Default for Output<T> {
    fn default() -> Self {
        Self { whole: Vec::new().into_iter(), ready: VecDeque::new(), to_hydrate: VecDeque::new(), first: 0 }
    }
}

impl<T> Output<T> {
    /// Takes in the records of a stretch, then its unreadable ones as errors. Those of the one before have been returned.
    pub(super) fn add(
        &mut self,
        mut records: Vec<T>,
        needs_hydration: impl Fn(&T) -> bool,
        unreadable: impl Iterator<Item = Error>,
    ) {
        let whole = records.iter().position(&needs_hydration).unwrap_or(records.len());
        for record in records.split_off(whole) {
            if needs_hydration(&record) {
                self.to_hydrate.push_back((self.first + self.ready.len() as u64, record));
                self.ready.push_back(None);
            } else {
                self.ready.push_back(Some(Ok(record)));
            }
        }
        self.whole = records.into_iter();
        self.ready.extend(unreadable.map(|error| Some(Err(error))));
    }

    /// The next record for which more has to be fetched, with its place.
    pub(super) fn next_to_hydrate(&mut self) -> Option<(u64, T)> {
        self.to_hydrate.pop_front()
    }

    /// Puts a record back in its place.
    pub(super) fn hydrated(&mut self, place: u64, record: T) {
        if let Some(waiting) = self.ready.get_mut((place - self.first) as usize) {
            *waiting = Some(Ok(record));
        }
    }

    /// The next record, if it is complete.
    pub(super) fn pop(&mut self) -> Option<Result<T, Error>> {
        if let Some(record) = self.whole.next() {
            return Some(Ok(record));
        }
        self.ready.front()?.as_ref()?;
        self.first += 1;
        self.ready.pop_front().flatten()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.whole.as_slice().is_empty() && self.ready.is_empty()
    }
}
