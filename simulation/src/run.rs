//! Runs a seed: imports that crash and resume, then one without faults, and the oracle after each.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crm_history::{ApiKey, HistoryClient, RetryPolicy};
use crm_sandbox::{APIKEY, Record, Sandbox};
use tokio::time::sleep;

use crate::activities::Key;
use crate::clock::TokioClock;
use crate::coverage::Coverage;
use crate::draw::Draw;
use crate::faults::end_faults;
use crate::groups::{Job, Selection};
use crate::import_run::RunEnd;
use crate::lockstep::{Gate, LockstepRuntime};
use crate::network::{Network, body_of_item};
use crate::oracle::{self, Told, Truth};
use crate::plan::{Interruption, Plan};
use crate::scratch::Scratch;
use crate::trace::{self, Trace};

/// What a seed came to.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The seed.
    pub seed: u64,
    /// What contradicts the promises; empty if nothing does.
    pub violations: Vec<String>,
    /// What happened, line by line.
    pub trace: Vec<String>,
    /// A number that is the same for the same trace.
    pub hash: u64,
    /// The number of requests to the server.
    pub requests: u64,
    /// The number of activities.
    pub activities: usize,
    /// Which faults struck in which state.
    pub coverage: Coverage,
    /// Outboxes: writes that left after the lease that was checked for them had expired. They may double activities.
    pub late_writes: u64,
}

/// Longer than any import of a simulation may take in virtual time.
pub(crate) const LONGEST_RUN: Duration = Duration::from_secs(3 * 86_400);
/// Runs without a fault until nothing is left to send.
const RUNS_TO_RECOVER: usize = 3;

/// Runs a seed.
#[must_use]
pub fn simulate(seed: u64, selection: &Selection) -> Finished {
    catching(seed, |keep| {
        let runtime = LockstepRuntime::new().map_err(|error| error.to_string())?;
        let gate = runtime.gate();
        runtime.block_on(async {
            let world = World::new(seed, selection, gate)?;
            keep(world.trace.clone());
            match selection.job() {
                Job::Import => world.run().await,
                Job::Outbox => world.run_outbox().await,
            }
        })
    })
}

/// Runs a seed whose panic is a violation. The work hands over its trace early, so that it is shown then, too.
pub(crate) fn catching(seed: u64, work: impl FnOnce(&dyn Fn(Trace)) -> Result<Finished, String>) -> Finished {
    // The pauses between the attempts of a call are drawn from the generator of the thread.
    fastrand::seed(seed);
    let notes = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&notes);
    let keep = move |trace: Trace| *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(trace);
    let ran = catch_unwind(AssertUnwindSafe(|| work(&keep)));
    let failure = match ran {
        Ok(Ok(finished)) => return finished,
        Ok(Err(failure)) => failure,
        Err(panic) => format!("panicked: {}", message(&*panic)),
    };
    let trace = notes.lock().unwrap_or_else(PoisonError::into_inner).take();
    let trace: Vec<String> = trace.map(|trace: Trace| trace.take()).unwrap_or_default();
    Finished {
        seed,
        violations: vec![failure],
        hash: trace::hash(&trace),
        trace,
        requests: 0,
        activities: 0,
        coverage: Coverage::default(),
        late_writes: 0,
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message").to_owned()
}

/// The server, the network and the activities of a seed.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) keys: Vec<Key>,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) network: Network,
    pub(crate) trace: Trace,
    pub(crate) scratch: Scratch,
    pub(crate) watermark: u64,
    pub(crate) draw: Draw,
    pub(crate) gate: Gate,
    /// An earlier run may have stored what a later one did not send.
    has_lost_journal: bool,
    /// See [`Truth::probes`].
    probes: usize,
    /// What the last runs told.
    pub(crate) told: Vec<Told>,
}

