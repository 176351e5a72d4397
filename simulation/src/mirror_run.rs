//! Runs a seed of a mirror: runs that meet people, faults and kills, then undisturbed ones, and the oracle after each.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crm_directory::DirectoryClient;
use crm_history::{ApiKey, HistoryClient, RetryPolicy};
use crm_mirror::{Error, MemoryStore, Mirror, Mode, Outcome, Report, Sync, Texts};
use crm_projects::{ProjectsClient, TokenPair};
use crm_sandbox::{APIKEY, BOSS, SECRET, SELLER, TOKEN};
use tokio::time::{sleep, timeout};

use crate::coverage::Coverage;
use crate::lockstep::LockstepRuntime;
use crate::mirror_crm::Crm;
use crate::mirror_oracle::{Asked, Oracle};
use crate::mirror_plan::{End, MirrorPlan, RunPlan};
use crate::mirror_store::FaultyStore;
use crate::run::{Finished, catching};
use crate::trace::{self, Trace};

/// Runs a seed of a mirror.
#[must_use]
pub fn simulate_mirror(seed: u64) -> Finished {
    catching(seed, |keep| {
        let runtime = LockstepRuntime::new().map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let run = MirrorRun::new(seed);
            keep(run.trace.clone());
            Ok(run.run().await)
        })
    })
}

struct MirrorRun {
    seed: u64,
    plan: MirrorPlan,
    crm: Crm,
    trace: Trace,
    store: MemoryStore,
}

impl MirrorRun {
    fn new(seed: u64) -> MirrorRun {
        let plan = MirrorPlan::new(seed);
        let trace = Trace::new();
        trace.note(format!("{plan:?}"));
        let crm = Crm::new(&plan, seed, trace.clone());
        MirrorRun { seed, plan, crm, trace, store: MemoryStore::new() }
    }

    async fn run(self) -> Finished {
        let violation = self.all_runs().await.err();
        violation.iter().for_each(|violation| self.trace.note(format!("VIOLATION {violation}")));
        let trace = self.trace.take();
        Finished {
            seed: self.seed,
            violations: violation.into_iter().collect(),
            hash: trace::hash(&trace),
            trace,
            requests: self.crm.requests(),
            activities: self.plan.records as usize,
            coverage: Coverage::default(),
            late_writes: 0,
        }
    }

    async fn all_runs(&self) -> Result<(), String> {
        for (number, plan) in self.plan.runs.iter().enumerate() {
            sleep(plan.pause).await;
            self.crm.edit(plan.edits);
            plan.acts.iter().for_each(|act| self.crm.act(*act));
            sleep(plan.rest).await;
            self.trace.note(format!("run {number}: {plan:?}"));
            self.faulty_run(number as u64, plan).await?;
        }
        self.crm.set_faults(&[], 0.0, &[]);
        self.trace.note("the faults end, and people go home");
        self.other_login().await?;
        self.last_runs().await
    }

    /// A run among faults.
    async fn faulty_run(&self, number: u64, plan: &RunPlan) -> Result<(), String> {
        let rules: Vec<_> = plan.faults.iter().map(|fault| fault.rule.clone()).collect();
        self.crm.set_faults(&rules, plan.changes, &plan.tricks);
        let seed = self.seed.wrapping_mul(31) + number;
        let store = FaultyStore::new(self.store.clone(), self.trace.clone(), plan.store_faults, seed);
        let asked = self.asked(plan.mode, plan.texts, plan.allow_deletes);
        let oracle = Oracle::before(&self.crm, &self.store, asked).await?;
        let now = self.crm.seconds();
        let mut sync = self.sync(asked)?;
        if plan.is_late {
            sync = sync.until(std::time::UNIX_EPOCH + Duration::from_secs(now.unsigned_abs()));
        }
        let mirror = self.mirror(store.clone());
        let mut running = Box::pin(mirror.run(sync));
        let (polls, commits) = match plan.end {
            End::Undisturbed => (u64::MAX, u64::MAX),
            End::Killed(polls) | End::Replaced(polls) => (polls, u64::MAX),
            End::KilledAfterCommits(commits) => (u64::MAX, commits),
        };
        let is_over = || store.commits() >= commits;
        let ended = timeout(LONGEST_RUN, Polls { inner: running.as_mut(), left: polls, is_over }).await;
        let ended = ended.map_err(|_| format!("the run did not end within {LONGEST_RUN:?}"))?;
        let report = match (ended, plan.end) {
            (Some(ended), _) => self.ended(&ended, plan)?,
            (None, End::Replaced(_)) => {
                self.trace.note("the process stands still");
                let other = self.mirror(self.store.clone());
                if other.run(self.sync(asked)?).await.is_ok() {
                    return Err("a second run began although the first was active".to_owned());
                }
                store.expire();
                let replaced = self.store.runs_begun().await;
                let report = self.finish(other.run(self.sync(asked)?)).await?;
                let began = self.store.runs_begun().await > replaced;
                self.trace.note("the process goes on");
                let late = timeout(LONGEST_RUN, running).await;
                let late = late.map_err(|_| "the replaced run did not end".to_owned())?;
                if began && late.is_ok() {
                    return Err("a run that was replaced ended as if it were not".to_owned());
                }
                report
            }
            (None, _) => {
                self.trace.note("the process is killed");
                drop(running);
                None
            }
        };
        let is_late = plan.is_late && report.as_ref().is_some_and(Report::is_complete);
        if is_late && plan.end == End::Undisturbed {
            return Err("a run whose time limit had come went on to its end".to_owned());
        }
        // What the database was doing is done.
        sleep(Duration::from_secs(1)).await;
        oracle.judge(&self.crm, &self.store, report.as_ref()).await
    }

