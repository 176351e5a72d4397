//! Faults on demand: which requests they strike, and what goes wrong.

mod answer_edit;
mod change;
mod condition;
mod famous;
mod fault;
mod json;
mod preset;
mod request_edit;
mod rule;

pub use self::answer_edit::{AnswerEdit, IdForm};
pub use self::change::{Change, Moment, PageChange};
pub use self::condition::Condition;
pub use self::fault::{ApiError, Fault, FixedAnswer, RetryAfter, Store, Transfer};
pub use self::request_edit::RequestEdit;
pub use self::rule::{Rule, When};

pub(crate) use self::answer_edit::{About, leave_each_nth};
pub(crate) use self::condition::Asked;
pub(crate) use self::json::rules_from_json;
pub(crate) use self::request_edit::Content;
pub(crate) use self::rule::{Present, Strike};

/// The rules of a sandbox.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
}

impl Faults {
    /// A rule counts from here on, whatever it has been through before.
    pub(crate) fn add(&mut self, rule: Rule) {
        self.rules.push(rule.anew());
    }

    pub(crate) fn replace(&mut self, rules: Vec<Rule>) {
        self.rules.clear();
        rules.into_iter().for_each(|rule| self.add(rule));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether to close the connection at a request of which only the head is known.
    pub(crate) fn strike_before_reading(&mut self, asked: &Asked<'_>, present: Present) -> Option<Strike> {
        let mut rules = self.rules.iter_mut().filter(|rule| rule.strikes_at_the_head());
        rules.find_map(|rule| rule.strike(asked, &mut || None, present))
    }

    /// What goes wrong at a request that is known as a whole: the first rule that fits and strikes. Those behind it do not
    /// see the request. `shown` is the answer without a fault, if the request changes nothing.
    pub(crate) fn strike_after_reading(
        &mut self,
        asked: &Asked<'_>,
        mut shown: impl FnMut() -> Option<String>,
        present: Present,
    ) -> Option<Strike> {
        let mut rules = self.rules.iter_mut().filter(|rule| !rule.strikes_at_the_head());
        rules.find_map(|rule| rule.strike(asked, &mut shown, present))
    }
}

/// A fraction from 0 to 1 that looks random and is the same for the same seed and step (splitmix64).
pub(crate) fn fraction(seed: u64, step: u64) -> f64 {
    let mut bits = seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Times in JSON: whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