impl World {
    fn new(seed: u64, selection: &Selection, gate: Gate) -> Result<World, String> {
        let plan = Plan::new(seed, selection);
        let clock = TokioClock::new(plan.server_time);
        let trace = Trace::new();
        let builder = Sandbox::builder().accounts([plan.account()]).projects(0).seed(seed);
        let sandbox = Arc::new(builder.in_process(clock.clone()));
        let written: Vec<Key> =
            plan.entries.iter().map(|entry| Key::of_entry(entry, &plan.users, &plan.caller)).collect();
        let keys =
            written.iter().cloned().map(|key| if plan.changes_types() { key.without_type() } else { key });
        let keys: Vec<Key> = keys.collect();
        let now = plan.server_time.naive_utc();
        for (user, count) in &plan.old_records {
            for number in 0..*count {
                let content = Some(format!("Старая запись {number}"));
                sandbox.add_record(Record {
                    content,
                    datum: Some(now),
                    iduser: *user,
                    clid: 1,
                    ..Record::default()
                });
            }
        }
        if plan.old_equal {
            written.iter().take(3).for_each(|key| {
                sandbox.add_record(key.to_record(now));
            });
        }
        plan.rules.iter().for_each(|rule| sandbox.add_fault(rule.clone()));
        let watermark = sandbox.records().last().map_or(0, |record| record.cid);
        let network = Network::new(&plan, seed, written, Arc::clone(&sandbox), clock, trace.clone());
        let scratch = Scratch::new().map_err(|error| format!("no folder for the journal: {error}"))?;
        let world = World {
            seed,
            plan,
            keys,
            sandbox,
            network,
            trace,
            scratch,
            watermark,
            draw: Draw::new(seed, 3),
            gate,
            has_lost_journal: false,
            probes: 0,
            told: Vec::new(),
        };
        world.describe();
        Ok(world)
    }

    fn describe(&self) {
        let Plan { settings, caller, entries, rules, tricks, .. } = &self.plan;
        self.trace.note(format!("{} activities by {}, {settings:?}", entries.len(), caller.login));
        let dated = entries.iter().filter(|entry| entry.at.is_some()).count();
        self.trace.note(format!(
            "{dated} dated, watermark {}, prompt {}, journal {}, crashes {:?}, foreign {}",
            self.watermark,
            self.plan.is_prompt,
            self.plan.has_journal,
            self.plan.interruptions,
            self.plan.foreign.len()
        ));
        self.trace.note(format!("{tricks:?}"));
        for rule in rules {
            let rule = serde_json::to_string(rule).unwrap_or_default();
            self.trace.note(format!("rule {}", rule.chars().take(400).collect::<String>()));
        }
        for (number, key) in self.keys.iter().enumerate() {
            self.trace.note(format!("activity {number}: {}", key.describe()));
        }
    }

    async fn run(mut self) -> Result<Finished, String> {
        let mut violations = self.run_with_faults().await;
        if violations.is_empty() {
            violations = self.recover().await;
        }
        if !violations.is_empty() {
            let journal = std::fs::read_to_string(self.scratch.journal()).unwrap_or_default();
            journal.lines().for_each(|line| self.trace.note(format!("journal {}", without_hashes(line))));
        }
        violations.iter().for_each(|violation| self.trace.note(format!("VIOLATION {violation}")));
        Ok(self.finished(violations))
    }

    pub(crate) fn finished(&self, violations: Vec<String>) -> Finished {
        let trace = self.trace.take();
        Finished {
            seed: self.seed,
            violations,
            hash: trace::hash(&trace),
            trace,
            requests: self.network.requests(),
            activities: self.keys.len(),
            coverage: self.network.coverage(),
            late_writes: 0,
        }
    }

    /// The runs that meet the faults. Without a journal there is one.
    async fn run_with_faults(&mut self) -> Vec<String> {
        let runs = if self.plan.has_journal { self.plan.runs_with_faults } else { 1 };
        for run in 0..runs {
            if run > 0 && self.plan.adopts_marks && self.draw.chance(0.5) {
                self.lose_journal().await;
            }
            let interruption = self.plan.interruptions.get(run).copied().unwrap_or(Interruption::Never);
            let violations = self.import_and_judge(interruption, run > 0).await;
            if !violations.is_empty() {
                return violations;
            }
            if self.draw.chance(0.5) {
                sleep(self.draw.millis(0, 300_000)).await;
            }
        }
        Vec::new()
    }

    /// Loses the journal once the server is done with everything. Only the marks show then what was sent.
    async fn lose_journal(&mut self) {
        sleep(self.plan.settings.timeout + self.plan.settings.settle * 2).await;
        self.scratch.remove_journal();
        self.trace.note("the journal is lost");
        self.told.iter_mut().for_each(|told| *told = Told::Unknown);
        self.has_lost_journal = true;
        if self.plan.has_misleading_lists() {
            // One for each view.
            self.probes += self.plan.entries.iter().map(|entry| &entry.user).collect::<BTreeSet<_>>().len();
        }
    }

    /// Without the journal of earlier runs, what was not sent by this one may be stored.
    fn after_loss(&self, told: &[Told]) -> Vec<Told> {
        let may_be_stored = |told: &Told| self.has_lost_journal && *told == Told::NotSent;
        told.iter().map(|told| if may_be_stored(told) { Told::Unknown } else { told.clone() }).collect()
    }

