//! Ids that were given.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of ids that mostly follow one another: ranges, each by its first id with its last. It is written as numbers in
/// turn: how far the first id of a range is from the last one of the range before, and how far its own last one is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ids(BTreeMap<u64, u64>);

impl Ids {
    /// Adds an id; tells whether it is new.
    pub(super) fn insert(&mut self, id: u64) -> bool {
        let below = self.0.range(..=id).next_back().map(|(&first, &last)| (first, last));
        if below.is_some_and(|(_, last)| id <= last) {
            return false;
        }
        let last = self.0.remove(&id.saturating_add(1)).unwrap_or(id);
        let first = below.filter(|(_, last)| last + 1 == id).map_or(id, |(first, _)| first);
        self.0.insert(first, last);
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Ids {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut end = 0;
        serializer.collect_seq(self.0.iter().flat_map(|(&first, &last)| {
            let steps = [first - end, last - first];
            end = last;
            steps
        }))
    }
}

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let steps: Vec<u64> = Vec::deserialize(deserializer)?;
        let (mut ranges, mut end) = (BTreeMap::new(), 0_u64);
        for pair in steps.chunks(2) {
            let range =
                end.checked_add(pair[0]).and_then(|first| Some((first, first.checked_add(*pair.get(1)?)?)));
            let (first, last) = range.ok_or_else(|| D::Error::custom("no ranges of ids"))?;
            ranges.insert(first, last);
            end = last;
        }
        Ok(Self(ranges))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set_in_as_few_ranges_as_can_be_and_is_read_back_as_it_was(
            ids in prop::collection::vec(prop_oneof![1..60_u64, u64::MAX - 5..=u64::MAX], 0..80),
        ) {
            let (mut set, mut plain) = (Ids::default(), BTreeSet::new());
            for id in ids {
                prop_assert_eq!(set.insert(id), plain.insert(id));
            }
            let ranges = plain.iter().filter(|&&id| !plain.contains(&(id - 1))).count();
            prop_assert_eq!(set.0.len(), ranges);
            let text = serde_json::to_string(&set).unwrap();
            prop_assert_eq!(serde_json::from_str::<Ids>(&text).unwrap(), set);
        }
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in ["[1]", "[18446744073709551615,1]", "[1,18446744073709551615]", "[-1,2]"] {
            assert!(serde_json::from_str::<Ids>(text).is_err(), "{text}");
        }
    }
}
