//! The default transport.

use std::fmt;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};

use crate::transport::innermost;
use crate::{Error, Transport, TransportError};

/// Sends by reqwest. Follows no redirects, repeats nothing by itself and logs no bytes, whatever the given builder
/// says.
///
/// It speaks https where a feature brings TLS: `rustls` (on by default) or `native-tls`. Where both are on, the default
/// transport takes rustls; a builder handed in here takes what reqwest would, native-tls, unless it says
/// `tls_backend_rustls()`.
///
/// The builder is where a company's own certificate authority goes, or a proxy. [`reqwest`](crate::reqwest) is the
/// reqwest it is made of:
///
/// ```no_run
/// use crm_transport::{ReqwestTransport, reqwest};
///
/// # #[cfg(any(feature = "rustls", feature = "native-tls"))]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let authority = reqwest::Certificate::from_pem(&std::fs::read("our-authority.pem")?)?;
/// let client = reqwest::Client::builder()
///     .tls_certs_merge([authority]) // beside the system's; tls_certs_only for no other
///     .proxy(reqwest::Proxy::https("http://proxy.example.ru:3128")?);
/// let transport = ReqwestTransport::new(client, 64 << 20)?;
/// // … .transport(transport).build()?
/// # Ok(())
/// # }
/// # #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
/// # fn main() {}
/// ```
///
/// Nothing in this crate turns the check of certificates off. What such a builder says about that is its author's.
#[derive(Clone)]
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
        let client = client
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // It would log every byte, keys and all.
            .connection_verbose(false);
        let client = client.build().map_err(|e| {
            Error::invalid_configuration("transport", &format!("cannot be built: {}", innermost(&e)))
        })?;
        Ok(Self { client, body_limit })
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: it shows its default headers, whatever they are.
        f.debug_struct("ReqwestTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(|e| {
            TransportError::connect(format!("the request cannot be sent: {}", innermost(&e))).because(e)
        })?;
        let mut answer = self.client.execute(request).await.map_err(before_answer)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let expected = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut only = Bytes::new();
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(within_answer)? {
            if only.len() + body.len() + chunk.len() > self.body_limit {
                return Err(TransportError::body_too_large(self.body_limit));
            }
            if only.is_empty() && body.is_empty() {
                only = chunk; // mostly the whole body: not copied
                continue;
            }
            if body.is_empty() {
                // What the server promises is believed up to a mebibyte.
                body.reserve(expected.min(1 << 20).max(only.len() + chunk.len()));
                body.extend_from_slice(&std::mem::take(&mut only));
            }
            body.extend_from_slice(&chunk);
        }
        *response.body_mut() = if body.is_empty() { only } else { body.freeze() };
        Ok(response)
    }
}

fn before_answer(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let why = innermost(&error);
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
    let why = innermost(&error);
    if error.is_timeout() {
        TransportError::timeout(format!("the answer did not end in time: {why}"))
    } else {
        TransportError::cut_body(format!("the connection was lost in the middle of the answer: {why}"))
    }
    .because(error)
}
