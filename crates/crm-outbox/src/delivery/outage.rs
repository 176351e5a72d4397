//! [`Outage`]: how long the store fails a delivery that ends by itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crm_transport::Error;
use tokio::time::Instant;

use crate::store::is_temporary;

/// Since when the store fails. A delivery that runs until it is stopped has no patience, and goes on forever.
pub(super) struct Outage {
    patience: Option<Duration>,
    since: Mutex<Option<Instant>>,
}

impl Outage {
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Self { patience, since: Mutex::new(None) }
    }

    /// Notes a failure. Returns whether the delivery waits for the store.
    pub(super) fn may_pass(&self, error: &Error) -> bool {
        self.patience.is_none() || (is_temporary(error) && !self.lasts_too_long())
    }

    /// Notes a failure of whatever kind. Returns whether the store has failed for longer than the patience.
    pub(super) fn lasts_too_long(&self) -> bool {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let since = since.get_or_insert_with(Instant::now);
        self.patience.is_some_and(|patience| since.elapsed() >= patience)
    }

    /// Notes that something was written.
    pub(super) fn is_over(&self) {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
