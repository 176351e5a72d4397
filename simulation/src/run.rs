//! Runs a seed: imports that crash and resume, then one without faults, and the oracle after each.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crm_history::{AddOutcome, ApiKey, HistoryClient, RetryPolicy};
use crm_sandbox::{APIKEY, Record, Sandbox};
use tokio::time::{sleep, timeout};

use crate::activities::Key;
use crate::clock::TokioClock;
use crate::coverage::Coverage;
use crate::draw::Draw;
use crate::groups::Selection;
use crate::lockstep::{self, Ended, Lockstep, Step};
use crate::network::Network;
use crate::oracle::{self, Truth};
use crate::plan::{Crash, Plan};
use crate::scratch::{self, Scratch};
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
}

/// Longer than any import of a simulation may take in virtual time.
const LONGEST_RUN: Duration = Duration::from_secs(3 * 86_400);
/// Runs without a fault until nothing is left to send.
const RUNS_TO_RECOVER: usize = 3;

/// Runs a seed.
#[must_use]
pub fn simulate(seed: u64, selection: &Selection) -> Finished {
    // The pauses between the attempts of a call are drawn from the generator of the thread.
    fastrand::seed(seed);
    let notes = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&notes);
    let ran = catch_unwind(AssertUnwindSafe(|| -> Result<Finished, String> {
        let runtime = lockstep::runtime().map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let world = World::new(seed, selection)?;
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(world.trace.clone());
            world.run().await
        })
    }));
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
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message").to_owned()
}

struct World {
    seed: u64,
    plan: Plan,
    keys: Vec<Key>,
    sandbox: Arc<Sandbox>,
    network: Network,
    trace: Trace,
    scratch: Scratch,
    watermark: u64,
    draw: Draw,
}

/// How one run ended.
enum RunEnd {
    Outcomes(Vec<AddOutcome>),
    Crashed,
    Failed(String),
}

