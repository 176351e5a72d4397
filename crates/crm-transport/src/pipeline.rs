//! Between an operation and the transport.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use tokio::time::{Instant, sleep};

use crate::address::Address;
use crate::observe::{Attempt, Call, Observer};
use crate::pacer::{Pacer, Place};
use crate::retry::{Next, Retries};
use crate::{
    Credentials, Delivery, Error, Operation, OperationInfo, ReadMethod, Stats, Transport, TransportError,
};

/// The way of a call: credentials for one origin, a place in the pace, limits of time and size, transport, reading,
/// and again where that is allowed. Cheap to clone; clones share the connections, the pace and the retry budget.
///
/// By the feature `tower` it is a [tower service](#impl-Service<O>-for-Pipeline) of operations.
#[derive(Clone)]
pub struct Pipeline {
    shared: Arc<Shared>,
    credentials: Arc<Credentials>,
}

/// What all clones have in common.
pub(crate) struct Shared {
    pub(crate) address: Address,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) read_method: ReadMethod,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) retries: Retries,
    pub(crate) pacer: Pacer,
    pub(crate) observer: Arc<Observer>,
    pub(crate) body_limit: usize,
    pub(crate) keep_excerpts: bool,
    pub(crate) user_agent: HeaderValue,
}

/// Reads an answer, and keeps what it says.
type Read<'a> = dyn FnMut(&Response<Bytes>) -> Result<(), Error> + Send + 'a;

impl Pipeline {
    pub(crate) fn new(shared: Shared, credentials: Credentials) -> Result<Self, Error> {
        credentials.check()?;
        Ok(Self { shared: Arc::new(shared), credentials: Arc::new(credentials) })
    }

    /// The same way for another account: same connections, pace and retry budget, other credentials.
    ///
    /// # Errors
    /// A secret is empty or cannot be sent.
    pub fn with_credentials(&self, credentials: Credentials) -> Result<Self, Error> {
        credentials.check()?;
        Ok(Self { shared: Arc::clone(&self.shared), credentials: Arc::new(credentials) })
    }

