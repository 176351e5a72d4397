//! Runs a seed of the outbox: several instances over one store that crash, stand by and take over.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use crm_history::{ApiKey, EntryId, HistoryClient, Rejection, RetryPolicy};
use crm_outbox::{Delivery, Filter, MemoryStore, Outbox, PutError, Status};
use crm_sandbox::APIKEY;
use tokio::time::{Instant, sleep};

use crate::faults::end_faults;
use crate::network::{Network, body_of_item};
use crate::oracle::{self, Told, Truth};
use crate::outbox_process::{Process, ProcessNetwork, ProcessStore, StandingStill};
use crate::outbox_watch::OutboxWatch;
use crate::run::{Finished, LONGEST_RUN, World};

/// Instances over one store.
struct Instances {
    store: MemoryStore,
    /// The store without faults, for the oracle.
    calm: Outbox,
    watch: OutboxWatch,
    keep_contents_for: Duration,
    processes: Vec<Process>,
    outboxes: Vec<Outbox>,
    deliveries: Vec<Option<Delivery>>,
    /// The activities that were put.
    put: BTreeSet<usize>,
    /// The activities that `put` refuses.
    refused: BTreeSet<usize>,
    backup: Option<Backup>,
    /// The activities that a restored backup did not have. They may be stored.
    forgotten: BTreeSet<usize>,
    was_restored: bool,
}

/// A copy of the store.
struct Backup {
    store: MemoryStore,
    at: SystemTime,
}

impl Instances {
    fn new(processes: Vec<Process>, watch: OutboxWatch, network: &Network) -> Self {
        let store = MemoryStore::new();
        let over = |process: &Process| {
            let (store, process, watch) = (store.clone(), process.clone(), watch.clone());
            Outbox::with_store(ProcessStore { store, process, watch, network: network.clone() })
        };
        let outboxes: Vec<Outbox> = processes.iter().map(over).collect();
        let deliveries = outboxes.iter().map(|_| None).collect();
        let calm = Outbox::with_store(store.clone());
        let (put, refused, forgotten) = Default::default();
        let keep_contents_for = Duration::from_secs(30 * 86_400);
        Self {
            store,
            calm,
            watch,
            keep_contents_for,
            processes,
            outboxes,
            deliveries,
            put,
            refused,
            backup: None,
            forgotten,
            was_restored: false,
        }
    }

    /// The items of each write that left after the lease that was checked for it had expired.
    fn late_writes(&self) -> Vec<Vec<String>> {
        self.processes.iter().flat_map(Process::late_writes).collect()
    }
}

impl World {
    /// Runs the outbox with faults and crashes, then without them, and judges after each step.
    pub(crate) async fn run_outbox(mut self) -> Result<Finished, String> {
        let count = self.draw.size(1, 3);
        let watch = OutboxWatch::default();
        let process = |name| Process::new(name, self.seed, self.trace.clone(), LEASE, watch.clone());
        let processes = (0..count).map(process).collect();
        let mut instances = Instances::new(processes, watch.clone(), &self.network);
        // Without the content nobody knows in whose list a record is, nor by how many hours it is read shifted.
        let needs_contents = self.plan.tricks.hides_with_known || self.plan.twin.is_some();
        if self.draw.chance(0.3) && !needs_contents {
            instances.keep_contents_for = Duration::ZERO;
        }
        let faults = if self.plan.has_store_faults { *self.draw.among(&[0.0, 0.02, 0.1]) } else { 0.0 };
        let standstill =
            if self.plan.stands_still { self.draw.millis(10_000, 400_000) } else { Duration::ZERO };
        for process in &instances.processes {
            process.set_faults(faults);
            process.set_longest_standstill(standstill, self.plan.settings.timeout / 2);
        }
        let mut violations = self.steps_with_faults(&mut instances).await?;
        if violations.is_empty() {
            violations = self.deliver_the_rest(&mut instances).await?;
        }
        violations.iter().for_each(|violation| self.trace.note(format!("VIOLATION {violation}")));
        let late_writes = instances.late_writes().len() as u64;
        Ok(Finished { late_writes, ..self.finished(violations) })
    }