    async fn finish(
        &self,
        running: impl Future<Output = Result<Report, Error>>,
    ) -> Result<Option<Report>, String> {
        let ended = timeout(LONGEST_RUN, running).await;
        let ended = ended.map_err(|_| format!("the run did not end within {LONGEST_RUN:?}"))?;
        Ok(self.note(&ended))
    }

    fn note(&self, ended: &Result<Report, Error>) -> Option<Report> {
        match ended {
            Ok(report) => self.trace.note(report.to_string()),
            Err(error) => self.trace.note(format!("the run failed: {error}")),
        }
        ended.as_ref().ok().cloned()
    }

    fn ended(&self, ended: &Result<Report, Error>, plan: &RunPlan) -> Result<Option<Report>, String> {
        let report = self.note(ended);
        match ended {
            Err(error) if plan.store_faults == 0.0 => Err(format!("the run failed: {error}")),
            _ => Ok(report),
        }
    }

    /// Another login is refused.
    async fn other_login(&self) -> Result<(), String> {
        let settings = self.store.settings_now().await?;
        if !settings.contains_key("login") {
            return Ok(());
        }
        let history = self.history(SELLER).map_err(|error| error.to_string())?;
        match self.mirror(self.store.clone()).run(Sync::new().history(&history).allow_deletes()).await {
            Ok(_) => Err("a copy of one login was continued by another".to_owned()),
            Err(_) => Ok(()),
        }
    }

    /// Full runs without faults. Two complete lists at least an hour apart decide about clients.
    async fn last_runs(&self) -> Result<(), String> {
        let asked = self.asked(Mode::Full, self.plan.texts, true);
        let mut complete = 0;
        for _ in 0..4 {
            sleep(Duration::from_secs(2 * 3600)).await;
            let oracle = Oracle::before(&self.crm, &self.store, asked).await?;
            let report = self.finish(self.mirror(self.store.clone()).run(self.sync(asked)?)).await?;
            oracle.judge(&self.crm, &self.store, report.as_ref()).await?;
            match report.map(|report| report.outcome) {
                Some(Outcome::Complete) => complete += 1,
                other => self.trace.note(format!("{other:?}")),
            }
            if complete == 2 {
                return crate::mirror_oracle::is_right(&self.crm, &self.store, self.plan.texts).await;
            }
        }
        Err("the runs are not complete, and nothing fails any more".to_owned())
    }

    fn asked(&self, mode: Mode, texts: Texts, allow_deletes: bool) -> Asked {
        Asked { mode, texts, allow_deletes, cuts_children: self.plan.cuts_children(), page: self.plan.page }
    }

    fn mirror(&self, store: impl crm_mirror::Store) -> Mirror {
        let clock = self.crm.clock();
        Mirror::with_store(store).with_clock(move || {
            let seconds = crm_sandbox::Clock::utc(&clock).timestamp();
            std::time::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
        })
    }

    fn sync(&self, asked: Asked) -> Result<Sync, String> {
        let build = || -> Result<Sync, Error> {
            let history = self.history(BOSS)?;
            let mut sync = Sync::new().mode(asked.mode).texts(asked.texts).concurrency(self.plan.concurrency);
            if self.plan.has_history {
                sync = sync.history(&history);
            }
            if self.plan.has_directory {
                sync = sync.directory(&DirectoryClient::from(&history));
            }
            if self.plan.has_projects {
                sync = sync.projects(&self.projects()?);
            }
            if asked.allow_deletes {
                sync = sync.allow_deletes();
            }
            Ok(if self.plan.soft_deletes { sync.soft_deletes() } else { sync })
        };
        build().map_err(|error| format!("no client: {error}"))
    }

    fn history(&self, login: &str) -> Result<HistoryClient, Error> {
        HistoryClient::builder("https://sandbox.test")
            .credentials(ApiKey::new(APIKEY, login))
            .transport(self.crm.clone())
            .timeout(Duration::from_secs(10))
            .retry(RetryPolicy::new().max_attempts(self.plan.attempts))
            .build()
    }

    fn projects(&self) -> Result<ProjectsClient, Error> {
        ProjectsClient::builder("https://sandbox.test")
            .credentials(TokenPair::new(TOKEN, SECRET))
            .transport(self.crm.clone())
            .timeout(Duration::from_secs(10))
            .retry(RetryPolicy::new().max_attempts(self.plan.attempts))
            .build()
    }
}

/// What the simulation asks of a store without faults.
trait Calm {
    async fn runs_begun(&self) -> usize;
    async fn settings_now(&self) -> Result<std::collections::BTreeMap<String, String>, String>;
}

impl Calm for MemoryStore {
    async fn runs_begun(&self) -> usize {
        crm_mirror::Store::runs(self, i64::MAX).await.map_or(0, |runs| runs.len())
    }

    async fn settings_now(&self) -> Result<std::collections::BTreeMap<String, String>, String> {
        crm_mirror::Store::settings(self).await.map_err(|error| error.to_string())
    }
}

/// A future that is polled so often at most, and not any more after something is over.
struct Polls<F, O> {
    inner: F,
    left: u64,
    is_over: O,
}

impl<F: Future + Unpin, O: Fn() -> bool + Unpin> Future for Polls<F, O> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        match Pin::new(&mut self.inner).poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.left == 0 || (self.is_over)() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Longer than any run may take in virtual time.
const LONGEST_RUN: Duration = Duration::from_secs(86_400);
