//! Logs what the engine waits for: one event for each wait.

use std::time::Duration;

use tokio::time::Instant;

use super::driver::Driver;

/// What the engine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WaitReason {
    /// The server asked to wait.
    RateLimit,
    /// A call failed, and is tried again later.
    Backoff,
    /// The server may still work on a request without a usable answer.
    Settling,
    /// Another activity must be stored before a missing one counts as missing.
    Witness,
    /// The next of the two readings after a witness.
    Reading,
    /// Nothing else can be sent as a witness. One activity is sent once more at the end.
    Patience,
    /// The server does not answer the questions of the checks.
    Checks,
}

/// The waits that were logged, with their ends.
#[derive(Default)]
pub(super) struct Waits(Vec<(WaitReason, Instant)>);

impl Waits {
    /// Returns the waits that were not logged yet.
    fn begin(&mut self, now: Instant, mut current: Vec<(WaitReason, Instant)>) -> Vec<(WaitReason, Instant)> {
        let has = |waits: &[(WaitReason, Instant)], reason| waits.iter().any(|(other, _)| *other == reason);
        self.0.retain(|&(reason, until)| has(&current, reason) && until > now);
        current.retain(|&(reason, until)| until > now && !has(&self.0, reason));
        self.0.extend(&current);
        current
    }
}

impl Driver {
    /// Logs the waits that begin now. Call it when there is nothing to do.
    pub(super) fn log_waits(&mut self) {
        let now = Instant::now();
        let current = if self.stop.is_none() { self.current_waits(now) } else { Vec::new() };
        let patience = self.patience_ends().map(|at| at.saturating_duration_since(now));
        for (reason, until) in self.waits.begin(now, current) {
            log(reason, until - now, patience, self.doubts.len(), self.queue.len());
        }
    }

    /// Returns what the engine waits for, and until when at the earliest.
    fn current_waits(&self, now: Instant) -> Vec<(WaitReason, Instant)> {
        let mut waits = Vec::new();
        let mut waits_until = |reason, until| waits.push((reason, until));
        let writes = Some(self.health.writes_from).filter(|_| self.queue.len() > 0);
        if let Some(until) = writes.into_iter().chain([self.health.reads_from]).filter(|&at| at > now).max() {
            let is_limit = self.health.is_rate_limited;
            waits_until(if is_limit { WaitReason::RateLimit } else { WaitReason::Backoff }, until);
        }
        for doubt in self.doubts.iter() {
            if !doubt.looked_late {
                waits_until(WaitReason::Settling, doubt.due);
            } else if doubt.witness.is_some() {
                waits_until(WaitReason::Reading, doubt.next_look(now));
            } else if let Some(until) = self.patience_ends().filter(|_| self.in_flight.is_empty()) {
                let is_last = self.input_ended && self.queue.len() == 0;
                waits_until(if is_last { WaitReason::Patience } else { WaitReason::Witness }, until);
            }
        }
        waits.sort_unstable();
        waits.dedup_by_key(|(reason, _)| *reason);
        waits
    }
}

/// Logs a wait. `patience`: the time after which the import stops. Nothing that a user or a server wrote is logged.
#[cfg(feature = "tracing")]
pub(crate) fn log(
    reason: WaitReason,
    wait: Duration,
    patience: Option<Duration>,
    in_doubt: usize,
    queued: usize,
) {
    tracing::info!(
        target: "crm_history",
        {
            crm.wait_reason = reason.as_str(),
            crm.wait_seconds = wait.as_secs_f64(),
            crm.patience_seconds = patience.map(|patience| patience.as_secs_f64()),
            crm.activities_in_doubt = in_doubt,
            crm.activities_queued = queued,
        },
        "sending activities waits"
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn log(_: WaitReason, _: Duration, _: Option<Duration>, _: usize, _: usize) {}

#[cfg(feature = "tracing")]
impl WaitReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::RateLimit => "rate-limit",
            Self::Backoff => "backoff",
            Self::Settling => "settling",
            Self::Witness => "witness",
            Self::Reading => "reading",
            Self::Patience => "patience",
            Self::Checks => "checks",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_logged_once_and_again_only_when_it_is_over() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut waits = Waits::default();
        let settling = |seconds| vec![(WaitReason::Settling, after(seconds))];
        assert_eq!(waits.begin(now, settling(60)), [(WaitReason::Settling, after(60))]);
        assert_eq!(waits.begin(after(1), settling(60)), []);
        assert_eq!(waits.begin(after(2), settling(70)), []);
        assert_eq!(waits.begin(after(60), settling(70)), [(WaitReason::Settling, after(70))]);
        assert_eq!(waits.begin(after(61), Vec::new()), []);
        assert_eq!(waits.begin(after(62), settling(70)), [(WaitReason::Settling, after(70))]);
    }
}
