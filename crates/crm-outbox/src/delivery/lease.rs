//! The lease of the sender, and the store of the engine that checks it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crm_history::engine::{self, Key, Sending, Settled};
use crm_history::{Rejection, UnknownReason};
use crm_transport::{BoxFuture, Error};
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::Instant;

use super::outage::Outage;
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
    outage: Arc<Outage>,
    /// What became of activities and is not recorded yet.
    outcomes: Arc<Mutex<Outcomes>>,
    /// Wakes [`record_outcomes`](Self::record_outcomes).
    has_outcomes: Notify,
    /// Held while something is recorded, so that the order of records is the order of events.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Activities, with what became of them.
type Outcomes = Vec<(u64, Change)>;

/// The turn to record something, with the outcomes that are recorded in it. If that fails, they come back before the next turn
/// begins. Otherwise they could be recorded after the next request of their activity, and queue again what it stores.
struct Turn {
    outcomes: Outcomes,
    not_recorded: Arc<Mutex<Outcomes>>,
    _guard: OwnedMutexGuard<()>,
}

impl Turn {
    /// Notes that the outcomes are recorded, and that these activities are being sent.
    fn recorded(&mut self, sent_now: &HashSet<u64>) {
        self.outcomes.clear();
        lock(&self.not_recorded).retain(|(seq, _)| !sent_now.contains(seq));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let taken = std::mem::take(&mut self.outcomes);
        lock(&self.not_recorded).splice(0..0, taken);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lease {
    /// Asks for the lease.
    pub(super) async fn acquire(
        shared: &Arc<Shared>,
        length: Duration,
        outage: &Arc<Outage>,
    ) -> Result<Option<Self>, Error> {
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
            outage: Arc::clone(outage),
            outcomes: Arc::default(),
            has_outcomes: Notify::new(),
            turn: Arc::default(),
        }))
    }

    pub(super) fn last_request(&self) -> u64 {
        self.last_request.load(Ordering::Relaxed)
    }

    fn valid_until(&self) -> Instant {
        *lock(&self.valid_until)
    }

    fn extend(&self, asked: Instant) {
        let mut until = lock(&self.valid_until);
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

    /// Waits for its turn. Takes the outcomes that are not recorded yet, up to the second one of an activity.
    async fn turn(&self) -> Turn {
        let guard = Arc::clone(&self.turn).lock_owned().await;
        let mut outcomes = lock(&self.outcomes);
        let mut seen = HashSet::new();
        let end = outcomes.iter().position(|(seq, _)| !seen.insert(*seq)).unwrap_or(outcomes.len());
        let rest = outcomes.split_off(end);
        let taken = std::mem::replace(&mut *outcomes, rest);
        Turn { outcomes: taken, not_recorded: Arc::clone(&self.outcomes), _guard: guard }
    }

    /// Notes what became of activities. It is recorded with the next request, or soon.
    fn note(&self, outcomes: impl IntoIterator<Item = (u64, Change)>) {
        lock(&self.outcomes).extend(outcomes);
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

    /// Carries out a change of the store in its turn, after which these activities are being sent.
    ///
    /// A store may carry it out even if nobody waits for it any more. So it keeps its turn until it is over. Otherwise it
    /// could come after a later change, and queue again what is stored: the fence is the same.
    async fn carry_out(
        &self,
        mut turn: Turn,
        sent_now: HashSet<u64>,
        change: impl Future<Output = Result<bool, Error>> + Send + 'static,
    ) -> Result<bool, Error> {
        let has_outcomes = !turn.outcomes.is_empty();
        let carried_out = tokio::spawn(async move {
            let result = change.await;
            if result.is_ok() {
                turn.recorded(&sent_now);
            }
            drop(turn);
            result
        });
        match carried_out.await {
            Ok(result) => {
                if result.is_ok() && has_outcomes {
                    self.shared.settled.send_modify(|count| *count += 1);
                }
                result
            }
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

    /// Records changes, and what became of activities before. Tries again for as long as the lease and the patience
    /// last, because an answer of the CRM must not be lost.
    pub(super) async fn settle(&self, changes: Vec<(u64, Change)>) -> Result<(), Error> {
        lock(&self.outcomes).extend(changes);
        let mut wait = FIRST_WAIT;
        loop {
            let turn = self.turn().await;
            if turn.outcomes.is_empty() {
                return Ok(());
            }
            let (shared, fence, outcomes) = (Arc::clone(&self.shared), self.fence, turn.outcomes.clone());
            let settled = async move { shared.store.settle(fence, &outcomes).await };
            let error = match self.carry_out(turn, HashSet::new(), settled).await {
                Ok(true) => {
                    self.outage.is_over();
                    continue;
                }
                Ok(false) => return Err(lost()),
                Err(error) => error,
            };
            if self.outage.lasts_too_long() || Instant::now() + wait >= self.valid_until() {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(ASK_AGAIN);
        }
    }

    /// Records a request that is about to be sent, and what became of activities before.
    async fn send(&self, request: &Request) -> Result<(), Error> {
        let (shared, fence, length) = (Arc::clone(&self.shared), self.fence, self.length);
        let turn = self.turn().await;
        // What is sent now was queued again. Nothing may change its state afterwards.
        let sent_now: HashSet<u64> = request.seqs.iter().copied().collect();
        let outcomes = turn.outcomes.iter().filter(|(seq, _)| !sent_now.contains(seq));
        let outcomes: Outcomes = outcomes.cloned().collect();
        let asked = Instant::now();
        let request = request.clone();
        let sending = async move { shared.store.sending(fence, length, &request, &outcomes).await };
        let may_be_sent = self.carry_out(turn, sent_now, sending).await?;
        if !may_be_sent && !breaks("the-lease-is-checked") {
            return Err(lost());
        }
        self.extend(asked);
        self.outage.is_over();
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

impl engine::Store for LeasedStore {
    fn sending<'a>(&'a self, sending: &'a Sending) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let Sending { request, keys, floor } = sending;
            self.0.last_request.fetch_max(*request, Ordering::Relaxed);
            let sent = SentIn { number: *request, floor: floor.id, floor_is_certain: floor.is_certain };
            self.0.send(&Request { sent, seqs: keys.clone() }).await
        })
    }

    fn settled<'a>(&'a self, settled: &'a [(Key, Settled)]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.0.note(settled.iter().map(|(key, settled)| (*key, change(settled))));
            Ok(())
        })
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

/// Returns the error of a lost lease. It is temporary: the other instance ends, too.
fn lost() -> Error {
    let why = std::io::Error::new(std::io::ErrorKind::ResourceBusy, "another instance has become the sender");
    crate::store::fault("outbox.deliver", "of this instance", "cannot send", why)
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
    use crate::{MemoryStore, Outbox};

    async fn lease() -> Lease {
        let outbox = Outbox::with_store(MemoryStore::new());
        let outage = Arc::new(Outage::new(None));
        Lease::acquire(&outbox.shared, Duration::from_secs(600), &outage).await.unwrap().unwrap()
    }

    async fn after_a_minute(result: Result<bool, Error>) -> Result<bool, Error> {
        tokio::time::sleep(Duration::from_secs(60)).await;
        result
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_the_store_keeps_its_turn_after_nobody_waits_for_it() {
        let lease = lease().await;
        let first = lease.carry_out(lease.turn().await, HashSet::new(), after_a_minute(Ok(true)));
        assert!(tokio::time::timeout(Duration::from_secs(1), first).await.is_err());
        let began = Instant::now();
        lease.turn().await;
        assert_eq!(began.elapsed(), Duration::from_secs(59));
    }

    #[tokio::test(start_paused = true)]
    async fn outcomes_that_were_not_recorded_come_back_before_the_next_turn() {
        let lease = lease().await;
        lease.note([(1, Change::Queued), (2, Change::Queued)]);
        let failure = Error::storage("outbox.test", "outbox", std::path::Path::new("store"), "failed", None);
        let failing = lease.carry_out(lease.turn().await, HashSet::new(), after_a_minute(Err(failure)));
        let mut failing = std::pin::pin!(failing);
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut failing).await.is_err());
        // The caller that waits for the failed change has not run yet.
        let next = lease.turn().await;
        assert_eq!(next.outcomes, [(1, Change::Queued), (2, Change::Queued)]);
        lease.carry_out(next, HashSet::from([1]), async { Ok(true) }).await.unwrap();
        failing.await.unwrap_err();
        assert_eq!(lease.turn().await.outcomes, []);
    }
}
