//! The activities that may be the reason why the server did not carry out a request.

use std::collections::{HashMap, HashSet};

use super::item::{Answer, Ending, Key};

/// The requests that the server answered without an outcome, and that are certainly not stored.
///
/// Whatever was stored since then is not the reason for the answer. If a single activity is left, it is the reason. A
/// refused activity explains the answer. The others of its request may be refused as well, but the answer does not show it.
#[derive(Default)]
pub(super) struct Suspects {
    by_request: HashMap<u64, Suspicion>,
    has_seen_any: bool,
}

struct Suspicion {
    answer: Answer,
    keys: HashSet<Key>,
    /// A refused activity was the reason.
    is_explained: bool,
}

impl Suspects {
    /// Notes that a request got this answer, and that this activity of it is missing.
    pub(super) fn add(&mut self, request: u64, answer: &Answer, key: Key) {
        self.has_seen_any = true;
        let new = || Suspicion { answer: answer.clone(), keys: HashSet::new(), is_explained: false };
        self.by_request.entry(request).or_insert_with(new).keys.insert(key);
    }

    /// Notes how an activity ended.
    pub(super) fn ended(&mut self, key: Key, ending: &Ending) {
        if matches!(ending, Ending::NotSent(_) | Ending::Unknown(_)) {
            return;
        }
        let is_refused = matches!(ending, Ending::Refused(_));
        self.by_request.retain(|_, suspicion| {
            suspicion.is_explained |= suspicion.keys.remove(&key) && is_refused;
            !suspicion.keys.is_empty()
        });
    }

    /// Returns whether an activity may be the reason for the answer to an earlier request.
    pub(super) fn is_empty(&self) -> bool {
        self.by_request.is_empty()
    }

    /// Returns whether a request was answered without an outcome, now or earlier.
    pub(super) fn has_seen_any(&self) -> bool {
        self.has_seen_any
    }

    /// Returns whether an earlier request got the same answer and this activity alone can be the reason.
    pub(super) fn is_the_reason(&self, key: Key, answer: &Answer) -> bool {
        let is_alone = |suspicion: &Suspicion| suspicion.keys.len() == 1 && suspicion.keys.contains(&key);
        let mut unexplained = self.by_request.values().filter(|suspicion| !suspicion.is_explained);
        unexplained.any(|suspicion| is_alone(suspicion) && suspicion.answer == *answer)
    }

    /// Returns how many activities share the suspicion of this one. The fewer they are, the more it is suspected. Returns
    /// `usize::MAX` if it is not suspected.
    pub(super) fn shared_by(&self, key: Key) -> usize {
        let shared = self.by_request.values().filter(|suspicion| suspicion.keys.contains(&key));
        shared.map(|suspicion| suspicion.keys.len()).min().unwrap_or(usize::MAX)
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
        (1..=3).for_each(|key| suspects.add(1, &answer("a"), key));
        suspects.ended(1, &stored());
        assert!(!suspects.is_the_reason(2, &answer("a")));
        suspects.ended(3, &Ending::StoredWithoutId);
        assert!(suspects.is_the_reason(2, &answer("a")));
        assert!(!suspects.is_the_reason(2, &answer("b")), "it got another answer then");
        suspects.ended(2, &stored());
        assert!(suspects.is_empty());
    }

    #[test]
    fn a_refused_activity_explains_the_answer_to_its_neighbours_which_stay_suspected() {
        let mut suspects = Suspects::default();
        (1..=2).for_each(|key| suspects.add(1, &answer("a"), key));
        suspects.ended(1, &Ending::Refused(Rejection::new(None, "")));
        assert!(!suspects.is_the_reason(2, &answer("a")));
        assert_eq!((suspects.shared_by(1), suspects.shared_by(2)), (usize::MAX, 1));
    }

    #[test]
    fn an_activity_that_shares_its_suspicion_with_few_others_is_suspected_most() {
        let mut suspects = Suspects::default();
        (1..=3).for_each(|key| suspects.add(1, &answer("a"), key));
        suspects.add(2, &answer("a"), 1);
        let mut keys = [4, 2, 1];
        keys.sort_by_key(|&key| suspects.shared_by(key));
        assert_eq!(keys, [1, 2, 4]);
    }
}
