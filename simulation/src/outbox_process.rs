//! The process of an instance of an outbox: its store may fail or be slow, and it may stand still.

mod store;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use crm_outbox::Change;
use crm_transport::http;
use crm_transport::{BoxFuture, Error, Transport, TransportError};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout_at};

pub(crate) use self::store::ProcessStore;
use crate::draw::Draw;
use crate::network::{Network, items_of};
use crate::outbox_watch::OutboxWatch;
use crate::trace::Trace;

/// A process. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Process(Arc<Mutex<Progress>>);

#[derive(Debug)]
struct Progress {
    name: usize,
    trace: Trace,
    draw: Draw,
    /// How likely its store fails, or is slow.
    faults: f64,
    /// The longest standstill. Zero: it never stands still.
    longest_standstill: Duration,
    longest_in_call: Duration,
    stands_until: Instant,
    woken: Arc<Notify>,
    /// How much later than its tasks its delivery wakes, on a thread of its own.
    lag: Duration,
    /// When the lease of this fence was checked for a request with these items.
    checked: HashMap<Vec<String>, (u64, Instant)>,
    lease: Duration,
    watch: OutboxWatch,
    /// The items of each write that left after the lease that was checked for it had expired.
    late_writes: Vec<Vec<String>>,
}

impl Process {
    pub(crate) fn new(name: usize, seed: u64, trace: Trace, lease: Duration, watch: OutboxWatch) -> Self {
        let mut draw = Draw::new(seed, 100 + name as u64);
        Self(Arc::new(Mutex::new(Progress {
            name,
            trace,
            lag: draw.millis(0, 50),
            draw,
            faults: 0.0,
            longest_standstill: Duration::ZERO,
            longest_in_call: Duration::ZERO,
            stands_until: Instant::now(),
            woken: Arc::default(),
            checked: HashMap::new(),
            lease,
            watch,
            late_writes: Vec::new(),
        })))
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how likely the store fails or is slow.
    pub(crate) fn set_faults(&self, probability: f64) {
        self.progress().faults = probability;
    }

    /// Lets it stand still from time to time, mostly right after the lease was checked. The time limit of a call goes on, other
    /// than in a real process, so it does not stand still for longer than `in_call` in a call.
    pub(crate) fn set_longest_standstill(&self, time: Duration, in_call: Duration) {
        let mut progress = self.progress();
        (progress.longest_standstill, progress.longest_in_call) = (time, time.min(in_call));
    }

    pub(crate) fn late_writes(&self) -> Vec<Vec<String>> {
        self.progress().late_writes.clone()
    }

    /// Wakes it.
    pub(crate) fn wake(&self) {
        let mut progress = self.progress();
        progress.stands_until = Instant::now();
        progress.woken.notify_waiters();
    }

    /// Waits while the process stands still.
    async fn awake(&self) {
        loop {
            let (until, woken) = {
                let progress = self.progress();
                (progress.stands_until, Arc::clone(&progress.woken).notified_owned())
            };
            if until <= Instant::now() {
                return;
            }
            let _ = timeout_at(until, woken).await;
        }
    }

    /// Perhaps the store fails here, or is slow.
    async fn step(&self, operation: &'static str) -> Result<(), Error> {
        self.awake().await;
        let wait = {
            let mut progress = self.progress();
            let Progress { faults, .. } = *progress;
            // Most failures stop the engine. One at an outcome must not, so it is what failures are about.
            let failures = if operation == "settle" { faults * 2.0 } else { faults / 5.0 };
            if progress.draw.chance(failures) {
                progress.trace.note(format!("the store of instance {} fails at {operation}", progress.name));
                return Err(failed("as the plan says"));
            }
            if progress.draw.chance(faults) { Some(progress.draw.millis(0, 20_000)) } else { None }
        };
        if let Some(wait) = wait {
            sleep(wait).await;
        }
        Ok(())
    }

    /// Returns for how long the database waits, for a lock of its own, before it carries these changes out. The process may
    /// be dead by then, and another one the sender. What another one has meanwhile stored must not be queued again.
    fn is_stuck(&self, changes: &[(u64, Change)]) -> Duration {
        let mut progress = self.progress();
        let queues = changes.iter().any(|(_, change)| *change == Change::Queued);
        let probability = if queues { progress.faults * 3.0 } else { 0.0 };
        if !progress.draw.chance(probability) {
            return Duration::ZERO;
        }
        let stuck = progress.draw.millis(60_000, 600_000);
        progress.trace.note(format!("the store of instance {} settles after {stuck:?}", progress.name));
        stuck
    }

    /// Notes whether the store allowed a request with these items.
    fn was_checked(&self, items: Vec<String>, fence: u64, asked: Instant, is_allowed: bool) {
        let checked = &mut self.progress().checked;
        if is_allowed {
            checked.insert(items, (fence, asked));
        } else if checked.get(&items).is_some_and(|(of, _)| *of <= fence) {
            // A request of a session before says nothing about this one.
            checked.remove(&items);
        }
    }

    /// Lets it stand still, perhaps. Returns for how long.
    fn stands_still(&self, probability: f64, in_call: bool) -> Option<Duration> {
        let mut progress = self.progress();
        let longest = if in_call { progress.longest_in_call } else { progress.longest_standstill };
        let longest = longest.as_millis() as u64;
        if longest == 0 || !progress.draw.chance(probability) {
            return None;
        }
        let time = progress.draw.millis(longest.min(1_000), longest);
        progress.stands_until = Instant::now() + time;
        progress.trace.note(format!("instance {} stands still for {time:?}", progress.name));
        Some(time)
    }

    /// Returns when the lease was checked for a request with these items.
    fn checked(&self, items: &[String]) -> Option<Instant> {
        let progress = self.progress();
        let checked = progress.checked.get(items).map(|(_, asked)| *asked);
        if checked.is_none() {
            let violation = format!("instance {} sends what its store has not allowed", progress.name);
            progress.watch.violated(violation);
        }
        checked
    }

    /// Notes that a write with these items leaves, for which the lease was checked then.
    fn write_leaves(&self, items: Vec<String>, checked: Option<Instant>) {
        let mut progress = self.progress();
        if checked.is_some_and(|checked| Instant::now() >= checked + progress.lease) {
            progress.late_writes.push(items);
            progress.trace.note(format!("instance {} sends after its lease has expired", progress.name));
        }
    }
}

fn failed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let cause = std::io::Error::other(cause);
    Error::storage("outbox.simulated", "outbox", std::path::Path::new("simulated"), "failed", Some(cause))
}

