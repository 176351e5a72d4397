//! Runs a seed of the outbox: several instances over one store that crash, stand by and take over.

use std::collections::BTreeSet;
use std::time::Duration;

use crm_history::{HistoryClient, Rejection};
use crm_outbox::{Delivery, Filter, MemoryStore, Outbox, Status};
use tokio::time::{Instant, sleep};

use crate::oracle::{self, Told};
use crate::run::{Finished, LONGEST_RUN, World};

/// Instances over one store.
struct Instances {
    outboxes: Vec<Outbox>,
    deliveries: Vec<Option<Delivery>>,
    /// The activities that were put.
    put: BTreeSet<usize>,
    /// The activities that `put` refuses.
    refused: BTreeSet<usize>,
}

impl Instances {
    fn new(count: usize) -> Self {
        let store = MemoryStore::new();
        let outboxes: Vec<Outbox> = (0..count).map(|_| Outbox::with_store(store.clone())).collect();
        let deliveries = outboxes.iter().map(|_| None).collect();
        Self { outboxes, deliveries, put: BTreeSet::new(), refused: BTreeSet::new() }
    }
}

impl World {
    /// Runs the outbox with faults and crashes, then without them, and judges after each step.
    pub(crate) async fn run_outbox(mut self) -> Result<Finished, String> {
        let count = self.draw.size(1, 3);
        let mut instances = Instances::new(count);
        let mut violations = self.steps_with_faults(&mut instances).await?;
        if violations.is_empty() {
            violations = self.deliver_the_rest(&mut instances).await?;
        }
        violations.iter().for_each(|violation| self.trace.note(format!("VIOLATION {violation}")));
        Ok(self.finished(violations))
    }

    async fn steps_with_faults(&mut self, instances: &mut Instances) -> Result<Vec<String>, String> {
        let steps = self.draw.number(3, 25);
        for _ in 0..steps {
            let most = self.keys.len() / 2 + 1;
            let puts = self.draw.size(0, most);
            self.put(instances, puts).await;
            let place = self.draw.size(0, instances.outboxes.len() - 1);
            match self.draw.number(0, 5) {
                0 | 1 => {
                    self.trace.note(format!("instance {place} crashes"));
                    instances.deliveries[place] = None;
                }
                2 => {
                    let limit = self.draw.millis(0, 10_000);
                    self.trace.note(format!("instance {place} is shut down within {limit:?}"));
                    if let Some(delivery) = instances.deliveries[place].take() {
                        delivery.shutdown(limit).await.map_err(|error| format!("shutdown: {error}"))?;
                    }
                }
                _ => self.start(instances, place)?,
            }
            sleep(self.draw.millis(0, 120_000)).await;
            let violations = self.judge(instances).await?;
            if !violations.is_empty() {
                return Ok(violations);
            }
        }
        Ok(Vec::new())
    }

    /// Delivers without faults until everything is settled.
    async fn deliver_the_rest(&mut self, instances: &mut Instances) -> Result<Vec<String>, String> {
        self.sandbox.clear_faults();
        self.trace.note("the faults end");
        instances.deliveries.iter_mut().for_each(|delivery| *delivery = None);
        self.put(instances, self.keys.len()).await;
        self.start(instances, 0)?;
        let began = Instant::now();
        while began.elapsed() < LONGEST_RUN {
            sleep(Duration::from_secs(60)).await;
            let stats = instances.outboxes[0].stats().await.map_err(|error| error.to_string())?;
            if stats.queued + stats.sending == 0 {
                break;
            }
        }
        // Whatever is stored late is stored now.
        sleep(self.plan.settings.settle * 4).await;
        let violations = self.judge(instances).await?;
        if !violations.is_empty() { Ok(violations) } else { Ok(self.unsettled()) }
    }

    /// Puts the next activities. Some are put twice, by two clients.
    async fn put(&mut self, instances: &mut Instances, count: usize) {
        for _ in 0..count {
            let index = instances.put.len() + instances.refused.len();
            let Some(entry) = self.plan.entries.get(index).cloned() else { return };
            let times = self.draw.number(1, 2);
            for _ in 0..times {
                let place = self.draw.size(0, instances.outboxes.len() - 1);
                match instances.outboxes[place].put(&index.to_string(), &entry).await {
                    Ok(_) => instances.put.insert(index),
                    Err(_) => instances.refused.insert(index),
                };
            }
        }
    }

    fn start(&mut self, instances: &mut Instances, place: usize) -> Result<(), String> {
        self.trace.note(format!("instance {place} starts"));
        instances.deliveries[place] = None;
        let client: HistoryClient = self.client().map_err(|error| format!("no client: {error}"))?;
        self.network.begin_run(true);
        let settings = &self.plan.settings;
        let mut deliver = instances.outboxes[place]
            .deliver(client)
            .chunk(settings.chunk)
            .concurrency(settings.concurrency)
            .settle(settings.settle)
            .patience(settings.patience)
            .flush_after(settings.flush_after);
        if self.plan.is_sole_writer() {
            deliver = deliver.sole_writer();
        }
        instances.deliveries[place] = Some(deliver.start());
        Ok(())
    }

    /// Compares the statuses with what the server holds.
    async fn judge(&mut self, instances: &Instances) -> Result<Vec<String>, String> {
        let filter = Filter::new().limit(usize::MAX);
        let listed = instances.outboxes[0].list(&filter).await.map_err(|error| error.to_string())?;
        let mut told = vec![Told::NotSent; self.keys.len()];
        instances.refused.iter().for_each(|&index| told[index] = Told::Refused);
        for entry in listed {
            let index: usize = entry.key.parse().map_err(|_| format!("a foreign key: {}", entry.key))?;
            told[index] = match entry.status {
                Status::Stored(Some(id)) => Told::Stored(id.0, entry.copy.map(|copy| copy.0)),
                Status::Stored(None) => Told::StoredWithoutId,
                Status::Refused(Rejection { .. }) => Told::Refused,
                Status::Sending | Status::Unknown(_) => Told::Unknown,
                _ => Told::NotSent,
            };
        }
        let shown: Vec<String> = told.iter().map(|told| format!("{told:?}")).collect();
        self.trace.note(format!("statuses {}", shown.join(" ")));
        let mut violations = oracle::violations(&self.truth(), &self.keys, &told);
        violations.extend(oracle::contradictions(&self.told, &told));
        self.told = told;
        Ok(violations)
    }
}
