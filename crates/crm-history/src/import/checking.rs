//! The checks of an activity at work.

use std::task::{Context, Poll};
use std::time::Duration;

use crm_model::history::NewEntry;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::checks::{Checks, Findings};
use super::logins::Obstacle;
use crate::engine::{WaitReason, log_wait, returned};

/// Checks that ask the server. They go on while the user handles an outcome: a call that nobody polls would keep its permit
/// from all others.
pub(super) struct Checking(JoinSet<Checked>);

/// The checks, and what they found.
pub(super) type Checked = (Checks, Result<Findings, Obstacle>);

impl Checking {
    /// Begins to check. Most activities are checked at once, because nothing is asked for them.
    pub(super) fn begin(
        cx: &mut Context<'_>,
        mut checks: Checks,
        entry: NewEntry,
        patience: Duration,
    ) -> Result<Checked, Checking> {
        let mut future = Box::pin(async move {
            let result = examine(&mut checks, &entry, patience).await;
            (checks, result)
        });
        match future.as_mut().poll(cx) {
            Poll::Ready(checked) => Ok(checked),
            Poll::Pending => {
                let mut task = JoinSet::new();
                task.spawn(future);
                Err(Checking(task))
            }
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Checked> {
        let Poll::Ready(Some(joined)) = self.0.poll_join_next(cx) else { return Poll::Pending };
        // It is aborted only when the runtime shuts down.
        returned(joined).map_or(Poll::Pending, Poll::Ready)
    }
}

/// Checks an activity, and asks again for as long as the server gives no answer.
async fn examine(checks: &mut Checks, entry: &NewEntry, patience: Duration) -> Result<Findings, Obstacle> {
    let began = Instant::now();
    let mut is_logged = false;
    loop {
        match checks.examine(entry).await {
            Err(Obstacle::NotNow(_)) if began.elapsed() < patience => {
                if !std::mem::replace(&mut is_logged, true) {
                    let left = patience - began.elapsed();
                    log_wait(WaitReason::Checks, left, Some(left), 0, 1);
                }
                tokio::time::sleep(ASK_AGAIN.min(patience)).await;
            }
            result => return result,
        }
    }
}

/// The time between two questions of the checks.
const ASK_AGAIN: Duration = Duration::from_secs(1);