    async fn steps_with_faults(&mut self, instances: &mut Instances) -> Result<Vec<String>, String> {
        let steps = self.draw.number(3, 25);
        let restores = self.plan.restores_backups && self.draw.chance(0.3);
        for _ in 0..steps {
            let most = self.keys.len() / 2 + 1;
            let puts = self.draw.size(0, most);
            self.put(instances, puts).await;
            let place = self.draw.size(0, instances.outboxes.len() - 1);
            match self.draw.number(0, if restores { 7 } else { 5 }) {
                6 => {
                    self.trace.note("a backup is made");
                    instances.backup =
                        Some(Backup { store: instances.store.backup(), at: SystemTime::now() });
                }
                7 => self.restore(instances).await?,
                0 | 1 => {
                    self.trace.note(format!("instance {place} crashes"));
                    instances.deliveries[place] = None;
                }
                2 => {
                    let limit = self.draw.millis(0, 10_000);
                    self.trace.note(format!("instance {place} is shut down within {limit:?}"));
                    if let Some(delivery) = instances.deliveries[place].take() {
                        // Its store may have failed.
                        let _ = delivery.shutdown(limit).await;
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

    /// Restores the last backup, as its users are told to: nothing runs meanwhile, and everything is looked up.
    async fn restore(&mut self, instances: &mut Instances) -> Result<(), String> {
        let Some(backup) = instances.backup.take() else { return Ok(()) };
        self.trace.note("the backup is restored");
        instances.deliveries.iter_mut().for_each(|delivery| *delivery = None);
        instances.store.restore(&backup.store);
        instances.watch.forget();
        instances.was_restored = true;
        let listed = instances.calm.list(&Filter::new().limit(usize::MAX)).await;
        let kept: BTreeSet<String> =
            listed.map_err(|error| error.to_string())?.into_iter().map(|entry| entry.key).collect();
        let is_forgotten = |index: &&usize| !kept.contains(&index.to_string());
        instances.forgotten.extend(instances.put.iter().filter(is_forgotten));
        let reconciled = match instances.calm.reconcile_since(backup.at).await {
            Err(error) if error.is_invalid_request() => {
                instances.calm.reconcile_above(EntryId(self.watermark)).await
            }
            reconciled => reconciled,
        };
        let count = reconciled.map_err(|error| error.to_string())?;
        self.trace.note(format!("{count} activities are reconciled"));
        self.told.iter_mut().for_each(|told| *told = Told::Unknown);
        Ok(())
    }

    /// Delivers without faults until everything is settled.
    async fn deliver_the_rest(&mut self, instances: &mut Instances) -> Result<Vec<String>, String> {
        end_faults(&self.sandbox);
        self.trace.note("the faults end");
        // Some go on, and must not have forgotten anything. Otherwise a new one finds what the store knows.
        if self.draw.chance(0.5) {
            instances.deliveries.iter_mut().for_each(|delivery| *delivery = None);
        }
        for process in &instances.processes {
            process.set_faults(0.0);
            process.set_longest_standstill(Duration::ZERO, Duration::ZERO);
            process.wake();
        }
        self.put(instances, self.keys.len()).await;
        if instances.deliveries.iter().all(Option::is_none) {
            self.start(instances, 0)?;
        }
        let began = Instant::now();
        while began.elapsed() < LONGEST_RUN {
            sleep(Duration::from_secs(60)).await;
            let stats = instances.calm.stats().await.map_err(|error| error.to_string())?;
            if stats.queued + stats.sending == 0 {
                break;
            }
        }
        // Whatever is stored late is stored now.
        sleep(self.plan.settings.settle * 4).await;
        let violations = self.judge(instances).await?;
        if !violations.is_empty() || instances.was_restored {
            return Ok(violations);
        }
        // What was sent after the lease may stand for an activity or not.
        Ok(self.unsettled(!instances.late_writes().is_empty()))
    }

    /// Puts the next activities. Some are put twice, by two clients.
    async fn put(&mut self, instances: &mut Instances, count: usize) {
        for _ in 0..count {
            let index = instances.put.len() + instances.refused.len();
            let Some(entry) = self.plan.entries.get(index).cloned() else { return };
            let times = self.draw.number(1, 2);
            for _ in 0..times {
                let place = self.draw.size(0, instances.outboxes.len() - 1);
                loop {
                    match instances.outboxes[place].put(&index.to_string(), &entry).await {
                        Ok(_) => instances.put.insert(index),
                        // As its callers do.
                        Err(PutError::Failed(error)) if !error.is_invalid_request() => continue,
                        Err(_) => instances.refused.insert(index),
                    };
                    break;
                }
            }
        }
    }

    fn start(&mut self, instances: &mut Instances, place: usize) -> Result<(), String> {
        self.trace.note(format!("instance {place} starts"));
        instances.deliveries[place] = None;
        let process = instances.processes[place].clone();
        process.wake();
        let client = self.client_of(&process).map_err(|error| format!("no client: {error}"))?;
        self.network.begin_run(true);
        let settings = &self.plan.settings;
        let mut deliver = instances.outboxes[place]
            .deliver(client)
            .chunk(settings.chunk)
            .concurrency(settings.concurrency)
            .settle(settings.settle)
            .patience(settings.patience)
            .flush_after(settings.flush_after)
            .keep_contents_for(instances.keep_contents_for)
            .lease(LEASE);
        if self.plan.is_sole_writer() {
            deliver = deliver.sole_writer();
        }
        let standing_still = |delivery| Box::pin(StandingStill { delivery, process, sleep: None }) as _;
        instances.deliveries[place] = Some(deliver.start_within(standing_still));
        Ok(())
    }

    fn client_of(&self, process: &Process) -> Result<HistoryClient, crm_history::Error> {
        let network = ProcessNetwork { network: self.network.clone(), process: process.clone() };
        HistoryClient::builder("https://sandbox.test")
            .credentials(ApiKey::new(APIKEY, &self.plan.caller.login))
            .transport(network)
            .timeout(self.plan.settings.timeout)
            .retry(RetryPolicy::new().max_attempts(self.plan.settings.attempts))
            .build()
    }

    /// Compares the statuses with what the server holds.
    async fn judge(&mut self, instances: &Instances) -> Result<Vec<String>, String> {
        let filter = Filter::new().limit(usize::MAX);
        let listed = instances.calm.list(&filter).await.map_err(|error| error.to_string())?;
        let mut told = vec![Told::NotSent; self.keys.len()];
        instances.refused.iter().for_each(|&index| told[index] = Told::Refused);
        instances.forgotten.iter().for_each(|&index| told[index] = Told::Unknown);
        for entry in listed {
            let index: usize = entry.key.parse().map_err(|_| format!("a foreign key: {}", entry.key))?;
            if let Status::Unknown(why) = &entry.status {
                self.trace.note(format!("activity {index} is unknown: {}", why.reason));
            }
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
        let late = instances.late_writes().concat();
        let entries = self.plan.entries.iter().zip(&self.keys);
        let late = entries.filter(|(entry, _)| late.contains(&body_of_item(entry)));
        let late = late.map(|(_, key)| key.clone().without_time()).collect();
        let truth = Truth { late, ..self.truth() };
        let mut violations = oracle::violations(&truth, &self.keys, &told);
        violations.extend(oracle::contradictions(&self.keys, &self.told, &told));
        violations.extend(instances.watch.take_violations());
        self.told = told;
        Ok(violations)
    }
}

/// At least 2 × the longest time limit of a call + 30 s.
const LEASE: Duration = Duration::from_secs(90);