    /// Runs without faults, until nothing is left.
    async fn recover(&mut self) -> Vec<String> {
        end_faults(&self.sandbox);
        self.trace.note("the faults end");
        if self.plan.has_journal {
            for _ in 0..RUNS_TO_RECOVER {
                let violations = self.import_and_judge(Interruption::Never, true).await;
                if !violations.is_empty() {
                    return violations;
                }
            }
        }
        // Whatever is stored late is stored now.
        sleep(self.plan.settings.settle * 4).await;
        let mut violations = oracle::violations(&self.truth(), &self.keys, &self.after_loss(&self.told));
        if !self.plan.has_journal || !violations.is_empty() {
            return violations;
        }
        if self.told.len() < self.keys.len() {
            let untold = self.keys.len() - self.told.len();
            violations.push(format!("nothing was told of {untold} activities, and nothing fails any more"));
        }
        if violations.is_empty() { self.unsettled(false) } else { violations }
    }

    /// Returns what should be settled after the faults have ended, and is not.
    pub(crate) fn unsettled(&self, may_be_unknown: bool) -> Vec<String> {
        let mut violations = Vec::new();
        if !self.plan.must_settle || self.plan.has_empty_view() {
            return violations;
        }
        let count = |what: Told| self.told.iter().filter(|told| **told == what).count();
        let (not_sent, unknown) = (count(Told::NotSent), count(Told::Unknown));
        if not_sent > 0 {
            violations.push(format!("{not_sent} activities are not sent, and nothing fails any more"));
        }
        let may_be_unknown = may_be_unknown
            || !self.plan.is_prompt
            || (!self.plan.declares_sole_writer && self.plan.needs_sole_writer())
            || self.plan.has_equal_foreign_records()
            || self.plan.may_meet_older_equal_records()
            || self.plan.has_misleading_lists()
            || self.plan.has_resembling_records();
        if unknown > 0 && !may_be_unknown {
            violations.push(format!("{unknown} activities are in doubt, and nothing fails any more"));
        }
        violations
    }

    /// Returns what is wrong with a run. Keeps what it told.
    async fn import_and_judge(&mut self, interruption: Interruption, is_restarted: bool) -> Vec<String> {
        let told = match self.import(interruption, is_restarted).await {
            RunEnd::Failed(failure) => return vec![failure],
            RunEnd::Told(told) => told,
        };
        let mut violations = oracle::violations(&self.truth(), &self.keys, &self.after_loss(&told));
        violations.extend(oracle::contradictions(&self.keys, &self.told, &told));
        violations.extend(self.network.take_violations());
        // A run that stops does not take the rest of its input, and says that another run can go on.
        let goes_on = told.contains(&Told::NotSent) || !matches!(interruption, Interruption::Never);
        if told.len() < self.keys.len() && !goes_on {
            violations.push(format!(
                "{} outcomes for {} activities, and none is NotSent",
                told.len(),
                self.keys.len()
            ));
        }
        let known = told.len();
        self.told.splice(..known.min(self.told.len()), told);
        violations
    }

    pub(crate) fn truth(&self) -> Truth {
        let records = self.sandbox.records();
        let may_be_refused =
            |entry| self.plan.refuses(entry) || self.network.strikes(&body_of_item(entry)) >= 2;
        Truth {
            ignores_types: self.plan.changes_types(),
            may_be_refused: self.plan.entries.iter().map(may_be_refused).collect(),
            records,
            foreign: self.network.foreign_ids(),
            watermark: self.watermark,
            probes: self.probes,
            may_be_twice: !self.plan.is_prompt || self.plan.has_equal_foreign_records(),
            late: BTreeSet::new(),
        }
    }

    pub(crate) fn client(&self) -> Result<HistoryClient, crm_history::Error> {
        HistoryClient::builder("https://sandbox.test")
            .credentials(ApiKey::new(APIKEY, &self.plan.caller.login))
            .transport(self.network.clone())
            .timeout(self.plan.settings.timeout)
            .retry(RetryPolicy::new().max_attempts(self.plan.settings.attempts))
            .build()
    }
}

/// A line of the journal without its hashes, whose key is drawn by the machine.
fn without_hashes(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for part in line.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let is_hash = part.len() > 16;
        text.push_str(if is_hash { "…" } else { part });
        if is_hash && let Some(end) = part.chars().next_back().filter(|c| !c.is_ascii_hexdigit()) {
            text.push(end);
        }
    }
    text
}
