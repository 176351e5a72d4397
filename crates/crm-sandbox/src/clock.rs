//! The clocks of a sandbox.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// The source of time of a sandbox.
///
/// A sandbox with a socket uses the clocks of the machine. A sandbox in process
/// ([`Builder::in_process`](crate::Builder::in_process)) uses only the given clock.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time since any fixed start. It never goes back. Delays, locks, rates and everything that happens "later" follow
    /// it.
    fn monotonic(&self) -> Duration;

    /// The time of day, which may be set forward and back. Records without a date get it.
    fn utc(&self) -> DateTime<Utc>;
}

/// A clock that moves only when it is advanced. Clones show the same time.
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<Mutex<Times>>);

#[derive(Debug, Clone, Copy)]
struct Times {
    monotonic: Duration,
    utc: DateTime<Utc>,
}

impl VirtualClock {
    /// A clock that shows `utc`; its monotonic time is zero.
    pub fn new(utc: DateTime<Utc>) -> VirtualClock {
        VirtualClock(Arc::new(Mutex::new(Times { monotonic: Duration::ZERO, utc })))
    }

    /// Advances the monotonic time and the time of day by this much.
    pub fn advance(&self, time: Duration) {
        let mut times = self.times();
        times.monotonic = times.monotonic.saturating_add(time);
        let utc = TimeDelta::from_std(time).ok().and_then(|time| times.utc.checked_add_signed(time));
        times.utc = utc.unwrap_or(DateTime::<Utc>::MAX_UTC);
    }

    /// Advances to a monotonic time; does nothing if that has passed.
    pub fn advance_to(&self, monotonic: Duration) {
        self.advance(monotonic.saturating_sub(self.monotonic()));
    }

    /// Sets the time of day, as a person or a time server does. The monotonic time stays.
    pub fn set_utc(&self, utc: DateTime<Utc>) {
        self.times().utc = utc;
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn monotonic(&self) -> Duration {
        self.times().monotonic
    }

    fn utc(&self) -> DateTime<Utc> {
        self.times().utc
    }
}

/// The clocks of the machine.
#[derive(Debug)]
pub(crate) struct MachineClock(Instant);

impl MachineClock {
    pub(crate) fn new() -> MachineClock {
        MachineClock(Instant::now())
    }
}

impl Clock for MachineClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn utc(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
