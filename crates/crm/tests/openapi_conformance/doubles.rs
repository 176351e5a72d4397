//! Transports of the tests, and clients over them.

use std::sync::{Arc, Mutex};

use crm::history::{ApiKey, HistoryClient, ReadMethod};
use crm::projects::{ProjectsClient, TokenPair};
use crm::{BoxFuture, Bytes, ReqwestTransport, RetryPolicy, Transport, TransportError, http};

/// Answers every request with the same text, and keeps the requests.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) answer: Mutex<String>,
    pub(crate) requests: Mutex<Vec<http::Request<Bytes>>>,
}

impl Transport for Recorder {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            self.requests.lock().unwrap().push(request);
            Ok(http::Response::new(self.answer.lock().unwrap().clone().into()))
        })
    }
}

/// Sends over HTTP, and keeps the answers.
pub(crate) struct Listener {
    inner: ReqwestTransport,
    pub(crate) answers: Mutex<Vec<Bytes>>,
}

impl Listener {
    pub(crate) fn new() -> Arc<Self> {
        let inner = ReqwestTransport::builder().no_proxy().without_system_certificates();
        let inner = inner.body_limit(64 << 20).build().unwrap();
        Arc::new(Self { inner, answers: Mutex::default() })
    }
}

impl Transport for Listener {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let response = self.inner.send(request).await?;
            self.answers.lock().unwrap().push(response.body().clone());
            Ok(response)
        })
    }
}

/// Both clients over a transport; with the credentials of the sandbox.
pub(crate) fn clients(address: &str, transport: Arc<impl Transport>) -> (HistoryClient, ProjectsClient) {
    let history = HistoryClient::builder(address)
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(Arc::clone(&transport))
        .retry(RetryPolicy::none())
        .read_method(ReadMethod::Get)
        .build();
    let projects = ProjectsClient::builder(address)
        .credentials(TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET))
        .transport(transport)
        .retry(RetryPolicy::none())
        .build();
    (history.unwrap(), projects.unwrap())
}
