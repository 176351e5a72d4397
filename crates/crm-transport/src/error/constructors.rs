//! Creates errors and adds to them what is learned on the way back to the caller.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use http::StatusCode;

use super::delivery::{Seen, refusal_of_code_500};
use super::{ApiError, Cause, Delivery, Error, ErrorKind, Inner, JsonError, Refusal, TransportError};
use crate::operation_info::{Idempotency, OperationInfo};

pub(crate) const CHECK_CREDENTIALS: &str = "check the credentials and what they are allowed to do";

const FAILED: &str = "the server failed";

/// How many characters of a body an error keeps, if it keeps any.
const EXCERPT: usize = 512;

/// Constructors, for operations and transports.
impl Error {
    /// Creates an error about input that the server could not understand. Nothing was sent.
    ///
    /// `field` is the name by which the user knows the input.
    #[must_use]
    pub fn invalid_request(
        operation: &'static str,
        field: impl Into<String>,
        fault: impl Into<String>,
    ) -> Self {
        let mut error = Self::new(ErrorKind::InvalidRequest, Seen::Nothing, fault);
        error.0.operation = Some(operation);
        error.0.field = Some(field.into());
        error
    }

    /// Creates an error about a setting of the client.
    pub(crate) fn invalid_setting(field: &str, fault: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::InvalidRequest, Seen::Nothing, fault);
        error.0.field = Some(field.to_owned());
        error
    }

    /// Creates an error about a file or a database of this program. Nothing was sent.
    ///
    /// `operation` is what failed because of it, such as `history.import`; `what` is the role of the file, such as
    /// `journal`.
    #[must_use]
    pub fn storage(
        operation: &'static str,
        what: &str,
        path: &Path,
        fault: impl Into<String>,
        cause: Option<io::Error>,
    ) -> Self {
        let mut message = format!("the {what} {} {}", path.display(), fault.into());
        if let Some(cause) = &cause {
            let _ = write!(message, ": {cause}");
        }
        let mut error = Self::new(ErrorKind::Storage, Seen::Nothing, message);
        error.0.operation = Some(operation);
        error.0.cause = cause.map(|cause| Cause::Other(std::sync::Arc::new(cause)));
        error
    }

    /// Creates an error about a file of this program that another process uses. Nothing was sent. It is
    /// [retryable](Self::is_retryable), because the file is free when that process ends. The arguments are those of
    /// [`storage`](Self::storage).
    #[must_use]
    pub fn in_use(operation: &'static str, what: &str, path: &Path, fault: impl Into<String>) -> Self {
        let mut error = Self::storage(operation, what, path, fault, None);
        error.0.cause = Some(Cause::Other(std::sync::Arc::new(io::Error::from(io::ErrorKind::ResourceBusy))));
        error
    }

    /// Creates an error about an export that may lack records, although no call failed.
    #[must_use]
    pub fn incomplete(operation: &'static str, fault: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::Incomplete, Seen::Done, fault);
        error.0.operation = Some(operation);
        error
    }

    /// Creates an error about this program: it has no thread or no runtime for the call. Nothing was sent.
    pub(crate) fn runtime(fault: impl Into<String>, cause: Option<Box<dyn StdError + Send + Sync>>) -> Self {
        let mut error = Self::new(ErrorKind::Runtime, Seen::Nothing, fault);
        error.0.cause = cause.map(|cause| Cause::Other(cause.into()));
        error
    }

    /// Creates the API's own error, found in a response.
    ///
    /// A code 500 that names a value or the account's settings becomes [`Refusal::Value`] or
    /// [`Refusal::AccountSettings`].
    #[must_use]
    pub fn api(info: &OperationInfo, code: Option<i64>, text: impl Into<String>, refusal: Refusal) -> Self {
        let text = text.into();
        let refusal = match (refusal, code) {
            (Refusal::ServerFault, Some(500)) => refusal_of_code_500(&text),
            _ => refusal,
        };
        let message = if refusal == Refusal::ServerFault { FAILED } else { "the server refused the call" };
        let mut error = Self::of_operation(info, ErrorKind::Api, Seen::Refused(refusal), message);
        if refusal == Refusal::Auth {
            error.0.hint = Some(CHECK_CREDENTIALS.to_owned());
        }
        error.0.api = Some(ApiError { code, text, refusal });
        error
    }

    /// Creates an error about JSON that does not have the form of the API's own responses, so something in between sent
    /// it.
    #[must_use]
    pub fn foreign_answer(info: &OperationInfo, what: impl std::fmt::Display) -> Self {
        let message = format!("the JSON that arrived is not an answer of the CRM: {what}");
        Self::of_operation(info, ErrorKind::Gateway, Seen::Other, message)
    }

    /// Creates an error about a response whose JSON cannot be decoded. It is then not known whether a write was done;
    /// see [`accepted`](Self::accepted).
    #[must_use]
    pub fn undecodable(info: &OperationInfo, cause: JsonError) -> Self {
        let (kind, message) = if cause.is_cut() {
            (ErrorKind::CutBody, format!("the response ends in the middle of its JSON: {}", cause.reason()))
        } else {
            (ErrorKind::Undecodable, format!("the response cannot be decoded: {}", cause.reason()))
        };
        let mut error = Self::of_operation(info, kind, Seen::Other, message);
        error.0.json_path = (!cause.is_cut()).then(|| cause.path().to_owned());
        error.0.cause = Some(Cause::Json(cause));
        error
    }

    /// Creates an error about a complete response that reports success but holds no record.
    #[must_use]
    pub fn no_record(info: &OperationInfo) -> Self {
        let message = "there is no such record: the response is empty";
        Self::of_operation(info, ErrorKind::NoRecord, Seen::Refused(Refusal::NotFound), message)
    }

    /// Creates an error about a response that does not match the request.
    ///
    /// `parameter` is the wire name of the parameter that the server ignored, such as `dateStart`. `found` is the
    /// record that shows it: `activity 15 is of 2026-11-26`.
    #[must_use]
    pub fn ignored_parameter(
        info: &OperationInfo,
        parameter: impl Into<String>,
        found: impl std::fmt::Display,
    ) -> Self {
        let message = format!("was ignored: {found}");
        let mut error = Self::of_operation(info, ErrorKind::IgnoredParameter, Seen::Other, message);
        error.0.field = Some(parameter.into());
        error
    }

    /// Creates an error about something that is not a response of the API.
    pub(crate) fn not_a_response(info: &OperationInfo, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::of_operation(info, kind, Seen::Other, message)
    }

    /// Creates an error about a call that waited for its turn until its deadline.
    pub(crate) fn no_permit(info: &OperationInfo, deadline: Duration) -> Self {
        let message = format!("its turn did not come within {} s", deadline.as_secs_f32());
        Self::of_operation(info, ErrorKind::Timeout, Seen::Nothing, message)
            .hint("start fewer calls at once, or allow a longer deadline or another pace")
    }

    /// Creates an error about a call that would have to wait beyond its deadline, because the server limits the rate.
    pub(crate) fn told_to_wait(info: &OperationInfo, wait: Duration) -> Self {
        let message =
            "the server limits the rate of calls, and the turn of this one comes after its deadline";
        let mut error = Self::of_operation(info, ErrorKind::RateLimited, Seen::Nothing, message);
        error.0.retry_after = Some(wait);
        error
    }

    pub(crate) fn transport(info: &OperationInfo, cause: TransportError) -> Self {
        let seen = if cause.delivery == Delivery::NotSent { Seen::Nothing } else { Seen::Other };
        let mut error = Self::of_operation(info, cause.kind, seen, cause.to_string());
        error.0.cause = Some(Cause::Transport(cause));
        error
    }

    fn of_operation(info: &OperationInfo, kind: ErrorKind, seen: Seen, message: impl Into<String>) -> Self {
        let mut error = Self::new(kind, seen, message);
        error.0.operation = Some(info.id);
        error.0.idempotency = info.idempotency;
        error
    }

    fn new(kind: ErrorKind, seen: Seen, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            seen,
            maybe_done_before: false,
            operation: None,
            host: None,
            idempotency: Idempotency::Read,
            field: None,
            message: message.into(),
            hint: None,
            status: None,
            api: None,
            json_path: None,
            excerpt: None,
            retry_after: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            cause: None,
        }))
    }
}

