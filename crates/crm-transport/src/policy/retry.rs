//! When a failed call is retried.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;

/// How often a call is retried, and how long it waits before each retry.
///
/// A call is retried if a retry may help and nothing can be done twice ([`Error::is_retryable`]). A read is retried
/// after a lost connection, a timeout, a page of a gateway, an unreachable database, or a status 429, 502, 503 or 504.
/// A write is retried only if nothing was sent, or after a status 429.
///
/// Before attempt *n* + 1 the client waits a random time between zero and `base` · 2ⁿ⁻¹, at most `cap` ("full jitter"). If
/// `Retry-After` asks for more, it waits that long. If the wait would not end before the call's
/// [deadline](crate::ClientBuilder::deadline), the call returns its error at once.
///
/// If a server limits the rate of calls (429; 503 for a read), the attempts count neither as attempts
/// of this policy nor against the budget. The client [slows down](crate::Pace) and retries until the deadline.
///
/// The client and its clones share a retry budget, so that they do not overload a server that is down.
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
    /// Creates the default policy: four attempts, waits of up to 0.5, 1 and 2 seconds, one retry per second.
    pub fn new() -> Self {
        Self { max_attempts: 4, base: Duration::from_millis(500), cap: Duration::from_secs(15), budget: 1 }
    }

    /// Creates a policy without retries.
    pub fn none() -> Self {
        Self::new().max_attempts(1)
    }

    /// Sets the maximum number of attempts, including the first (default 4, minimum 1).
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the longest wait after the first attempt (default: 0.5 seconds). It doubles after each further attempt.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets the longest wait after any attempt (default: 15 seconds), unless `Retry-After` asks for more.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Sets how many retries per second all clones together may make (default: 1).
    ///
    /// It is counted over 10 seconds: 1 means ten retries within any 10 seconds. In addition, every five calls that
    /// succeed in that time allow one more. When the budget is spent, a call returns its error at once.
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

    /// Returns a random wait after this many attempts.
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

/// The state of the policy, shared by a client and its clones.
pub(crate) struct Retries {
    policy: RetryPolicy,
    budget: Mutex<Budget>,
}

/// What to do after a failed attempt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another attempt, after this time.
    AttemptAfter(Duration),
    /// The call returns the error.
    GiveUp,
    /// The call returns the error because too many other calls were retried.
    BudgetSpent,
}

impl Retries {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { budget: Mutex::new(Budget::new(policy.budget)), policy }
    }

    /// Returns `true` if there may be another attempt after this many.
    fn any_after(&self, attempts: u32) -> bool {
        attempts < self.policy.max_attempts
    }

    pub(crate) fn succeeded(&self) {
        self.budget().earn();
    }

    /// Decides what follows this error after this many attempts, not counting rate-limited ones, with this much time left until the deadline.
    pub(crate) fn next(&self, error: &Error, attempts: u32, remaining: Duration) -> Next {
        let is_rate_limit = error.shows_rate_limit();
        let any_left = if is_rate_limit { self.any_after(1) } else { self.any_after(attempts) };
        if !any_left || !error.is_retryable() {
            return Next::GiveUp;
        }
        let asked = error.retry_after().unwrap_or_default();
        // The limiter holds back the attempts of a client that is too fast.
        let wait = if is_rate_limit { asked } else { asked.max(self.policy.backoff(attempts)) };
        if wait >= remaining {
            return Next::GiveUp;
        }
        // Last, so that only a real retry uses up the budget.
        if is_rate_limit || self.budget().spend() { Next::AttemptAfter(wait) } else { Next::BudgetSpent }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was earned and spent within the last ten seconds.
struct Budget {
    /// The part that need not be earned.
    given: i64,
    began: Instant,
    /// For each of the last ten seconds with an event: its number, and what was earned minus what was spent.
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
        *self.balance(now) += 1;
    }

    fn spend(&mut self) -> bool {
        let now = self.now();
        let recent = self.seconds.iter().filter(|(second, _)| now - second < 10);
        let left = self.given + recent.map(|(_, balance)| balance).sum::<i64>();
        if left < Self::RETRY {
            return false;
        }
        *self.balance(now) -= Self::RETRY;
        true
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    /// Returns the balance of the current second.
    fn balance(&mut self, now: u64) -> &mut i64 {
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
