//! Between an operation and the transport.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};

use super::address::Address;
use super::attempts::Call;
use super::credentials::Credentials;
use super::operation::Operation;
use super::reads::Reads;
use super::transport::Transport;
use crate::error::{Error, ErrorKind};
use crate::observe::{Observer, Stats};
use crate::operation_info::OperationInfo;
use crate::policy::{Limiter, Retries, requested_wait};
use crate::reading::stray_backslash::restored;

/// The path of every call: credentials for one origin, limits of pace, time and size, the transport, and retries.
///
/// Cheap to clone. Clones share the connections, the pace and the retry budget.
///
/// With the feature `tower` it is a [tower service](#impl-Service<O>-for-Pipeline) of operations.
#[derive(Clone)]
pub struct Pipeline {
    shared: Arc<Shared>,
    credentials: Arc<Credentials>,
}

/// What all clones have in common.
pub(super) struct Shared {
    pub(super) address: Address,
    /// Host and port, for errors.
    pub(super) host: String,
    pub(super) transport: Box<dyn Transport>,
    pub(super) reads: Reads,
    pub(super) timeout: Duration,
    pub(super) deadline: Duration,
    pub(super) retries: Retries,
    pub(super) limiter: Limiter,
    pub(super) observer: Arc<Observer>,
    pub(super) body_limit: usize,
    pub(super) keep_excerpts: bool,
    pub(super) user_agent: HeaderValue,
}

impl Pipeline {
    pub(super) fn new(shared: Shared, credentials: Credentials) -> Result<Self, Error> {
        credentials.check()?;
        Ok(Self { shared: Arc::new(shared), credentials: Arc::new(credentials) })
    }

    /// Returns a pipeline for another account: same connections, pace and retry budget, other credentials.
    ///
    /// # Errors
    /// A secret is empty or cannot be sent in a header.
    pub fn with_credentials(&self, credentials: Credentials) -> Result<Self, Error> {
        credentials.check()?;
        Ok(Self { shared: Arc::clone(&self.shared), credentials: Arc::new(credentials) })
    }

    /// Returns the credentials of this account.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Makes a call.
    ///
    /// # Errors
    /// The call failed; see [`Error`].
    ///
    /// # Panics
    /// Outside a tokio runtime, and in one whose timers are off (`enable_time`).
    pub async fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.run_watched(operation, &AtomicBool::new(false)).await
    }

    /// Makes a call. `under_way` is `true` exactly while an attempt is with the transport.
    ///
    /// If you drop the future of a write while `under_way` is `false`, the call has done nothing and sends nothing
    /// more: it was waiting for a permit, or to retry an attempt that certainly did nothing.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    ///
    /// # Panics
    /// Those of [`run`](Self::run).
    pub async fn run_watched<O: Operation>(
        &self,
        operation: &O,
        under_way: &AtomicBool,
    ) -> Result<O::Output, Error> {
        // Everything but `read` is the same code for every operation, and is compiled once.
        let info = O::INFO;
        let mut call = Call::new(&self.shared, &info, self.prepare(operation)?, under_way);
        // What a GET returned that may have lost its body; the call is then sent again as POST.
        let mut by_get = None;
        let result = loop {
            let error = match call.next_response().await {
                Ok(response) => match read(operation, &response) {
                    Ok(mut output) => {
                        call.attempt_succeeded();
                        if call.is_to_be_confirmed(operation.parameters_received(&output)) {
                            by_get = Some(output);
                            continue;
                        }
                        operation.redact(&mut output, &self.credentials);
                        break Ok(output);
                    }
                    Err(error) => self.with_response(error, &response),
                },
                Err(error) => error,
            };
            if call.is_post_impossible(&error)
                && let Some(mut output) = by_get.take()
            {
                call.stay_with_get(&error);
                operation.redact(&mut output, &self.credentials);
                break Ok(output);
            }
            if let Err(error) = call.attempt_failed(error).await {
                break Err(error);
            }
        };
        call.end(result.as_ref().err());
        result.map_err(|error| {
            error.with_host(&self.shared.host).change_texts(&mut |text| self.credentials.scrub(text))
        })
    }

    /// Returns what the client and its clones have done so far, and what they are doing.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.observer.stats()
    }

    /// Returns the time limit of one attempt.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    /// Returns the request of a call as it would be sent, with the credentials. Nothing is sent.
    ///
    /// The values of the credentials are marked sensitive, so `Debug` does not show them.
    ///
    /// # Errors
    /// The operation's input is refused, or points to another server.
    pub fn prepare<O: Operation>(&self, operation: &O) -> Result<Request<Bytes>, Error> {
        self.addressed(&O::INFO, operation.request()?)
    }

    fn addressed(&self, info: &OperationInfo, mut request: Request<Bytes>) -> Result<Request<Bytes>, Error> {
        *request.uri_mut() = self.shared.address.join(info.id, request.uri())?;
        if info.accepts_post && self.shared.reads.are_post() {
            *request.method_mut() = Method::POST;
        }
        let headers = request.headers_mut();
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        headers.entry(header::USER_AGENT).or_insert_with(|| self.shared.user_agent.clone());
        self.credentials.apply(headers)?;
        Ok(request)
    }

    /// Adds to the error of a response what its head says, and the beginning of its body if that is wanted.
    fn with_response(&self, error: Error, response: &Response<Bytes>) -> Error {
        let wait = requested_wait(response.headers(), std::time::SystemTime::now);
        let error = error.with_response(response.status(), wait);
        if self.shared.keep_excerpts {
            error.with_excerpt(response.body(), |text| self.credentials.scrub(text))
        } else {
            error
        }
    }
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline")
            .field("address", &format_args!("{}", self.shared.address))
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// Reads a response. JSON that the server spoilt is restored if it cannot be decoded otherwise.
fn read<O: Operation>(operation: &O, response: &Response<Bytes>) -> Result<O::Output, Error> {
    operation.read(response).or_else(|error| {
        if error.kind() != ErrorKind::Undecodable {
            return Err(error);
        }
        match std::str::from_utf8(response.body()).ok().and_then(restored) {
            Some(body) => {
                let mut response = response.clone();
                *response.body_mut() = body.into();
                operation.read(&response)
            }
            None => Err(error),
        }
    })
}
