//! The lease of the sender, and the store of the engine that checks it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use crm_history::engine::{self, Key, Sending, Settled};
use crm_history::{Rejection, UnknownReason};
use crm_transport::Error;
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::Instant;

use crate::observe;
use crate::outbox::Shared;
use crate::status::UnknownOutcome;
use crate::store::{Change, Request, SentIn};
use crm_history::engine::mutations::breaks;

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
    /// What became of activities and is not recorded yet.
    outcomes: Mutex<Vec<(u64, Change)>>,
    /// Wakes [`record_outcomes`](Self::record_outcomes).
    has_outcomes: Notify,
    /// Held while something is recorded, so that the order of records is the order of events.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Outcomes that are being recorded. They come back if that fails, or if its future is dropped.
struct Taken<'a> {
    lease: &'a Lease,
    outcomes: Vec<(u64, Change)>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let taken = std::mem::take(&mut self.outcomes);
        self.lease.outcomes().splice(0..0, taken);
    }
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
            outcomes: Mutex::default(),
            has_outcomes: Notify::new(),
            turn: Arc::default(),
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

    fn outcomes(&self) -> MutexGuard<'_, Vec<(u64, Change)>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the outcomes that are not recorded yet, up to the second one of an activity.
    fn take(&self) -> Taken<'_> {
        let mut outcomes = self.outcomes();
        let mut seen = HashSet::new();
        let end = outcomes.iter().position(|(seq, _)| !seen.insert(*seq)).unwrap_or(outcomes.len());
        let rest = outcomes.split_off(end);
        Taken { lease: self, outcomes: std::mem::replace(&mut outcomes, rest) }
    }

    /// Notes what became of activities. It is recorded with the next request, or soon.
    fn note(&self, outcomes: impl IntoIterator<Item = (u64, Change)>) {
        self.outcomes().extend(outcomes);
        self.has_outcomes.notify_one();
    }

    /// Records outcomes with which no request comes. Runs until it is dropped.
    pub(super) async fn record_outcomes(&self) {
        loop {
            self.has_outcomes.notified().await;
            tokio::time::sleep(RECORD_AFTER).await;
            // It fails only when the lease is over. Then the next sender looks them up.
            let _ = self.settle(Vec::new()).await;
        }
    }

    /// Carries out a change of the store in its turn.
    ///
    /// A store may carry it out even if nobody waits for it any more. So it keeps its turn until it is over. Otherwise it
    /// could come after a later change, and queue again what is stored: the fence is the same.
    async fn carry_out<T: Send + 'static>(
        turn: OwnedMutexGuard<()>,
        change: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let carried_out = tokio::spawn(async move {
            let result = change.await;
            drop(turn);
            result
        });
        match carried_out.await {
            Ok(result) => result,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(cancelled) => Err(crate::store::fault(
                    "outbox.deliver",
                    "of this instance",
                    "was not written",
                    cancelled,
                )),
            },
        }
    }

    /// Records changes, and what became of activities before. Tries again for as long as the lease lasts, because an
    /// answer of the CRM must not be lost.
    pub(super) async fn settle(&self, changes: Vec<(u64, Change)>) -> Result<(), Error> {
        self.outcomes().extend(changes);
        let mut wait = FIRST_WAIT;
        loop {
            let error = {
                let turn = Arc::clone(&self.turn).lock_owned().await;
                let mut taken = self.take();
                if taken.outcomes.is_empty() {
                    return Ok(());
                }
                let (shared, fence, outcomes) =
                    (Arc::clone(&self.shared), self.fence, taken.outcomes.clone());
                let settled = async move { shared.store.settle(fence, &outcomes).await };
                match Self::carry_out(turn, settled).await {
                    Ok(is_ours) => {
                        taken.outcomes.clear();
                        self.shared.settled.send_modify(|count| *count += 1);
                        if is_ours {
                            continue;
                        }
                        return Err(lost());
                    }
                    Err(error) => {
                        if breaks("an-outcome-is-recorded-again") {
                            taken.outcomes.clear();
                        }
                        error
                    }
                }
            };
            if Instant::now() + wait >= self.valid_until() {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(ASK_AGAIN);
        }
    }

    /// Records a request that is about to be sent, and what became of activities before.
    async fn send(&self, request: &Request) -> Result<(), Error> {
        let (shared, fence, length) = (Arc::clone(&self.shared), self.fence, self.length);
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let mut taken = self.take();
        // What is sent now was queued again. Nothing may change its state afterwards.
        let sent_now: HashSet<u64> = request.seqs.iter().copied().collect();
        let outcomes = taken.outcomes.iter().filter(|(seq, _)| !sent_now.contains(seq));
        let outcomes: Vec<_> = outcomes.cloned().collect();
        let asked = Instant::now();
        let request = request.clone();
        let sending = async move { shared.store.sending(fence, length, &request, &outcomes).await };
        let may_be_sent = Self::carry_out(turn, sending).await?;
        if !may_be_sent && !breaks("the-lease-is-checked") {
            return Err(lost());
        }
        self.extend(asked);
        self.outcomes().retain(|(seq, _)| !sent_now.contains(seq));
        if !taken.outcomes.is_empty() {
            taken.outcomes.clear();
            self.shared.settled.send_modify(|count| *count += 1);
        }
        observe::batch();
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
///
/// An outcome is durable a little later than the engine asks for: at the latest with the next request. So a chunk costs one
/// commit. After a crash in between the activity is in doubt, as it is after a crash before its answer.
pub(super) struct LeasedStore(pub(super) Arc<Lease>);

#[async_trait]
impl engine::Store for LeasedStore {
    async fn sending(&self, sending: &Sending) -> Result<(), Error> {
        let Sending { request, keys, floor } = sending;
        self.0.last_request.fetch_max(*request, Ordering::Relaxed);
        let sent = SentIn { number: *request, floor: floor.id, floor_is_certain: floor.is_certain };
        self.0.send(&Request { sent, seqs: keys.clone() }).await
    }

    async fn settled(&self, settled: &[(Key, Settled)]) -> Result<(), Error> {
        self.0.note(settled.iter().map(|(key, settled)| (*key, change(settled))));
        Ok(())
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
/// How long outcomes wait for a request to be recorded with.
const RECORD_AFTER: Duration = Duration::from_millis(10);
const LONGEST_RELEASE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_of_the_store_keeps_its_turn_after_nobody_waits_for_it() {
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        let slow = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        };
        let first = Lease::carry_out(Arc::clone(&turn).lock_owned().await, slow);
        assert!(tokio::time::timeout(Duration::from_secs(1), first).await.is_err());
        let began = Instant::now();
        Lease::carry_out(Arc::clone(&turn).lock_owned().await, async { Ok(()) }).await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(59));
    }
}
