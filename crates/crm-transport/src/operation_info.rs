//! The facts about an operation: its name, method, path, and whether it may be repeated.

use http::Method;

/// An operation as data.
#[derive(Clone, Debug)]
pub struct OperationInfo {
    /// Its name in errors and logs, such as `history.add`.
    pub id: &'static str,
    /// The documented HTTP method.
    pub method: Method,
    /// The path below the client's address, such as `/developer/v3/history/add`.
    pub path: &'static str,
    /// Whether it can be retried.
    pub idempotency: Idempotency,
    /// Whether the server also accepts it as POST; see [`ReadMethod`](crate::ReadMethod).
    pub accepts_post: bool,
}

/// Whether a call can be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Changes nothing, so it can be retried.
    Read,
    /// Changes something, but a second call has no further effect.
    Idempotent,
    /// A second call would have a second effect. It is retried only if the first was certainly not sent.
    Write,
}

/// The operation of unit tests.
#[cfg(test)]
pub(crate) const TEST_CALL: OperationInfo = OperationInfo {
    id: "test.call",
    method: Method::GET,
    path: "/x",
    idempotency: Idempotency::Read,
    accepts_post: false,
};
