//! How a client sends its reads, and what it has learned about GET.

use std::sync::atomic::{AtomicU8, Ordering};

use http::{Method, Request};

use super::operation::ReadMethod;
use crate::operation_info::OperationInfo;

/// How reads that carry a body are sent now. Shared by a client and its clones.
pub(super) struct Reads(AtomicU8);

/// GET, and it is not known whether its body arrives.
const UNPROVEN_GET: u8 = 0;
/// GET, because it works or because there is no choice.
const GET: u8 = 1;
/// POST.
const POST: u8 = 2;

impl Reads {
    pub(super) fn new(method: ReadMethod) -> Self {
        Self(AtomicU8::new(match method {
            ReadMethod::Auto => UNPROVEN_GET,
            ReadMethod::Get => GET,
            ReadMethod::Post => POST,
        }))
    }

    pub(super) fn are_post(&self) -> bool {
        self.0.load(Ordering::Relaxed) == POST
    }

    /// Returns `true` if this request is a GET whose body may have been lost on the way, and can be sent as POST.
    pub(super) fn may_lose<B: AsRef<[u8]>>(&self, info: &OperationInfo, request: &Request<B>) -> bool {
        self.0.load(Ordering::Relaxed) == UNPROVEN_GET
            && info.accepts_post
            && request.method() == Method::GET
            && !request.body().as_ref().is_empty()
    }

    pub(super) fn get_works(&self) {
        self.learn(GET);
    }

    pub(super) fn post_works(&self) {
        self.learn(POST);
    }

    /// The first that is learned counts.
    fn learn(&self, method: u8) {
        let _ = self.0.compare_exchange(UNPROVEN_GET, method, Ordering::Relaxed, Ordering::Relaxed);
    }
}
