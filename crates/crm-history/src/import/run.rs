//! An import at work: between the input, the checks, the journal and the engine.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crm_model::history::{AddOutcome, NewEntry, Rejection};
use crm_transport::Error;
use tokio::time::Sleep;

use super::checking::{Checked, Checking};
use super::checks::{Checks, Findings};
use super::import_outcome::{ImportOutcome, ImportProgress, OutcomeReason};
use super::journal::{Alignment, Earlier, Journal, Place, StoredElsewhere};
use super::logins::Obstacle;
use crate::engine::{Activity, Driver, Ending, Key, NotSentReason, SentBefore, Settled, UnknownReason};
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
    checking: Option<(Key, Checking)>,
    pub(super) journal: Option<(Arc<Journal>, Alignment)>,
    elsewhere: Option<StoredElsewhere>,
    /// The positions of the activities at work whose key in the journal is another number.
    positions: HashMap<Key, Key>,
    /// Records where the rows of the input are.
    pub(super) recording: Option<Recording>,
    /// When activities that may be new are held no longer, although the input goes on.
    pub(super) held_until: Option<Pin<Box<Sleep>>>,
    driver: Driver,
    /// Nothing is sent.
    is_dry_run: bool,
    /// The activities whose outcome was not returned yet.
    open: HashMap<Key, Open>,
    /// The position of the first of them.
    first_open: Key,
    /// Maximum number of them. Outcomes wait for those before them.
    most_open: usize,
    ready: VecDeque<ImportOutcome>,
    progress: ImportProgress,
    on_progress: OnProgress,
    /// `None` once it ended.
    cancel: Option<Cancel>,
    pub(super) patience: Duration,
    pub(super) error: Option<Error>,
}

/// An activity that was taken.
struct Open {
    entry: NewEntry,
    findings: Findings,
    outcome: Option<(AddOutcome, Option<OutcomeReason>)>,
    /// It is stored, and not by this run.
    stored_before: bool,
}

impl Open {
    fn new(entry: NewEntry) -> Self {
        Self { entry, findings: Findings::default(), outcome: None, stored_before: false }
    }
}

type Recording = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What an import is made of.
pub(super) struct Parts {
    pub(super) input: Input,
    pub(super) checks: Checks,
    pub(super) journal: Option<(Arc<Journal>, Alignment)>,
    pub(super) elsewhere: Option<StoredElsewhere>,
    pub(super) driver: Driver,
    pub(super) is_dry_run: bool,
    pub(super) most_open: usize,
    pub(super) on_progress: OnProgress,
    pub(super) cancel: Cancel,
    pub(super) patience: Duration,
}

