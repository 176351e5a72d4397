//! Support for tests in virtual time: a client over a sandbox in process, whose clock is that of tokio.
#![allow(dead_code, clippy::unwrap_used, reason = "test support; no test file uses all of it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use crm::history::{ApiKey, HistoryClient, RetryPolicy};
use crm::projects::{ProjectsClient, TokenPair};
use crm::{BoxFuture, Bytes, Transport, TransportError, http};
use crm_sandbox::{Builder, Clock, Failure, Sandbox};
use serde_json::Value;
use tokio::time::Instant;

/// A sandbox in process, and what a client of it needs.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) sandbox: Arc<Sandbox>,
    began: Instant,
    clock: TokioClock,
}

#[derive(Clone, Debug)]
struct TokioClock {
    began: Instant,
    /// The time of day at the beginning.
    utc: Arc<Mutex<DateTime<Utc>>>,
}

impl Clock for TokioClock {
    fn monotonic(&self) -> Duration {
        self.began.elapsed()
    }

    fn utc(&self) -> DateTime<Utc> {
        *self.utc.lock().unwrap() + TimeDelta::from_std(self.began.elapsed()).unwrap()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Sandbox::builder())
    }

    pub(crate) fn with(builder: Builder) -> Self {
        let began = Instant::now();
        let utc = Arc::new(Mutex::new("2024-06-25T11:25:00Z".parse().unwrap()));
        let clock = TokioClock { began, utc };
        Self { sandbox: Arc::new(builder.in_process(clock.clone())), began, clock }
    }

    /// The time of day of the server.
    pub(crate) fn utc(&self) -> DateTime<Utc> {
        self.clock.utc()
    }

    /// Sets the time of day of the server.
    pub(crate) fn set_utc(&self, utc: DateTime<Utc>) {
        *self.clock.utc.lock().unwrap() = utc - TimeDelta::from_std(self.began.elapsed()).unwrap();
    }

    /// Sets the rules as they are written in JSON.
    pub(crate) fn put(&self, rules: &Value) {
        let request = http::Request::put("http://localhost/_sandbox/faults");
        let request = request.body(Bytes::from(rules.to_string())).unwrap();
        let answer = self.sandbox.receive(request).outcome().unwrap().unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.body());
    }

    pub(crate) fn client(&self) -> HistoryClient {
        self.client_of(crm_sandbox::BOSS)
    }

    pub(crate) fn client_of(&self, login: &str) -> HistoryClient {
        self.client_with_timeout(login, Duration::from_secs(30))
    }

    pub(crate) fn client_with_timeout(&self, login: &str, timeout: Duration) -> HistoryClient {
        HistoryClient::builder(self.sandbox.url())
            .credentials(ApiKey::new(crm_sandbox::APIKEY, login))
            .transport(InProcess(self.clone()))
            .allow_insecure_http()
            .retry(RetryPolicy::default())
            .timeout(timeout)
            .build()
            .unwrap()
    }

    pub(crate) fn projects(&self) -> ProjectsClient {
        ProjectsClient::builder(self.sandbox.url())
            .credentials(TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET))
            .transport(InProcess(self.clone()))
            .allow_insecure_http()
            .build()
            .unwrap()
    }

    /// How much time has passed.
    pub(crate) fn seconds(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    /// How many requests of this operation arrived.
    pub(crate) fn count(&self, operation: crm_sandbox::Operation) -> usize {
        self.sandbox.requests().iter().filter(|request| request.operation == Some(operation)).count()
    }
}

struct InProcess(World);

impl Transport for InProcess {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let mut exchange = self.0.sandbox.receive(request);
            loop {
                if let Some(outcome) = exchange.outcome() {
                    return outcome.map_err(|failure| match failure {
                        Failure::Refused => TransportError::connect("connection refused"),
                        Failure::ClosedUnread | Failure::Closed => {
                            TransportError::closed("connection closed")
                        }
                        Failure::Cut(_) => TransportError::cut_body("the body was cut"),
                        _ => TransportError::timeout("the body does not end"),
                    });
                }
                match exchange.ready_at() {
                    Some(at) => tokio::time::sleep_until(self.0.began + at).await,
                    None => std::future::pending().await,
                }
            }
        })
    }
}
