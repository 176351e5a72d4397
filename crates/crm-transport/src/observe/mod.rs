//! What looks on at the calls: the counters of [`Stats`] always, spans and metrics if their features are on.
//!
//! The pipeline and the limiter report here what happens and do not know who listens. `no_observer` replaces
//! spans or metrics if their feature is off, and compiles to nothing.

#[cfg(feature = "metrics")]
mod meters;
#[cfg(any(feature = "metrics", feature = "tracing"))]
mod names;
#[cfg(not(all(feature = "metrics", feature = "tracing")))]
mod no_observer;
#[cfg(feature = "tracing")]
mod spans;
mod stats;

#[cfg(not(feature = "metrics"))]
use no_observer as meters;
#[cfg(not(feature = "tracing"))]
use no_observer as spans;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};

use crate::error::{Delivery, Error};
use crate::operation_info::OperationInfo;

pub use stats::Stats;

/// Lets work that runs as a task of its own belong to the span in which it is begun.
pub(crate) fn in_current_span<F: Future>(work: F) -> impl Future<Output = F::Output> + use<F> {
    spans::in_current_span(work)
}

/// Observes a client and all its clones.
pub(crate) struct Observer {
    stats: Mutex<Stats>,
    meters: meters::Server,
    spans: spans::Server,
}

impl Observer {
    pub(crate) fn new(host: &str, port: u16) -> Self {
        Self {
            stats: Mutex::default(),
            meters: meters::Server::new(host, port),
            spans: spans::Server::new(host, port),
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        *self.now()
    }

    /// A call begins. If the result is dropped before its end, the call was cancelled.
    pub(crate) fn call(&self, info: &OperationInfo) -> ObservedCall<'_> {
        self.now().calls += 1;
        ObservedCall {
            observer: self,
            meters: self.meters.call(info),
            spans: self.spans.call(info),
            maybe_done: false,
            ended: false,
        }
    }

    /// This many attempts may be in flight from now on.
    pub(crate) fn limits(&self, in_flight: usize) {
        let before = std::mem::replace(&mut self.now().in_flight_limit, in_flight);
        self.meters.limit_changed(before, in_flight);
    }

    /// The limit fell to this because the server is overloaded.
    pub(crate) fn slowed_down(&self, operation: &'static str, in_flight: usize) {
        self.now().slowdowns += 1;
        self.meters.slowed_down(operation, in_flight);
        self.spans.slowed_down(operation, in_flight);
    }

    /// A call waits for a permit until this is dropped.
    pub(crate) fn waits(&self) -> Raised<'_> {
        self.raise(Gauge::Waiting)
    }

    /// An attempt is in flight until this is dropped.
    pub(crate) fn in_flight(&self) -> Raised<'_> {
        self.raise(Gauge::InFlight)
    }

    fn raise(&self, gauge: Gauge) -> Raised<'_> {
        *gauge.figure(&mut self.now()) += 1;
        self.meters.raised(gauge);
        Raised { observer: self, gauge }
    }

    fn now(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Observer {
    /// What a client may do no longer counts once it is gone.
    fn drop(&mut self) {
        self.limits(0);
    }
}

/// A figure that rises and falls.
#[derive(Clone, Copy)]
pub(crate) enum Gauge {
    Waiting,
    InFlight,
}

impl Gauge {
    fn figure(self, stats: &mut Stats) -> &mut usize {
        match self {
            Self::Waiting => &mut stats.waiting,
            Self::InFlight => &mut stats.in_flight,
        }
    }
}

pub(crate) struct Raised<'a> {
    observer: &'a Observer,
    gauge: Gauge,
}

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        *self.gauge.figure(&mut self.observer.now()) -= 1;
        self.observer.meters.lowered(self.gauge);
    }
}

/// A call, from its beginning to its end.
pub(crate) struct ObservedCall<'a> {
    observer: &'a Observer,
    meters: meters::Call,
    spans: spans::Call,
    /// The server may have done what was asked.
    maybe_done: bool,
    ended: bool,
}

impl ObservedCall<'_> {
    /// Runs work as part of this call.
    pub(crate) fn within<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        self.spans.within(work)
    }

    /// A request goes to the transport. The first attempt has the number 1.
    pub(crate) fn attempt(&mut self, number: u32, method: &Method) -> ObservedAttempt {
        self.maybe_done = true;
        {
            let mut stats = self.observer.now();
            stats.attempts += 1;
            stats.retries += u64::from(number > 1);
        }
        ObservedAttempt {
            meters: self.meters.attempt(number, method),
            spans: self.spans.attempt(number, method),
            ended: false,
        }
    }

    /// The call will be retried. `error` is that of the call so far.
    pub(crate) fn waits_for_retry(&mut self, error: &Error, wait: Duration) {
        self.maybe_done = error.delivery() == Delivery::Unknown;
        self.spans.waits_for_retry(error, wait);
    }

    /// The call is not retried because the budget is spent.
    pub(crate) fn retry_denied(&self) {
        self.observer.now().retries_denied += 1;
        self.meters.retry_denied();
        self.spans.retry_denied();
    }

    pub(crate) fn end(mut self, error: Option<&Error>) {
        self.ended = true;
        {
            let mut stats = self.observer.now();
            *(if error.is_none() { &mut stats.succeeded } else { &mut stats.failed }) += 1;
        }
        self.meters.end(error);
        self.spans.end(error);
    }
}

impl Drop for ObservedCall<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.observer.now().cancelled += 1;
            self.meters.cancelled(self.maybe_done);
            self.spans.cancelled(self.maybe_done);
        }
    }
}

/// An attempt, from its beginning to its end.
pub(crate) struct ObservedAttempt {
    meters: meters::Attempt,
    spans: spans::Attempt,
    ended: bool,
}

impl ObservedAttempt {
    /// Runs work as part of this attempt.
    pub(crate) fn within<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        self.spans.within(work)
    }

    /// A whole response arrived.
    pub(crate) fn received(&self, status: StatusCode) {
        self.spans.received(status);
    }

    pub(crate) fn end(mut self, error: Option<&Error>) {
        self.ended = true;
        self.meters.end(error);
        self.spans.end(error);
    }
}

impl Drop for ObservedAttempt {
    fn drop(&mut self) {
        if !self.ended {
            self.meters.cancelled();
            self.spans.cancelled();
        }
    }
}
