//! The attempts of one call: permits, time limits, retries, and POST in place of a GET.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use tokio::time::{Instant, sleep, timeout_at};

use super::pipeline::Shared;
use super::transport::with_operation;
use crate::error::{Delivery, Error, ErrorKind, TransportError};
use crate::observe::{ObservedAttempt, ObservedCall};
use crate::operation_info::OperationInfo;
use crate::policy::{Next, Permit, PermitError};

/// A call on its way: attempt after attempt, as long as the policies allow.
pub(super) struct Call<'a> {
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
    pub(super) fn new(
        shared: &'a Shared,
        info: &'a OperationInfo,
        request: Request<Bytes>,
        under_way: &'a AtomicBool,
    ) -> Self {
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
    pub(super) async fn next_response(&mut self) -> Result<Response<Bytes>, Error> {
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

    pub(super) fn attempt_succeeded(&mut self) {
        self.end_attempt(None);
        self.shared.retries.succeeded();
        if self.is_post_for_get {
            self.shared.reads.post_works();
        }
    }

    /// Returns `true` if the call is to be sent again as POST, because its output does not show whether the server received
    /// the parameters.
    pub(super) fn is_to_be_confirmed(&mut self, received: Option<bool>) -> bool {
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
    pub(super) fn is_post_impossible(&self, error: &Error) -> bool {
        let is_answer = matches!(error.kind(), ErrorKind::Api | ErrorKind::IgnoredParameter);
        self.is_post_for_get && !is_answer && !error.is_retryable()
    }

    /// There is no choice but GET.
    pub(super) fn stay_with_get(&mut self, error: &Error) {
        self.end_attempt(Some(error));
        self.shared.reads.get_works();
    }

    fn become_post(&mut self) {
        *self.request.method_mut() = Method::POST;
        self.is_post_for_get = true;
    }

    /// Waits until the next attempt may be made; returns the error of the call if there is none.
    pub(super) async fn attempt_failed(&mut self, error: Error) -> Result<(), Error> {
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

    pub(super) fn end(self, error: Option<&Error>) {
        self.observed.end(error);
    }
}
