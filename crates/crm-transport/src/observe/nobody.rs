//! Looks at nothing: stands in for the spans or the meters where they are off.

use std::marker::PhantomData;
use std::time::Duration;

use http::{Method, StatusCode};

use super::Gauge;
use crate::address::Address;
use crate::{Error, OperationInfo};

pub(super) struct Server;

pub(super) struct Call<'a>(PhantomData<&'a ()>);

pub(super) struct Attempt<'a>(PhantomData<&'a ()>);

#[allow(dead_code, clippy::unused_self, reason = "spans need a part of it, meters another")]
impl Server {
    pub(super) fn new(_: &Address) -> Self {
        Self
    }

    pub(super) fn call(&self, _: &OperationInfo) -> Call<'_> {
        Call(PhantomData)
    }

    pub(super) fn slows_down(&self, _: &'static str, _: usize) {}

    pub(super) fn raised(&self, _: Gauge) {}

    pub(super) fn lowered(&self, _: Gauge) {}
}

#[allow(dead_code, clippy::unused_self, reason = "see above")]
impl Call<'_> {
    pub(super) fn within<F: Future>(&self, work: F) -> F {
        work
    }

    pub(super) fn attempt(&self, _: u32, _: &Method) -> Attempt<'_> {
        Attempt(PhantomData)
    }

    pub(super) fn waits_to_repeat(&self, _: &Error, _: Duration) {}

    pub(super) fn is_denied_a_repeat(&self) {}

    pub(super) fn ends(&self, _: Option<&Error>) {}

    pub(super) fn is_cancelled(&self) {}
}

#[allow(dead_code, clippy::unused_self, reason = "see above")]
impl Attempt<'_> {
    pub(super) fn within<F: Future>(&self, work: F) -> F {
        work
    }

    pub(super) fn is_answered(&self, _: StatusCode) {}

    pub(super) fn ends(&self, _: Option<&Error>) {}

    pub(super) fn is_cancelled(&self) {}
}
