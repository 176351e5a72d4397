//! Sends chunks until every activity has an outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crm_model::history::{AddOutcome, NewEntry, Rejection};
use crm_transport::json::JsonError;
use crm_transport::{Delivery, Error, ErrorKind, Operation};
use tokio::sync::RwLock;

use super::chunk::{Chunk, Sent};
use super::import_outcome::ImportOutcome;
use super::journal::Journal;
use super::known_ids::KnownIds;
use super::lookup;
use super::settling::{self, Doubt};
use super::stop::StopSignal;
use crate::HistoryClient;
use crate::operations::AddList;

/// Sends the chunks of one import. They share what it knows.
pub(super) struct Sender {
    client: HistoryClient,
    journal: Journal,
    stop: Arc<StopSignal>,
    /// How long the server may work on a chunk that got no response.
    settle: Duration,
    ids: KnownIds,
    /// Held for reading while a chunk is sent, and for writing while activities are looked up. During a lookup every
    /// other activity that was sent therefore has an outcome, or is in doubt and looked up later.
    lookup_gate: RwLock<()>,
    /// Number of activities in a row at which the server failed although each was sent alone.
    failed_alone: AtomicU32,
}

/// What one request achieved.
enum Attempt {
    /// Its activities have an outcome, or the import was stopped.
    Finished,
    /// Some of its activities are certainly not stored, because of this failure.
    NotStored(Error),
}

impl Sender {
    pub(super) fn new(
        client: HistoryClient,
        journal: Journal,
        stop: Arc<StopSignal>,
        settle: Duration,
        ids: KnownIds,
    ) -> Self {
        let (lookup_gate, failed_alone) = (RwLock::new(()), AtomicU32::new(0));
        Self { client, journal, stop, settle, ids, lookup_gate, failed_alone }
    }

    /// Sends a chunk until every activity in it has an outcome. An error beside the outcomes comes from the journal and
    /// ends the import.
    pub(super) async fn send(&self, mut chunk: Chunk) -> (Vec<ImportOutcome>, Option<Error>) {
        let journal_error = self.send_open(&mut chunk).await.err();
        self.ids.finish(chunk.first);
        (chunk.into_outcomes().collect(), journal_error)
    }

    async fn send_open(&self, chunk: &mut Chunk) -> Result<(), Error> {
        if let Some(sent) = chunk.doubt.take() {
            self.look_up(chunk, &sent, true).await?;
        }
        let mut size = usize::MAX;
        let mut failures = 0;
        loop {
            let open: Vec<usize> = chunk.open_items().take(size).collect();
            if open.is_empty() {
                return Ok(());
            }
            if let Some(reason) = self.stop.reason() {
                chunk.settle_rest(&AddOutcome::NotSent(reason.to_owned()));
                return Ok(());
            }
            let before = chunk.open_items().count();
            let Attempt::NotStored(error) = self.attempt(chunk, &open).await? else { continue };
            if chunk.open_items().count() < before {
                failures = 0;
                continue; // the server stored some before it failed
            }
            failures += 1;
            if !may_fail_at_an_activity(&error) {
                if failures >= MAX_FAILURES {
                    self.stop.stop(format!("the server failed {failures} times in a row: {error}"));
                }
            } else if open.len() > 1 {
                (size, failures) = (open.len() / 2, 0); // the server may fail at one of them
            } else if failures >= MAX_FAILURES_ALONE {
                if self.failed_alone.fetch_add(1, Ordering::Relaxed) >= MAX_FAILED_ALONE {
                    self.stop.stop(format!("the server failed at every activity: {error}"));
                    continue;
                }
                let refused = AddOutcome::Rejected(Rejection::new(error.api_code(), error.to_string()));
                chunk.settle(&open, &refused);
                self.journal.outcomes(chunk.first, &[(open[0], refused)]).await?;
                (size, failures) = (usize::MAX, 0);
            }
        }
    }

