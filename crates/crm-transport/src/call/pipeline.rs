//! Between an operation and the transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use tokio::time::{Instant, sleep, timeout_at};

use super::address::Address;
use super::credentials::Credentials;
use super::operation::Operation;
use super::reads::Reads;
use super::transport::{Transport, with_operation};
use crate::error::{Delivery, Error, ErrorKind, TransportError};
use crate::observe::{ObservedAttempt, ObservedCall, Observer, Stats};
use crate::operation_info::OperationInfo;
use crate::policy::{Limiter, Next, Permit, PermitError, Retries, requested_wait};
use crate::reading::stray_backslash::restored;

/// The way of every call: credentials for one origin, limits of pace, time and size, the transport, and retries.
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

    /// Returns the same way for another account: same connections, pace and retry budget, other credentials.
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
    /// Whatever kept the call from succeeding; see [`Error`].
    ///
    /// # Panics
    /// Outside a tokio runtime, and in one whose timers are off (`enable_time`).
    pub async fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.run_watched(operation, &AtomicBool::new(false)).await
    }

    /// Makes a call. `under_way` is `true` exactly while an attempt is with the transport.
    ///
    /// If you drop the future of a write while `under_way` is `false`, the call has done nothing and sends nothing more: it was
    /// waiting for its turn, or to retry an attempt that certainly did nothing.
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
        let mut call = Call::new(self, &info, self.prepare(operation)?, under_way);
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

/// A call on its way: attempt after attempt, as long as the policies allow.
struct Call<'a> {
    shared: &'a Shared,
    info: &'a OperationInfo,
    /// Sent again byte for byte, because an operation may build other bytes the next time.
    request: Request<Bytes>,
    observed: ObservedCall<'a>,
    began: Instant,
    attempts: u32,
    /// Of these, attempts that the server refused because calls come too fast. They are not what retries are counted for.
    rate_limited: u32,
    /// An earlier attempt may have done what was asked.
    maybe_done: bool,
    /// It was a GET whose body may have been lost, and is now a POST.
    is_post_for_get: bool,
    /// The error of that GET.
    get_error: Option<Error>,
    /// The error of the attempt before this one.
    last_error: Option<Error>,
    attempt: Option<(Permit<'a>, ObservedAttempt)>,
    /// An attempt is with the transport.
    under_way: &'a AtomicBool,
}

impl<'a> Call<'a> {
    fn new(
        pipeline: &'a Pipeline,
        info: &'a OperationInfo,
        request: Request<Bytes>,
        under_way: &'a AtomicBool,
    ) -> Self {
        let shared = &*pipeline.shared;
        Self {
            shared,
            info,
            request,
            observed: shared.observer.call(info),
            began: Instant::now(),
            attempts: 0,
            rate_limited: 0,
            maybe_done: false,
            is_post_for_get: false,
            get_error: None,
            last_error: None,
            attempt: None,
            under_way,
        }
    }

    fn deadline(&self) -> Instant {
        self.began + self.shared.deadline
    }

    /// Waits for a permit, sends the request and returns the response, whatever its status.
    async fn next_response(&mut self) -> Result<Response<Bytes>, Error> {
        let now = if self.attempts == 0 { self.began } else { Instant::now() };
        let permit = self.shared.limiter.permit(now, self.deadline());
        let permit = match self.observed.within(permit).await {
            Ok(permit) => permit,
            Err(why) => {
                return Err(self.last_error.take().unwrap_or_else(|| match why {
                    PermitError::Deadline => Error::no_permit(self.info, self.shared.deadline),
                    PermitError::ToldToWait(wait) => Error::told_to_wait(self.info, wait),
                }));
            }
        };
        self.attempts += 1;
        let observed = self.observed.attempt(self.attempts, self.request.method());
        let sent = observed.within(self.send(permit.started)).await;
        if let Ok(response) = &sent {
            observed.received(response.status());
        }
        self.attempt = Some((permit, observed));
        sent.map_err(|cause| Error::transport(self.info, cause))
    }

