//! The activities that may be the reason why the server did not carry out a request.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::item::{Answer, Ending, Key};

/// The requests that the server answered without an outcome, and that are certainly not stored.
///
/// Whatever was stored since then is not the reason for the answer. If a single activity is left, it is the reason. A
/// refused activity explains the answer, so the other activities of its request are not suspected any more.
#[derive(Default)]
pub(super) struct Suspects(HashMap<u64, Suspicion>);

struct Suspicion {
    answer: Answer,
    keys: BTreeSet<Key>,
}

impl Suspects {
    /// Notes that a request got this answer, and that these activities of it are missing.
    pub(super) fn add(&mut self, request: u64, answer: Answer, keys: impl Iterator<Item = Key>) {
        self.0.insert(request, Suspicion { answer, keys: keys.collect() });
    }

    /// Notes how an activity ended.
    pub(super) fn ended(&mut self, key: Key, ending: &Ending) {
        match ending {
            Ending::Stored { .. } | Ending::StoredWithoutId => self.0.retain(|_, suspicion| {
                suspicion.keys.remove(&key);
                !suspicion.keys.is_empty()
            }),
            Ending::Refused(_) => self.0.retain(|_, suspicion| !suspicion.keys.contains(&key)),
            Ending::NotSent(_) | Ending::Unknown(_) => {}
        }
    }

    /// Returns whether an earlier request got the same answer and this activity alone can be the reason.
    pub(super) fn is_the_reason(&self, key: Key, answer: &Answer) -> bool {
        let is_alone = |suspicion: &Suspicion| suspicion.keys.len() == 1 && suspicion.keys.contains(&key);
        self.0.values().any(|suspicion| is_alone(suspicion) && suspicion.answer == *answer)
    }

    /// Returns how little an activity is suspected: the more others share the suspicion, the less. The least value is the
    /// least suspected one.
    pub(super) fn suspicion(&self, key: Key) -> Reverse<usize> {
        let shared = self.0.values().filter(|suspicion| suspicion.keys.contains(&key));
        Reverse(shared.map(|suspicion| suspicion.keys.len()).min().unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use crm_model::history::{EntryId, Rejection};

    use super::*;

    fn answer(text: &str) -> Answer {
        Answer { code: None, status: Some(403), text: text.to_owned() }
    }

    fn stored() -> Ending {
        Ending::Stored { id: EntryId(1), copy: None }
    }

    #[test]
    fn an_activity_is_the_reason_once_all_others_of_its_request_are_stored() {
        let mut suspects = Suspects::default();
        suspects.add(1, answer("a"), [1, 2, 3].into_iter());
        suspects.ended(1, &stored());
        assert!(!suspects.is_the_reason(2, &answer("a")));
        suspects.ended(3, &Ending::StoredWithoutId);
        assert!(suspects.is_the_reason(2, &answer("a")));
        assert!(!suspects.is_the_reason(2, &answer("b")), "it got another answer then");
        suspects.ended(2, &stored());
        assert!(suspects.0.is_empty());
    }

    #[test]
    fn a_refused_activity_explains_the_answer_to_its_neighbours() {
        let mut suspects = Suspects::default();
        suspects.add(1, answer("a"), [1, 2].into_iter());
        suspects.ended(1, &Ending::Refused(Rejection::new(None, "")));
        assert!(!suspects.is_the_reason(2, &answer("a")));
    }

    #[test]
    fn the_least_suspected_activity_comes_first() {
        let mut suspects = Suspects::default();
        suspects.add(1, answer("a"), [1, 2, 3].into_iter());
        suspects.add(2, answer("a"), [1].into_iter());
        let mut keys = [1, 2, 4];
        keys.sort_by_key(|&key| suspects.suspicion(key));
        assert_eq!(keys, [4, 2, 1]);
    }
}
