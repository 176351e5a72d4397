//! The kinds of failure, and whether the server may have carried out the call.

use std::fmt;

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Bad input or a bad setting; nothing was sent. [`Error::field`](crate::Error::field) names it.
    InvalidRequest,
    /// No connection could be made; nothing was sent.
    Connect,
    /// No response in time.
    Timeout,
    /// The connection was lost before a response.
    Closed,
    /// The response began but did not end, or is only a part (status 206).
    CutBody,
    /// The response is larger than the limit, or holds more values than any list of the CRM.
    BodyTooLarge,
    /// The server redirects to another address. Redirects are not followed, because the keys are for one server.
    Redirect,
    /// An HTTP status other than success, without an error of the API.
    Http,
    /// The server or a proxy limits the rate of calls: status 429, or it asked all calls to wait.
    RateLimited,
    /// A page of a proxy, a gateway or a captive portal instead of a response of the CRM. For a write, also JSON that is
    /// not the CRM's own.
    Gateway,
    /// The CRM cannot reach its database, or has too many connections to it (observed). The failure is temporary.
    DatabaseUnavailable,
    /// The API's own error, whatever the HTTP status.
    Api,
    /// A PHP error instead of a response.
    PhpError,
    /// A response without a body. SalesMan responds like this to a method that it does not know (observed).
    EmptyBody,
    /// A response that cannot be decoded.
    Undecodable,
    /// A response without the requested record.
    NoRecord,
    /// A response that does not match the request: it holds a record that was not requested.
    /// [`Error::field`](crate::Error::field) names the parameter that the server ignored.
    IgnoredParameter,
    /// An export that may lack records, although no call failed.
    Incomplete,
    /// A file or a database of this program failed: a journal, a checkpoint. The error's `source()` is the cause.
    Storage,
    /// This program cannot make the call: no thread, no runtime, or a client used after `fork`.
    Runtime,
}

/// Whether a call has reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Nothing reached the server. The call can be sent again.
    NotSent,
    /// The server may have carried out the call, or not. Look for the effect of a write before you send it again.
    Unknown,
    /// The server has responded: it refused the call, or carried it out ([`Error::is_done`](crate::Error::is_done)).
    Delivered,
}

impl Delivery {
    /// Returns the word for spans and logs: `not_sent`, `unknown` or `delivered`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
            Self::Delivered => "delivered",
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an error of the API is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The key, login, token or secret, or their permissions.
    Auth,
    /// There is no such record or action.
    NotFound,
    /// The server cannot process this request.
    InvalidRequest,
    /// The server's database cannot store a value of the record (observed with SalesMan).
    Value,
    /// The settings of the account are wrong, such as its time zone: every write is refused until a person fixes them
    /// (observed with SalesMan).
    AccountSettings,
    /// The server itself failed. It is not known what it did before that.
    ServerFault,
    /// Anything else.
    Other,
}