impl World {
    fn new(seed: u64, selection: &Selection) -> Result<World, String> {
        let plan = Plan::new(seed, selection);
        let clock = TokioClock::new(plan.server_time);
        let trace = Trace::new();
        let builder = Sandbox::builder().accounts([plan.account()]).projects(0).seed(seed);
        let sandbox = Arc::new(builder.in_process(clock.clone()));
        let keys: Vec<Key> =
            plan.entries.iter().map(|entry| Key::of_entry(entry, &plan.users, &plan.caller)).collect();
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
            keys.iter().take(3).for_each(|key| {
                sandbox.add_record(key.to_record(now));
            });
        }
        plan.rules.iter().for_each(|rule| sandbox.add_fault(rule.clone()));
        let watermark = sandbox.records().last().map_or(0, |record| record.cid);
        let network = Network::new(&plan, seed, keys.clone(), Arc::clone(&sandbox), clock, trace.clone());
        let scratch = Scratch::new().map_err(|error| format!("no folder for the journal: {error}"))?;
        let world =
            World { seed, plan, keys, sandbox, network, trace, scratch, watermark, draw: Draw::new(seed, 3) };
        world.describe();
        Ok(world)
    }

    fn describe(&self) {
        let Plan { settings, caller, entries, rules, .. } = &self.plan;
        self.trace.note(format!("{} activities by {}, {settings:?}", entries.len(), caller.login));
        let dated = entries.iter().filter(|entry| entry.at.is_some()).count();
        self.trace.note(format!(
            "{dated} dated, watermark {}, prompt {}, journal {}, crashes {:?}, foreign {}",
            self.watermark,
            self.plan.is_prompt,
            self.plan.has_journal,
            self.plan.crashes,
            self.plan.foreign.len()
        ));
        for rule in rules {
            let rule = serde_json::to_string(rule).unwrap_or_default();
            self.trace.note(format!("rule {}", rule.chars().take(400).collect::<String>()));
        }
    }

    async fn run(mut self) -> Result<Finished, String> {
        let mut violations = self.run_with_faults().await;
        if violations.is_empty() {
            violations = self.recover().await;
        }
        violations.iter().for_each(|violation| self.trace.note(format!("VIOLATION {violation}")));
        let trace = self.trace.take();
        Ok(Finished {
            seed: self.seed,
            violations,
            hash: trace::hash(&trace),
            trace,
            requests: self.network.requests(),
            activities: self.keys.len(),
            coverage: self.network.coverage(),
        })
    }

    /// The runs that meet the faults. Without a journal there is one.
    async fn run_with_faults(&mut self) -> Vec<String> {
        let runs = if self.plan.has_journal { self.plan.runs_with_faults } else { 1 };
        let mut last = None;
        for run in 0..runs {
            let crash = self.plan.crashes.get(run).copied().unwrap_or(Crash::Never);
            let violations = match self.import(crash, run > 0).await {
                RunEnd::Crashed => Vec::new(),
                RunEnd::Failed(failure) => vec![failure],
                RunEnd::Outcomes(outcomes) => self.judge(outcomes, &mut last),
            };
            if !violations.is_empty() {
                return violations;
            }
            if self.draw.chance(0.5) {
                sleep(self.draw.millis(0, 300_000)).await;
            }
        }
        Vec::new()
    }

    /// Runs without faults, until nothing is left.
    async fn recover(&mut self) -> Vec<String> {
        self.sandbox.clear_faults();
        self.trace.note("the faults end");
        if !self.plan.has_journal {
            sleep(self.plan.settings.settle * 4).await;
            let truth = self.truth();
            return oracle::doubled(&truth, &self.keys);
        }
        let mut last = None;
        for _ in 0..RUNS_TO_RECOVER {
            let violations = match self.import(Crash::Never, true).await {
                RunEnd::Crashed => Vec::new(),
                RunEnd::Failed(failure) => vec![failure],
                RunEnd::Outcomes(outcomes) => self.judge(outcomes, &mut last),
            };
            if !violations.is_empty() {
                return violations;
            }
        }
        sleep(self.plan.settings.settle * 4).await;
        let mut violations = oracle::doubled(&self.truth(), &self.keys);
        let outcomes: Vec<AddOutcome> = last.unwrap_or_default();
        let count = |is: fn(&AddOutcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
        let not_sent = count(|outcome| matches!(outcome, AddOutcome::NotSent(_)));
        let unknown = count(|outcome| matches!(outcome, AddOutcome::Unknown(_)));
        if not_sent > 0 {
            violations.push(format!("{not_sent} activities are not sent, and nothing fails any more"));
        }
        if unknown > 0 && self.plan.is_prompt && !self.plan.has_equal_foreign_records() {
            violations.push(format!("{unknown} activities are in doubt, and nothing fails any more"));
        }
        violations
    }

    /// Returns what is wrong with the outcomes of a run, and keeps them.
    fn judge(&self, outcomes: Vec<AddOutcome>, last: &mut Option<Vec<AddOutcome>>) -> Vec<String> {
        let mut violations = oracle::violations(&self.truth(), &self.keys, &outcomes);
        if let Some(last) = last {
            violations.extend(oracle::contradictions(last, &outcomes));
        }
        *last = Some(outcomes);
        violations
    }

    fn truth(&self) -> Truth {
        let records = self.sandbox.records();
        Truth { records, foreign: self.network.foreign_ids(), watermark: self.watermark }
    }

    /// One run of the import.
    async fn import(&mut self, crash: Crash, is_restarted: bool) -> RunEnd {
        self.network.begin_run(is_restarted);
        self.trace.note(format!("run, {crash:?}"));
        let journal = self.plan.has_journal.then(|| self.scratch.journal());
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => return RunEnd::Failed(format!("no client: {error}")),
        };
        let settings = &self.plan.settings;
        let mut import = client
            .import(self.plan.entries.clone())
            .chunk(settings.chunk)
            .concurrency(settings.concurrency)
            .settle(settings.settle);
        if settings.check_users {
            import = import.check_users();
        }
        if let Some(journal) = &journal {
            import = import.journal(journal);
        }
        let path = journal.clone().unwrap_or_default();
        let (mut before, mut writes, torn) = (0, 0, Arc::new(Mutex::new((0, 0))));
        let seen = Arc::clone(&torn);
        let observer = move |poll: u64, step: Step| match step {
            Step::Polled => {
                before = scratch::length(&path);
                false
            }
            Step::Written => {
                let after = scratch::length(&path);
                writes += u64::from(after > before);
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = (before, after);
                match crash {
                    Crash::Never => false,
                    Crash::AtPoll(at) => poll >= at,
                    Crash::AtWrite(at) => writes >= at && after > before,
                }
            }
        };
        let ended = timeout(LONGEST_RUN, Lockstep::new(import.run(), observer)).await;
        let end = match ended {
            Err(_) => RunEnd::Failed(format!("the run did not end within {LONGEST_RUN:?}")),
            Ok(Ended::Crashed) => {
                let (before, after) = *torn.lock().unwrap_or_else(PoisonError::into_inner);
                self.tear(journal, before, after);
                RunEnd::Crashed
            }
            Ok(Ended::Output(Err(error))) => RunEnd::Failed(format!("the run failed: {error}")),
            Ok(Ended::Output(Ok(report))) => RunEnd::Outcomes(report.outcomes),
        };
        self.trace.note(match &end {
            RunEnd::Crashed => "crashed".to_owned(),
            RunEnd::Failed(failure) => failure.clone(),
            RunEnd::Outcomes(outcomes) => summary(outcomes),
        });
        end
    }

    /// Tears what was being written when the process died: nothing of it was confirmed.
    fn tear(&mut self, journal: Option<std::path::PathBuf>, before: u64, after: u64) {
        let Some(journal) = journal.filter(|_| after > before && self.draw.chance(0.7)) else { return };
        let length = self.draw.number(before, after);
        if scratch::cut(&journal, length).is_ok() {
            self.trace.note(format!("the journal ends after {length} of {after} bytes"));
        }
    }

    fn client(&self) -> Result<HistoryClient, crm_history::Error> {
        HistoryClient::builder("https://sandbox.test")
            .credentials(ApiKey::new(APIKEY, &self.plan.caller.login))
            .transport(self.network.clone())
            .timeout(self.plan.settings.timeout)
            .retry(RetryPolicy::new().max_attempts(self.plan.settings.attempts))
            .build()
    }
}

fn summary(outcomes: &[AddOutcome]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut stored = 0;
    for (index, outcome) in outcomes.iter().enumerate() {
        match outcome {
            AddOutcome::Created(_) => stored += 1,
            other => reasons.push(format!("{index}: {other}")),
        }
    }
    let shown: String = reasons.iter().take(3).map(|reason| format!("; {reason}")).collect();
    format!("ended: {stored} stored, {} not{shown}", reasons.len())
}
