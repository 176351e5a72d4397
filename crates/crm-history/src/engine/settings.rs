//! The options of the engine.

use std::time::Duration;

use super::queue::Limits;

/// The options of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub limits: Limits,
    /// Maximum number of requests at a time.
    pub concurrency: usize,
    /// How long the server may work on a request after its connection ended.
    pub settle: Duration,
    /// How long nothing may be stored before the engine stops.
    pub patience: Duration,
    /// How long an activity waits for others before it is sent.
    pub flush_after: Duration,
    /// Nobody else writes activities that are equal to ours.
    pub sole_writer: bool,
}

impl Settings {
    /// Returns the settings within limits, so that sums and products of them cannot overflow.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            limits: Limits { activities: self.limits.activities.clamp(1, MOST_ACTIVITIES), ..self.limits },
            concurrency: self.concurrency.clamp(1, MOST_CALLS),
            settle: self.settle.min(LONGEST),
            patience: self.patience.min(LONGEST),
            flush_after: self.flush_after.min(LONGEST),
            sole_writer: self.sole_writer,
        }
    }
}

const MOST_ACTIVITIES: usize = 100_000;
const MOST_CALLS: usize = 64;
/// A year.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);
