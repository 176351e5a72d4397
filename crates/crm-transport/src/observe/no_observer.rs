//! Observes nothing: used instead of spans or metrics if their feature is off.

use std::time::Duration;

use http::{Method, StatusCode};

use super::Gauge;
use crate::error::Error;
use crate::operation_info::OperationInfo;

#[allow(dead_code, reason = "spans use it, metrics do not")]
pub(super) fn in_current_span<F: Future>(work: F) -> F {
    work
}

pub(super) struct Server;

pub(super) struct Call;

pub(super) struct Attempt;

#[allow(dead_code, clippy::unused_self, reason = "spans use a part of it, metrics another")]
impl Server {
    pub(super) fn new(_: &str, _: u16) -> Self {
        Self
    }

    pub(super) fn call(&self, _: &OperationInfo) -> Call {
        Call
    }

    pub(super) fn slowed_down(&self, _: &'static str, _: usize) {}

    pub(super) fn limit_changed(&self, _: usize, _: usize) {}

    pub(super) fn raised(&self, _: Gauge) {}

    pub(super) fn lowered(&self, _: Gauge) {}
}

#[allow(dead_code, clippy::unused_self, reason = "see above")]
impl Call {
    pub(super) fn within<F: Future>(&self, work: F) -> F {
        work
    }

    pub(super) fn attempt(&self, _: u32, _: &Method) -> Attempt {
        Attempt
    }

    pub(super) fn waits_for_retry(&self, _: &Error, _: Duration) {}

    pub(super) fn retry_denied(&self) {}

    pub(super) fn end(&self, _: Option<&Error>) {}

    pub(super) fn cancelled(&self, _: bool) {}
}

#[allow(dead_code, clippy::unused_self, reason = "see above")]
impl Attempt {
    pub(super) fn within<F: Future>(&self, work: F) -> F {
        work
    }

    pub(super) fn received(&self, _: StatusCode) {}

    pub(super) fn end(&self, _: Option<&Error>) {}

    pub(super) fn cancelled(&self) {}
}
