//! What went wrong.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use crate::json::JsonError;
use crate::{Credentials, Idempotency, OperationInfo, TransportError, retry_after};

/// What went wrong with a call, for a person at night and for code.
///
/// `Display` says it in one line: what was called, what happened, the API's own words (at most 500 characters of
/// them), and for a write whether it may be sent again. Neither it nor `Debug` shows a secret or the body; the body's
/// beginning is kept for whoever asks for it: [`body_excerpt`](Self::body_excerpt).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    delivery: Delivery,
    operation: Option<&'static str>,
    idempotency: Idempotency,
    field: Option<String>,
    message: String,
    hint: Option<String>,
    status: Option<StatusCode>,
    api: Option<Api>,
    json_path: Option<String>,
    excerpt: Option<String>,
    retry_after: Option<String>,
    retry_wait: Option<Duration>,
    attempts: u32,
    elapsed: Duration,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

struct Api {
    code: Option<i64>,
    text: String,
    refusal: Refusal,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Bad input; nothing was sent. [`Error::field`] names it.
    InvalidRequest,
    /// No connection could be made; nothing was sent.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection was lost before an answer.
    Closed,
    /// The answer began and did not end.
    CutBody,
    /// The answer is larger than the limit.
    BodyTooLarge,
    /// The server points to another address. Redirects are not followed: the keys are for one server.
    Redirect,
    /// An HTTP status that is no success, without an error of the API.
    Http,
    /// A page of a proxy, a gateway or a captive portal in place of an answer.
    Gateway,
    /// The API's own error, whatever the HTTP status.
    Api,
    /// A PHP error in place of an answer.
    PhpError,
    /// An answer without a body. SalesMan answers so to a method it does not know (observed).
    EmptyBody,
    /// An answer that cannot be read.
    Undecodable,
    /// An answer that holds no record where one was asked for.
    NoRecord,
}

/// Whether a call has reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Nothing reached the server. The call may be made again.
    NotSent,
    /// The server may have done what was asked, or not. A write is to be looked for before it is sent again.
    Unknown,
    /// The server has answered: it has done what was asked, or ([`ErrorKind::Api`], [`ErrorKind::Http`]) refused.
    Delivered,
}

/// What an error of the API is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Key, login, token or secret, or what they are allowed to do.
    Auth,
    /// There is no such record or action.
    NotFound,
    /// The server cannot do this request.
    InvalidRequest,
    /// The server failed by itself; what it had done by then is not known.
    ServerFault,
    /// Anything else.
    Other,
}

