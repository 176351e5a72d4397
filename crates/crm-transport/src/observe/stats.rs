//! Figures of a client.

/// Figures of a client and all its clones: counters since the client was built, and current gauges.
///
/// A plain value for a log line or a metrics endpoint.
///
/// ```
/// use crm_transport::Stats;
///
/// fn log_line(stats: &Stats) -> String {
///     format!("{} calls, {} failed, {} retries, {} waiting", stats.calls, stats.failed, stats.retries, stats.waiting)
/// }
/// # assert!(log_line(&Stats::default()).starts_with("0 calls"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls that have begun. Those that have not succeeded, failed or been cancelled are in progress.
    pub calls: u64,
    /// Calls that succeeded.
    pub succeeded: u64,
    /// Calls that ended with an error.
    pub failed: u64,
    /// Calls that the caller dropped before they ended.
    pub cancelled: u64,
    /// Requests sent to the transport.
    pub attempts: u64,
    /// Attempts after the first of a call. They are included in `attempts`.
    pub retries: u64,
    /// Calls that were not retried because the [budget](crate::RetryPolicy::budget) was spent.
    pub retries_denied: u64,
    /// How often the client slowed down because the server was overloaded; see [`Pace`](crate::Pace).
    pub slowdowns: u64,
    /// The current limit of attempts in flight.
    pub in_flight_limit: usize,
    /// Attempts currently in flight.
    pub in_flight: usize,
    /// Calls that currently wait for a permit.
    pub waiting: usize,
}
