//! The clock of the server: the paused clock of tokio, and a time of day that may be set.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use crm_sandbox::Clock;
use tokio::time::Instant;

/// Time passes with tokio's clock. Clones show the same time.
#[derive(Debug, Clone)]
pub(crate) struct TokioClock {
    start: Instant,
    utc_at_start: Arc<Mutex<DateTime<Utc>>>,
}

impl TokioClock {
    pub(crate) fn new(utc: DateTime<Utc>) -> TokioClock {
        TokioClock { start: Instant::now(), utc_at_start: Arc::new(Mutex::new(utc)) }
    }

    /// The moment of tokio's clock at which [`Clock::monotonic`] shows this time.
    pub(crate) fn instant(&self, monotonic: Duration) -> Instant {
        self.start + monotonic
    }

    /// Sets the time of day forward or back.
    pub(crate) fn step(&self, by: TimeDelta) {
        *self.utc_at_start.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for TokioClock {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn utc(&self) -> DateTime<Utc> {
        let start = *self.utc_at_start.lock().unwrap_or_else(PoisonError::into_inner);
        start + TimeDelta::from_std(self.monotonic()).unwrap_or_default()
    }
}
