//! What went wrong with a call, an import or an export.
//!
//! [`Error`] is opaque: [`ErrorKind`] says what failed, [`Delivery`] whether the server may have done it, and
//! `constructors.rs` has the constructors, `delivery.rs` the table that decides. This layer uses no other layer.

mod constructors;
mod delivery;
mod display;
mod error_id;
mod json_error;
mod kind;
mod transport_error;

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::operation_info::Idempotency;

pub(crate) use constructors::CHECK_CREDENTIALS;
pub use json_error::JsonError;
pub use kind::{Delivery, ErrorKind, Refusal};
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) use transport_error::innermost;
pub use transport_error::{TransportError, with_causes};

/// An error of a call, an import or an export, for people and for code.
///
/// `Display` is one line: the operation, what happened, the API's own text (at most 500 characters), and for a
/// write whether it may be sent again. [`id`](Self::id) is a stable name for alerts and for the documentation.
///
/// Neither `Display` nor `Debug` shows a secret or the body of the response. The beginning of the body is kept for
/// [`body_excerpt`](Self::body_excerpt) if the client was built with `keep_body_excerpts()`.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    seen: delivery::Seen,
    /// An earlier attempt of the call may have done what was asked.
    maybe_done_before: bool,
    operation: Option<&'static str>,
    host: Option<String>,
    idempotency: Idempotency,
    field: Option<String>,
    message: String,
    hint: Option<String>,
    status: Option<StatusCode>,
    api: Option<ApiError>,
    json_path: Option<String>,
    excerpt: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    elapsed: Duration,
    cause: Option<Cause>,
}

/// The error that the API itself reported.
#[derive(Clone)]
struct ApiError {
    code: Option<i64>,
    text: String,
    refusal: Refusal,
}

/// What [`StdError::source`] returns. The first two hold words of the server, so secrets are removed from them.
#[derive(Clone)]
enum Cause {
    Json(JsonError),
    Transport(TransportError),
    Other(Arc<dyn StdError + Send + Sync>),
}

