//! The lease of the sender, and the store of the engine that checks it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use crm_history::engine::{self, Key, Sending, Settled};
use crm_history::{Rejection, UnknownReason};
use crm_transport::Error;
use tokio::time::Instant;

use crate::mutations::breaks;
use crate::observe;
use crate::outbox::Shared;
use crate::status::UnknownOutcome;
use crate::store::{Change, Request, SentIn};

/// The lease that this process holds.
pub(super) struct Lease {
    pub(super) shared: Arc<Shared>,
    pub(super) fence: u64,
    length: Duration,
    /// The highest number of a request. Numbers grow from owner to owner.
    last_request: AtomicU64,
    /// Until when it is certainly ours, by our own clock: counted from before the store was asked.
    valid_until: Mutex<Instant>,
    is_released: AtomicBool,
}

impl Lease {
    /// Asks for the lease.
    pub(super) async fn acquire(shared: &Arc<Shared>, length: Duration) -> Result<Option<Self>, Error> {
        let asked = Instant::now();
        let fence = shared.store.acquire(length).await?;
        let valid_until = Mutex::new(asked + length);
        Ok(fence.map(|fence| Self {
            shared: Arc::clone(shared),
            fence,
            length,
            last_request: AtomicU64::new(fence << 20),
            valid_until,
            is_released: AtomicBool::new(false),
        }))
    }

    pub(super) fn last_request(&self) -> u64 {
        self.last_request.load(Ordering::Relaxed)
    }

    fn valid_until(&self) -> Instant {
        *self.valid_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn extend(&self, asked: Instant) {
        let mut until = self.valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(asked + self.length);
    }

    /// Extends the lease again and again. Ends when it is lost, or may be. Then nothing may be sent any more.
    pub(super) async fn keep(&self) {
        let mut wait = self.length / 3;
        loop {
            let until = self.valid_until();
            let asked = Instant::now() + wait;
            if asked >= until {
                return tokio::time::sleep_until(until).await;
            }
            tokio::time::sleep_until(asked).await;
            let renewed = self.shared.store.renew(self.fence, self.length);
            match tokio::time::timeout_at(self.valid_until(), renewed).await {
                Ok(Ok(true)) => {
                    self.extend(asked);
                    wait = self.length / 3;
                }
                Ok(Ok(false)) => return,
                Ok(Err(_)) | Err(_) => wait = ASK_AGAIN,
            }
            if Instant::now() >= self.valid_until() {
                return;
            }
        }
    }

    /// Gives the lease back. Without that it expires by itself.
    pub(super) async fn release(&self) {
        let released = self.shared.store.release(self.fence);
        let is_released = tokio::time::timeout(LONGEST_RELEASE, released).await;
        self.is_released.store(matches!(is_released, Ok(Ok(()))), Ordering::Relaxed);
    }

    /// Records changes. Tries again for as long as the lease lasts, because an answer of the CRM must not be lost.
    pub(super) async fn settle(&self, changes: &[(u64, Change)]) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut wait = FIRST_WAIT;
        loop {
            match self.shared.store.settle(self.fence, changes).await {
                Err(_) if breaks("an-outcome-is-recorded-again") => break,
                Ok(true) => break,
                Ok(false) => return Err(lost()),
                Err(error) if Instant::now() + wait >= self.valid_until() => return Err(error),
                Err(_) => tokio::time::sleep(wait).await,
            }
            wait = (wait * 2).min(ASK_AGAIN);
        }
        self.shared.settled.send_modify(|count| *count += 1);
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        observe::no_depth();
        if !self.is_released.load(Ordering::Relaxed) {
            self.shared.store.abandon(self.fence);
        }
    }
}

/// What the engine records, in the store of the outbox.
pub(super) struct LeasedStore(pub(super) Arc<Lease>);

#[async_trait]
impl engine::Store for LeasedStore {
    async fn sending(&self, sending: &Sending) -> Result<(), Error> {
        let Lease { shared, fence, length, .. } = &*self.0;
        let Sending { request, keys, floor } = sending;
        self.0.last_request.fetch_max(*request, Ordering::Relaxed);
        let sent = SentIn { number: *request, floor: floor.id, floor_is_certain: floor.is_certain };
        let request = Request { sent, seqs: keys.clone() };
        let asked = Instant::now();
        let may_be_sent = shared.store.sending(*fence, *length, &request).await?;
        if !may_be_sent && !breaks("the-lease-is-checked") {
            return Err(lost());
        }
        self.0.extend(asked);
        observe::batch();
        Ok(())
    }

    async fn settled(&self, settled: &[(Key, Settled)]) -> Result<(), Error> {
        let changes: Vec<_> = settled.iter().map(|(key, settled)| (*key, change(settled))).collect();
        self.0.settle(&changes).await
    }
}

fn change(settled: &Settled) -> Change {
    match settled {
        Settled::Stored(id, copy) => Change::Stored { id: Some(*id), copy: *copy },
        Settled::StoredWithoutId => Change::Stored { id: None, copy: None },
        Settled::Refused(rejection) => Change::Refused(Rejection::clone(rejection)),
        Settled::Missing => Change::Queued,
        Settled::Undecidable(reason) => {
            let candidate = match reason {
                UnknownReason::EqualWithoutTime(id)
                | UnknownReason::PerhapsOlder(id)
                | UnknownReason::TimeUnclear(id)
                | UnknownReason::Similar(id) => Some(*id),
                _ => None,
            };
            Change::Unknown(UnknownOutcome::new(reason.to_string(), candidate))
        }
    }
}

fn lost() -> Error {
    crate::store::fault(
        "outbox.deliver",
        "of this instance",
        "cannot send",
        "another instance has become the sender",
    )
}

const FIRST_WAIT: Duration = Duration::from_millis(50);
const ASK_AGAIN: Duration = Duration::from_secs(1);
const LONGEST_RELEASE: Duration = Duration::from_secs(2);
