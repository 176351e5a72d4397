//! The pace at work: permits for attempts, and a limit that follows the server's load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Pace;
use super::learned_rate::LearnedRate;
use crate::error::Error;
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
    /// The server limited the rate: an attempt may have to wait although a permit is free.
    is_rate_limited: AtomicBool,
    observer: Arc<Observer>,
}

struct Learned {
    limit: usize,
    /// Permits to withdraw when they are released, because they were in use when the limit fell.
    surplus: usize,
    lowered: Option<Instant>,
    good_in_a_row: u32,
    rate: LearnedRate,
    /// No attempt starts before.
    paused_until: Option<Instant>,
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

/// Why there is no permit.
pub(crate) enum PermitError {
    /// The deadline is over.
    Deadline,
    /// The server asked this client to wait so long, beyond the deadline.
    ToldToWait(Duration),
}

/// The longest wait for all calls that the server can ask for. After it, one call tries again.
const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);
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
                rate: LearnedRate::default(),
                paused_until: None,
                usual: Vec::new(),
            }),
            is_rate_limited: AtomicBool::new(false),
            observer,
        }
    }

    /// Waits for a permit, at most until the deadline.
    pub(crate) async fn permit(&self, now: Instant, deadline: Instant) -> Result<Permit<'_>, PermitError> {
        // Without a wait the clock is not read: that is slow on some machines.
        let is_limited = self.interval.is_some() || self.is_rate_limited.load(Ordering::Relaxed);
        if !is_limited
            && now < deadline
            && let Ok(permit) = self.permits.try_acquire()
        {
            return Ok(self.issue(permit, now));
        }
        let permit = timeout_at(deadline, self.next_permit(deadline)).await;
        match permit.unwrap_or(Err(PermitError::Deadline)) {
            // A timeout returns what is ready at once, even after its end.
            Ok(permit) if permit.started >= deadline => Err(PermitError::Deadline),
            permit => permit,
        }
    }

    async fn next_permit(&self, deadline: Instant) -> Result<Permit<'_>, PermitError> {
        let waiting = self.observer.waits();
        self.check_pause(deadline)?;
        let permit = self.permits.acquire().await.map_err(|_| PermitError::Deadline)?; // never closed
        let mut next_start = self.next_start.lock().await;
        // The server may limit the rate, or ask for a longer pause, while this call waits.
        while let Some(start) = self.next_start(*next_start, deadline)? {
            sleep_until(start).await;
        }
        if let Some(interval) = self.interval.max(self.learned().rate.interval()) {
            *next_start = Instant::now() + interval;
        }
        drop(next_start);
        drop(waiting);
        Ok(self.issue(permit, Instant::now()))
    }

    /// Returns when the next attempt may start, or `None` if it may start now.
    fn next_start(&self, by_interval: Instant, deadline: Instant) -> Result<Option<Instant>, PermitError> {
        let paused_until = self.check_pause(deadline)?;
        let start = paused_until.map_or(by_interval, |until| until.max(by_interval));
        Ok((start > Instant::now()).then_some(start))
    }

    /// Returns the end of the pause that the server asked for. A call whose deadline is before it need not wait.
    fn check_pause(&self, deadline: Instant) -> Result<Option<Instant>, PermitError> {
        let mut learned = self.learned();
        let Some(until) = learned.paused_until else { return Ok(None) };
        let now = Instant::now();
        if until <= now {
            learned.paused_until = None;
            self.is_rate_limited.store(learned.rate.interval().is_some(), Ordering::Relaxed);
            return Ok(None);
        }
        if until >= deadline { Err(PermitError::ToldToWait(until - now)) } else { Ok(Some(until)) }
    }

    fn issue<'a>(&'a self, permit: SemaphorePermit<'a>, started: Instant) -> Permit<'a> {
        let in_flight = self.observer.in_flight();
        Permit { started, limiter: self, permit: Some(permit), _in_flight: in_flight }
    }

    /// Adapts the limit after an attempt that ended now.
    fn learn(&self, operation: &'static str, started: Instant, error: Option<&Error>) {
        let mut learned = self.learned();
        let now = Instant::now();
        if let Some(error) = error.filter(|error| error.shows_rate_limit()) {
            learned.rate.limited(started, now);
            let asked = error.retry_after().unwrap_or_default().min(LONGEST_PAUSE);
            let until = now + asked.max(learned.rate.interval().unwrap_or_default());
            learned.paused_until = learned.paused_until.max(Some(until));
            self.is_rate_limited.store(true, Ordering::Relaxed);
        } else if error.is_none() {
            learned.rate.was_good(started);
            let is_limited = learned.paused_until.is_some() || learned.rate.interval().is_some();
            self.is_rate_limited.store(is_limited, Ordering::Relaxed);
        }
        let overload = error.is_some_and(Error::shows_overload);
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
    /// Releases it after an attempt, whose error may show that the server is overloaded or limits the rate.
    pub(crate) fn release(self, operation: &'static str, error: Option<&Error>) {
        self.limiter.learn(operation, self.started, error);
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
