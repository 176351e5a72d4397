//! The way to the server and back: the one async trait.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use crate::error::TransportError;

/// The future that [`Transport::send`] returns: `Box::pin(async move { … })`.
///
/// It is the same type as the alias of that name in the `futures` crate.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one request and returns the whole response.
///
/// Implement it for a test double or another HTTP client. It follows no redirects, retries nothing and adds no
/// credentials; the client does that. The client also keeps the time limit: it may drop the future at any point.
///
/// ```
/// use crm_transport::{http, BoxFuture, Bytes, Transport, TransportError};
///
/// /// Responds to every call with an empty list.
/// struct EmptyList;
///
/// impl Transport for EmptyList {
///     fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
///         Box::pin(async move { Ok(http::Response::new(Bytes::from_static(b"[]"))) })
///     }
/// }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends the request and returns the response, whole and decompressed, whatever its status.
    ///
    /// # Errors
    /// Why no response arrived, and whether the request may have reached the server.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>>;

    /// Returns `true` if [`send`](Self::send) calls [`operation_of`]. The default is `false`, because marking a request
    /// costs three allocations. A transport that wraps another one returns what that one returns.
    fn reads_operation(&self) -> bool {
        false
    }
}

/// Returns the operation that a request belongs to, such as `history.add`, for transports that log or match requests.
///
/// `None` unless the request comes from a client, and [`Transport::reads_operation`] of its transport returns `true`.
#[must_use]
pub fn operation_of(request: &Request<Bytes>) -> Option<&'static str> {
    request.extensions().get::<OperationId>().map(|id| id.0)
}

/// Marks a request with the operation that it belongs to.
pub(super) fn with_operation(mut request: Request<Bytes>, id: &'static str) -> Request<Bytes> {
    request.extensions_mut().insert(OperationId(id));
    request
}

/// The largest response by default, in bytes after decompression.
pub(super) const BODY_LIMIT: usize = 64 << 20;

#[derive(Clone)]
struct OperationId(&'static str);

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        (**self).send(request)
    }

    fn reads_operation(&self) -> bool {
        (**self).reads_operation()
    }
}
