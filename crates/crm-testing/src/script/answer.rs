//! What a script answers to a call.

use std::time::Duration;

use crm_transport::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use crm_transport::{Bytes, TransportError};
use serde_json::Value;

/// The answer of a [`Script`](super::Script) to a call: an HTTP response, or a transport failure.
#[derive(Clone, Debug)]
#[must_use]
pub struct Answer {
    outcome: Outcome,
    delay: Duration,
}

#[derive(Clone, Debug)]
enum Outcome {
    Responds { status: StatusCode, headers: HeaderMap, body: Bytes },
    Fails(fn() -> TransportError),
    NeverEnds,
}

impl Answer {
    /// Answers with this JSON and status 200.
    pub fn json(value: Value) -> Self {
        Self::raw(value.to_string()).header("content-type", "application/json")
    }

    /// Answers with exactly these bytes and status 200: such as a PHP error page, unusual JSON, or an empty body.
    pub fn raw(body: impl Into<Bytes>) -> Self {
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        Self::new(Outcome::Responds { status, headers, body: body.into() })
    }

    /// Fails to connect: certainly nothing was sent.
    ///
    /// A client retries such a call unless its [`RetryPolicy`](crm_transport::RetryPolicy) says otherwise. Each attempt
    /// is a call of the script.
    pub fn connect() -> Self {
        Self::fails(|| TransportError::connect("no connection to the server: the script allows none"))
    }

    /// Fails at once as if no response had arrived in time. The server may have carried out the call.
    pub fn timeout() -> Self {
        Self::fails(|| TransportError::timeout("no response in time, as the script says"))
    }

    /// Loses the connection before a response. The server may have carried out the call.
    pub fn closed() -> Self {
        Self::fails(|| TransportError::closed("connection lost before a response, as the script says"))
    }

    /// Begins a response that does not end.
    pub fn cut() -> Self {
        Self::fails(|| TransportError::cut_body("connection lost within the response, as the script says"))
    }

    /// Never responds, so that the client's own timeout ends the call.
    pub fn never() -> Self {
        Self::new(Outcome::NeverEnds)
    }

    /// Sets the HTTP status (default: 200).
    ///
    /// # Panics
    /// `code` is not an HTTP status, or this answer is not a response.
    #[track_caller]
    pub fn status(mut self, code: u16) -> Self {
        let Ok(code) = StatusCode::from_u16(code) else { panic!("{code} is not an HTTP status") };
        match &mut self.outcome {
            Outcome::Responds { status, .. } => *status = code,
            outcome => panic!("status {code} needs a response, not {outcome:?}"),
        }
        self
    }

    /// Sets a header, replacing one with the same name.
    ///
    /// # Panics
    /// The name or the value is invalid, or this answer is not a response.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
            panic!("invalid header {name:?} with the value {value:?}")
        };
        match &mut self.outcome {
            Outcome::Responds { headers, .. } => drop(headers.insert(name, value)),
            outcome => panic!("the header {name} needs a response, not {outcome:?}"),
        }
        self
    }

    /// Delays the answer (default: no delay). With a paused clock the test does not wait.
    ///
    /// # Panics
    /// The call panics if it runs outside a tokio runtime with timers.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(super) async fn respond(self) -> Result<Response<Bytes>, TransportError> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.outcome {
            Outcome::Responds { status, headers, body } => {
                let mut response = Response::new(body);
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                Ok(response)
            }
            Outcome::Fails(error) => Err(error()),
            Outcome::NeverEnds => std::future::pending().await,
        }
    }

    fn new(outcome: Outcome) -> Self {
        Self { outcome, delay: Duration::ZERO }
    }

    fn fails(error: fn() -> TransportError) -> Self {
        Self::new(Outcome::Fails(error))
    }
}
