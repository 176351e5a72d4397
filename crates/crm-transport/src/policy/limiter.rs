//! The pace at work: permits for attempts, and a limit that follows the server's load.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Pace;
use crate::observe::{Observer, Raised};

/// Issues the permits of a client and its clones.
pub(crate) struct Limiter {
    ceiling: usize,
    interval: Option<Duration>,
    permits: Semaphore,
    /// When the next attempt may start. The call that waits for it holds the lock, so a dropped wait delays no other
    /// call.
    next_start: tokio::sync::Mutex<Instant>,
    learned: Mutex<Learned>,
    observer: Arc<Observer>,
}

struct Learned {
    limit: usize,
    /// Permits to withdraw when they are released, because they were in use when the limit fell.
    surplus: usize,
    lowered: Option<Instant>,
    good_in_a_row: u32,
    /// The usual duration of each operation.
    usual: Vec<(&'static str, Duration)>,
}

/// The right to have one attempt in flight, until dropped.
pub(crate) struct Permit<'a> {
    /// When it was issued.
    pub(crate) started: Instant,
    limiter: &'a Limiter,
    permit: Option<SemaphorePermit<'a>>,
    _in_flight: Raised<'a>,
}

/// A response that took less than this is never slow.
const NEVER_SLOW: Duration = Duration::from_secs(1);
/// A slow response took this many times the usual duration.
const SLOW: u32 = 3;
/// The usual duration moves towards each response by one part in this many.
const INERTIA: u32 = 32;
/// Responses without overload that raise the limit by one.
const GOOD_ENOUGH: u32 = 10;

impl Limiter {
    pub(crate) fn new(pace: &Pace, observer: Arc<Observer>) -> Self {
        let ceiling = pace.in_flight.min(Semaphore::MAX_PERMITS);
        observer.limits(ceiling);
        Self {
            ceiling,
            interval: pace.interval(),
            permits: Semaphore::new(ceiling),
            next_start: tokio::sync::Mutex::new(Instant::now()),
            learned: Mutex::new(Learned {
                limit: ceiling,
                surplus: 0,
                lowered: None,
                good_in_a_row: 0,
                usual: Vec::new(),
            }),
            observer,
        }
    }

    /// Waits for a permit. Returns `None` if there was none before the deadline.
    pub(crate) async fn permit(&self, now: Instant, deadline: Instant) -> Option<Permit<'_>> {
        // Without a wait the clock is not read: that is slow on some machines.
        if self.interval.is_none()
            && now < deadline
            && let Ok(permit) = self.permits.try_acquire()
        {
            return Some(self.issue(permit, now));
        }
        let permit = timeout_at(deadline, self.next_permit()).await.ok().flatten()?;
        // A timeout returns what is ready at once, even after its end.
        (permit.started < deadline).then_some(permit)
    }

    async fn next_permit(&self) -> Option<Permit<'_>> {
        let waiting = self.observer.waits();
        let permit = self.permits.acquire().await.ok()?; // never closed
        if let Some(interval) = self.interval {
            let mut next_start = self.next_start.lock().await;
            sleep_until(*next_start).await;
            *next_start = Instant::now() + interval;
        }
        drop(waiting);
        Some(self.issue(permit, Instant::now()))
    }

    fn issue<'a>(&'a self, permit: SemaphorePermit<'a>, started: Instant) -> Permit<'a> {
        let in_flight = self.observer.in_flight();
        Permit { started, limiter: self, permit: Some(permit), _in_flight: in_flight }
    }

    /// Adapts the limit after an attempt that ended now.
    fn learn(&self, operation: &'static str, started: Instant, overload: bool) {
        let mut learned = self.learned();
        let now = Instant::now();
        if overload || learned.is_slow(operation, now - started) {
            learned.good_in_a_row = 0;
            // An attempt that began before the limit fell shows the same overload.
            if learned.limit > 1 && learned.lowered.is_none_or(|lowered| started >= lowered) {
                let away = learned.limit - learned.limit / 2;
                learned.limit -= away;
                learned.lowered = Some(now);
                learned.surplus += away - self.permits.forget_permits(away);
                let limit = learned.limit;
                self.observer.limits(limit);
                // A listener must not hold the lock.
                drop(learned);
                self.observer.slowed_down(operation, limit);
            }
        } else if learned.limit < self.ceiling {
            learned.good_in_a_row += 1;
            if learned.good_in_a_row == GOOD_ENOUGH {
                learned.good_in_a_row = 0;
                learned.limit += 1;
                if learned.surplus > 0 {
                    learned.surplus -= 1;
                } else {
                    self.permits.add_permits(1);
                }
                self.observer.limits(learned.limit);
            }
        }
    }

    fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Learned {
    /// Returns `true` if this took much longer than usual, and adapts the usual duration.
    fn is_slow(&mut self, operation: &'static str, took: Duration) -> bool {
        let Some((_, usual)) = self.usual.iter_mut().find(|(known, _)| *known == operation) else {
            self.usual.push((operation, took));
            return false;
        };
        let slow = took > NEVER_SLOW && took > usual.saturating_mul(SLOW);
        *usual = *usual - *usual / INERTIA + took / INERTIA;
        slow
    }
}

impl Permit<'_> {
    /// Releases it after an attempt, which may have shown that the server is overloaded.
    pub(crate) fn release(self, operation: &'static str, overload: bool) {
        self.limiter.learn(operation, self.started, overload);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut learned = self.limiter.learned();
        if let Some(permit) = self.permit.take()
            && learned.surplus > 0
        {
            learned.surplus -= 1;
            permit.forget();
        }
    }
}
