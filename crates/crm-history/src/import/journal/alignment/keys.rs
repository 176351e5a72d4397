//! The keys that are taken.

use std::collections::BTreeMap;

use crate::engine::Key;

/// A set of keys, as ranges: most of them follow one another.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<Key, Key>);

impl Keys {
    /// Adds a key. Returns whether it is new.
    pub(super) fn insert(&mut self, key: Key) -> bool {
        let before = self.0.range(..=key).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| last >= key) {
            return false;
        }
        let next = key.checked_add(1);
        let last = next.and_then(|next| self.0.remove(&next)).unwrap_or(key);
        let first =
            before.filter(|(_, last)| Some(key) == last.checked_add(1)).map_or(key, |(first, _)| first);
        self.0.insert(first, last);
        true
    }
}

impl FromIterator<Key> for Keys {
    fn from_iter<T: IntoIterator<Item = Key>>(keys: T) -> Self {
        let mut set = Self::default();
        keys.into_iter().for_each(|key| _ = set.insert(key));
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    proptest::proptest! {
        #[test]
        fn a_key_is_new_once(keys in proptest::collection::vec(proptest::prop_oneof![0..20_u64, u64::MAX - 3..], 0..40)) {
            let (mut set, mut model) = (Keys::default(), BTreeSet::new());
            for key in keys {
                proptest::prop_assert_eq!(set.insert(key), model.insert(key));
            }
        }
    }
}
