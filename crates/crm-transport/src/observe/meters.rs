//! Counters, gauges and a histogram of the `metrics` crate. The crate documentation lists names and labels.

use std::borrow::Cow;
use std::sync::Arc;

use http::Method;
use metrics::{SharedString, Unit, counter, gauge, histogram};
use tokio::time::Instant;

use super::{Gauge, names};
use crate::error::{Delivery, Error};
use crate::operation_info::{Idempotency, OperationInfo};

const CALLS: &str = "crm_calls_total";
const ATTEMPTS: &str = "crm_attempts_total";
const SECONDS: &str = "crm_attempt_duration_seconds";
const RETRIES: &str = "crm_retries_total";
const DENIED: &str = "crm_retries_denied_total";
const UNKNOWN: &str = "crm_unknown_deliveries_total";
const SLOWDOWNS: &str = "crm_slowdowns_total";
const IN_FLIGHT: &str = "crm_in_flight";
const LIMIT: &str = "crm_in_flight_limit";
const WAITING: &str = "crm_waiting";

pub(super) struct Server {
    /// Shared, because every label holds it.
    name: SharedString,
}

#[derive(Clone)]
pub(super) struct Call {
    server: SharedString,
    operation: &'static str,
    is_read: bool,
}

pub(super) struct Attempt {
    call: Call,
    began: Instant,
}

impl Server {
    pub(super) fn new(host: &str, port: u16) -> Self {
        describe();
        Self { name: Arc::<str>::from(format!("{host}:{port}")).into() }
    }

    pub(super) fn call(&self, info: &OperationInfo) -> Call {
        Call { server: self.name.clone(), operation: info.id, is_read: info.idempotency == Idempotency::Read }
    }

    pub(super) fn slowed_down(&self, operation: &'static str, _: usize) {
        counter!(SLOWDOWNS, "operation" => operation, "server" => self.name.clone()).increment(1);
    }

    /// Changes the sum of the limits of all clients for this server.
    pub(super) fn limit_changed(&self, before: usize, now: usize) {
        gauge!(LIMIT, "server" => self.name.clone()).increment(now as f64 - before as f64);
    }

    pub(super) fn raised(&self, gauge: Gauge) {
        self.gauge(gauge).increment(1.0);
    }

    pub(super) fn lowered(&self, gauge: Gauge) {
        self.gauge(gauge).decrement(1.0);
    }

    fn gauge(&self, gauge: Gauge) -> metrics::Gauge {
        match gauge {
            Gauge::Waiting => gauge!(WAITING, "server" => self.name.clone()),
            Gauge::InFlight => gauge!(IN_FLIGHT, "server" => self.name.clone()),
        }
    }
}

impl Call {
    pub(super) fn attempt(&self, number: u32, _: &Method) -> Attempt {
        if number > 1 {
            self.count(RETRIES);
        }
        Attempt { call: self.clone(), began: Instant::now() }
    }

    pub(super) fn retry_denied(&self) {
        self.count(DENIED);
    }

    pub(super) fn end(&self, error: Option<&Error>) {
        self.count_outcome(CALLS, outcome(error));
        if !self.is_read && error.is_some_and(|error| error.delivery() == Delivery::Unknown) {
            self.count(UNKNOWN);
        }
    }

    pub(super) fn cancelled(&self, maybe_done: bool) {
        self.count_outcome(CALLS, names::CANCELLED.into());
        if !self.is_read && maybe_done {
            self.count(UNKNOWN);
        }
    }

    fn count(&self, name: &'static str) {
        counter!(name, "operation" => self.operation, "server" => self.server.clone()).increment(1);
    }

    fn count_outcome(&self, name: &'static str, outcome: Cow<'static, str>) {
        let server = self.server.clone();
        counter!(name, "operation" => self.operation, "outcome" => outcome, "server" => server).increment(1);
    }
}

impl Attempt {
    pub(super) fn end(&self, error: Option<&Error>) {
        self.record(outcome(error));
    }

    pub(super) fn cancelled(&self) {
        self.record(names::CANCELLED.into());
    }

    fn record(&self, outcome: Cow<'static, str>) {
        let Call { ref server, operation, .. } = self.call;
        self.call.count_outcome(ATTEMPTS, outcome.clone());
        let server = server.clone();
        histogram!(SECONDS, "operation" => operation, "outcome" => outcome, "server" => server)
            .record(self.began.elapsed());
    }
}

fn outcome(error: Option<&Error>) -> Cow<'static, str> {
    error.map_or(Cow::Borrowed("ok"), names::error_type)
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(CALLS, Unit::Count, "Calls that ended");
    describe_counter!(ATTEMPTS, Unit::Count, "Requests sent, counted when they ended");
    describe_histogram!(SECONDS, Unit::Seconds, "Duration of an attempt");
    describe_counter!(RETRIES, Unit::Count, "Attempts after the first one of a call");
    describe_counter!(DENIED, Unit::Count, "Calls not retried because the retry budget was spent");
    describe_counter!(UNKNOWN, Unit::Count, "Changes that the server may or may not have made");
    describe_counter!(
        SLOWDOWNS,
        Unit::Count,
        "How often the client slowed down because the server was overloaded"
    );
    describe_gauge!(LIMIT, Unit::Count, "How many attempts may be in flight");
    describe_gauge!(IN_FLIGHT, Unit::Count, "Attempts in flight");
    describe_gauge!(WAITING, Unit::Count, "Calls that wait for a permit");
}
