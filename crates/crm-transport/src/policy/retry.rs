//! When a failed call is made again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;

/// How often a call is made again, and how long it waits before.
///
/// A call is made again where that cannot do anything twice and may help
/// ([`Error::is_retryable`]): a read after a lost connection, a timeout, a gateway's page or a status 429, 502, 503
/// or 504; a write only where nothing was sent, or where the server said that it has not begun (429, or 503 with
/// `Retry-After`).
///
/// Before attempt *n* + 1 it waits a random time between zero and `base` · 2ⁿ⁻¹, at most `cap` («full jitter»), or
/// as long as `Retry-After` says where that is longer. A wait that would not end before the call's
/// [deadline](crate::ClientBuilder::deadline) is not begun: the error in hand is the call's.
///
/// A server that is down is not hammered: the retries of a client and all its clones share a budget.
///
/// ```
/// use std::time::Duration;
///
/// use crm_transport::RetryPolicy;
///
/// let patient = RetryPolicy::new().max_attempts(6).base(Duration::from_secs(1)).cap(Duration::from_secs(30));
/// let once = RetryPolicy::none();
/// # let _ = (patient, once);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    max_attempts: u32,
    base: Duration,
    cap: Duration,
    budget: u32,
}

impl RetryPolicy {
    /// Four attempts; waits of up to 0.5, 1 and 2 seconds; a budget of one retry a second.
    pub fn new() -> Self {
        Self { max_attempts: 4, base: Duration::from_millis(500), cap: Duration::from_secs(15), budget: 1 }
    }

    /// Every call is made once.
    pub fn none() -> Self {
        Self::new().max_attempts(1)
    }

    /// How many attempts a call has, the first one counted; at least 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The longest wait after the first attempt; it doubles after each one that follows.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest wait after any attempt, unless `Retry-After` asks for more.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// How many retries a second all clones together may make, counted over 10 seconds (1: ten within any 10
    /// seconds), beside one for every five calls that succeeded in that time. When it is spent a call returns the
    /// error in hand.
    pub fn budget(mut self, per_second: u32) -> Self {
        self.budget = per_second;
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.max_attempts == 0 {
            let fault =
                "allows no attempt at all: max_attempts(…) takes at least 1, and none() is one attempt";
            return Err(Error::invalid_setting("retry", fault));
        }
        Ok(())
    }

    /// A random wait after so many attempts.
    fn backoff(&self, attempts: u32) -> Duration {
        let doubled = self.base.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        let ceiling = u64::try_from(doubled.min(self.cap).as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(fastrand::u64(0..=ceiling))
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// The policy at work: what a client and its clones share.
pub(crate) struct Retries {
    policy: RetryPolicy,
    budget: Mutex<Budget>,
}

/// What follows a failed attempt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another attempt, after this time.
    AttemptAfter(Duration),
    /// The error is the call's.
    GiveUp,
    /// The error is the call's because too many others were repeated.
    BudgetSpent,
}

impl Retries {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { budget: Mutex::new(Budget::new(policy.budget)), policy }
    }

    /// Whether there may be another attempt after so many.
    pub(crate) fn any_after(&self, attempts: u32) -> bool {
        attempts < self.policy.max_attempts
    }

    pub(crate) fn succeeded(&self) {
        self.budget().earn();
    }

    /// What follows this error of an attempt, `remaining` before the deadline.
    pub(crate) fn next(&self, error: &Error, attempts: u32, remaining: Duration) -> Next {
        if !self.any_after(attempts) || !error.is_retryable() {
            return Next::GiveUp;
        }
        let wait = self.policy.backoff(attempts).max(error.retry_after().unwrap_or_default());
        if wait >= remaining {
            return Next::GiveUp;
        }
        // Last, so that only what is really repeated is paid for.
        if self.budget().spend() { Next::AttemptAfter(wait) } else { Next::BudgetSpent }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is earned and spent within any ten seconds, to the second.
struct Budget {
    /// What needs not be earned.
    given: i64,
    began: Instant,
    /// Of each of the last ten seconds that saw anything, its number and what was earned less what was spent.
    seconds: [(u64, i64); 10],
}

impl Budget {
    /// What one retry costs; a success earns 1.
    const RETRY: i64 = 5;

    fn new(per_second: u32) -> Self {
        let given = i64::from(per_second) * 10 * Self::RETRY;
        Self { given, began: Instant::now(), seconds: [(0, 0); 10] }
    }

    fn earn(&mut self) {
        let now = self.now();
        *self.of(now) += 1;
    }

    fn spend(&mut self) -> bool {
        let now = self.now();
        let recent = self.seconds.iter().filter(|(second, _)| now - second < 10);
        let left = self.given + recent.map(|(_, balance)| balance).sum::<i64>();
        if left < Self::RETRY {
            return false;
        }
        *self.of(now) -= Self::RETRY;
        true
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    /// The balance of the current second.
    fn of(&mut self, now: u64) -> &mut i64 {
        let (second, balance) = &mut self.seconds[(now % 10) as usize];
        if *second != now {
            (*second, *balance) = (now, 0);
        }
        balance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_anything_between_zero_and_a_ceiling_that_doubles_up_to_the_cap() {
        fastrand::seed(7);
        let policy = RetryPolicy::new().base(Duration::from_millis(100)).cap(Duration::from_millis(350));
        for (attempts, ceiling) in [(1, 100), (2, 200), (3, 350), (4, 350), (u32::MAX, 350)] {
            let waits: Vec<_> = (0..1000).map(|_| policy.backoff(attempts).as_millis()).collect();
            assert!(waits.iter().all(|wait| *wait <= ceiling), "{attempts}: {:?}", waits.iter().max());
            assert!(waits.iter().any(|wait| *wait < ceiling / 20), "{attempts}");
            assert!(waits.iter().any(|wait| *wait > ceiling * 19 / 20), "{attempts}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let waits = || {
            fastrand::seed(42);
            (1..9).map(|attempts| RetryPolicy::new().backoff(attempts)).collect::<Vec<_>>()
        };
        assert_eq!(waits(), waits());
    }

    #[test]
    fn no_duration_is_too_long() {
        let policy = RetryPolicy::new().base(Duration::MAX).cap(Duration::MAX);
        policy.backoff(u32::MAX);
        Retries::new(policy.budget(u32::MAX));
    }
}
