//! How fast a client may go.

use std::time::Duration;

use crate::error::Error;

/// How many attempts may be in flight at once, and how many may start in a second, for a client and all its clones.
///
/// Two at once by default, and no limit per second: the CRMs are PHP on hosts that others share, people work in
/// them meanwhile, and on a server with two cores more than two at once gained nothing (observed). A call that finds
/// no place waits for one, first come, first served, until its [deadline](crate::ClientBuilder::deadline). Dropping
/// a call gives its place back. A call that waits to be repeated holds none.
///
/// The number in flight is a ceiling. The client goes below it by itself, and back:
///
/// - It is **halved**, never below 1, when the server struggles: status 429, 502, 503 or 504, a gateway's page, no
///   connection, a lost one, a timeout; or an answer that took more than a second and more than three times as long
///   as this operation usually takes. Attempts that began before it was last halved do not halve it again.
/// - It **grows by one** after every ten answers in a row without such trouble, until it is back.
///
/// [`Stats`](crate::Stats) shows where it stands.
///
/// ```
/// use crm_transport::Pace;
///
/// let gentle = Pace::new().in_flight(1).per_second(2.0);
/// let own_server = Pace::new().in_flight(8);
/// # let _ = (gentle, own_server);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Pace {
    pub(crate) in_flight: usize,
    pub(crate) per_second: Option<f64>,
}

impl Pace {
    /// Two attempts in flight, as many a second as that brings.
    pub fn new() -> Self {
        Self { in_flight: 2, per_second: None }
    }

    /// How many attempts may be in flight at once; at least 1.
    pub fn in_flight(mut self, attempts: usize) -> Self {
        self.in_flight = attempts;
        self
    }

    /// How many attempts may start in a second, evenly spread, with no burst at the beginning; 0.5 is one every two
    /// seconds.
    pub fn per_second(mut self, attempts: f64) -> Self {
        self.per_second = Some(attempts);
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let refused = |fault| Err(Error::invalid_setting("pace", fault));
        if self.in_flight == 0 {
            return refused("lets no call through: in_flight(…) takes at least 1");
        }
        if self.per_second.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
            return refused("lets no call through: per_second(…) takes a number above 0");
        }
        Ok(())
    }

    /// The least time between two departures.
    pub(crate) fn interval(&self) -> Option<Duration> {
        const LONGEST: Duration = Duration::from_secs(86_400);
        let seconds = 1.0 / self.per_second?;
        Some(Duration::try_from_secs_f64(seconds).map_or(LONGEST, |interval| interval.min(LONGEST)))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}
