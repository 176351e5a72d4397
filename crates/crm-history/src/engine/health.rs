//! How the server does: when it may be called again, and since when it has stored nothing.

use std::time::Duration;

use tokio::time::Instant;

/// How the server does.
pub(super) struct Health {
    /// When something last became certain.
    pub(super) last_progress: Instant,
    /// When the next write may be sent.
    pub(super) writes_from: Instant,
    /// When the next reading may begin.
    pub(super) reads_from: Instant,
    /// Requests in doubt since the last progress.
    in_doubt: u32,
    /// Failures since the last progress.
    failures: u32,
    read_failures: u32,
    /// The server asked to wait when it last failed.
    pub(super) is_rate_limited: bool,
    /// The last failure.
    pub(super) last_failure: String,
    /// How many activities were sent all the same since the patience was over.
    last_chances: u32,
    /// The last one of them got the same answer as before. So another one may be stored.
    was_answered_alike: bool,
}

impl Health {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            last_progress: now,
            writes_from: now,
            reads_from: now,
            in_doubt: 0,
            failures: 0,
            read_failures: 0,
            is_rate_limited: false,
            last_failure: "no failure".to_owned(),
            last_chances: 0,
            was_answered_alike: false,
        }
    }

    /// Nobody drove the engine for this time. It says nothing about the server.
    pub(super) fn was_not_polled(&mut self, time: Duration) {
        self.last_progress += time;
    }

    /// Returns whether anything failed since the last progress.
    pub(super) fn is_failing(&self) -> bool {
        self.failures > 0 || self.read_failures > 0
    }

    /// There was nothing to do until now.
    pub(super) fn begins(&mut self) {
        self.last_progress = Instant::now();
    }

    /// Something became certain: an activity is stored, refused or found.
    pub(super) fn progress(&mut self) {
        self.last_progress = Instant::now();
        self.writes_from = self.writes_from.min(self.last_progress);
        (self.in_doubt, self.failures) = (0, 0);
        (self.last_chances, self.was_answered_alike) = (0, false);
    }

    /// Returns whether one activity may be sent all the same, at the end of the patience.
    pub(super) fn has_a_last_chance(&self) -> bool {
        self.can_read() && (self.last_chances == 0 || self.has_another_chance())
    }

    /// Returns whether one more activity may be sent all the same, because the last one only got the same answer as before.
    pub(super) fn has_another_chance(&self) -> bool {
        self.was_answered_alike && self.last_chances < MAX_LAST_CHANCES
    }

    /// One activity is sent all the same.
    pub(super) fn takes_last_chance(&mut self, now: Instant) {
        self.last_chances += 1;
        self.was_answered_alike = false;
        self.last_progress = now;
    }

    /// The activity that was sent all the same got the same answer as before.
    pub(super) fn was_answered_alike(&mut self) {
        self.was_answered_alike = true;
    }

    pub(super) fn write_in_doubt(&mut self, what: String) {
        self.in_doubt += 1;
        self.write_failed(what, None);
    }

    pub(super) fn write_failed(&mut self, what: String, wait: Option<Duration>) {
        self.failures += 1;
        self.is_rate_limited = false;
        self.last_failure = what;
        self.writes_from = Instant::now() + wait.unwrap_or_default().max(backoff(self.failures));
    }

    pub(super) fn read_failed(&mut self, what: String, wait: Option<Duration>) {
        self.read_failures += 1;
        self.is_rate_limited = false;
        self.last_failure = what;
        self.reads_from = Instant::now() + wait.unwrap_or_default().max(backoff(self.read_failures));
    }

    pub(super) fn read_worked(&mut self) {
        self.read_failures = 0;
    }

    /// Notes that lists have been read since then. The time of a reading does not count as patience.
    pub(super) fn has_read_since(&mut self, begun: Instant) {
        let now = Instant::now();
        self.last_progress = now.min(self.last_progress + (now - begun));
    }

    /// Returns whether lists can be read.
    pub(super) fn can_read(&self) -> bool {
        self.read_failures == 0
    }

    /// Returns whether another request may be sent. After some doubts in a row these come first.
    pub(super) fn may_write(&self, now: Instant, any_doubt: bool) -> bool {
        now >= self.writes_from && (!any_doubt || self.in_doubt < MAX_IN_DOUBT)
    }

    /// Returns whether another witness may be sent.
    pub(super) fn may_witness(&self, now: Instant) -> bool {
        now >= self.writes_from && self.in_doubt < MAX_WITNESSES
    }
}

/// Returns the wait after so many failures in a row.
fn backoff(failures: u32) -> Duration {
    let factor = 1_u32 << failures.saturating_sub(1).min(10);
    (FIRST_WAIT * factor).min(LONGEST_WAIT)
}

const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Requests in doubt in a row before nothing but witnesses is sent.
const MAX_IN_DOUBT: u32 = 3;
/// Requests in doubt in a row before not even witnesses are sent.
const MAX_WITNESSES: u32 = 8;
/// How many activities are sent all the same, one after another, as long as each gets the same answer as before.
const MAX_LAST_CHANCES: u32 = 5;