    async fn send(&self, started: Instant) -> Result<Response<Bytes>, TransportError> {
        let Shared { timeout, body_limit, ref transport, .. } = *self.shared;
        let remaining = self.deadline() - started;
        let limit = timeout.min(remaining);
        let mut request = self.request.clone();
        if transport.reads_operation() {
            request = with_operation(request, self.info.id);
        }
        self.under_way.store(true, Ordering::Relaxed);
        let sent = timeout_at(started + limit, transport.send(request)).await;
        self.under_way.store(false, Ordering::Relaxed);
        let response = sent.unwrap_or_else(|_| {
            let seconds = limit.as_millis() as f64 / 1000.0;
            let why = if remaining < timeout { ", when the call's deadline was over" } else { "" };
            Err(TransportError::timeout(format!("no whole response within {seconds} s{why}")))
        })?;
        if response.body().len() > body_limit {
            return Err(TransportError::body_too_large(body_limit));
        }
        Ok(response)
    }

    fn attempt_succeeded(&mut self) {
        self.end_attempt(None);
        self.shared.retries.succeeded();
        if self.is_post_for_get {
            self.shared.reads.post_works();
        }
    }

    /// Returns `true` if the call is to be sent again as POST, because its output does not show whether the server received
    /// the parameters.
    fn is_to_be_confirmed(&mut self, received: Option<bool>) -> bool {
        let may_lose = self.shared.reads.may_lose(self.info, &self.request);
        match received {
            Some(true) if may_lose => self.shared.reads.get_works(),
            Some(false) if may_lose && Instant::now() < self.deadline() => {
                self.become_post();
                return true;
            }
            _ => {}
        }
        false
    }

    /// Returns `true` if the POST in place of a GET was not answered by the CRM, and would not be if it was sent again.
    fn is_post_impossible(&self, error: &Error) -> bool {
        let is_answer = matches!(error.kind(), ErrorKind::Api | ErrorKind::IgnoredParameter);
        self.is_post_for_get && !is_answer && !error.is_retryable()
    }

    /// There is no choice but GET.
    fn stay_with_get(&mut self, error: &Error) {
        self.end_attempt(Some(error));
        self.shared.reads.get_works();
    }

    fn become_post(&mut self) {
        *self.request.method_mut() = Method::POST;
        self.is_post_for_get = true;
    }

    /// Waits until the next attempt may be made; returns the error of the call if there is none.
    async fn attempt_failed(&mut self, error: Error) -> Result<(), Error> {
        let made = self.attempt.is_some();
        let error = error.after(self.attempts, self.began.elapsed(), self.maybe_done);
        self.end_attempt(Some(&error));
        if !made {
            return Err(error); // it did not get its turn
        }
        let is_refused = error.is_invalid_request() && error.http_status().is_some();
        let may_lose = (error.is_ignored_parameter() || is_refused)
            && self.shared.reads.may_lose(self.info, &self.request);
        if may_lose && Instant::now() < self.deadline() {
            self.become_post();
            self.get_error = Some(error.clone());
            self.observed.waits_for_retry(&error, Duration::ZERO);
            self.last_error = Some(error);
            return Ok(());
        }
        self.rate_limited += u32::from(error.shows_rate_limit());
        let counted = self.attempts - self.rate_limited;
        match self.shared.retries.next(&error, counted, self.deadline() - Instant::now()) {
            Next::AttemptAfter(wait) => {
                self.maybe_done |= error.delivery() == Delivery::Unknown;
                self.observed.waits_for_retry(&error, wait);
                self.last_error = Some(error);
                self.observed.within(sleep(wait)).await;
                Ok(())
            }
            Next::GiveUp => Err(self.final_error(error)),
            Next::BudgetSpent => {
                self.observed.retry_denied();
                Err(self.final_error(error))
            }
        }
    }

    /// Returns the error of the call. If a GET was answered against its question, and the CRM has not answered the POST in its
    /// place, the error of the GET says more.
    fn final_error(&mut self, error: Error) -> Error {
        match self.get_error.take() {
            Some(of_get) if !matches!(error.kind(), ErrorKind::Api | ErrorKind::IgnoredParameter) => {
                of_get.after(self.attempts, self.began.elapsed(), self.maybe_done)
            }
            _ => error,
        }
    }

    fn end_attempt(&mut self, error: Option<&Error>) {
        if let Some((permit, observed)) = self.attempt.take() {
            observed.end(error);
            permit.release(self.info.id, error);
        }
    }

    fn end(self, error: Option<&Error>) {
        self.observed.end(error);
    }
}
