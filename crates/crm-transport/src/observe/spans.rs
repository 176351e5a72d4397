//! A span for each call and each attempt, following OpenTelemetry's conventions for HTTP clients.
//!
//! They hold nothing that a user or a server wrote: no body, no header, no query, no words of an error.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use tracing::field::Empty;
use tracing::instrument::{Instrument, Instrumented};
use tracing::{Span, info, info_span, warn};

use super::names;
use crate::error::{Delivery, Error};
use crate::operation_info::OperationInfo;

/// The target that filters name, wherever this file is.
const TARGET: &str = "crm_transport";

/// Lets work that runs as a task of its own belong to the span in which it is begun.
pub(super) fn in_current_span<F: Future>(work: F) -> Instrumented<F> {
    work.in_current_span()
}

#[derive(Clone)]
pub(super) struct Server {
    host: Arc<str>,
    port: u16,
}

pub(super) struct Call {
    server: Server,
    operation: &'static str,
    /// As the operation declares it, without the query, which holds IDs.
    path: &'static str,
    span: Span,
}

pub(super) struct Attempt {
    span: Span,
}

impl Server {
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    pub(super) fn call(&self, info: &OperationInfo) -> Call {
        let span = info_span!(
            target: TARGET,
            "crm.call",
            otel.name = info.id,
            otel.kind = "internal",
            otel.status_code = Empty,
            crm.operation = info.id,
            crm.attempts = Empty,
            crm.delivery = Empty,
            crm.api_code = Empty,
            error.type = Empty,
        );
        Call { server: self.clone(), operation: info.id, path: info.path, span }
    }

    pub(super) fn slowed_down(&self, operation: &'static str, in_flight: usize) {
        warn!(
            target: TARGET,
            {
                server.address = &*self.host,
                server.port = self.port,
                crm.operation = operation,
                crm.in_flight_limit = in_flight,
            },
            "the server is overloaded: fewer attempts at once"
        );
    }
}

impl Call {
    pub(super) fn within<F: Future>(&self, work: F) -> Instrumented<F> {
        work.instrument(self.span.clone())
    }

    pub(super) fn attempt(&self, number: u32, method: &Method) -> Attempt {
        let span = info_span!(
            target: TARGET,
            parent: &self.span,
            "crm.attempt",
            otel.name = format_args!("{method} {}", self.path),
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = method.as_str(),
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            server.address = &*self.server.host,
            server.port = self.server.port,
            url.template = self.path,
            crm.operation = self.operation,
            crm.delivery = Empty,
            crm.api_code = Empty,
            error.type = Empty,
        );
        if number > 1 {
            span.record("http.request.resend_count", number - 1);
        }
        self.span.record("crm.attempts", number);
        Attempt { span }
    }

    pub(super) fn waits_for_retry(&self, error: &Error, wait: Duration) {
        info!(
            target: TARGET,
            parent: &self.span,
            {
                crm.operation = self.operation,
                crm.attempt = error.attempts(),
                crm.wait_seconds = wait.as_secs_f64(),
                error.type = &*names::error_type(error),
            },
            "the attempt failed, the call is retried"
        );
    }

    pub(super) fn retry_denied(&self) {
        warn!(
            target: TARGET,
            parent: &self.span,
            {
                crm.operation = self.operation,
            },
            "the call is not retried: the retry budget is spent"
        );
    }

    pub(super) fn end(&self, error: Option<&Error>) {
        end(&self.span, error);
    }

    pub(super) fn cancelled(&self, maybe_done: bool) {
        self.span.record("error.type", names::CANCELLED);
        if maybe_done {
            self.span.record("crm.delivery", Delivery::Unknown.as_str());
        }
    }
}

impl Attempt {
    pub(super) fn within<F: Future>(&self, work: F) -> Instrumented<F> {
        work.instrument(self.span.clone())
    }

    pub(super) fn received(&self, status: StatusCode) {
        self.span.record("http.response.status_code", status.as_u16());
    }

    pub(super) fn end(&self, error: Option<&Error>) {
        end(&self.span, error);
    }

    /// The request may have reached the server.
    pub(super) fn cancelled(&self) {
        self.span.record("error.type", names::CANCELLED);
        self.span.record("crm.delivery", Delivery::Unknown.as_str());
    }
}

fn end(span: &Span, error: Option<&Error>) {
    span.record("crm.delivery", error.map_or(Delivery::Delivered, Error::delivery).as_str());
    if let Some(error) = error {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", &*names::error_type(error));
        if let Some(code) = error.api_code() {
            span.record("crm.api_code", code);
        }
    }
}
