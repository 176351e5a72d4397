//! Waits for the sandbox in virtual time, and says what a client sees of its answer.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use crm_sandbox::{Exchange, Failure};
use crm_transport::TransportError;
use crm_transport::http::Response;
use tokio::time::{sleep, sleep_until};

use crate::clock::TokioClock;

/// Waits for the answer to a request.
pub(crate) async fn outcome(mut exchange: Exchange, clock: &TokioClock) -> Result<Response<Bytes>, Failure> {
    loop {
        if let Some(outcome) = exchange.outcome() {
            return outcome;
        }
        match exchange.ready_at() {
            Some(at) => {
                // A job that is due lets the answer wait for the next moment.
                sleep_until(clock.instant(at)).await;
                sleep(Duration::from_millis(1)).await;
            }
            None => pending().await,
        }
    }
}

/// Returns what the transport of a client makes of an answer.
pub(crate) async fn as_seen(
    outcome: Result<Response<Bytes>, Failure>,
) -> Result<Response<Bytes>, TransportError> {
    match outcome {
        Ok(response) => Ok(response),
        Err(Failure::Refused) => Err(TransportError::connect("connection refused")),
        Err(Failure::Cut(_)) => Err(TransportError::cut_body("the body ended early")),
        Err(Failure::Endless(_)) => pending().await,
        Err(failure) => Err(TransportError::closed(failure.to_string())),
    }
}
