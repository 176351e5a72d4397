//! Faults on demand: what goes wrong, at which operation, and how often.

use serde::{Deserialize, Serialize};

use crate::Operation;

/// Something that goes wrong.
///
/// Its JSON is the name in snake case, alone or with its values: `"close_after_commit"`,
/// `{"latency": {"millis": 200, "jitter_millis": 50}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// The answer comes late. The request is carried out at once: who gives up waiting has been served all the same.
    Latency {
        /// How late.
        millis: u64,
        /// Up to so much later still, a different time at each request.
        #[serde(default)]
        jitter_millis: u64,
    },
    /// The connection is closed when the head of the request is there: no body is read, nothing is done, nothing is
    /// answered.
    CloseBeforeReading,
    /// The request is carried out, and the connection closed without an answer.
    CloseAfterCommit,
    /// The first half of the items of an `add.list` is stored (rounded down), and the connection closed without an
    /// answer. At another operation that is half of one thing: nothing is done.
    CommitHalf,
    /// The answer announces its whole length and ends early.
    CutBody {
        /// How many bytes of the body are sent; half of them where this is absent.
        #[serde(default)]
        after: Option<usize>,
    },
    /// The HTML page of a gateway.
    GatewayPage {
        /// The HTTP status, such as 502 or 504.
        status: u16,
        /// Whether the server behind the gateway carried the request out all the same.
        #[serde(default)]
        after_commit: bool,
    },
    /// Nothing is done; the client is asked to come again later.
    RetryLater {
        /// The HTTP status: 429 or 503.
        status: u16,
        /// The header `Retry-After`.
        after: RetryAfter,
    },
    /// Nothing is done; an error of the API with HTTP status 200.
    ErrorInOk {
        /// The code of the error.
        code: i32,
        /// The text of the error.
        text: String,
    },
    /// The HTML of a PHP warning before the JSON, after it, or both.
    PhpWarning {
        /// Before the JSON.
        #[serde(default)]
        before: bool,
        /// After the JSON.
        #[serde(default)]
        after: bool,
    },
    /// A byte order mark before the JSON.
    ByteOrderMark,
    /// A body that never ends.
    EndlessBody,
    /// A small body that unpacks to a huge one.
    GzipBomb {
        /// What it unpacks to, in MiB.
        mib: u32,
    },
    /// The header `Content-Length` is wrong by so many bytes: more, or with a minus fewer than there are. The
    /// connection is closed after the body.
    WrongContentLength {
        /// What is added to the right length.
        by: i64,
    },
    /// The body comes in small pieces with pauses between them.
    SlowDrip {
        /// The size of a piece.
        bytes: usize,
        /// The pause before each piece.
        millis: u64,
    },
    /// Nothing is done; the client is sent elsewhere.
    Redirect {
        /// The header `Location`.
        to: String,
        /// The HTTP status; 302 where this is absent.
        #[serde(default = "found")]
        status: u16,
    },
    /// Before any page but the first is answered, the records on the first page change: some are deleted, others are
    /// added beside them. Strikes at lists only.
    ChangeBetweenPages {
        /// How many copies of the first record of the first page are added, under new ids.
        #[serde(default)]
        add: usize,
        /// How many of the first records of the first page are deleted.
        #[serde(default)]
        delete: usize,
    },
}

/// The value of the header `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP date so many seconds from now.
    DateInSeconds(u64),
    /// A number of seconds that no number type holds.
    Absurd,
}

impl Fault {
    /// This fault at one operation, once.
    pub fn on(self, operation: Operation) -> Rule {
        Rule { operation: Some(operation), fault: self, when: When::Once, seen: 0, struck: 0 }
    }

    /// This fault at every operation, once.
    pub fn everywhere(self) -> Rule {
        Rule { operation: None, fault: self, when: When::Once, seen: 0, struck: 0 }
    }
}

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum When {
    /// At the first request that fits.
    #[default]
    Once,
    /// At the first so many requests.
    Times(u64),
    /// At each so manieth request: 1 is every one, 3 is the third, the sixth and so on.
    Each(u64),
    /// By chance, the same in every run.
    Probability {
        /// From 0 to 1.
        p: f64,
        /// Another seed is another sequence.
        #[serde(default)]
        seed: u64,
    },
}

/// A fault, where it strikes and how often. Made by [`Fault::on`] or [`Fault::everywhere`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Rule {
    #[serde(default)]
    operation: Option<Operation>,
    fault: Fault,
    #[serde(default)]
    when: When,
    #[serde(default)]
    seen: u64,
    #[serde(default)]
    struck: u64,
}

impl Rule {
    /// Strikes at the first `count` requests.
    pub fn times(mut self, count: u64) -> Rule {
        self.when = When::Times(count);
        self
    }

