//! A set of numbers, most of which follow one another, such as the IDs that a server gives.

use std::collections::BTreeMap;

/// Numbers as ranges without gaps: the last number of each, by its first.
#[derive(Clone, Debug, Default)]
pub struct Ranges {
    ranges: BTreeMap<u64, u64>,
    len: u64,
}

impl Ranges {
    /// Adds a number. Returns whether it is new.
    pub fn insert(&mut self, number: u64) -> bool {
        let before = self.range_from(number);
        if before.is_some_and(|(_, last)| last >= number) {
            return false;
        }
        let next = number.checked_add(1);
        let last = next.and_then(|next| self.ranges.remove(&next)).unwrap_or(number);
        let joined = before.filter(|(_, last)| last.checked_add(1) == Some(number));
        self.ranges.insert(joined.map_or(number, |(first, _)| first), last);
        self.len += 1;
        true
    }

    /// Removes a number. Returns whether it was there.
    pub fn remove(&mut self, number: u64) -> bool {
        let Some((first, last)) = self.range_from(number).filter(|(_, last)| *last >= number) else {
            return false;
        };
        self.ranges.remove(&first);
        if first < number {
            self.ranges.insert(first, number - 1);
        }
        if number < last {
            self.ranges.insert(number + 1, last);
        }
        self.len -= 1;
        true
    }

    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        self.range_from(number).is_some_and(|(_, last)| last >= number)
    }

    #[must_use]
    pub fn first(&self) -> Option<u64> {
        self.ranges.first_key_value().map(|(first, _)| *first)
    }

    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.ranges.last_key_value().map(|(_, last)| *last)
    }

    /// Returns how many numbers there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Returns the last range that begins at this number or below it.
    fn range_from(&self, number: u64) -> Option<(u64, u64)> {
        self.ranges.range(..=number).next_back().map(|(first, last)| (*first, *last))
    }
}

impl FromIterator<u64> for Ranges {
    fn from_iter<T: IntoIterator<Item = u64>>(numbers: T) -> Self {
        let mut set = Self::default();
        numbers.into_iter().for_each(|number| _ = set.insert(number));
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    proptest::proptest! {
        #[test]
        fn it_is_the_set_of_what_was_added_and_not_removed(
            steps in proptest::collection::vec(
                (proptest::prop_oneof![0..20_u64, u64::MAX - 3..], proptest::bool::weighted(0.6)), 0..60
            )
        ) {
            let (mut set, mut model) = (Ranges::default(), BTreeSet::new());
            for (number, is_added) in steps {
                if is_added {
                    proptest::prop_assert_eq!(set.insert(number), model.insert(number));
                } else {
                    proptest::prop_assert_eq!(set.remove(number), model.remove(&number));
                }
                proptest::prop_assert_eq!(set.len(), model.len() as u64);
                proptest::prop_assert_eq!(set.is_empty(), model.is_empty());
                proptest::prop_assert_eq!(set.first(), model.first().copied());
                proptest::prop_assert_eq!(set.last(), model.last().copied());
                for number in (0..22).chain(u64::MAX - 4..=u64::MAX) {
                    proptest::prop_assert_eq!(set.contains(number), model.contains(&number));
                }
            }
        }
    }
}