    /// Sends these items once, and settles those whose outcome is known afterwards.
    async fn attempt(&self, chunk: &mut Chunk, open: &[usize]) -> Result<Attempt, Error> {
        let sending = self.lookup_gate.read().await;
        let sent = match self.watermark(chunk.first).await {
            Ok(watermark) => Sent { items: open.to_vec(), watermark, at: settling::now() },
            Err(error) => {
                self.stop.stop(format!("the history could not be read before sending: {error}"));
                return Ok(Attempt::Finished);
            }
        };
        if let Err(error) = self.journal.about_to_send(chunk, &sent).await {
            self.stop.stop(error.to_string());
            chunk.settle_rest(&AddOutcome::NotSent(error.to_string()));
            return Err(error);
        }
        let entries: Vec<NewEntry> = open.iter().map(|&item| chunk.items[item].entry.clone()).collect();
        let result = self.client.add_list(&entries).await;
        let mut known = Vec::new();
        let mut in_doubt = Vec::new();
        let failure = match result {
            Ok(outcomes) => {
                for (&item, outcome) in open.iter().zip(outcomes) {
                    match outcome {
                        AddOutcome::Unknown(_) => in_doubt.push(item),
                        outcome => known.push((item, outcome)),
                    }
                }
                None
            }
            Err(error) => {
                match error.delivery() {
                    Delivery::Unknown => in_doubt = open.to_vec(),
                    Delivery::Delivered if error.http_status() == Some(413) => {} // smaller chunks may pass
                    _ => self.stop.stop(format!("the import stopped: {error}")),
                }
                if in_doubt.is_empty() {
                    known = open.iter().map(|&item| (item, AddOutcome::NotSent(error.to_string()))).collect();
                }
                Some(error)
            }
        };
        for (item, outcome) in &known {
            if let AddOutcome::Created(id) = outcome {
                self.ids.claim(*id);
                self.failed_alone.store(0, Ordering::Relaxed);
            }
            if !matches!(outcome, AddOutcome::NotSent(_)) {
                chunk.settle(&[*item], outcome);
            }
        }
        // Only now, because a lookup must not take these records for those of another chunk.
        drop(sending);
        if let Err(error) = self.journal.outcomes(chunk.first, &known).await {
            chunk
                .settle(&in_doubt, &AddOutcome::Unknown(format!("the call got no usable response; {error}")));
            return Err(error);
        }
        if !in_doubt.is_empty() {
            let may_still_work = failure.as_ref().is_some_and(may_still_work);
            self.look_up(chunk, &Sent { items: in_doubt, ..sent }, may_still_work).await?;
        }
        if open.iter().all(|&item| chunk.items[item].outcome.is_some()) {
            return Ok(Attempt::Finished);
        }
        Ok(Attempt::NotStored(failure.unwrap_or_else(|| {
            let cause = JsonError::new("$", "the server returned no outcome for some activities");
            Error::undecodable(&AddList::INFO, cause)
        })))
    }

    /// Looks up items in doubt. Settles those that are stored and those that cannot be decided. The others are certainly
    /// not stored and stay open.
    async fn look_up(&self, chunk: &mut Chunk, sent: &Sent, may_still_work: bool) -> Result<(), Error> {
        let _no_sending = self.lookup_gate.write().await;
        let is_open = |&item: &usize| chunk.items[item].outcome.is_none();
        let items: Vec<usize> = sent.items.iter().copied().filter(is_open).collect();
        if items.is_empty() {
            return Ok(());
        }
        let doubt = Doubt {
            entries: items.iter().map(|&item| &chunk.items[item].entry).collect(),
            sent,
            claimed: self.ids.claimed(),
            settle: may_still_work.then_some(self.settle),
        };
        let found = match doubt.settle(&self.client).await {
            Ok(found) => found,
            Err(error) => {
                // The journal has them in doubt still, so the next run looks them up again.
                let reason = format!("the call got no usable response, and the lookup failed: {error}");
                chunk.settle(&items, &AddOutcome::Unknown(reason.clone()));
                self.stop.stop(reason);
                return Ok(());
            }
        };
        let outcomes: Vec<(usize, AddOutcome)> =
            items.into_iter().zip(found.into_iter().map(settling::outcome)).collect();
        for (item, outcome) in &outcomes {
            if let AddOutcome::Created(id) = outcome {
                self.ids.claim(*id);
            }
            if !matches!(outcome, AddOutcome::NotSent(_)) {
                chunk.settle(&[*item], outcome);
            }
        }
        self.journal.outcomes(chunk.first, &outcomes).await
    }

    /// Returns the highest ID before a chunk is sent. `first` is the index of its first activity.
    async fn watermark(&self, first: u64) -> Result<u64, Error> {
        if !self.ids.is_current() {
            self.ids.set_highest(lookup::highest_id(&self.client).await?);
        }
        Ok(self.ids.watermark(first))
    }
}

/// Requests in a row that store nothing before the import stops.
const MAX_FAILURES: u32 = 5;
/// Requests with a single activity that the server fails at before the activity is refused.
const MAX_FAILURES_ALONE: u32 = 3;
/// Activities in a row that may be refused so before the import stops.
const MAX_FAILED_ALONE: u32 = 3;

/// Returns `true` if the server itself failed, which may be because of a single activity.
fn may_fail_at_an_activity(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Api | ErrorKind::PhpError | ErrorKind::EmptyBody)
        || matches!(error.http_status(), Some(413 | 500))
}

/// Returns `true` if the server itself did not respond, so that it may still be working.
fn may_still_work(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Closed | ErrorKind::Timeout | ErrorKind::Gateway | ErrorKind::Connect)
}