    /// Strikes at each `nth` request.
    pub fn each(mut self, nth: u64) -> Rule {
        self.when = When::Each(nth);
        self
    }

    /// Strikes at every request.
    pub fn always(self) -> Rule {
        self.each(1)
    }

    /// Strikes by chance, from 0 (never) to 1 (always), the same in every run with the same seed.
    pub fn with_probability(mut self, p: f64, seed: u64) -> Rule {
        self.when = When::Probability { p, seed };
        self
    }

    /// The fault.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// How many requests were at an operation of this rule.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// At how many requests the fault struck.
    pub fn struck(&self) -> u64 {
        self.struck
    }

    fn strikes(&mut self, operation: Operation) -> bool {
        if self.operation.is_some_and(|only| only != operation) {
            return false;
        }
        self.seen += 1;
        let strikes = match self.when {
            When::Once => self.seen == 1,
            When::Times(count) => self.seen <= count,
            When::Each(nth) => nth > 0 && self.seen.is_multiple_of(nth),
            When::Probability { p, seed } => fraction(seed, self.seen) < p,
        };
        self.struck += u64::from(strikes);
        strikes
    }
}

/// The rules of a sandbox.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
}

impl Faults {
    /// A rule counts from here on, whatever it has been through before.
    pub(crate) fn add(&mut self, rule: Rule) {
        self.rules.push(Rule { seen: 0, struck: 0, ..rule });
    }

    pub(crate) fn replace(&mut self, rules: Vec<Rule>) {
        self.rules.clear();
        rules.into_iter().for_each(|rule| self.add(rule));
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether to close the connection at a request of which only the head is known.
    pub(crate) fn strike_before_reading(&mut self, operation: Operation) -> Option<Fault> {
        self.strike(operation, |fault| *fault == Fault::CloseBeforeReading)
    }

    /// What goes wrong at a request that is known as a whole. `later_page` tells that it asks a list for any page but
    /// the first.
    pub(crate) fn strike_after_reading(&mut self, operation: Operation, later_page: bool) -> Option<Fault> {
        self.strike(operation, |fault| match fault {
            Fault::CloseBeforeReading => false,
            Fault::ChangeBetweenPages { .. } => later_page,
            _ => true,
        })
    }

    /// The first rule that fits and strikes; those behind it do not see the request.
    fn strike(&mut self, operation: Operation, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        self.rules
            .iter_mut()
            .filter(|rule| fits(&rule.fault))
            .find_map(|rule| rule.strikes(operation).then(|| rule.fault.clone()))
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

fn found() -> u16 {
    302
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(rule: Rule, requests: u64) -> Vec<u64> {
        let mut faults = Faults::default();
        faults.add(rule);
        (1..=requests)
            .filter(|_| faults.strike_after_reading(Operation::HistoryAdd, false).is_some())
            .collect()
    }

    fn rule() -> Rule {
        Fault::ByteOrderMark.on(Operation::HistoryAdd)
    }

    #[test]
    fn a_fault_strikes_once_n_times_or_each_kth_time() {
        assert_eq!(strikes(rule(), 5), [1]);
        assert_eq!(strikes(rule().times(3), 5), [1, 2, 3]);
        assert_eq!(strikes(rule().each(2), 5), [2, 4]);
        assert_eq!(strikes(rule().always(), 3), [1, 2, 3]);
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed_and_near_its_probability() {
        let first = strikes(rule().with_probability(0.3, 7), 1_000);
        assert_eq!(first, strikes(rule().with_probability(0.3, 7), 1_000));
        assert_ne!(first, strikes(rule().with_probability(0.3, 8), 1_000));
        assert!((250..350).contains(&first.len()), "{}", first.len());
    }

    #[test]
    fn a_fault_at_one_operation_does_not_count_the_requests_of_another() {
        let mut faults = Faults::default();
        faults.add(rule());
        assert_eq!(faults.strike_after_reading(Operation::HistoryList, false), None);
        assert_eq!(faults.strike_after_reading(Operation::HistoryAdd, false), Some(Fault::ByteOrderMark));
    }

    #[test]
    fn the_json_of_a_rule_is_short() {
        let text = r#"[{"operation":"history.add","fault":{"latency":{"millis":5}},"when":{"times":3}},
                       {"fault":"close_after_commit"}]"#;
        let rules: Vec<Rule> = serde_json::from_str(text).unwrap();
        let latency = Fault::Latency { millis: 5, jitter_millis: 0 };
        assert_eq!(rules[0], latency.on(Operation::HistoryAdd).times(3));
        assert_eq!(rules[1], Fault::CloseAfterCommit.everywhere());
    }
}