impl Run {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { input, checks, journal, elsewhere, driver, .. } = parts;
        let Parts { is_dry_run, most_open, on_progress, cancel, patience, .. } = parts;
        Self {
            input,
            next_index: Some(0),
            checks: Some(checks),
            checking: None,
            journal,
            elsewhere,
            positions: HashMap::new(),
            recording: None,
            held_until: None,
            driver,
            is_dry_run,
            open: HashMap::new(),
            first_open: 0,
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
                // What an earlier run has done ends at once, and is returned before more of the input is taken.
                let has_ended = |open: &Open| open.outcome.is_some();
                if self.open.len() >= CHUNK && self.open.get(&self.first_open).is_some_and(has_ended) {
                    self.collect();
                }
                continue;
            }
            self.poll_recording(cx);
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
        self.next_index.is_none()
            && self.checking.is_none()
            && self.recording.is_none()
            && self.open.is_empty()
            && self.driver.is_idle()
    }

    /// Takes an activity, or goes on with its checks. Ready if something has changed.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(reason) = self.driver.stopped().cloned() {
            return self.poll_rest(cx, &reason);
        }
        if let Some((index, checking)) = &mut self.checking {
            let Poll::Ready(checked) = checking.poll(cx) else { return Poll::Pending };
            let index = *index;
            self.checking = None;
            self.was_checked(index, checked);
            return Poll::Ready(());
        }
        let Some(index) = self.next_index else { return Poll::Pending };
        // What is held waits for rows behind it, however many there are.
        if !self.driver.wants_more() || (self.open.len() >= self.most_open && !self.holds_rows()) {
            return Poll::Pending;
        }
        let Poll::Ready(taken) = (self.input)(cx) else { return self.poll_held(cx) };
        self.held_until = None;
        match taken {
            Some(entry) => {
                self.next_index = Some(index + 1);
                self.take(cx, index, entry);
            }
            None => {
                self.next_index = None;
                self.release(Alignment::release_all);
                self.driver.input_ended();
                let end = self.journal.as_ref().map_or(Ok(()), |(_, alignment)| alignment.check_end());
                self.error = end.err();
                if let Some((journal, _)) = self.journal.as_ref().filter(|_| !self.is_dry_run) {
                    let journal = Arc::clone(journal);
                    self.recording = Some(Box::pin(async move { journal.append_placed().await }));
                }
            }
        }
        Poll::Ready(())
    }

    /// Takes the rest of the input after a stop, and sends nothing. After a cancel the rest is not taken.
    fn poll_rest(&mut self, cx: &mut Context<'_>, reason: &NotSentReason) -> Poll<()> {
        self.driver.input_ended();
        let held = self.journal.as_mut().map(|(_, alignment)| alignment.give_up()).unwrap_or_default();
        held.into_iter().for_each(|index| self.end(index, Ending::NotSent(reason.clone())));
        if let Some((index, _)) = self.checking.take() {
            let entry = self.open.get(&index).map(|open| open.entry.clone()).unwrap_or_default();
            let ending = self.ending_of_rest(index, &entry, reason);
            self.end(index, ending);
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
            self.open.insert(index, Open::new(entry));
            self.end(index, ending);
        }
        Poll::Ready(())
    }

    /// Returns how a row ends that is not handed to the engine because of a stop.
    fn ending_of_rest(&mut self, index: Key, entry: &NewEntry, reason: &NotSentReason) -> Ending {
        match self.journal.as_mut().map(|(_, alignment)| alignment.take(index, entry)) {
            Some(Place::Known(_, Earlier::Done(settled))) => of_settled(settled),
            Some(Place::Known(_, Earlier::Sent(_))) => Ending::Unknown(UnknownReason::Ended(reason.clone())),
            Some(Place::Known(_, Earlier::New) | Place::Held) | None => Ending::NotSent(reason.clone()),
        }
    }

    fn take(&mut self, cx: &mut Context<'_>, index: Key, entry: NewEntry) {
        let Some(checks) = self.checks.take() else { return };
        self.open.insert(index, Open::new(entry.clone()));
        match Checking::begin(cx, checks, entry, self.patience) {
            Ok(checked) => self.was_checked(index, checked),
            Err(checking) => self.checking = Some((index, checking)),
        }
    }

    fn was_checked(&mut self, index: Key, (checks, result): Checked) {
        self.checks = Some(checks);
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
        let Some(open) = self.open.get_mut(&index) else { return };
        open.findings = findings;
        let Some((journal, alignment)) = &mut self.journal else { return self.send(index, index, None) };
        let place = alignment.take(index, &open.entry);
        journal.note_placed(alignment.take_placed());
        match place {
            Place::Held => return,
            Place::Known(key, Earlier::New) => self.send(index, key, None),
            Place::Known(key, Earlier::Sent(sent)) => self.send(index, key, Some(sent)),
            Place::Known(_, Earlier::Done(settled)) => {
                self.end_as_before(index, settled);
            }
        }
        self.release(Alignment::release_new);
    }

    /// Hands an activity to the engine, or ends with it if nothing is to be sent.
    pub(super) fn send(&mut self, index: Key, key: Key, sent_before: Option<SentBefore>) {
        let Some(open) = self.open.get(&index) else { return };
        let (entry, refusal) = (open.entry.clone(), open.findings.refusal.clone());
        if sent_before.is_none()
            && let Some(settled) = self.elsewhere.as_mut().and_then(|elsewhere| elsewhere.take(&entry))
        {
            return self.end_as_before(index, settled);
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
        if let Some((journal, _)) = &self.journal {
            journal.note(key, &entry);
        }
        if key != index {
            self.positions.insert(key, index);
        }
        match refusal {
            Some(why) if sent_before.is_none() => {
                self.driver.refuse_unsent(key, entry, Rejection::new(None, why))
            }
            _ => self.driver.take(Activity { key, entry, sent_before }),
        }
    }

    fn stop(&mut self, reason: NotSentReason) {
        self.driver.stop(reason);
    }

    fn collect(&mut self) {
        let mut any = false;
        while let Some((key, ending)) = self.driver.next_ending() {
            let index = self.positions.remove(&key).unwrap_or(key);
            self.end_with(index, ending, false);
            any = true;
        }
        while let Some((outcome, reason)) =
            self.open.get_mut(&self.first_open).and_then(|open| open.outcome.take())
            && let Some(Open { entry, findings, stored_before, .. }) = self.open.remove(&self.first_open)
        {
            let index = self.first_open;
            self.first_open += 1;
            let Findings { losses, unknown_user, unknown_type, .. } = findings;
            self.ready.push_back(ImportOutcome {
                index,
                entry,
                outcome,
                stored_before,
                reason,
                losses,
                unknown_user,
                unknown_type,
            });
        }
        if any || !self.ready.is_empty() {
            (self.on_progress)(&self.progress);
        }
    }

    /// Ends an activity that is stored, or may be, by another run.
    fn end_as_before(&mut self, index: Key, settled: Settled) {
        if let (Settled::Stored(id, None), Some(open)) = (&settled, self.open.get(&index)) {
            self.driver.stored_before(&open.entry, *id);
        }
        self.end(index, of_settled(settled));
    }

    /// Ends an activity that this run does not send.
    pub(super) fn end(&mut self, index: Key, ending: Ending) {
        self.end_with(index, ending, true);
    }

    fn end_with(&mut self, index: Key, ending: Ending, is_of_before: bool) {
        let Some(open) = self.open.get_mut(&index) else { return };
        if open.outcome.is_some() {
            return;
        }
        open.stored_before =
            is_of_before && matches!(ending, Ending::Stored { .. } | Ending::StoredWithoutId);
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

fn of_settled(settled: Settled) -> Ending {
    match settled {
        Settled::Stored(id, copy) => Ending::Stored { id, copy },
        Settled::StoredWithoutId => Ending::StoredWithoutId,
        Settled::Refused(rejection) => Ending::Refused(rejection),
        Settled::Undecidable(reason) => Ending::Unknown(reason),
        Settled::Missing => Ending::NotSent(NotSentReason::Cancelled),
    }
}

/// How many activities are taken before those that have ended are returned.
const CHUNK: usize = 100;
