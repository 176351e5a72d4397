//! Runs a seed of an export: runs that meet faults and are killed, then runs without faults, and the truth after each.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crm_history::{ApiKey, EntryQuery, ExportBuilder, HistoryClient, RetryPolicy, Verdict};
use crm_sandbox::{APIKEY, BOSS};
use tokio::time::{sleep, timeout};

use crate::coverage::Coverage;
use crate::export_plan::ExportPlan;
use crate::export_world::{ExportWorld, Truth, first_day};
use crate::lockstep::LockstepRuntime;
use crate::run::{Finished, catching};
use crate::scratch::Scratch;
use crate::trace::{self, Trace};

/// Longer than any export of a simulation may take in virtual time.
const LONGEST_RUN: Duration = Duration::from_secs(86_400);
/// More requests than any run may need.
const MOST_REQUESTS: u64 = 20_000;

/// Runs a seed of an export.
#[must_use]
pub fn simulate_export(seed: u64) -> Finished {
    catching(seed, |keep| {
        let runtime = LockstepRuntime::new().map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let run = ExportRun::new(seed)?;
            keep(run.trace.clone());
            Ok(run.run().await)
        })
    })
}

struct ExportRun {
    seed: u64,
    plan: ExportPlan,
    world: ExportWorld,
    trace: Trace,
    scratch: Scratch,
    /// Whether the faults of the plan are still on.
    has_faults: Cell<bool>,
    /// The ids that were written out.
    output: Arc<Mutex<Vec<u64>>>,
}

impl ExportRun {
    fn new(seed: u64) -> Result<ExportRun, String> {
        let plan = ExportPlan::new(seed);
        let trace = Trace::new();
        let world = ExportWorld::new(&plan, seed, trace.clone());
        let scratch = Scratch::new().map_err(|error| format!("no folder for the checkpoint: {error}"))?;
        trace.note(format!("{plan:?}"));
        let has_faults = Cell::new(true);
        Ok(ExportRun { seed, plan, world, trace, scratch, has_faults, output: Arc::default() })
    }

    async fn run(self) -> Finished {
        let mut violations = Vec::new();
        for kill in self.plan.kills.clone() {
            violations.extend(self.export(kill).await.err());
        }
        self.world.calm(&self.plan);
        self.has_faults.set(false);
        self.trace.note("the faults end");
        let mut is_complete = false;
        for _ in 0..3 {
            match self.export(None).await {
                Ok(verdict) => is_complete |= verdict.is_some_and(|verdict| verdict.is_complete()),
                Err(violation) => violations.push(violation),
            }
        }
        if !is_complete {
            violations.push("no export is complete, and nothing fails any more".to_owned());
        }
        violations.iter().for_each(|violation| self.trace.note(format!("VIOLATION {violation}")));
        let trace = self.trace.take();
        Finished {
            seed: self.seed,
            violations,
            hash: trace::hash(&trace),
            trace,
            requests: self.world.requests(),
            activities: self.plan.records,
            coverage: Coverage::default(),
            late_writes: 0,
        }
    }

    /// One run. Returns the verdict, if it was not killed before.
    async fn export(&self, kill: Option<Duration>) -> Result<Option<Verdict>, String> {
        self.trace.note(format!("run, killed after {kill:?}"));
        let before = self.world.requests();
        let running = timeout(kill.unwrap_or(LONGEST_RUN), self.read_all());
        let ended = running.await;
        // What was being saved when the process died is on the disk now.
        sleep(Duration::from_millis(1)).await;
        let verdict = match ended {
            Err(_) if kill.is_none() => return Err(format!("the run did not end within {LONGEST_RUN:?}")),
            Err(_) => return self.judge(None).map(|()| None),
            Ok(verdict) => verdict.map_err(|error| format!("the run failed: {error}"))?,
        };
        self.trace.note(format!("{verdict}"));
        if self.world.requests() - before > MOST_REQUESTS {
            return Err(format!("{} requests in one run", self.world.requests() - before));
        }
        self.judge(Some(&verdict))?;
        Ok(Some(verdict))
    }

