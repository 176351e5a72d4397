//! The order of the rows of a journal.

use std::collections::HashMap;

use crate::engine::Key;

/// A list of keys in which a key is inserted or removed at once, wherever it is.
#[derive(Default)]
pub(super) struct Order {
    /// The key behind each one. `None` stands for the beginning, and for the end.
    next: HashMap<Option<Key>, Option<Key>>,
    previous: HashMap<Option<Key>, Option<Key>>,
}

impl Order {
    /// Inserts a key behind another one, or at the beginning. A key whose predecessor is not known goes to the beginning.
    pub(super) fn insert(&mut self, key: Key, after: Option<Key>) {
        let after = after.filter(|after| self.next.contains_key(&Some(*after)));
        let behind = self.next.get(&after).copied().flatten();
        self.link(Some(key), behind);
        self.link(after, Some(key));
    }

    /// Removes a key, if it is there.
    pub(super) fn remove(&mut self, key: Key) {
        if let (Some(next), Some(previous)) = (self.next.remove(&Some(key)), self.previous.remove(&Some(key)))
        {
            self.link(previous, next);
        }
    }

    /// Returns the keys in order.
    pub(super) fn keys(&self) -> Vec<Key> {
        let following = |key: &Option<Key>| self.next.get(key).copied().flatten();
        std::iter::successors(following(&None), |key| following(&Some(*key))).collect()
    }

    fn link(&mut self, first: Option<Key>, second: Option<Key>) {
        self.next.insert(first, second);
        self.previous.insert(second, first);
    }
}

/// The place of a row in the order of the journal.
pub(super) type Rank = u64;

/// The keys of the rows, by their rank. Nearly all of them follow one another.
#[derive(Default)]
pub(super) struct Sequence {
    /// The first rank and the first key of each stretch of consecutive keys.
    stretches: Vec<(Rank, Key)>,
    len: u64,
}

impl Sequence {
    /// Returns how many rows there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn key(&self, rank: Rank) -> Option<Key> {
        let behind = self.stretches.partition_point(|(first, _)| *first <= rank);
        let (first, key) = self.stretches.get(behind.checked_sub(1)?)?;
        (rank < self.len).then(|| key + (rank - first))
    }
}

impl FromIterator<Key> for Sequence {
    fn from_iter<T: IntoIterator<Item = Key>>(keys: T) -> Self {
        let mut sequence = Self::default();
        for key in keys {
            let follows =
                sequence.stretches.last().is_some_and(|(rank, first)| first + (sequence.len - rank) == key);
            if !follows {
                sequence.stretches.push((sequence.len, key));
            }
            sequence.len += 1;
        }
        sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_returns_the_keys_that_it_was_made_of() {
        let keys = [3, 4, 5, 9, 7, 8, 0];
        let sequence: Sequence = keys.into_iter().collect();
        assert_eq!(sequence.stretches.len(), 4);
        assert!((0..).zip(keys).all(|(rank, key)| sequence.key(rank) == Some(key)));
        assert_eq!((sequence.len(), sequence.key(7)), (7, None));
        assert_eq!(Sequence::default().key(0), None);
    }

    #[test]
    fn keys_are_inserted_and_moved_anywhere() {
        let mut order = Order::default();
        for (key, after) in [(0, None), (1, Some(0)), (2, Some(1)), (9, Some(0)), (8, None), (7, Some(99))] {
            order.insert(key, after);
        }
        assert_eq!(order.keys(), [7, 8, 0, 9, 1, 2]);
        for (key, after) in [(2, None), (7, Some(1))] {
            order.remove(key);
            order.insert(key, after);
        }
        assert_eq!(order.keys(), [2, 8, 0, 9, 1, 7]);
        order.remove(99);
        assert_eq!(order.keys().len(), 6);
    }
}
