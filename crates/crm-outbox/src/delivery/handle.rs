//! [`Delivery`]: a delivery at work.

use std::time::Duration;

use crm_transport::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::health::Health;

/// A running delivery. Dropping it stops it at once. The store then records what was in flight.
#[derive(Debug)]
#[must_use = "dropping a delivery stops it"]
pub struct Delivery {
    task: JoinHandle<Result<(), Error>>,
    stop: watch::Sender<bool>,
    health: watch::Receiver<Health>,
}

impl Delivery {
    pub(super) fn new(
        task: JoinHandle<Result<(), Error>>,
        stop: watch::Sender<bool>,
        health: watch::Receiver<Health>,
    ) -> Self {
        Self { task, stop, health }
    }

    /// Returns its health.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// Returns a view of the health that can be watched and moved to another task.
    #[must_use]
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Sends nothing more, waits at most this long for responses to calls in flight, and releases the lease.
    ///
    /// Activities that are still in flight then stay in doubt, and the next sender looks them up. Another instance
    /// takes over within a second.
    ///
    /// # Errors
    /// The store failed. Nothing is lost, but another instance may have to wait for the lease to expire.
    pub async fn shutdown(mut self, limit: Duration) -> Result<(), Error> {
        self.stop.send_replace(true);
        match tokio::time::timeout(limit, &mut self.task).await {
            Ok(ended) => joined(ended),
            Err(_) => Ok(()), // dropping this aborts the task
        }
    }

    /// Waits until it ends by itself, with [`until_empty`](crate::Deliver::until_empty).
    ///
    /// # Errors
    /// The store failed: for longer than the [`patience`](crate::Deliver::patience), or with an error that is not
    /// [temporary](crate::is_temporary).
    pub async fn finished(mut self) -> Result<(), Error> {
        joined((&mut self.task).await)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn joined(ended: Result<Result<(), Error>, tokio::task::JoinError>) -> Result<(), Error> {
    match ended {
        Ok(result) => result,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Ok(()),
        },
    }
}