impl Error {
    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the ID of the operation, such as `history.add`, or `None` for an error of the configuration.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// Returns the host and the port of the server, such as `crm.example.ru:443`. `None` if the error is not about a
    /// server.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// Returns `true` if a second call would do the work a second time, as `add` does.
    ///
    /// If the [`delivery`](Self::delivery) of a write is [`Unknown`](Delivery::Unknown), look for its effect before
    /// you send it again. Reads and deletes are not writes in this sense.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.0.idempotency == Idempotency::Write
    }

    /// Returns whether the call has reached the server.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        if self.0.maybe_done_before {
            return Delivery::Unknown;
        }
        delivery::delivery(self.0.seen, self.0.status)
    }

    /// Returns `true` for a write that the server reports as done, although its response has no readable result.
    ///
    /// `add` returns such an error if the activity is stored but its ID is unknown. Never send such a call again.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.seen == delivery::Seen::Done && self.0.idempotency != Idempotency::Read
    }

    /// Returns the API's own code, such as 403. `None` if there was no code, or if it was not a number.
    #[must_use]
    pub fn api_code(&self) -> Option<i64> {
        self.0.api.as_ref()?.code
    }

    /// Returns the API's own text, verbatim. A code that is not a number precedes it.
    #[must_use]
    pub fn api_text(&self) -> Option<&str> {
        Some(&self.0.api.as_ref()?.text)
    }

    /// Returns the HTTP status of the response, if there was a response.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        Some(self.0.status?.as_u16())
    }

    /// Returns the JSON path of the value that cannot be decoded, such as `$.data[3].datum`.
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// Returns the input that was refused, such as `content` or `list[2].content`, or the parameter that the server
    /// ignored, such as `dateStart`.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Returns what went wrong, in English: [`Display`](std::fmt::Display) without the operation, the field, the API's own
    /// text, the certainty of a write and the advice.
    ///
    /// For programs that show errors in another language. The wording changes between releases. In code, use
    /// [`id`](Self::id). The text may contain text of the server and control characters.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns what to do, in English, as at the end of [`Display`](std::fmt::Display). `None` if the rest of the error
    /// says it. The same limits apply as to [`message`](Self::message).
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref().or_else(|| self.default_advice())
    }

    /// Returns the beginning of the response body: at most 512 characters, without the secrets of the call.
    ///
    /// A shortened body ends with `… [cut, 70000 bytes in all]`. The result is `None` unless the client was built with
    /// [`keep_body_excerpts`](crate::ClientBuilder::keep_body_excerpts): a body may hold personal data, so take care
    /// where you log it.
    #[must_use]
    pub fn body_excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// Returns how long the server asked to wait in `Retry-After`.
    ///
    /// `None` if the header is absent or invalid. A date is compared with the `Date` of the same
    /// response, so that a wrong clock does no harm.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns how many attempts were made. 0 if nothing was sent.
    ///
    /// After several attempts, an error may report the effect of an earlier one. A retried delete that finds no record
    /// may have removed it in the attempt before. The [`delivery`](Self::delivery) is then
    /// [`Unknown`](Delivery::Unknown).
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns `true` if the key, login, token or secret was refused, or lacks the permission for the call.
    ///
    /// A status 403 counts only for a read: firewalls send it for a single text of a write. A status 407 is about the
    /// credentials for a proxy.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        let statuses: &[u16] = if self.0.idempotency == Idempotency::Read { &[401, 403] } else { &[401] };
        self.is_refusal(Refusal::Auth, statuses)
    }

    /// Returns `true` if the settings of the account are wrong, such as its time zone. A person must fix them.
    #[must_use]
    pub fn is_account_setting(&self) -> bool {
        self.is_refusal(Refusal::AccountSettings, &[])
    }

    /// Returns `true` if the server or a proxy limits the rate of calls (status 429), or asked to wait longer than the
    /// call's deadline. [`retry_after`](Self::retry_after) says how long, if the server did.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited || self.has_status(&[429])
    }

    /// Returns `true` if the CRM's own response says that the record or the action does not exist. A page with status 404
    /// does not count, because a proxy may send it as well. Its status is [`http_status`](Self::http_status).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NoRecord || self.is_refusal(Refusal::NotFound, &[])
    }

    /// Returns `true` if the request was refused because of its content, by the client or by the server.
    #[must_use]
    pub fn is_invalid_request(&self) -> bool {
        self.0.kind == ErrorKind::InvalidRequest
            || self.is_refusal(Refusal::Value, &[])
            || self.is_refusal(Refusal::InvalidRequest, &[400, 405, 411, 413, 414, 415, 422, 431])
    }

    /// Returns `true` if the server, or something in between, ignored a parameter of a read: the response holds a
    /// record that was not requested. [`field`](Self::field) names the parameter.
    #[must_use]
    pub fn is_ignored_parameter(&self) -> bool {
        self.0.kind == ErrorKind::IgnoredParameter
    }

    /// Returns `true` if no response arrived in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Returns `true` if no connection could be made.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.0.kind == ErrorKind::Connect
    }

    /// Returns `true` if a response arrived that cannot be decoded: broken JSON, a PHP error, an empty body or a page
    /// that is not from the CRM.
    #[must_use]
    pub fn is_undecodable(&self) -> bool {
        use ErrorKind::{CutBody, EmptyBody, Gateway, PhpError, Undecodable};
        matches!(self.0.kind, Undecodable | PhpError | EmptyBody | CutBody)
            || (self.0.kind == Gateway && self.0.status.is_some_and(|status| status.is_success()))
    }

    /// Returns `true` if the same call may succeed when it is sent again, and cannot do anything twice.
    ///
    /// - Nothing was sent, or the status is 429: any call.
    /// - Another process uses the file of an import or an export: the whole job.
    /// - A timeout, a lost connection, a cut response, a page of a gateway, an unreachable database, or a status 502,
    ///   503 or 504, with or without `Retry-After`: a read, or an idempotent call.
    ///
    /// Refusals of the API, PHP errors and undecodable responses would most likely occur again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{
            Closed, Connect, CutBody, DatabaseUnavailable, Gateway, InvalidRequest, Runtime, Storage, Timeout,
        };
        if matches!(self.0.kind, InvalidRequest | Runtime | Storage) {
            return self.is_file_in_use();
        }
        let delivery = self.delivery();
        if delivery == Delivery::NotSent {
            return true;
        }
        match self.0.idempotency {
            Idempotency::Write => delivery == Delivery::Delivered && self.has_status(&[429]),
            Idempotency::Read | Idempotency::Idempotent => {
                // Connect too: its delivery is Unknown if an earlier attempt may have been sent.
                matches!(self.0.kind, Connect | Timeout | Closed | CutBody | Gateway | DatabaseUnavailable)
                    || self.has_status(&[429, 502, 503, 504])
            }
        }
    }

    /// Returns `true` if another process uses a file of this program.
    fn is_file_in_use(&self) -> bool {
        let Some(Cause::Other(cause)) = &self.0.cause else { return false };
        let cause: Option<&io::Error> = cause.downcast_ref();
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::ResourceBusy)
    }

    /// Returns `true` if the failure shows that the server, or the way to it, is overloaded.
    pub(crate) fn shows_overload(&self) -> bool {
        use ErrorKind::{Closed, Connect, DatabaseUnavailable, Gateway, Timeout};
        matches!(self.0.kind, Timeout | Connect | Closed | Gateway | DatabaseUnavailable)
            || self.has_status(&[429, 502, 503, 504])
    }

    /// Returns `true` if the failure shows that calls come too fast: 429, or 503 where repeating does no harm.
    pub(crate) fn shows_rate_limit(&self) -> bool {
        self.has_status(&[429]) || (!self.is_write() && self.has_status(&[503]))
    }

    fn has_status(&self, statuses: &[u16]) -> bool {
        self.0.status.is_some_and(|status| statuses.contains(&status.as_u16()))
    }

    fn is_refusal(&self, refusal: Refusal, statuses: &[u16]) -> bool {
        match &self.0.api {
            Some(api) => api.refusal == refusal,
            None => self.0.kind == ErrorKind::Http && self.has_status(statuses),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(match self.0.cause.as_ref()? {
            Cause::Json(cause) => cause,
            Cause::Transport(cause) => cause,
            Cause::Other(cause) => &**cause,
        })
    }
}
