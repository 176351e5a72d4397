//! The pipeline as a tower service.

use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

use super::operation::Operation;
use super::pipeline::Pipeline;
use crate::error::Error;

/// An [`Operation`] is the request and its output is the response, so layers of tower wrap whole calls, from the
/// credentials to the typed output.
///
/// ```
/// # async fn run(pipeline: &crm_transport::Pipeline, operation: impl crm_transport::Operation<Output = u64> + 'static)
/// #     -> Result<u64, tower::BoxError> {
/// use tower::{ServiceBuilder, ServiceExt};
///
/// // With a hundred calls under way, the next one fails at once.
/// let calls = ServiceBuilder::new().load_shed().concurrency_limit(100).service(pipeline.clone());
/// let output = calls.clone().oneshot(operation).await?;
/// # Ok(output)
/// # }
/// ```
///
/// Generic layers like these serve every operation. A buffer serves the requests of one type.
///
/// The service is always ready: waiting for the [`Pace`](crate::Pace), time limits and retries are part of the call. Put
/// no retry layer around it, except one that asks [`Error::is_retryable`]. A timeout layer drops a write without saying
/// whether it was done; the client's own [`deadline`](crate::ClientBuilder::deadline) says it.
///
/// The clients return their pipeline from a method `pipeline`.
impl<O: Operation + 'static> Service<O> for Pipeline {
    type Response = O::Output;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<O::Output, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: O) -> Self::Future {
        let pipeline = self.clone();
        Box::pin(async move { pipeline.run(&operation).await })
    }
}