/// What is added on the way back to the caller.
impl Error {
    /// Marks the call as done by the server, although its response cannot be decoded; see [`is_done`](Self::is_done).
    #[must_use]
    pub fn accepted(mut self) -> Self {
        self.0.seen = Seen::Done;
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the host and the port of the server.
    pub(crate) fn with_host(mut self, host: &str) -> Self {
        self.0.host = Some(host.to_owned());
        self
    }

    /// Adds what the head of the response says.
    pub(crate) fn with_response(mut self, status: StatusCode, retry_after: Option<Duration>) -> Self {
        self.0.status = Some(status);
        self.0.retry_after = retry_after;
        if self.0.kind == ErrorKind::Api && status.is_server_error() {
            FAILED.clone_into(&mut self.0.message);
        }
        self
    }

    /// Keeps the beginning of the response body, without the secrets.
    pub(crate) fn with_excerpt(mut self, body: &[u8], scrub: impl Fn(&mut String)) -> Self {
        if !body.is_empty() {
            // The secrets go before the cut, which could leave half of one.
            let mut text = String::from_utf8_lossy(&body[..body.len().min(32 * EXCERPT)]).into_owned();
            scrub(&mut text);
            if let Some((end, _)) = text.char_indices().nth(EXCERPT) {
                text.truncate(end);
                let _ = write!(text, "… [cut, {} bytes in all]", body.len());
            }
            self.0.excerpt = Some(text);
        }
        self
    }

    /// Makes it the error of a call with this many attempts. If an earlier attempt may have done what was asked, the
    /// delivery of the call is unknown, whatever became of the last attempt.
    pub(crate) fn after(mut self, attempts: u32, elapsed: Duration, maybe_done_before: bool) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self.0.maybe_done_before = maybe_done_before;
        self
    }

    /// Changes every text that may hold words of the server: the client removes its secrets with this.
    pub(crate) fn change_texts(mut self, change: &mut dyn FnMut(&mut String)) -> Self {
        let inner = &mut *self.0;
        let texts = [
            Some(&mut inner.message),
            inner.field.as_mut(),
            inner.hint.as_mut(),
            inner.json_path.as_mut(),
            inner.api.as_mut().map(|api| &mut api.text),
        ];
        texts.into_iter().flatten().for_each(&mut *change);
        match &mut inner.cause {
            Some(Cause::Json(cause)) => cause.change_texts(change),
            Some(Cause::Transport(cause)) => cause.change_texts(change),
            Some(Cause::Other(_)) | None => {}
        }
        self
    }
}
