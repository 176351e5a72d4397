//! Records that are ready to be returned, in order, and those for which more is being fetched.

use std::collections::VecDeque;

use crate::error::Error;

/// The records of one stretch.
pub(super) struct Output<T> {
    /// `None` where a record is still being fetched.
    ready: VecDeque<Option<Result<T, Error>>>,
    /// Records for which more has to be fetched, with their places.
    to_hydrate: VecDeque<(u64, T)>,
    /// The place of the first of `ready`.
    first: u64,
}

impl<T> Default for Output<T> {
    fn default() -> Self {
        Self { ready: VecDeque::new(), to_hydrate: VecDeque::new(), first: 0 }
    }
}

impl<T> Output<T> {
    /// Adds the records of a stretch, then its unreadable ones as errors.
    pub(super) fn add(
        &mut self,
        records: Vec<T>,
        needs_hydration: impl Fn(&T) -> bool,
        unreadable: impl Iterator<Item = Error>,
    ) {
        for record in records {
            if needs_hydration(&record) {
                self.to_hydrate.push_back((self.first + self.ready.len() as u64, record));
                self.ready.push_back(None);
            } else {
                self.ready.push_back(Some(Ok(record)));
            }
        }
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
        let record = self.ready.front_mut()?.take()?;
        self.ready.pop_front();
        self.first += 1;
        Some(record)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }
}
