//! What a script answers.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use crate::TransportError;

/// What a [`Script`](super::Script) answers a call: an HTTP answer, or a failure on the way.
#[derive(Clone, Debug)]
#[must_use]
pub struct Answer {
    what: What,
    after: Duration,
}

#[derive(Clone, Debug)]
enum What {
    Comes { status: StatusCode, headers: HeaderMap, body: Bytes },
    Fails(fn() -> TransportError),
    Never,
}

impl Answer {
    /// This JSON, with status 200.
    pub fn json(value: Value) -> Self {
        Self::raw(value.to_string()).header("content-type", "application/json")
    }

    /// These bytes just as they are, with status 200: a page of PHP's, JSON in a spelling of its own, nothing at all.
    pub fn raw(body: impl Into<Bytes>) -> Self {
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        Self { what: What::Comes { status, headers, body: body.into() }, after: Duration::ZERO }
    }

    /// No connection: certainly nothing was sent. A client makes such a call again, unless its
    /// [`RetryPolicy`](crate::RetryPolicy) says otherwise: each attempt is a call of the script.
    pub fn connect() -> Self {
        Self::fails(|| TransportError::connect("no connection to the server: the script lets none be made"))
    }

    /// No answer in time, told at once. The server may have done what was asked.
    pub fn timeout() -> Self {
        Self::fails(|| TransportError::timeout("no answer in time, says the script"))
    }

    /// The connection is lost before an answer. The server may have done what was asked.
    pub fn closed() -> Self {
        Self::fails(|| TransportError::closed("the connection was lost before an answer, says the script"))
    }

    /// The answer begins and does not end.
    pub fn cut() -> Self {
        Self::fails(|| {
            TransportError::cut_body("the connection was lost in the middle of the answer, says the script")
        })
    }

    /// No answer ever: the client's own time limit strikes.
    pub fn never() -> Self {
        Self { what: What::Never, after: Duration::ZERO }
    }

    /// The same with another HTTP status.
    ///
    /// # Panics
    /// It is none, or nothing is answered.
    #[track_caller]
    pub fn status(mut self, code: u16) -> Self {
        let Ok(code) = StatusCode::from_u16(code) else { panic!("{code} is no HTTP status") };
        match &mut self.what {
            What::Comes { status, .. } => *status = code,
            what => panic!("where nothing is answered ({what:?}) there is no status {code}"),
        }
        self
    }

    /// The same with this header, in place of one of its name.
    ///
    /// # Panics
    /// No header can be so, or nothing is answered.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
            panic!("there is no header {name:?} with the value {value:?}")
        };
        match &mut self.what {
            What::Comes { headers, .. } => drop(headers.insert(name, value)),
            what => panic!("where nothing is answered ({what:?}) there is no header {name}"),
        }
        self
    }

    /// The same after this time. With a paused clock the test does not wait.
    pub fn after(mut self, time: Duration) -> Self {
        self.after = time;
        self
    }

    pub(super) async fn give(self) -> Result<Response<Bytes>, TransportError> {
        if !self.after.is_zero() {
            tokio::time::sleep(self.after).await;
        }
        match self.what {
            What::Comes { status, headers, body } => {
                let mut response = Response::new(body);
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                Ok(response)
            }
            What::Fails(error) => Err(error()),
            What::Never => std::future::pending().await,
        }
    }

    fn fails(error: fn() -> TransportError) -> Self {
        Self { what: What::Fails(error), after: Duration::ZERO }
    }
}
