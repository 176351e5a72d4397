//! The life of an instance: stand by, become the sender, send, and end.

use std::sync::Arc;
use std::time::Duration;

use crm_history::engine::Settings;
use crm_history::{HistoryClient, NotSentReason};
use crm_transport::Error;
use tokio::sync::watch;
use tokio::time::sleep;

use super::health::{Health, Role};
use super::lease::Lease;
use super::outage::Outage;
use super::prepare::Prepare;
use super::session::{Session, SessionEnd};
use crate::observe;
use crate::outbox::Shared;

/// An instance that delivers.
pub(super) struct Sender {
    pub(super) shared: Arc<Shared>,
    pub(super) history: HistoryClient,
    pub(super) settings: Settings,
    pub(super) lease: Duration,
    pub(super) poll_every: Duration,
    pub(super) prepare: Prepare,
    pub(super) keep_contents_for: Duration,
    pub(super) until_empty: bool,
    pub(super) health: watch::Sender<Health>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Sender {
    /// Runs until it is stopped. With `until_empty`, until nothing is left to do.
    pub(super) async fn run(self) -> Result<(), Error> {
        let _ended = NotesEnd(&self.health);
        self.run_until_stopped().await
    }

    async fn run_until_stopped(&self) -> Result<(), Error> {
        let mut stop = self.stop.clone();
        let outage = Arc::new(Outage::new(self.until_empty.then_some(self.settings.patience)));
        while !*stop.borrow() {
            match Lease::acquire(&self.shared, self.lease, &outage).await {
                Ok(Some(lease)) => {
                    let lease = Arc::new(lease);
                    self.health.send_modify(|health| {
                        (health.role, health.problem, health.stopped) = (Role::Sender, None, None);
                        health.takeovers += 1;
                    });
                    observe::takeover();
                    let ended = self.lead(&lease, &outage).await;
                    if let Some(result) = ended {
                        let recorded = lease.settle(Vec::new()).await;
                        lease.release().await;
                        return result.and(recorded);
                    }
                    self.health.send_modify(|health| health.role = Role::Standby);
                    self.has_problem("the lease was lost, because the store was not reached in time");
                }
                Ok(None) => {
                    self.health.send_modify(|health| {
                        (health.role, health.problem, health.stopped) = (Role::Standby, None, None);
                    });
                    match if self.until_empty { self.is_empty().await } else { Ok(false) } {
                        Ok(true) => return Ok(()),
                        Ok(false) => outage.is_over(),
                        Err(error) => self.failed(error, &outage)?,
                    }
                }
                Err(error) => self.failed(error, &outage)?,
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = sleep(ASK_FOR_LEASE) => {}
            }
        }
        Ok(())
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        let stats = self.shared.store.stats().await?;
        Ok(stats.queued + stats.sending == 0)
    }

    /// Shows an error of the store, or returns it if the delivery ends because of it.
    fn failed(&self, error: Error, outage: &Outage) -> Result<(), Error> {
        self.has_problem(&error);
        if outage.may_pass(&error) { Ok(()) } else { Err(error) }
    }

    /// Sends until the lease is lost (`None`) or the instance ends.
    async fn lead(&self, lease: &Arc<Lease>, outage: &Outage) -> Option<Result<(), Error>> {
        tokio::select! {
            biased;
            () = lease.keep() => None,
            () = self.clean_up() => None,
            () = self.count_depth() => None,
            () = lease.record_outcomes() => None,
            result = self.sessions(lease, outage) => Some(result),
        }
    }

    /// One session after another. A session that stops is followed by another one after a while.
    async fn sessions(&self, lease: &Arc<Lease>, outage: &Outage) -> Result<(), Error> {
        let mut stop = self.stop.clone();
        let mut failures = 0_u32;
        loop {
            let stored_before = self.health.borrow().stored;
            let ended = match Session::begin(self, lease).await {
                Ok(session) => session.run().await,
                Err(error) => Err(error),
            };
            if self.health.borrow().stored > stored_before {
                failures = 0;
            }
            failures += 1;
            let mut wait = FIRST_WAIT.saturating_mul(1 << failures.min(10)).min(LONGEST_WAIT);
            let (problem, stopped) = match ended {
                Ok(SessionEnd::Empty | SessionEnd::ShutDown) => return Ok(()),
                Ok(SessionEnd::Stopped(reason)) => {
                    if let NotSentReason::RateLimited { retry_after } = reason {
                        wait = retry_after;
                    }
                    (reason.to_string(), Some(reason))
                }
                Err(error) if !outage.may_pass(&error) => return Err(error),
                Err(error) => (error.to_string(), None),
            };
            self.health.send_modify(|health| (health.problem, health.stopped) = (Some(problem), stopped));
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                () = sleep(wait) => {}
            }
        }
    }

    /// Removes old contents from time to time.
    async fn clean_up(&self) {
        loop {
            // A failure is seen by the sessions as well.
            let _ = self.shared.store.remove_contents(self.keep_contents_for).await;
            sleep(CLEAN_UP_EVERY).await;
        }
    }

    /// Sets the gauges from time to time.
    async fn count_depth(&self) {
        if !observe::COUNTS_DEPTH {
            return std::future::pending().await;
        }
        loop {
            if let Ok(stats) = self.shared.store.stats().await {
                observe::depth(&stats);
            }
            sleep(COUNT_EVERY).await;
        }
    }

    pub(super) fn has_problem(&self, problem: impl std::fmt::Display) {
        let problem = Some(problem.to_string());
        self.health.send_if_modified(|health| {
            let is_new = health.problem != problem;
            health.problem = problem;
            is_new
        });
    }

    pub(super) fn has_no_problem(&self) {
        self.health.send_if_modified(|health| {
            let stopped = health.stopped.take();
            health.problem.take().is_some() || stopped.is_some()
        });
    }

    pub(super) fn made_progress(&self, stored: u64) {
        self.health.send_modify(|health| health.stored += stored);
    }
}

/// Notes the end, also after a panic of the hook. Otherwise an instance that sends nothing any more would look ready.
struct NotesEnd<'a>(&'a watch::Sender<Health>);

impl Drop for NotesEnd<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|health| health.role = Role::Ended);
    }
}

/// How often an instance that stands by asks for the lease.
const ASK_FOR_LEASE: Duration = Duration::from_secs(1);
/// The shortest wait after a session that failed is twice that.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const COUNT_EVERY: Duration = Duration::from_secs(15);
const CLEAN_UP_EVERY: Duration = Duration::from_secs(3600);
