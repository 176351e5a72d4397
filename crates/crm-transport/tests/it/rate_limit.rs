//! Servers that limit the rate of calls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crm_transport::http::{Request, Response};
use crm_transport::{
    BoxFuture, Bytes, ClientBuilder, Credentials, Delivery, ErrorKind, Pace, RetryPolicy, Transport,
    TransportError,
};
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::doubles::{Calls, GRAIN, Server, client, client_with, ms, no_connection, ok, status};

/// A server behind a token bucket.
struct Bucket {
    refusal: u16,
    retry_after: Option<&'static str>,
    state: Mutex<State>,
}

struct State {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled: Instant,
    served: u32,
    refused: u32,
}

impl Bucket {
    fn new(refusal: u16, per_second: f64, burst: f64) -> Self {
        let filled = Instant::now();
        let state = State { per_second, burst, tokens: burst, filled, served: 0, refused: 0 };
        Self { refusal, retry_after: None, state: Mutex::new(state) }
    }

    fn counts(&self) -> (u32, u32) {
        let state = self.state.lock().unwrap();
        (state.served, state.refused)
    }
}

impl Transport for Bucket {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            tokio::time::sleep(ms(20)).await;
            let mut state = self.state.lock().unwrap();
            let grown = state.filled.elapsed().as_secs_f64() * state.per_second;
            state.filled = Instant::now();
            state.tokens = (state.tokens + grown).min(state.burst);
            if state.tokens >= 1.0 {
                state.tokens -= 1.0;
                state.served += 1;
                return Ok(Response::new(Bytes::from_static(b"{}")));
            }
            state.refused += 1;
            let mut response = Response::builder().status(self.refusal);
            if let Some(wait) = self.retry_after {
                response = response.header("retry-after", wait);
            }
            Ok(response.body(Bytes::new()).unwrap())
        })
    }
}

fn behind(bucket: &Arc<Bucket>, in_flight: usize) -> Calls {
    let builder = ClientBuilder::new("https://crm.example.test").credentials(Credentials::new());
    builder.transport(Arc::clone(bucket)).pace(Pace::new().in_flight(in_flight)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_reads_behind_a_limit_finishes_without_a_failed_call() {
    for (refusal, retry_after) in
        [(429, None), (429, Some("1")), (503, None), (503, Some("1")), (429, Some("0"))]
    {
        let bucket = Arc::new(Bucket { retry_after, ..Bucket::new(refusal, 5.0, 3.0) });
        let client = behind(&bucket, 2);
        let began = Instant::now();
        for _ in 0..300 {
            client.read().await.unwrap();
        }
        let (served, refused) = bucket.counts();
        assert_eq!(served, 300);
        assert!(refused < 30, "{refusal} {retry_after:?}: {refused} of {served} refused");
        assert!(began.elapsed() < Duration::from_secs(120), "{:?}", began.elapsed());
        assert_eq!(client.0.stats().retries_denied, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn many_calls_at_once_behind_a_limit_all_succeed() {
    let bucket = Arc::new(Bucket::new(429, 5.0, 3.0));
    let client = behind(&bucket, 50);
    let results = join_all((0..200).map(|_| client.read())).await;
    assert!(results.iter().all(Result::is_ok), "{:?}", results.iter().find(|result| result.is_err()));
}

#[tokio::test(start_paused = true)]
async fn every_write_behind_a_limit_is_done_once() {
    let bucket = Arc::new(Bucket::new(429, 5.0, 3.0));
    let client = behind(&bucket, 2);
    for _ in 0..100 {
        client.add().await.unwrap();
    }
    assert_eq!(bucket.counts().0, 100);
}

#[tokio::test(start_paused = true)]
async fn the_rate_recovers_when_the_limit_is_gone() {
    let bucket = Arc::new(Bucket::new(429, 2.0, 1.0));
    let client = behind(&bucket, 1);
    for _ in 0..20 {
        client.read().await.unwrap();
    }
    *bucket.state.lock().unwrap() =
        State { per_second: 1e6, burst: 1e6, tokens: 1e6, filled: Instant::now(), served: 0, refused: 0 };
    for _ in 0..300 {
        client.read().await.unwrap();
    }
    let began = Instant::now();
    for _ in 0..100 {
        client.read().await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn limited_calls_spend_neither_attempts_nor_the_budget() {
    let mut answers = vec![status(429, ""); 8];
    answers.extend([no_connection(), ok()]);
    let server = Server::new(answers);
    let policy = RetryPolicy::new().max_attempts(2).budget(1);
    client_with(&server, |b| b.retry(policy)).read().await.unwrap();
    let server = Server::new([status(429, ""), ok()]);
    client_with(&server, |b| b.retry(RetryPolicy::new().budget(0))).read().await.unwrap();
    let server = Server::new([status(429, ""), ok()]);
    client_with(&server, |b| b.retry(RetryPolicy::none())).read().await.unwrap_err();
    assert_eq!(server.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_without_end_is_asked_ever_more_rarely() {
    let server = Server::new([status(429, "")]);
    let began = Instant::now();
    let error = client(&server).read().await.unwrap_err();
    assert!(error.is_rate_limited() && error.kind() == ErrorKind::RateLimited, "{error}");
    assert!(began.elapsed() <= Duration::from_secs(120));
    assert!((5..30).contains(&server.attempts()), "{}", server.attempts());
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_holds_back_every_call_of_the_client() {
    for call in ["read", "add"] {
        let server = Server::new([status(429, "").with("retry-after", "30"), ok()]);
        let client = client(&server);
        let other = Calls(client.0.with_credentials(Credentials::new()).unwrap());
        let first = async { if call == "read" { client.read().await } else { client.add().await } };
        let (first, second) = tokio::join!(first, async {
            tokio::time::sleep(ms(10)).await;
            other.read().await
        });
        assert!(first.is_ok() && second.is_ok());
        assert!(
            server.seen().starts[1..].iter().all(|start| *start >= ms(30_000)),
            "{:?}",
            server.seen().starts
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_the_deadline_ends_every_call_at_once_and_says_when_to_come_back() {
    let server = Server::new([status(429, "").with("retry-after", "7500"), ok()]);
    let client = client(&server);
    let began = Instant::now();
    let error = client.add().await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Delivered);
    let text = error.to_string();
    assert!(text.contains("; it was refused, and nothing was done; come back in 2 h 5 min"), "{text}");

    let error = client.add().await.unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::RateLimited, Delivery::NotSent));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7500)));
    assert!(error.to_string().contains("; nothing was sent; come back in 2 h 5 min"), "{error}");
    assert_eq!((server.attempts(), began.elapsed()), (1, Duration::ZERO));

    tokio::time::sleep(Duration::from_secs(7500)).await;
    client.add().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_retry_after_holds_a_client_back_for_more_than_a_day() {
    for retry_after in ["18446744073709551615", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let server = Server::new([status(429, "").with("retry-after", retry_after), ok()]);
        let client = client(&server);
        client.read().await.unwrap_err();
        client.read().await.unwrap_err();
        tokio::time::sleep(Duration::from_secs(86_400) + GRAIN).await;
        client.read().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_503_for_a_write_holds_nothing_back() {
    let server = Server::new([status(503, "").with("retry-after", "30"), ok()]);
    let client = client(&server);
    assert_eq!(client.add().await.unwrap_err().delivery(), Delivery::Unknown);
    client.read().await.unwrap();
    assert_eq!(server.seen().starts[1], Duration::ZERO);
}
