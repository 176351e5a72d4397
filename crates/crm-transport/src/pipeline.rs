//! Between an operation and the transport.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};

use crate::address::Address;
use crate::{Credentials, Error, Operation, OperationInfo, ReadMethod, Transport, TransportError};

/// The way of a call: credentials for one origin, limits of time and size, transport, reading. Cheap to clone;
/// clones share the connections.
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
    pub(crate) body_limit: usize,
    pub(crate) user_agent: HeaderValue,
}

impl Pipeline {
    pub(crate) fn new(shared: Shared, credentials: Credentials) -> Result<Self, Error> {
        credentials.check()?;
        Ok(Self { shared: Arc::new(shared), credentials: Arc::new(credentials) })
    }

    /// The same way for another account: same connections, other credentials.
    ///
    /// # Errors
    /// A secret is empty or cannot be sent.
    pub fn with_credentials(&self, credentials: Credentials) -> Result<Self, Error> {
        credentials.check()?;
        Ok(Self { shared: Arc::clone(&self.shared), credentials: Arc::new(credentials) })
    }

    /// Makes a call.
    ///
    /// # Errors
    /// Whatever kept the call from succeeding; see [`Error`].
    pub async fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        let request = self.prepare(operation)?;
        let result = match self.send(&O::INFO, request).await {
            Ok(response) => operation
                .read(&response)
                .map_err(|error| error.with_answer(response.status(), response.headers(), response.body())),
            Err(error) => Err(error),
        };
        result.map_err(|error| error.scrubbed(&self.credentials))
    }

    /// The request of a call as it would be sent, credentials and all: their values are marked sensitive, so
    /// `Debug` does not show them.
    ///
    /// # Errors
    /// The operation's input is refused, or points to another server.
    pub fn prepare<O: Operation>(&self, operation: &O) -> Result<Request<Bytes>, Error> {
        let mut request = operation.request()?;
        *request.uri_mut() = self.shared.address.join(O::INFO.id, request.uri())?;
        if O::INFO.reads_by_post && self.shared.read_method == ReadMethod::Post {
            *request.method_mut() = Method::POST;
        }
        let headers = request.headers_mut();
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        headers.entry(header::USER_AGENT).or_insert_with(|| self.shared.user_agent.clone());
        self.credentials.apply(headers)?;
        Ok(request)
    }

    async fn send(&self, info: &OperationInfo, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let Shared { timeout, body_limit, ref transport, .. } = *self.shared;
        let sent = tokio::time::timeout(timeout, transport.send(request)).await;
        let sent = sent.unwrap_or_else(|_| {
            Err(TransportError::timeout(format!("no whole answer within {} s", timeout.as_secs_f32())))
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