impl Error {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was called, such as `history.add`; `None` for an error of the configuration.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The call does its work anew each time, as `add` does: where its [`delivery`](Self::delivery) is
    /// [`Unknown`](Delivery::Unknown), look before it is made again. Not so a read, nor a delete.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.0.idempotency == Idempotency::Write
    }

    /// Whether the call has reached the server.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// The API's own code, such as 403; `None` where it gave none or no number.
    #[must_use]
    pub fn api_code(&self) -> Option<i64> {
        self.0.api.as_ref()?.code
    }

    /// The API's own text, word for word; a code that is no number stands before it.
    #[must_use]
    pub fn api_text(&self) -> Option<&str> {
        Some(&self.0.api.as_ref()?.text)
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        Some(self.0.status?.as_u16())
    }

    /// The JSON path of the value that could not be read, such as `$.data[3].datum`.
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// The input that was refused, such as `content` or `list[2].content`.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The beginning of the answer's body, at most 512 characters, with the call's secrets blotted out; where it
    /// was cut it ends with «… [cut, 70000 bytes in all]». `None` unless
    /// [`keep_body_excerpts`](crate::ClientBuilder::keep_body_excerpts) was called: it may hold what somebody wrote,
    /// so mind where you log it.
    #[must_use]
    pub fn body_excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// What `Retry-After` said, as it came: seconds or an HTTP date.
    #[must_use]
    pub fn retry_after(&self) -> Option<&str> {
        self.0.retry_after.as_deref()
    }

    /// How many times the call was sent, or tried to be; 0 when it never came to that.
    ///
    /// More than once is worth a thought where a second attempt finds the first one's work: a repeated delete that
    /// is told that there is no such record may have been done by the attempt before. [`delivery`](Self::delivery)
    /// is [`Unknown`](Delivery::Unknown) then.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Key, login, token or secret were refused, or are not allowed to do this.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.is_refusal(Refusal::Auth, &[401, 403, 407])
    }

    /// There is no such record, or no such action or path.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NoRecord || self.is_refusal(Refusal::NotFound, &[404, 410])
    }

    /// The request was refused for what it says, here or by the server.
    #[must_use]
    pub fn is_invalid_request(&self) -> bool {
        self.0.kind == ErrorKind::InvalidRequest
            || self.is_refusal(Refusal::InvalidRequest, &[400, 405, 411, 413, 414, 415, 422, 431])
    }

    /// No answer came in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// No connection could be made.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.0.kind == ErrorKind::Connect
    }

    /// An answer came and could not be read: its JSON, a PHP error, an empty body, a foreign page.
    #[must_use]
    pub fn is_undecodable(&self) -> bool {
        use ErrorKind::{CutBody, EmptyBody, Gateway, PhpError, Undecodable};
        matches!(self.0.kind, Undecodable | PhpError | EmptyBody | CutBody)
            || (self.0.kind == Gateway && self.0.status.is_some_and(|status| status.is_success()))
    }

    /// The same call may be made again, may then succeed, and cannot do anything twice:
    ///
    /// - nothing was sent, or the status is 429: any call;
    /// - a read, or a call that leaves things as the first one did: a timeout, a lost connection, a cut answer, a
    ///   gateway's page whatever its status, and the statuses 502, 503 and 504;
    /// - a write: only a status 503 with a `Retry-After` that can be understood, for then the server says that it has
    ///   not begun.
    ///
    /// An API's own refusal, a PHP error and an unreadable answer would most likely come again, so they are not.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{Closed, Connect, CutBody, Gateway, InvalidRequest, Timeout};
        if self.0.kind == InvalidRequest {
            return false;
        }
        if self.0.delivery == Delivery::NotSent || self.has_status(&[429]) {
            return true;
        }
        match self.0.idempotency {
            // Only where the server says that it has not even begun.
            Idempotency::Write => self.has_status(&[503]) && self.0.retry_wait.is_some(),
            Idempotency::Read | Idempotency::Idempotent => {
                // Connect too: its delivery is Unknown where an attempt before it may have been sent.
                matches!(self.0.kind, Connect | Timeout | Closed | CutBody | Gateway)
                    || self.has_status(&[502, 503, 504])
            }
        }
    }

    /// The failure tells of a server, or a way to it, that has too much to do.
    pub(crate) fn tells_of_trouble(&self) -> bool {
        use ErrorKind::{Closed, Connect, Gateway, Timeout};
        matches!(self.0.kind, Timeout | Connect | Closed | Gateway) || self.has_status(&[429, 502, 503, 504])
    }

    /// How long `Retry-After` asks to wait.
    pub(crate) fn retry_wait(&self) -> Option<Duration> {
        self.0.retry_wait
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

/// Making errors, for operations and transports.
impl Error {
    /// Input that the server could not understand. Nothing was sent. `field` is the name the user knows it by.
    #[must_use]
    pub fn invalid_request(
        operation: &'static str,
        field: impl Into<String>,
        fault: impl Into<String>,
    ) -> Self {
        let mut error = Self::new(ErrorKind::InvalidRequest, Delivery::NotSent, fault.into());
        error.0.operation = Some(operation);
        error.0.field = Some(field.into());
        error
    }

    pub(crate) fn invalid_configuration(field: &str, fault: &str) -> Self {
        let mut error = Self::new(ErrorKind::InvalidRequest, Delivery::NotSent, fault.to_owned());
        error.0.field = Some(field.to_owned());
        error
    }

    /// The API's own error, found in an answer.
    #[must_use]
    pub fn api(info: &OperationInfo, code: Option<i64>, text: impl Into<String>, refusal: Refusal) -> Self {
        let delivery = match refusal {
            Refusal::ServerFault => Delivery::Unknown,
            _ => Delivery::Delivered,
        };
        let mut error = Self::of(info, ErrorKind::Api, delivery, "the server refused the call");
        if refusal == Refusal::ServerFault {
            error.0.message = "the server failed".to_owned();
        }
        if refusal == Refusal::Auth {
            error.0.hint = Some(CHECK_CREDENTIALS.to_owned());
        }
        error.0.api = Some(Api { code, text: text.into(), refusal });
        error
    }

    /// An answer whose JSON cannot be read. For a write it is not known then whether it was done;
    /// see [`accepted`](Self::accepted).
    #[must_use]
    pub fn undecodable(info: &OperationInfo, cause: JsonError) -> Self {
        let (kind, message) = if cause.is_cut() {
            (ErrorKind::CutBody, "the answer ends in the middle of its JSON")
        } else {
            (ErrorKind::Undecodable, "the answer could not be read")
        };
        let mut error = Self::of(info, kind, Delivery::Unknown, message);
        error.0.message = format!("{message}: {}", cause.reason());
        error.0.json_path = (!cause.is_cut()).then(|| cause.path().to_owned());
        error.0.source = Some(Box::new(cause));
        error
    }

    /// The answer is whole and says success, and holds no record.
    #[must_use]
    pub fn no_record(info: &OperationInfo) -> Self {
        Self::of(
            info,
            ErrorKind::NoRecord,
            Delivery::Delivered,
            "there is no such record: the answer is empty",
        )
    }

    /// Something else than an answer came.
    pub(crate) fn answer(info: &OperationInfo, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::of(info, kind, Delivery::Unknown, message)
    }

    /// The call waited for its place until its deadline.
    pub(crate) fn no_place(info: &OperationInfo, deadline: Duration) -> Self {
        let message = format!("its turn did not come within {} s", deadline.as_secs_f32());
        let mut error = Self::of(info, ErrorKind::Timeout, Delivery::NotSent, message);
        error.0.hint =
            Some("start fewer calls at once, or allow a longer deadline or another pace".to_owned());
        error
    }

    pub(crate) fn transport(info: &OperationInfo, cause: TransportError) -> Self {
        let mut error = Self::of(info, cause.kind, cause.delivery, cause.to_string());
        error.0.source = Some(Box::new(cause));
        error
    }

    /// Says that the server has accepted the call for certain, although its answer cannot be read.
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

    /// Adds what the answer's head tells.
    pub(crate) fn with_answer(mut self, status: StatusCode, headers: &HeaderMap) -> Self {
        self.0.status = Some(status);
        let retry_after = headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        self.0.retry_after = retry_after.map(str::to_owned);
        self.0.retry_wait = retry_after::wait(headers, SystemTime::now);
        // A client error, and a 503 that says when to come back, are answers given before anything was done.
        let refused = status.is_client_error() || (status == 503 && self.0.retry_wait.is_some());
        if refused && self.0.kind != ErrorKind::InvalidRequest {
            self.0.delivery = Delivery::Delivered;
        }
        self
    }

    /// Keeps the beginning of the answer's body, without the secrets.
    pub(crate) fn with_excerpt(mut self, body: &[u8], credentials: &Credentials) -> Self {
        if !body.is_empty() {
            // The secrets go before the cut, which could leave half of one.
            let mut text = String::from_utf8_lossy(&body[..body.len().min(32 * EXCERPT)]).into_owned();
            credentials.scrub(&mut text);
            if let Some((end, _)) = text.char_indices().nth(EXCERPT) {
                text.truncate(end);
                let _ = write!(text, "… [cut, {} bytes in all]", body.len());
            }
            self.0.excerpt = Some(text);
        }
        self
    }

    /// Makes it the error of a call of so many attempts. If one of those before may have done what was asked, the
    /// call may have, whatever became of the last one.
    pub(crate) fn after(mut self, attempts: u32, elapsed: Duration, maybe_done_before: bool) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        if maybe_done_before {
            self.0.delivery = Delivery::Unknown;
        }
        self
    }

    /// Blots the secrets out of every text.
    pub(crate) fn scrubbed(mut self, credentials: &Credentials) -> Self {
        let inner = &mut *self.0;
        let texts = [
            Some(&mut inner.message),
            inner.field.as_mut(),
            inner.hint.as_mut(),
            inner.json_path.as_mut(),
            inner.retry_after.as_mut(),
            inner.api.as_mut().map(|api| &mut api.text),
        ];
        for text in texts.into_iter().flatten() {
            credentials.scrub(text);
        }
        if let Some(source) = &mut inner.source {
            if let Some(cause) = source.downcast_mut::<JsonError>() {
                cause.scrub(credentials);
            } else if let Some(cause) = source.downcast_mut::<TransportError>() {
                cause.scrub(credentials);
            }
        }
        self
    }

    fn of(info: &OperationInfo, kind: ErrorKind, delivery: Delivery, message: impl Into<String>) -> Self {
        let mut error = Self::new(kind, delivery, message.into());
        error.0.operation = Some(info.id);
        error.0.idempotency = info.idempotency;
        error
    }

    fn new(kind: ErrorKind, delivery: Delivery, message: String) -> Self {
        Self(Box::new(Inner {
            kind,
            delivery,
            operation: None,
            idempotency: Idempotency::Read,
            field: None,
            message,
            hint: None,
            status: None,
            api: None,
            json_path: None,
            excerpt: None,
            retry_after: None,
            retry_wait: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            source: None,
        }))
    }
}

