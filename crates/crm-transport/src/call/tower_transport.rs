//! A transport over any tower service.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::transport::{BoxFuture, Transport};
use crate::error::{TransportError, innermost};

/// Sends requests through any [`tower::Service`](tower_service::Service) over `http` types: hyper's client, a stack of
/// layers, a test service.
///
/// Each request goes to a clone of the service. Clones of a layer share its state, such as a limit or a buffer. The
/// response is read up to `body_limit` bytes.
///
/// ```
/// use std::time::Duration;
///
/// use crm_transport::{Bytes, TowerTransport, TransportError};
/// use http_body_util::Full;
/// use hyper_util::client::legacy::{Client, Error as ClientError};
/// use hyper_util::rt::TokioExecutor;
/// use tower::ServiceBuilder;
///
/// let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
/// let service = ServiceBuilder::new().concurrency_limit(8).timeout(Duration::from_secs(20)).service(client);
/// let transport = TowerTransport::new(service, 64 << 20).classify(|error| {
///     match error.downcast_ref::<ClientError>() {
///         Some(client) if client.is_connect() => TransportError::connect("no connection to the server"),
///         _ => TransportError::closed("the connection was lost"),
///     }
///     .because(error)
/// });
/// // … .transport(transport).build()?
/// # let _ = transport;
/// ```
///
/// # Delivery
/// An error before the service was ready is [`NotSent`](crate::Delivery::NotSent). A later error is
/// [`Unknown`](crate::Delivery::Unknown), because only the service knows how far the request got. A write is then not
/// retried. If the service's own error says more, use [`classify`](Self::classify).
///
/// # What does not belong in the service
/// - **Retries.** A retry layer does not know which calls may be sent twice, and would duplicate writes. The client
///   retries by itself.
/// - **Redirects.** The keys are in the request, and would be sent to the target of the redirect.
/// - **Spans or logs of headers and bodies.** The values of the keys are marked sensitive; code that ignores this logs
///   them.
///
/// If the service asks for compressed responses, it must decompress them itself.
pub struct TowerTransport<S> {
    /// Locked only while it is cloned, because a service need not be `Sync`.
    service: Mutex<S>,
    body_limit: usize,
    classify: Classify,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Classify = Arc<dyn Fn(BoxError) -> TransportError + Send + Sync>;

impl<S> TowerTransport<S> {
    /// Creates a transport over this service, for responses of at most `body_limit` bytes.
    pub fn new(service: S, body_limit: usize) -> Self {
        let classify = |error: BoxError| {
            TransportError::closed(format!("no response arrived: {}", innermost(&*error))).because(error)
        };
        Self { service: Mutex::new(service), body_limit, classify: Arc::new(classify) }
    }

    /// Sets what an error of the service means, especially whether the request may have reached the server. The closure
    /// receives errors that occur after the service was ready.
    ///
    /// Return [`connect`](TransportError::connect) only if certainly nothing was sent, because then any call is retried.
    #[must_use]
    pub fn classify(mut self, meaning: impl Fn(BoxError) -> TransportError + Send + Sync + 'static) -> Self {
        self.classify = Arc::new(meaning);
        self
    }
}

impl<S> fmt::Debug for TowerTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the service: it may hold secrets.
        f.debug_struct("TowerTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

impl<S, B> Transport for TowerTransport<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    /// A layer may want to know.
    fn reads_operation(&self) -> bool {
        true
    }

    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner).clone();
            poll_fn(|context| service.poll_ready(context)).await.map_err(|error| {
                let error = error.into();
                TransportError::connect(format!("nothing can be sent: {}", innermost(&*error))).because(error)
            })?;
            let response =
                service.call(request.map(Full::new)).await.map_err(|error| (self.classify)(error.into()))?;
            let (head, body) = response.into_parts();
            Ok(Response::from_parts(head, whole(body, self.body_limit).await?))
        })
    }
}

/// Reads the whole body, up to the limit.
async fn whole<B>(body: B, limit: usize) -> Result<Bytes, TransportError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let error = error.into();
            let why = innermost(&*error);
            TransportError::cut_body(format!("the connection was lost in the middle of the response: {why}"))
                .because(error)
        })?;
        if let Ok(data) = frame.into_data() {
            if data.remaining() > limit - bytes.len() {
                return Err(TransportError::body_too_large(limit));
            }
            bytes.put(data);
        }
    }
    Ok(bytes.freeze())
}
