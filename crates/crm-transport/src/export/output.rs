//! Records that are ready to be given, in order, and those that wait for the rest of them.

use std::collections::VecDeque;

use crate::error::Error;

/// The records of one stretch.
pub(super) struct Records<T> {
    /// `None` where a record is still being fetched.
    ready: VecDeque<Option<Result<T, Error>>>,
    /// Records of which more is to be fetched, with their places.
    wanting: VecDeque<(u64, T)>,
    /// The place of the first of `ready`.
    first: u64,
}

impl<T> Default for Records<T> {
    fn default() -> Self {
        Self { ready: VecDeque::new(), wanting: VecDeque::new(), first: 0 }
    }
}

impl<T> Records<T> {
    pub(super) fn fill(
        &mut self,
        records: Vec<T>,
        wants: impl Fn(&T) -> bool,
        unreadable: impl Iterator<Item = Error>,
    ) {
        for record in records {
            if wants(&record) {
                self.wanting.push_back((self.first + self.ready.len() as u64, record));
                self.ready.push_back(None);
            } else {
                self.ready.push_back(Some(Ok(record)));
            }
        }
        self.ready.extend(unreadable.map(|error| Some(Err(error))));
    }

    pub(super) fn next_to_hydrate(&mut self) -> Option<(u64, T)> {
        self.wanting.pop_front()
    }

    pub(super) fn hydrated(&mut self, place: u64, record: T) {
        if let Some(waiting) = self.ready.get_mut((place - self.first) as usize) {
            *waiting = Some(Ok(record));
        }
    }

    /// The next record, if it is whole.
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
