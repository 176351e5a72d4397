//! A client over a sandbox in process, and over answers that are made up.

use std::sync::{Arc, Mutex};

use crm_directory::transport::{BoxFuture, Bytes, Transport, TransportError, http};
use crm_directory::{ApiKey, DirectoryClient, Pace, RetryPolicy};
use crm_sandbox::{APIKEY, BOSS, Client, Contact, Sandbox};
use serde_json::Value;

/// Called before the request with this number, from 0: its path and its body.
pub(crate) type Before = Box<dyn Fn(usize, &str, &Value) + Send + Sync>;

/// A sandbox in process with a client of it.
pub(crate) struct World {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) directory: DirectoryClient,
    /// The requests so far: path and body.
    pub(crate) requests: Arc<Mutex<Vec<(String, Value)>>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Sandbox::builder())
    }

    pub(crate) fn with(builder: crm_sandbox::Builder) -> Self {
        let sandbox = builder.in_process(Standstill);
        Self::over(sandbox, Box::new(|_, _, _| {}))
    }

    /// A world in which something happens before each request.
    pub(crate) fn over(sandbox: Sandbox, before: Before) -> Self {
        Self::shared(Arc::new(sandbox), before)
    }

    pub(crate) fn shared(sandbox: Arc<Sandbox>, before: Before) -> Self {
        let requests = Arc::default();
        let transport = InProcess { sandbox: Arc::clone(&sandbox), requests: Arc::clone(&requests), before };
        Self { sandbox, directory: client(transport), requests }
    }

    /// How many requests were made since the last time.
    pub(crate) fn requests_made(&self) -> usize {
        std::mem::take(&mut *self.requests.lock().unwrap()).len()
    }
}

pub(crate) fn client(transport: impl Transport) -> DirectoryClient {
    DirectoryClient::builder("http://localhost")
        .credentials(ApiKey::new(APIKEY, BOSS))
        .retry(RetryPolicy::none())
        .pace(Pace::new().in_flight(8))
        .transport(transport)
        .build()
        .unwrap()
}

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct Standstill;

impl crm_sandbox::Clock for Standstill {
    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    fn utc(&self) -> chrono::DateTime<chrono::Utc> {
        "2026-11-26T10:00:00Z".parse().unwrap()
    }
}

struct InProcess {
    sandbox: Arc<Sandbox>,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
    before: Before,
}

impl Transport for InProcess {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let (path, body) = asked(&request);
            let number = {
                let mut requests = self.requests.lock().unwrap();
                requests.push((path.clone(), body.clone()));
                requests.len() - 1
            };
            (self.before)(number, &path, &body);
            let outcome = self.sandbox.receive(request).outcome().unwrap();
            outcome.map_err(|failure| TransportError::closed(failure.to_string()))
        })
    }
}

/// Returns the path of a request without its beginning, and its parameters.
fn asked(request: &http::Request<Bytes>) -> (String, Value) {
    let path = request.uri().path().trim_start_matches("/developer/v3/").to_owned();
    (path, serde_json::from_slice(request.body()).unwrap())
}

/// Answers every call with this body, or with what a function makes of the path and the body.
pub(crate) struct Answers<F>(pub(crate) F);

impl<F: Fn(&str, &Value) -> String + Send + Sync + 'static> Transport for Answers<F> {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let (path, body) = asked(&request);
            Ok(http::Response::new(Bytes::from((self.0)(&path, &body))))
        })
    }
}

/// A client that answers every call with this body.
pub(crate) fn answering(body: &'static str) -> DirectoryClient {
    client(Answers(move |_: &str, _: &Value| body.to_owned()))
}

pub(crate) fn response(body: &str) -> http::Response<Bytes> {
    http::Response::new(Bytes::copy_from_slice(body.as_bytes()))
}

pub(crate) fn at(text: &str) -> chrono::NaiveDateTime {
    text.parse().unwrap()
}

/// A client that was created at this time.
pub(crate) fn created(name: &str, time: &str) -> Client {
    Client::new(name, 1, at(time))
}

/// A contact of client 1.
pub(crate) fn contact(name: &str) -> Contact {
    Contact::new(name, 1, 1, at("2026-11-25T10:00:00"))
}

/// The recordings of `user`, `client`, `person` and `guides`, by name.
pub(crate) fn recordings() -> Vec<(String, Value)> {
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/salesman/directory");
    let mut recordings = Vec::new();
    for file in std::fs::read_dir(FOLDER).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        recordings.push((name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()));
    }
    recordings.sort_by(|(a, _), (b, _)| a.cmp(b));
    recordings
}