/// A delivery that is not polled while its process stands still.
pub(crate) struct StandingStill {
    pub(crate) delivery: Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>,
    pub(crate) process: Process,
    pub(crate) sleep: Option<Pin<Box<Sleep>>>,
}

impl Future for StandingStill {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let until = {
                let progress = self.process.progress();
                progress.stands_until + progress.lag
            };
            if until <= Instant::now() {
                break;
            }
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.sleep = None;
        }
        self.delivery.as_mut().poll(cx)
    }
}

/// The network as one process sees it.
#[derive(Debug, Clone)]
pub(crate) struct ProcessNetwork {
    pub(crate) network: Network,
    pub(crate) process: Process,
}

impl Transport for ProcessNetwork {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            self.process.awake().await;
            let operation = request.uri().path().rsplit('/').next().unwrap_or_default();
            if !operation.starts_with("add") {
                return self.network.send(request).await;
            }
            let items = items_of(&request);
            let checked = self.process.checked(&items);
            // Between its last look at the clock and the first byte. When it wakes, the byte leaves before it looks again.
            if self.process.stands_still(0.05, true).is_none() {
                self.process.write_leaves(items, checked);
                let (answer, _) = self.network.send_unconfirmed(request).await;
                self.process.awake().await;
                return answer;
            }
            let Self { network, process } = self.clone();
            let on_its_way = tokio::spawn(async move {
                process.awake().await;
                process.write_leaves(items, checked);
                network.send_unconfirmed(request).await.0
            });
            on_its_way.await.map_err(|error| TransportError::closed(error.to_string()))?
        })
    }
}