    /// Reads the list, and writes out its ids as a careful program does.
    async fn read_all(&self) -> Result<Verdict, crm_history::Error> {
        let client = HistoryClient::builder("https://sandbox.test")
            .credentials(ApiKey::new(APIKEY, BOSS))
            .transport(self.world.clone())
            .timeout(self.plan.timeout)
            .retry(RetryPolicy::new().max_attempts(self.plan.attempts))
            .build()?;
        let query = EntryQuery::new();
        let query = if self.plan.has_days { query.since(first_day()) } else { query };
        let mut builder = client.export(query).concurrency(self.plan.concurrency);
        if self.plan.has_checkpoint {
            builder = self.with_checkpoint(builder);
        }
        if self.plan.has_progress {
            builder = builder.on_progress(|_| ());
        }
        let mut export = builder.start().await?;
        match export.resumed_at() {
            Some(length) => self.output().truncate(length as usize),
            None => {
                self.output().clear();
                self.world.begin_truth(self.plan.has_days);
            }
        }
        while let Some(record) = export.next().await {
            if let Ok(entry) = record {
                self.output().push(entry.id.0);
            }
        }
        Ok(export.finish().await)
    }

    fn with_checkpoint(
        &self,
        builder: ExportBuilder<crm_history::Entries>,
    ) -> ExportBuilder<crm_history::Entries> {
        let output = Arc::clone(&self.output);
        builder.checkpoint(self.scratch.journal()).before_checkpoint(move |_| {
            Ok(output.lock().unwrap_or_else(PoisonError::into_inner).len() as u64)
        })
    }

    fn output(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `true` if the list may have looked as if it ended before these records, which are all that are missing.
    ///
    /// A page may have been without records each time it was read, and nothing behind it shows that: it was the last one, or
    /// another fault may have emptied the page behind it. Or each of two faults has emptied the last page once: an end is
    /// believed after two readings. Then the last records are missing.
    fn may_end_in_a_hole(&self, truth: &Truth, missing: &[&u64]) -> bool {
        let Some(first) = missing.first() else { return false };
        let are_the_last = truth.throughout.range(**first..).count() == missing.len();
        let is_last = |page: u64| truth.fewest <= (page as usize + 1) * self.plan.page;
        let emptying = || self.plan.faults.iter().filter(|fault| fault.empties_pages());
        let is_hidden = |hole: u64| is_last(hole) || emptying().count() > 1;
        let twice = emptying().filter(|fault| fault.hole.is_none()).count() > 1;
        let has_hole = self.plan.faults.iter().filter_map(|fault| fault.hole).any(is_hidden);
        self.has_faults.get() && (has_hole || twice && are_the_last)
    }

    /// Compares what was written out with what was there.
    fn judge(&self, verdict: Option<&Verdict>) -> Result<(), String> {
        let truth = self.world.truth(self.plan.has_days);
        let output = self.output().clone();
        if !output.is_sorted_by(|one, next| one < next) {
            return Err("the ids are not in order, or one came twice".to_owned());
        }
        if let Some(id) = output.iter().find(|id| !truth.ever.contains(id)) {
            return Err(format!("record {id} was exported and was never in the list"));
        }
        if verdict.is_some_and(|verdict| matches!(verdict, Verdict::Complete { .. })) {
            let is_missing = |id: &&u64| output.binary_search(id).is_err();
            let missing: Vec<&u64> = truth.throughout.iter().filter(is_missing).collect();
            let is_known = verdict.is_some_and(Verdict::is_complete);
            if is_known && !missing.is_empty() && !self.may_end_in_a_hole(&truth, &missing) {
                return Err(format!("complete, and {} records are missing: {missing:?}", missing.len()));
            }
        }
        Ok(())
    }
}
