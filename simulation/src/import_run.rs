//! One run of the import of a seed: it is configured, interrupted and waited for.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crm_history::{HistoryClient, Import, ImportOutcome};
use tokio::time::{Instant, sleep, timeout};

use crate::lockstep::{Ended, Lockstep};
use crate::oracle::Told;
use crate::plan::Interruption;
use crate::run::{LONGEST_RUN, World};
use crate::scratch;

/// How one run ended.
pub(crate) enum RunEnd {
    /// What it told of the activities: of all, unless it was cancelled or crashed.
    Told(Vec<Told>),
    Failed(String),
}

impl World {
    /// One run of the import.
    pub(crate) async fn import(&mut self, crash: Interruption, is_restarted: bool) -> RunEnd {
        self.network.begin_run(is_restarted);
        self.trace.note(format!("run, {crash:?}"));
        let journal = self.plan.has_journal.then(|| self.scratch.journal());
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => return RunEnd::Failed(format!("no client: {error}")),
        };
        let told = Arc::new(Mutex::new(Vec::new()));
        let cancelled = Arc::new(Mutex::new(None));
        let mut import = self.configured(&client);
        if let Some(journal) = &journal {
            import = import.journal(journal);
        }
        if let Interruption::Cancel(after) = crash {
            let (moment, trace) = (Arc::clone(&cancelled), self.trace.clone());
            import = import.cancel(async move {
                sleep(after).await;
                trace.note("the import is cancelled");
                *moment.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            });
        }
        let consumed = consume(import, Arc::clone(&told), self.plan.consumer_pause);
        let running = Lockstep::new(consumed, self.gate.clone(), crash, journal.clone());
        let ended = timeout(LONGEST_RUN, running).await;
        let told = || std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
        let told: Vec<ImportOutcome> = told();
        self.trace.note(summary(&told));
        let told: Vec<Told> = told.iter().map(Told::of_outcome).collect();
        match ended {
            Err(_) => return RunEnd::Failed(format!("the run did not end within {LONGEST_RUN:?}")),
            Ok(Ended::Crashed(confirmed)) => {
                self.trace.note("the process dies");
                // What was on its way to the disk gets there, or a part of it.
                sleep(Duration::from_millis(1)).await;
                self.tear(journal, confirmed);
            }
            Ok(Ended::Output(Err(error))) => {
                // The folder has another name in each run.
                let error = error.to_string().replace(&*self.scratch.journal().to_string_lossy(), "FILE");
                return RunEnd::Failed(format!("the run failed: {error}"));
            }
            Ok(Ended::Output(Ok(()))) => {}
        }
        let cancelled = *cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        match cancelled.map(|at| self.after_cancel(at)) {
            Some(Err(failure)) => RunEnd::Failed(failure),
            _ => RunEnd::Told(told),
        }
    }

    /// Nothing is sent after a cancel, and the run ends soon.
    fn after_cancel(&self, at: Instant) -> Result<(), String> {
        let (last, now) = (self.network.last_request(), Instant::now());
        if last.is_some_and(|last| last > at + Duration::from_millis(1)) {
            return Err("a request was sent after the import was cancelled".to_owned());
        }
        let most = self.plan.settings.timeout + Duration::from_secs(10) + self.plan.consumer_pause * 200;
        if now > at + most {
            return Err(format!("the run ended {:?} after it was cancelled", now - at));
        }
        Ok(())
    }

    fn configured(&self, client: &HistoryClient) -> Import {
        let settings = &self.plan.settings;
        let mut import = client
            .import(self.plan.entries.clone())
            .chunk(settings.chunk)
            .concurrency(settings.concurrency)
            .settle(settings.settle)
            .patience(settings.patience)
            .flush_after(settings.flush_after);
        if settings.check_users {
            import = import.check_users();
        }
        if self.plan.adopts_marks {
            import = import.adopt_marked();
        }
        if self.plan.is_sole_writer() && self.plan.declares_sole_writer {
            import = import.sole_writer();
        }
        import
    }

    /// Tears what was being written when the process died: nothing of it was confirmed.
    fn tear(&mut self, journal: Option<PathBuf>, confirmed: u64) {
        let Some(journal) = journal.filter(|_| self.plan.tears) else { return };
        let written = scratch::length(&journal);
        if written <= confirmed || self.draw.chance(0.3) {
            return;
        }
        let length = self.draw.number(confirmed, written);
        if scratch::cut(&journal, length).is_ok() {
            self.trace.note(format!(
                "the journal ends after {} of its last {} bytes",
                length - confirmed,
                written - confirmed
            ));
        }
    }
}

/// Takes all outcomes, with a pause after each.
async fn consume(
    import: Import,
    told: Arc<Mutex<Vec<ImportOutcome>>>,
    pause: Duration,
) -> Result<(), crm_history::Error> {
    let mut outcomes = import.outcomes();
    while let Some(outcome) = outcomes.next().await {
        told.lock().unwrap_or_else(PoisonError::into_inner).push(outcome?);
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
    Ok(())
}

fn summary(outcomes: &[ImportOutcome]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut stored = 0;
    for ImportOutcome { index, outcome, reason, .. } in outcomes {
        match (outcome, reason) {
            (outcome, None) if outcome.id().is_some() => stored += 1,
            (outcome, Some(reason)) => reasons.push(format!("{index}: {outcome} ({reason:?})")),
            (outcome, None) => reasons.push(format!("{index}: {outcome}")),
        }
    }
    let shown: String = reasons.iter().take(3).map(|reason| format!("; {reason}")).collect();
    format!("told: {stored} stored, {} else{shown}", reasons.len())
}