    /// The credentials of this account.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Makes a call.
    ///
    /// # Errors
    /// Whatever kept the call from succeeding; see [`Error`].
    pub async fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        let info = O::INFO;
        let request = self.addressed(&info, operation.request()?)?;
        let mut output = None;
        let mut read = |response: &Response<Bytes>| {
            output = Some(operation.read(response)?);
            Ok(())
        };
        self.call(&info, request, &mut read).await?;
        // Without an error it was read.
        output.ok_or_else(|| Error::no_record(&info))
    }

    /// What the client and its clones have done so far, and what they are doing.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.observer.stats()
    }

    /// The request of a call as it would be sent, credentials and all: their values are marked sensitive, so
    /// `Debug` does not show them.
    ///
    /// # Errors
    /// The operation's input is refused, or points to another server.
    pub fn prepare<O: Operation>(&self, operation: &O) -> Result<Request<Bytes>, Error> {
        self.addressed(&O::INFO, operation.request()?)
    }

    fn addressed(&self, info: &OperationInfo, mut request: Request<Bytes>) -> Result<Request<Bytes>, Error> {
        *request.uri_mut() = self.shared.address.join(info.id, request.uri())?;
        if info.reads_by_post && self.shared.read_method == ReadMethod::Post {
            *request.method_mut() = Method::POST;
        }
        let headers = request.headers_mut();
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        headers.entry(header::USER_AGENT).or_insert_with(|| self.shared.user_agent.clone());
        self.credentials.apply(headers)?;
        Ok(request)
    }

    /// The call itself, whatever the operation: boxed, so that it is compiled here, once, and not again for each
    /// operation in each program.
    fn call<'a>(
        &'a self,
        info: &'a OperationInfo,
        request: Request<Bytes>,
        read: &'a mut Read<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>> {
        Box::pin(async move {
            let call = self.shared.observer.call(info);
            let result = call.within(self.attempts(info, request, read, &call)).await;
            call.ends(result.as_ref().err());
            result.map_err(|error| error.scrubbed(&self.credentials))
        })
    }

    /// Attempt after attempt, as long as the policies allow.
    async fn attempts(
        &self,
        info: &OperationInfo,
        mut request: Request<Bytes>,
        read: &mut Read<'_>,
        call: &Call<'_>,
    ) -> Result<(), Error> {
        let Shared { ref retries, ref pacer, .. } = *self.shared;
        let began = Instant::now();
        let mut now = began;
        let deadline = began + self.shared.deadline;
        let mut attempts = 0;
        let mut maybe_done = false;
        let mut last_error = None;
        loop {
            let Some(place) = pacer.place(now, deadline).await else {
                return Err(match last_error {
                    Some(error) => Error::after(error, attempts, began.elapsed(), maybe_done),
                    None => Error::no_place(info, self.shared.deadline),
                });
            };
            attempts += 1;
            let seen = call.attempt(attempts, request.method());
            let again = retries.any_after(attempts);
            // The very same bytes are sent again: who knows whether the operation would make them twice.
            let this = if again { request.clone() } else { std::mem::take(&mut request) };
            let error = {
                let result = seen.within(self.attempt(info, this, read, place, deadline, &seen)).await;
                seen.ends(result.as_ref().err());
                match result {
                    Ok(()) => {
                        retries.succeeded();
                        return Ok(());
                    }
                    Err(error) => error.after(attempts, began.elapsed(), maybe_done),
                }
            };
            match retries.next(&error, attempts, deadline - Instant::now()) {
                Next::AttemptAfter(wait) => {
                    maybe_done |= error.delivery() == Delivery::Unknown;
                    call.waits_to_repeat(&error, wait);
                    last_error = Some(error);
                    sleep(wait).await;
                    now = Instant::now();
                }
                Next::GiveUp => return Err(error),
                Next::BudgetSpent => {
                    call.is_denied_a_repeat();
                    return Err(error);
                }
            }
        }
    }

    /// One attempt: there and back, and what it teaches about the pace.
    async fn attempt(
        &self,
        info: &OperationInfo,
        request: Request<Bytes>,
        read: &mut Read<'_>,
        place: Place<'_>,
        deadline: Instant,
        seen: &Attempt<'_>,
    ) -> Result<(), Error> {
        let sent = self.send(info, request, place.started, deadline).await;
        let result = sent.and_then(|response| {
            seen.is_answered(response.status());
            read(&response).map_err(|error| {
                let error = error.with_answer(response.status(), response.headers());
                if self.shared.keep_excerpts {
                    error.with_excerpt(response.body(), &self.credentials)
                } else {
                    error
                }
            })
        });
        let trouble = result.as_ref().is_err_and(Error::tells_of_trouble);
        place.give_back(info.id, trouble);
        result
    }

    async fn send(
        &self,
        info: &OperationInfo,
        request: Request<Bytes>,
        started: Instant,
        deadline: Instant,
    ) -> Result<Response<Bytes>, Error> {
        let Shared { timeout, body_limit, ref transport, .. } = *self.shared;
        let remaining = deadline - started;
        let limit = timeout.min(remaining);
        #[cfg(feature = "testing")]
        let request = crate::testing::of_operation(request, info.id);
        let sent = tokio::time::timeout_at(started + limit, transport.send(request)).await;
        let sent = sent.unwrap_or_else(|_| {
            let seconds = limit.as_millis() as f64 / 1000.0;
            let why = if remaining < timeout { ", when the call's deadline was over" } else { "" };
            Err(TransportError::timeout(format!("no whole answer within {seconds} s{why}")))
        });
        match sent {
            Ok(response) if response.body().len() > body_limit => {
                Err(TransportError::body_too_large(body_limit))
            }
            sent => sent,
        }
        .map_err(|cause| Error::transport(info, cause))
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
