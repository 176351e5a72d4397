//! An import at work: between the input, the checks, the journal and the engine.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crm_model::history::{AddOutcome, NewEntry, Rejection};
use crm_transport::Error;
use tokio::time::Instant;

use super::checks::{Checks, Findings};
use super::import_outcome::{ImportOutcome, ImportProgress, OutcomeReason};
use super::journal::{Earlier, EarlierRun, Journal};
use super::logins::Obstacle;
use crate::engine::{
    Activity, Driver, Ending, Key, NotSentReason, Settled, UnknownReason, WaitReason, log_wait,
};
use crate::observe;

/// Takes an activity, as [`Stream::poll_next`](futures_core::Stream::poll_next) does.
pub(super) type Input = Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<NewEntry>> + Send>;
/// Stops the import when it ends.
pub(super) type Cancel = Pin<Box<dyn Future<Output = ()> + Send>>;
pub(super) type OnProgress = Box<dyn FnMut(&ImportProgress) + Send>;

/// An import at work.
pub(super) struct Run {
    input: Input,
    /// `None` once the input has ended or is no longer read.
    next_index: Option<Key>,
    /// `None` while an activity is being checked.
    checks: Option<Checks>,
    checking: Option<Checking>,
    journal: Option<(Arc<Journal>, EarlierRun)>,
    driver: Driver,
    /// Nothing is sent.
    is_dry_run: bool,
    /// The activities whose outcome was not returned yet.
    open: BTreeMap<Key, Open>,
    /// Maximum number of them. Outcomes wait for those before them.
    most_open: usize,
    ready: VecDeque<ImportOutcome>,
    progress: ImportProgress,
    on_progress: OnProgress,
    /// `None` once it ended.
    cancel: Option<Cancel>,
    patience: Duration,
    error: Option<Error>,
}

/// An activity that was taken.
struct Open {
    entry: NewEntry,
    findings: Findings,
    outcome: Option<(AddOutcome, Option<OutcomeReason>)>,
}

type Checked = (Checks, Result<Findings, Obstacle>);

/// An activity whose checks ask the server.
struct Checking {
    index: Key,
    future: Pin<Box<dyn Future<Output = Checked> + Send>>,
}

/// What an import is made of.
pub(super) struct Parts {
    pub(super) input: Input,
    pub(super) checks: Checks,
    pub(super) journal: Option<(Arc<Journal>, EarlierRun)>,
    pub(super) driver: Driver,
    pub(super) is_dry_run: bool,
    pub(super) most_open: usize,
    pub(super) on_progress: OnProgress,
    pub(super) cancel: Cancel,
    pub(super) patience: Duration,
}