pub(crate) const CHECK_CREDENTIALS: &str = "check the credentials and what they are allowed to do";

/// Characters of a body that an error keeps, where it is to.
const EXCERPT: usize = 512;

/// Characters of the API's own words that a message shows.
const SHOWN: usize = 500;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        match &inner.field {
            Some(field) => write!(f, "{field} {}", inner.message)?,
            None => f.write_str(&inner.message)?,
        }
        if let Some(api) = &inner.api {
            let (text, cut) = match api.text.char_indices().nth(SHOWN) {
                Some((end, _)) => (&api.text[..end], "…"),
                None => (api.text.as_str(), ""),
            };
            match api.code {
                Some(code) => write!(f, ": {code} «{text}{cut}»")?,
                None => write!(f, ": «{text}{cut}»")?,
            }
        }
        if let Some(path) = &inner.json_path {
            write!(f, " at {path}")?;
        }
        if let Some(status) = inner.status {
            write!(f, " (HTTP {})", status.as_u16())?;
        }
        if self.is_write() {
            let refused = matches!(inner.kind, ErrorKind::Api | ErrorKind::Http | ErrorKind::InvalidRequest);
            match inner.delivery {
                Delivery::NotSent => f.write_str("; nothing was sent")?,
                Delivery::Unknown => {
                    f.write_str("; it is not known whether the server did it: look before sending it again")?;
                }
                Delivery::Delivered if refused => {}
                Delivery::Delivered => f.write_str("; the server did accept it: do not send it again")?,
            }
        }
        if let Some(hint) = &inner.hint {
            write!(f, "; {hint}")?;
        }
        if inner.attempts > 1 {
            write!(f, "; {} attempts in {:.1} s", inner.attempts, inner.elapsed.as_secs_f32())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut message = String::new();
        write!(message, "{self}")?;
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("delivery", &self.0.delivery)
            .field("message", &message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
