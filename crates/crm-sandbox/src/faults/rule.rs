//! A rule: which requests a fault strikes, and how often.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::condition::{Asked, Condition};
use super::fault::Fault;
use super::{fraction, millis};
use crate::Operation;

/// How often a fault is applied to the requests that match its rule.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum When {
    /// At the first request.
    #[default]
    Once,
    /// To this many of the first requests.
    Times(u64),
    /// To every nth request: 1 means every one, 3 means the third, the sixth and so on.
    Each(u64),
    /// To random requests, the same in every run.
    Probability {
        /// From 0 to 1.
        p: f64,
        /// Another seed is another sequence.
        #[serde(default)]
        seed: u64,
    },
    /// To the first request and all others for this long, by [`Clock::monotonic`](crate::Clock::monotonic).
    #[serde(rename = "for_millis", with = "millis")]
    During(Duration),
    /// To requests for which a token bucket is empty. Requests with the fault take no token.
    OverRate {
        /// How many tokens come back in a second.
        per_second: f64,
        /// How many tokens the bucket holds: so many requests pass at once. At least 1.
        burst: u32,
    },
    /// While more than this many requests are in progress, including the new one.
    Busy {
        /// So many are answered at a time.
        most: usize,
    },
}

/// A fault, the requests to which it applies, and how often. [`Fault::on`] and [`Fault::everywhere`] create it. It
/// applies once by default.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Rule {
    pub(super) operations: Vec<Operation>,
    pub(super) skip: u64,
    pub(super) when: When,
    pub(super) fault: Fault,
    pub(super) seen: u64,
    pub(super) struck: u64,
    progress: Progress,
}

/// Where the time of a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Progress {
    /// When `During` ends.
    until: Option<Duration>,
    /// The tokens of `OverRate`, and when they were counted.
    tokens: Option<(f64, Duration)>,
}

/// A fault that strikes, and what its rule knows about it.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    pub(crate) fault: Fault,
    /// When the time of the rule is over, or its bucket has a token again.
    pub(crate) until: Option<Duration>,
    /// From 0 to below 1, another at each strike.
    pub(crate) chance: f64,
}

/// What a sandbox knows when it looks for a fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Present {
    pub(crate) now: Duration,
    pub(crate) seed: u64,
    /// How many requests are being answered.
    pub(crate) busy: usize,
}

impl Rule {
    pub(super) fn new(fault: Fault, operations: Vec<Operation>) -> Rule {
        let when = When::default();
        Rule { operations, skip: 0, when, fault, seen: 0, struck: 0, progress: Progress::default() }
    }

    /// Applies only to requests that match this condition. If several are set, all must match.
    pub fn only_if(mut self, condition: Condition) -> Rule {
        self.fault = self.fault.only_if(condition);
        self
    }

    /// Skips this many of the first matching requests, and counts from there.
    pub fn after(mut self, requests: u64) -> Rule {
        self.skip = requests;
        self
    }

    /// Applies to the first `count` requests.
    pub fn times(self, count: u64) -> Rule {
        self.when(When::Times(count))
    }

    /// Applies to every `nth` request.
    pub fn each(self, nth: u64) -> Rule {
        self.when(When::Each(nth))
    }

    /// Applies to every request.
    pub fn always(self) -> Rule {
        self.each(1)
    }

    /// Applies with this probability, from 0 (never) to 1 (always), to the same requests in every run with the same
    /// seed.
    pub fn with_probability(self, p: f64, seed: u64) -> Rule {
        self.when(When::Probability { p, seed })
    }

    /// Applies to the first request and to all others for this long.
    pub fn during(self, time: Duration) -> Rule {
        self.when(When::During(time))
    }

    /// Applies to requests beyond a rate ([`When::OverRate`]).
    pub fn over_rate(self, per_second: f64, burst: u32) -> Rule {
        self.when(When::OverRate { per_second, burst })
    }

    /// Sets how often the fault is applied.
    pub fn when(mut self, when: When) -> Rule {
        self.when = when;
        self
    }

    /// Returns whether it may strike this operation.
    #[must_use]
    pub fn is_of(&self, operation: Operation) -> bool {
        self.operations.is_empty() || self.operations.contains(&operation)
    }

    /// Returns the fault.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Returns the number of matching requests.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Returns the number of requests to which the fault was applied.
    pub fn struck(&self) -> u64 {
        self.struck
    }

    /// The same rule before its first request.
    pub(super) fn anew(self) -> Rule {
        Rule { seen: 0, struck: 0, progress: Progress::default(), ..self }
    }

    /// Whether the head of a request decides this rule, and the body stays unread.
    pub(super) fn strikes_at_the_head(&self) -> bool {
        self.fault.leaves_unread() && self.fault.conditions.iter().all(Condition::needs_only_the_head)
    }

    pub(super) fn strike(
        &mut self,
        asked: &Asked<'_>,
        shown: &mut dyn FnMut() -> Option<String>,
        present: Present,
    ) -> Option<Strike> {
        let fits = self.is_of(asked.operation)
            && self.fault.conditions.iter().all(|condition| condition.holds(asked, shown));
        if !fits {
            return None;
        }
        self.seen += 1;
        let count = self.seen.checked_sub(self.skip).filter(|count| *count > 0)?;
        if !self.strikes_at(count, present) {
            return None;
        }
        self.struck += 1;
        let chance = fraction(present.seed ^ 0x5eed, self.struck);
        Some(Strike { fault: self.fault.clone(), until: self.until(present.now), chance })
    }

    fn strikes_at(&mut self, count: u64, present: Present) -> bool {
        match self.when {
            When::Once => count == 1,
            When::Times(times) => count <= times,
            When::Each(nth) => nth > 0 && count.is_multiple_of(nth),
            When::Probability { p, seed } => fraction(seed ^ present.seed, count) < p,
            When::During(time) => {
                present.now < *self.progress.until.get_or_insert(present.now.saturating_add(time))
            }
            When::OverRate { per_second, burst } => {
                let burst = f64::from(burst.max(1));
                let (tokens, counted) = self.progress.tokens.unwrap_or((burst, present.now));
                let passed = present.now.saturating_sub(counted).as_secs_f64();
                let tokens = (tokens + passed * per_second.max(0.0)).min(burst);
                // A token that came back in tenths is whole again in spite of the rounding.
                let is_over = tokens + 1e-9 < 1.0;
                self.progress.tokens = Some((if is_over { tokens } else { tokens - 1.0 }, present.now));
                is_over
            }
            When::Busy { most } => present.busy > most,
        }
    }

    fn until(&self, now: Duration) -> Option<Duration> {
        match (self.when, self.progress.tokens) {
            (When::OverRate { per_second, .. }, Some((tokens, _))) => {
                let seconds = (1.0 - tokens) / per_second;
                Some(now.saturating_add(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
            }
            _ => self.progress.until,
        }
    }
}
