//! How many calls a client makes at once and per second.

use std::time::Duration;

use crate::error::Error;

/// The maximum number of attempts in flight, and per second, for a client and all its clones.
///
/// The default is two in flight and no limit per second. The CRMs run PHP on shared hosts while people work in them, and
/// more than two at once were not faster on a server with two cores (observed). A call without a permit waits for one,
/// in order of arrival, until its [deadline](crate::ClientBuilder::deadline). Dropping a call releases its permit. A
/// call that waits for a retry holds none.
///
/// The number in flight is a maximum. The client adapts the actual limit automatically:
///
/// - It is **halved**, never below 1, when the server is overloaded: a status 429, 502, 503 or 504, a page of a gateway,
///   no connection, a lost connection, a timeout; or a response that took more than a second and more than three times
///   as long as usual for this operation. Attempts that began before the last halving do not halve it again.
/// - It **grows by one** after every ten responses in a row without overload, up to the ceiling.
///
/// A server that limits the rate of calls (status 429; 503 for a read) also lowers a **rate**. It falls to half of what was
/// refused, and rises again with every good response until it is forgotten. With `Retry-After` all calls of the client and
/// its clones wait that long, at most a day. A call whose deadline is before the end of that wait fails at once, and
/// [`Error::retry_after`] says when to come back.
///
/// [`Stats`](crate::Stats) shows the current limit.
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
    /// Creates the default pace: two attempts in flight, no limit per second.
    pub fn new() -> Self {
        Self { in_flight: 2, per_second: None }
    }

    /// Sets the maximum number of attempts in flight (default 2, minimum 1).
    pub fn in_flight(mut self, attempts: usize) -> Self {
        self.in_flight = attempts;
        self
    }

    /// Sets how many attempts may start per second (default: no limit). They are evenly spread, without a burst at the
    /// beginning; 0.5 means one every two seconds.
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

    /// Returns the shortest time between the starts of two attempts.
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
