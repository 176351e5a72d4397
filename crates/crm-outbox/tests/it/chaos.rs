//! Several instances in virtual time that crash at any moment, over a store that fails and a server that misleads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crm_history::Error;
use crm_outbox::{BoxFuture, Delivery, MemoryStore, Outbox, Status};
use fastrand::Rng;
use tokio::time::{sleep, timeout};

use crate::putting::entry;
use crate::server::{Fate, Server};
use crate::wrapped::{Hook, Wrapped};

/// Lets operations of a store fail before or after they are carried out, and be slow.
struct Flaky {
    random: Mutex<Rng>,
    is_calm: Arc<AtomicBool>,
}

impl Flaky {
    fn draw(&self) -> f64 {
        if self.is_calm.load(Ordering::Relaxed) { 1.0 } else { self.random.lock().unwrap().f64() }
    }

    async fn perhaps(&self, operation: &'static str) -> Result<(), Error> {
        match self.draw() {
            draw if draw < 0.01 => {
                let path = std::path::Path::new("flaky");
                Err(Error::storage("outbox.test", "outbox", path, format!("failed at {operation}"), None))
            }
            draw if draw < 0.05 => {
                sleep(Duration::from_secs_f64(draw * 400.0)).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Hook for Flaky {
    fn before<'a>(&'a self, operation: &'static str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.perhaps(operation))
    }

    fn after<'a>(&'a self, operation: &'static str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.perhaps(operation))
    }
}

fn fate(random: &mut Rng) -> Option<Fate> {
    Some(match random.u32(..20) {
        0 => Fate::Lost,
        1 => Fate::StoredAndLost,
        2 => Fate::HalfStored,
        3 => Fate::Slow(Duration::from_secs(random.u64(1..50))), // the time limit of a call is 30 s
        4 => Fate::StoredLater(Duration::from_secs(random.u64(0..55))), // `settle` is 60 s
        5 => Fate::KeyRefused,
        6 => Fate::WithoutIds,
        _ => return None,
    })
}

/// Returns what is wrong after a run with this seed.
async fn run(seed: u64) -> Result<(), String> {
    let mut random = Rng::with_seed(seed);
    let (store, server, is_calm) = (MemoryStore::new(), Server::new(), Arc::new(AtomicBool::new(false)));
    let outboxes: Vec<Outbox> = (0..3)
        .map(|_| {
            let hook = Flaky { random: Mutex::new(random.fork()), is_calm: Arc::clone(&is_calm) };
            Outbox::with_store(Wrapped::new(store.clone(), hook))
        })
        .collect();
    let mut deliveries: Vec<Option<Delivery>> = (0..3).map(|_| None).collect();
    let keys = random.usize(20..120);
    let mut next_key = 0;
    let deliver = |outbox: &Outbox| outbox.deliver(server.client()).chunk(10).start();
    for _ in 0..random.usize(20..60) {
        server.next_writes((0..5).filter_map(|_| fate(&mut random)));
        for _ in 0..random.usize(0..8) {
            if next_key < keys {
                // Twice, from two clients.
                for _ in 0..2 {
                    let outbox = &outboxes[random.usize(..3)];
                    while put(outbox, next_key).await.is_err() {}
                }
                next_key += 1;
            }
        }
        let place = random.usize(..3);
        match random.u32(..8) {
            0 | 1 => deliveries[place] = None, // a crash
            2 | 3 => deliveries[place] = Some(deliver(&outboxes[place])),
            4 => {
                if let Some(delivery) = deliveries[place].take() {
                    let _ = delivery.shutdown(Duration::from_millis(random.u64(0..8000))).await;
                }
            }
            5 => server.set_down(random.bool()),
            _ => {}
        }
        sleep(Duration::from_millis(random.u64(1..60_000))).await;
    }
    is_calm.store(true, Ordering::Relaxed);
    server.set_down(false);
    server.clear_writes();
    deliveries.iter_mut().for_each(|delivery| *delivery = None);
    while next_key < keys {
        put(&outboxes[0], next_key).await.unwrap();
        next_key += 1;
    }
    let _last = deliver(&outboxes[0]);
    let mut statuses = Vec::new();
    for key in 0..keys {
        let waited = timeout(Duration::from_secs(3 * 24 * 3600), outboxes[0].wait(&key.to_string())).await;
        statuses.push(waited.map_err(|_| format!("activity {key} is never settled"))?.unwrap().unwrap());
    }
    check(&server, &statuses)
}

/// Every tenth activity is equal to the one before it.
fn content(key: usize) -> String {
    format!("звонок {}", if key % 10 == 9 { key - 1 } else { key })
}

async fn put(outbox: &Outbox, key: usize) -> Result<Status, crm_outbox::PutError> {
    outbox.put(&key.to_string(), &entry(&content(key))).await
}

fn check(server: &Server, statuses: &[Status]) -> Result<(), String> {
    let mut records: BTreeMap<String, usize> = BTreeMap::new();
    for content in server.contents() {
        *records.entry(content).or_default() += 1;
    }
    let mut ids = std::collections::BTreeSet::new();
    let (mut fewest, mut most): (BTreeMap<String, usize>, BTreeMap<String, usize>) = Default::default();
    for (key, status) in statuses.iter().enumerate() {
        let (low, high) = match status {
            Status::Stored(id) => {
                if id.is_some_and(|id| !ids.insert(id)) {
                    return Err(format!("activity {key} has the id of another one: {status}"));
                }
                (1, 1)
            }
            Status::Unknown(_) => (0, 1),
            other => return Err(format!("activity {key}: {other}")),
        };
        *fewest.entry(content(key)).or_default() += low;
        *most.entry(content(key)).or_default() += high;
    }
    for (content, most) in most {
        let stored = records.remove(&content).unwrap_or(0);
        if stored < fewest[&content] || stored > most {
            let expected = fewest[&content];
            return Err(format!("{content}: {stored} records, expected {expected} to {most}"));
        }
    }
    if records.is_empty() { Ok(()) } else { Err(format!("nobody put {records:?}")) }
}

#[test]
fn whatever_crashes_and_fails_everything_is_stored_once() {
    let count =
        std::env::var("CRM_OUTBOX_TEST_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(20);
    let first = std::env::var("CRM_OUTBOX_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for seed in first..first + count {
        fastrand::seed(seed);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let result = runtime.unwrap().block_on(run(seed));
        assert_eq!(result, Ok(()), "CRM_OUTBOX_TEST_SEED={seed} repeats it");
    }
}
