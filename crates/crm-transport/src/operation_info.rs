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
    /// Whether it may be repeated.
    pub idempotency: Idempotency,
    /// Whether the server accepts it as POST too; see [`ReadMethod`](crate::ReadMethod).
    pub accepts_post: bool,
}

/// Whether a call may be made twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Changes nothing; may be repeated at will.
    Read,
    /// Changes something, and a second call leaves it as the first one did.
    Idempotent,
    /// A second call would do it twice. Never repeated unless it is certain that the first was not sent.
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
