//! Creates errors and adds to them what is learnt on the way back to the caller.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use http::StatusCode;

use super::{ApiError, Cause, Delivery, Error, ErrorKind, Inner, JsonError, Refusal, TransportError};
use crate::operation_info::{Idempotency, OperationInfo};

pub(crate) const CHECK_CREDENTIALS: &str = "check the credentials and what they are allowed to do";

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
        let mut error = Self::new(ErrorKind::InvalidRequest, Delivery::NotSent, fault);
        error.0.operation = Some(operation);
        error.0.field = Some(field.into());
        error
    }

    /// Creates an error about a setting of the client.
    pub(crate) fn invalid_setting(field: &str, fault: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::InvalidRequest, Delivery::NotSent, fault);
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
        cause: Option<std::io::Error>,
    ) -> Self {
        let mut message = format!("the {what} {} {}", path.display(), fault.into());
        if let Some(cause) = &cause {
            let _ = write!(message, ": {cause}");
        }
        let mut error = Self::new(ErrorKind::Storage, Delivery::NotSent, message);
        error.0.operation = Some(operation);
        error.0.cause = cause.map(|cause| Cause::Other(std::sync::Arc::new(cause)));
        error
    }

    /// Creates an error about an export that may lack records, although no call failed.
    pub(crate) fn incomplete(operation: &'static str, fault: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::Incomplete, Delivery::Delivered, fault);
        error.0.operation = Some(operation);
        error
    }

    /// Creates an error about this program: it has no thread or no runtime for the call. Nothing was sent.
    pub(crate) fn runtime(fault: impl Into<String>, cause: Option<Box<dyn StdError + Send + Sync>>) -> Self {
        let mut error = Self::new(ErrorKind::Runtime, Delivery::NotSent, fault);
        error.0.cause = cause.map(|cause| Cause::Other(cause.into()));
        error
    }

    /// Creates the API's own error, found in a response.
    #[must_use]
    pub fn api(info: &OperationInfo, code: Option<i64>, text: impl Into<String>, refusal: Refusal) -> Self {
        let (delivery, message) = match refusal {
            Refusal::ServerFault => (Delivery::Unknown, "the server failed"),
            _ => (Delivery::Delivered, "the server refused the call"),
        };
        let mut error = Self::of_operation(info, ErrorKind::Api, delivery, message);
        if refusal == Refusal::Auth {
            error.0.hint = Some(CHECK_CREDENTIALS.to_owned());
        }
        error.0.api = Some(ApiError { code, text: text.into(), refusal });
        error
    }

    /// Creates an error about a response whose JSON cannot be decoded. It is then not known whether a write was done;
    /// see [`accepted`](Self::accepted).
    #[must_use]
    pub fn undecodable(info: &OperationInfo, cause: JsonError) -> Self {
        let (kind, message) = if cause.is_cut() {
            (ErrorKind::CutBody, "the response ends in the middle of its JSON")
        } else {
            (ErrorKind::Undecodable, "the response cannot be decoded")
        };
        let message = format!("{message}: {}", cause.reason());
        let mut error = Self::of_operation(info, kind, Delivery::Unknown, message);
        error.0.json_path = (!cause.is_cut()).then(|| cause.path().to_owned());
        error.0.cause = Some(Cause::Json(cause));
        error
    }

    /// Creates an error about a response that is whole, reports success, and holds no record.
    #[must_use]
    pub fn no_record(info: &OperationInfo) -> Self {
        let message = "there is no such record: the response is empty";
        Self::of_operation(info, ErrorKind::NoRecord, Delivery::Delivered, message)
    }

    /// Creates an error about something that is not a response of the API.
    pub(crate) fn not_a_response(info: &OperationInfo, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::of_operation(info, kind, Delivery::Unknown, message)
    }

    /// Creates an error about a call that waited for its turn until its deadline.
    pub(crate) fn no_permit(info: &OperationInfo, deadline: Duration) -> Self {
        let message = format!("its turn did not come within {} s", deadline.as_secs_f32());
        Self::of_operation(info, ErrorKind::Timeout, Delivery::NotSent, message)
            .hint("start fewer calls at once, or allow a longer deadline or another pace")
    }

    pub(crate) fn transport(info: &OperationInfo, cause: TransportError) -> Self {
        let mut error = Self::of_operation(info, cause.kind, cause.delivery, cause.to_string());
        error.0.cause = Some(Cause::Transport(cause));
        error
    }

    fn of_operation(
        info: &OperationInfo,
        kind: ErrorKind,
        delivery: Delivery,
        message: impl Into<String>,
    ) -> Self {
        let mut error = Self::new(kind, delivery, message);
        error.0.operation = Some(info.id);
        error.0.idempotency = info.idempotency;
        error
    }

    fn new(kind: ErrorKind, delivery: Delivery, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            delivery,
            operation: None,
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
    /// Marks the call as accepted by the server, although its response cannot be decoded.
    #[must_use]
    pub fn accepted(mut self) -> Self {
        self.0.delivery = Delivery::Delivered;
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds what the head of the response says.
    pub(crate) fn with_response(mut self, status: StatusCode, retry_after: Option<Duration>) -> Self {
        self.0.status = Some(status);
        self.0.retry_after = retry_after;
        // A client error, and a 503 that says when to come back, were sent before anything was done.
        let refused = status.is_client_error() || (status == 503 && retry_after.is_some());
        if refused && self.0.kind != ErrorKind::InvalidRequest {
            self.0.delivery = Delivery::Delivered;
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
        if maybe_done_before {
            self.0.delivery = Delivery::Unknown;
        }
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
