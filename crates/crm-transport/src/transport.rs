//! The way to the server and back.

use std::error::Error as StdError;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::{Credentials, Delivery, ErrorKind};

/// Sends one request and brings back its whole answer.
///
/// Implement it for a test double or another HTTP client. It follows no redirects, retries nothing and adds no
/// credentials; that is done above it. A time limit is kept above it too: the future may be dropped at any point.
///
/// ```
/// use crm_transport::{http, Bytes, Transport, TransportError};
///
/// /// Answers every call with an empty list.
/// struct Nothing;
///
/// #[async_trait::async_trait]
/// impl Transport for Nothing {
///     async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
///         Ok(http::Response::new(Bytes::from_static(b"[]")))
///     }
/// }
/// ```
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends the request; the answer is whole and decompressed, whatever its status.
    ///
    /// # Errors
    /// What kept an answer from coming, and whether the request may have reached the server.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        (**self).send(request).await
    }
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    pub(crate) kind: ErrorKind,
    pub(crate) delivery: Delivery,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// No connection could be made: certainly nothing was sent.
    #[must_use]
    pub fn connect(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Connect, Delivery::NotSent, message)
    }

    /// No answer came in time. The server may have done what was asked.
    #[must_use]
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, Delivery::Unknown, message)
    }

    /// The connection was lost before an answer came. The server may have done what was asked.
    #[must_use]
    pub fn closed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Closed, Delivery::Unknown, message)
    }

    /// The answer began and did not end.
    #[must_use]
    pub fn cut_body(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::CutBody, Delivery::Unknown, message)
    }

    /// The answer is larger than the limit of so many bytes.
    #[must_use]
    pub fn body_too_large(limit: usize) -> Self {
        let message = format!("the answer is larger than the limit of {limit} bytes");
        Self::new(ErrorKind::BodyTooLarge, Delivery::Unknown, message)
    }

    /// Keeps what it was caused by.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn scrub(&mut self, credentials: &Credentials) {
        credentials.scrub(&mut self.message);
    }

    pub(crate) fn new(kind: ErrorKind, delivery: Delivery, message: impl Into<String>) -> Self {
        Self { kind, delivery, message: message.into(), source: None }
    }
}

/// The innermost cause says what a person can do something about.
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