impl Run {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { input, checks, journal, driver, is_dry_run, most_open, on_progress, cancel, patience } =
            parts;
        Self {
            input,
            next_index: Some(0),
            checks: Some(checks),
            checking: None,
            journal,
            driver,
            is_dry_run,
            open: BTreeMap::new(),
            most_open,
            ready: VecDeque::new(),
            progress: ImportProgress::default(),
            on_progress,
            cancel: Some(cancel),
            patience,
            error: None,
        }
    }

    /// Returns the next outcome, in the order of the input.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ImportOutcome, Error>>> {
        loop {
            if let Some(outcome) = self.ready.pop_front() {
                self.driver.hand_over();
                return Poll::Ready(Some(Ok(outcome)));
            }
            // Before the input, because an input that always has more must not outrun it.
            if let Some(cancel) = &mut self.cancel
                && cancel.as_mut().poll(cx).is_ready()
            {
                self.cancel = None;
                self.stop(NotSentReason::Cancelled);
            }
            if self.poll_input(cx).is_ready() {
                continue;
            }
            let has_changed = self.driver.poll(cx).is_ready();
            self.collect();
            if self.ready.is_empty() && self.has_ended() {
                let error = self.driver.take_failure().or(self.error.take());
                return Poll::Ready(error.map(Err));
            }
            if !has_changed && self.ready.is_empty() {
                return Poll::Pending;
            }
        }
    }

    fn has_ended(&self) -> bool {
        self.next_index.is_none() && self.checking.is_none() && self.open.is_empty() && self.driver.is_idle()
    }

    /// Takes an activity, or goes on with its checks. Ready if something has changed.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(reason) = self.driver.stopped().cloned() {
            return self.poll_rest(cx, &reason);
        }
        if let Some(checking) = &mut self.checking {
            let Poll::Ready((checks, result)) = checking.future.as_mut().poll(cx) else {
                return Poll::Pending;
            };
            let index = checking.index;
            (self.checking, self.checks) = (None, Some(checks));
            self.was_checked(index, result);
            return Poll::Ready(());
        }
        let Some(index) = self.next_index else { return Poll::Pending };
        if !self.driver.wants_more() || self.open.len() >= self.most_open {
            return Poll::Pending;
        }
        let Poll::Ready(taken) = (self.input)(cx) else { return Poll::Pending };
        match taken {
            Some(entry) => {
                self.next_index = Some(index + 1);
                self.take(index, entry);
            }
            None => {
                self.next_index = None;
                self.driver.input_ended();
                let end = self.journal.as_ref().map_or(Ok(()), |(_, earlier)| earlier.check_end());
                self.error = end.err();
            }
        }
        Poll::Ready(())
    }

    /// Takes the rest of the input after a stop, and sends nothing. After a cancel the rest is not taken.
    fn poll_rest(&mut self, cx: &mut Context<'_>, reason: &NotSentReason) -> Poll<()> {
        self.driver.input_ended();
        if let Some(checking) = self.checking.take() {
            let entry = self.open.get(&checking.index).map(|open| open.entry.clone()).unwrap_or_default();
            let ending = self.ending_of_rest(checking.index, &entry, reason);
            self.end(checking.index, ending);
        }
        if matches!(reason, NotSentReason::Cancelled | NotSentReason::Storage(_)) {
            self.next_index = None;
        }
        let Some(index) = self.next_index.filter(|_| self.open.len() < self.most_open) else {
            return Poll::Pending;
        };
        let Poll::Ready(taken) = (self.input)(cx) else { return Poll::Pending };
        self.next_index = taken.is_some().then_some(index + 1);
        if let Some(entry) = taken {
            let ending = self.ending_of_rest(index, &entry, reason);
            self.open.insert(index, Open { entry, findings: Findings::default(), outcome: None });
            self.end(index, ending);
        }
        Poll::Ready(())
    }

    /// Returns how a row ends that is not handed to the engine because of a stop.
    fn ending_of_rest(&mut self, index: Key, entry: &NewEntry, reason: &NotSentReason) -> Ending {
        match self.journal.as_mut().map(|(_, earlier)| earlier.take(index, entry)) {
            Some(Ok(Earlier::Done(settled))) => of_settled(settled),
            Some(Ok(Earlier::Sent(_)) | Err(_)) => Ending::Unknown(UnknownReason::Ended(reason.clone())),
            Some(Ok(Earlier::New)) | None => Ending::NotSent(reason.clone()),
        }
    }

    fn take(&mut self, index: Key, entry: NewEntry) {
        let Some(mut checks) = self.checks.take() else { return };
        let to_check = entry.clone();
        self.open.insert(index, Open { entry, findings: Findings::default(), outcome: None });
        let patience = self.patience;
        let future = Box::pin(async move {
            let result = examine(&mut checks, &to_check, patience).await;
            (checks, result)
        });
        self.checking = Some(Checking { index, future });
    }

    fn was_checked(&mut self, index: Key, result: Result<Findings, Obstacle>) {
        let findings = match result {
            Ok(findings) => findings,
            Err(obstacle) => {
                let text = obstacle.error().to_string();
                let reason = match obstacle {
                    Obstacle::KeyRefused(_) => NotSentReason::KeyRefused(text),
                    Obstacle::NotNow(_) => NotSentReason::ServerDown { since: self.patience, last: text },
                };
                let entry = self.open.get(&index).map(|open| open.entry.clone()).unwrap_or_default();
                let ending = self.ending_of_rest(index, &entry, &reason);
                self.end(index, ending);
                return self.stop(reason);
            }
        };
        let refusal = findings.refusal.clone();
        let Some(open) = self.open.get_mut(&index) else { return };
        open.findings = findings;
        let entry = open.entry.clone();
        let mut sent_before = None;
        if let Some((journal, earlier)) = &mut self.journal {
            match earlier.take(index, &entry) {
                Ok(Earlier::New) => {}
                Ok(Earlier::Sent(sent)) => sent_before = Some(sent),
                Ok(Earlier::Done(settled)) => {
                    if let Settled::Stored(id, None) = settled {
                        self.driver.stored_before(&entry, id);
                    }
                    return self.end(index, of_settled(settled));
                }
                Err(error) => {
                    self.open.remove(&index);
                    let reason = NotSentReason::Storage(error.to_string());
                    self.error = Some(error);
                    return self.stop(reason);
                }
            }
            journal.note(index, &entry);
        }
        if self.is_dry_run {
            return self.end(
                index,
                match (refusal, sent_before) {
                    (_, Some(_)) => Ending::Unknown(UnknownReason::Ended(NotSentReason::DryRun)),
                    (Some(why), None) => Ending::Refused(Rejection::new(None, why)),
                    (None, None) => Ending::NotSent(NotSentReason::DryRun),
                },
            );
        }
        match refusal {
            Some(why) if sent_before.is_none() => {
                self.driver.refuse_unsent(index, entry, Rejection::new(None, why))
            }
            _ => self.driver.take(Activity { key: index, entry, sent_before }),
        }
    }

    fn stop(&mut self, reason: NotSentReason) {
        self.driver.stop(reason);
    }

    fn collect(&mut self) {
        let mut any = false;
        while let Some((key, ending)) = self.driver.next_ending() {
            self.end(key, ending);
            any = true;
        }
        while let Some(first) = self.open.first_entry()
            && first.get().outcome.is_some()
        {
            let (index, Open { entry, findings, outcome }) = first.remove_entry();
            let Some((outcome, reason)) = outcome else { continue };
            let Findings { losses, unknown_user, unknown_type, .. } = findings;
            let outcome = ImportOutcome { index, entry, outcome, reason, losses, unknown_user, unknown_type };
            self.ready.push_back(outcome);
        }
        if any || !self.ready.is_empty() {
            (self.on_progress)(&self.progress);
        }
    }

    fn end(&mut self, index: Key, ending: Ending) {
        let Some(open) = self.open.get_mut(&index) else { return };
        if open.outcome.is_some() {
            return;
        }
        let outcome = match ending {
            Ending::Stored { id, copy } => (AddOutcome::Created(id), copy.map(OutcomeReason::StoredTwice)),
            Ending::StoredWithoutId => (AddOutcome::StoredWithoutId, None),
            Ending::Refused(rejection) => (AddOutcome::Rejected(rejection), None),
            Ending::NotSent(reason) => {
                (AddOutcome::NotSent(reason.to_string()), Some(OutcomeReason::NotSent(reason)))
            }
            Ending::Unknown(reason) => {
                (AddOutcome::Unknown(reason.to_string()), Some(OutcomeReason::Unknown(reason)))
            }
        };
        self.progress.count(&outcome.0);
        observe::import_outcome(&outcome.0);
        open.outcome = Some(outcome);
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

fn of_settled(settled: Settled) -> Ending {
    match settled {
        Settled::Stored(id, copy) => Ending::Stored { id, copy },
        Settled::StoredWithoutId => Ending::StoredWithoutId,
        Settled::Refused(rejection) => Ending::Refused(rejection),
        Settled::Undecidable(reason) => Ending::Unknown(reason),
        Settled::Missing => Ending::NotSent(NotSentReason::Cancelled),
    }
}

/// The time between two questions of the checks.
const ASK_AGAIN: Duration = Duration::from_secs(1);
