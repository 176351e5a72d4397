//! The pipeline as a tower service.

use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

use super::operation::Operation;
use super::pipeline::Pipeline;
use crate::error::Error;

/// Any [`Operation`] that holds what it needs is a request, its output the response: so layers of tower go around
/// whole calls, from credentials to the typed answer.
///
/// ```
/// # async fn run(pipeline: &crm_transport::Pipeline, operation: impl crm_transport::Operation<Output = u64> + 'static)
/// #     -> Result<u64, tower::BoxError> {
/// use tower::{ServiceBuilder, ServiceExt};
///
/// // Where a hundred calls are under way, the next one fails at once.
/// let calls = ServiceBuilder::new().load_shed().concurrency_limit(100).service(pipeline.clone());
/// let answer = calls.clone().oneshot(operation).await?;
/// # Ok(answer)
/// # }
/// ```
///
/// Layers that are as generic as these serve every operation alike; a buffer is made for the requests of one type.
///
/// It is always ready: what a call waits for ([`Pace`](crate::Pace)) is within the call, and so are its time limits
/// and its repeats. Put no retry layer around it, but for one that asks [`Error::is_retryable`]; and mind that a
/// timeout layer drops a write without a word on whether it was done, where the client's own
/// [`deadline`](crate::ClientBuilder::deadline) tells.
///
/// The clients lend their pipeline by a method `pipeline`.
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
