//! Watches what the instances of an outbox may do: one of them is the sender at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The lease of a store as its instances should see it. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct OutboxWatch(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    holder: Option<Holder>,
    /// How often the store was replaced.
    replaced: u64,
    violations: Vec<String>,
}

#[derive(Debug)]
struct Holder {
    fence: u64,
    instance: usize,
    until: Instant,
}

impl OutboxWatch {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that an instance became the sender.
    pub(crate) fn acquired(&self, instance: usize, fence: u64, lease: Duration) {
        let mut watched = self.watched();
        let now = Instant::now();
        if let Some(holder) = watched.holder.as_ref().filter(|holder| now < holder.until) {
            let other = holder.instance;
            let found = format!("instance {instance} became the sender during the lease of {other}");
            watched.violations.push(found);
        }
        watched.holder = Some(Holder { fence, instance, until: now + lease });
    }

    /// Notes that the sender with this fence extended its lease.
    pub(crate) fn extended(&self, fence: u64, lease: Duration) {
        if let Some(holder) = self.watched().holder.as_mut().filter(|holder| holder.fence == fence) {
            holder.until = Instant::now() + lease;
        }
    }

    /// Notes that the sender with this fence gave its lease back.
    pub(crate) fn released(&self, fence: u64) {
        let mut watched = self.watched();
        watched.holder = watched.holder.take().filter(|holder| holder.fence != fence);
    }

    /// Notes that the store was replaced, and that nobody is its sender.
    pub(crate) fn forget(&self) {
        let mut watched = self.watched();
        (watched.holder, watched.replaced) = (None, watched.replaced + 1);
    }

    /// Returns how often the store was replaced. What was on its way to an earlier one is lost.
    pub(crate) fn replaced(&self) -> u64 {
        self.watched().replaced
    }

    /// Notes that an instance did what it may not do.
    pub(crate) fn violated(&self, violation: String) {
        self.watched().violations.push(violation);
    }

    pub(crate) fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.watched().violations)
    }
}
