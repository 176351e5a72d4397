//! What a client has done so far.

/// What a client and all its clones have done and are doing: counters since the client was built, and gauges of
/// now. A plain value, for a log line or a metrics endpoint.
///
/// ```
/// use crm_transport::Stats;
///
/// fn log_line(stats: &Stats) -> String {
///     format!("{} calls, {} failed, {} repeated, {} waiting", stats.calls, stats.failed, stats.retries, stats.waiting)
/// }
/// # assert!(log_line(&Stats::default()).starts_with("0 calls"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls begun. Those that are neither succeeded, failed nor cancelled are under way.
    pub calls: u64,
    /// Calls that brought what they were made for.
    pub succeeded: u64,
    /// Calls that ended with an error.
    pub failed: u64,
    /// Calls that the caller dropped before they ended.
    pub cancelled: u64,
    /// Requests given to the transport.
    pub attempts: u64,
    /// Of these, attempts after the first one of a call.
    pub retries: u64,
    /// Calls that were not repeated because the [budget](crate::RetryPolicy::budget) was spent.
    pub retries_denied: u64,
    /// How often the client slowed down because the server struggled; see [`Pace`](crate::Pace).
    pub slowdowns: u64,
    /// How many attempts may be in flight now.
    pub in_flight_limit: usize,
    /// Attempts in flight now.
    pub in_flight: usize,
    /// Calls that wait for a place now.
    pub waiting: usize,
}
