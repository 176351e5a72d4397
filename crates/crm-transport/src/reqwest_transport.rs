//! The default transport.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};

use crate::{Error, Transport, TransportError};

/// Sends by reqwest. Follows no redirects and repeats nothing by itself, whatever the given builder says.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    body_limit: usize,
}

impl ReqwestTransport {
    /// A transport over a client built so (a proxy, a private CA, another timeout), for answers of at most so many
    /// bytes after decompression.
    ///
    /// # Errors
    /// The client cannot be built, as when there is no TLS backend.
    pub fn new(client: reqwest::ClientBuilder, body_limit: usize) -> Result<Self, Error> {
        let client = client.redirect(reqwest::redirect::Policy::none()).retry(reqwest::retry::never());
        let client = client.build().map_err(|e| {
            Error::invalid_configuration("transport", &format!("cannot be built: {}", chain(&e)))
        })?;
        Ok(Self { client, body_limit })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(|e| {
            TransportError::connect(format!("the request cannot be sent: {}", chain(&e))).because(e)
        })?;
        let mut answer = self.client.execute(request).await.map_err(before_answer)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(within_answer)? {
            if body.len() + chunk.len() > self.body_limit {
                return Err(TransportError::body_too_large(self.body_limit));
            }
            body.extend_from_slice(&chunk);
        }
        *response.body_mut() = body.freeze();
        Ok(response)
    }
}

fn before_answer(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let why = chain(&error);
    if error.is_connect() {
        TransportError::connect(format!("no connection to the server: {why}"))
    } else if error.is_timeout() {
        TransportError::timeout(format!("no answer in time: {why}"))
    } else {
        TransportError::closed(format!("the connection was lost before an answer came: {why}"))
    }
    .because(error)
}

fn within_answer(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let why = chain(&error);
    if error.is_timeout() {
        TransportError::timeout(format!("the answer did not end in time: {why}"))
    } else {
        TransportError::cut_body(format!("the connection was lost in the middle of the answer: {why}"))
    }
    .because(error)
}

/// The innermost cause says what a person can do something about.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
