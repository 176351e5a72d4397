//! The input in pieces that are sent in one call.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use crm_model::history::{AddOutcome, NewEntry, Rejection};
use crm_transport::Error;

use super::journal::{Recorded, Sent};
use super::worker::Worker;
use super::{Cancel, IMPORT, Imported, Input, LossPolicy, Settings};
use crate::operations::add;

/// A piece of the input.
pub(super) struct Chunk {
    /// The index of its first activity.
    pub(super) first: u64,
    /// A hash of its activities, to know them again.
    pub(super) hash: u64,
    /// Its activities; those without an outcome have `None`.
    pub(super) items: Vec<Item>,
    /// What an earlier run sent and had no answer to.
    pub(super) doubt: Option<Sent>,
}

pub(super) struct Item {
    pub(super) imported: Imported,
    pub(super) settled: bool,
}

impl Item {
    pub(super) fn settle(&mut self, outcome: AddOutcome) {
        self.imported.outcome = outcome;
        self.settled = true;
    }
}

/// Takes the input apart: first into the chunks that the journal knows, then into new ones.
pub(super) struct Chunks {
    input: Input,
    cancel: Cancel,
    recorded: VecDeque<Recorded>,
    settings: Settings,
    pub(super) worker: Arc<Worker>,
    next: u64,
    /// An activity that did not fit into the chunk before.
    waiting: Option<NewEntry>,
    ended: bool,
}

impl Chunks {
    pub(super) fn new(
        input: Input,
        cancel: Cancel,
        recorded: VecDeque<Recorded>,
        settings: Settings,
        worker: Arc<Worker>,
    ) -> Self {
        Self { input, cancel, recorded, settings, worker, next: 0, waiting: None, ended: false }
    }

    /// The next chunk, and whence the others come; `None` at the end.
    pub(super) async fn next(mut self) -> Result<Option<(Chunk, Self)>, Error> {
        // A chunk may be missing between two that are written down: it was still waiting for its turn when the
        // import was killed.
        let missing = self.recorded.front().map_or(u64::MAX, |known| known.first.saturating_sub(self.next));
        let mut chunk = if missing > 0 { self.fresh(missing).await? } else { None };
        if chunk.is_none()
            && let Some(recorded) = self.recorded.pop_front()
        {
            chunk = self.known(recorded).await?;
        }
        Ok(chunk.map(|chunk| (chunk, self)))
    }

    /// The next chunk that the journal knows; `None` when the import is cancelled before all of it is taken.
    async fn known(&mut self, recorded: Recorded) -> Result<Option<Chunk>, Error> {
        let another = |what: &str| {
            let last = recorded.first + recorded.count - 1;
            let fault = format!(
                "is of another input: activities {} to {last} {what}. Give the input that it was made with, or another journal",
                recorded.first
            );
            Err(Error::invalid_request(IMPORT, "journal", fault))
        };
        if recorded.first != self.next {
            return if self.worker.is_stopped() { Ok(None) } else { another("are not there") };
        }
        let mut entries = Vec::new();
        let mut hash = Hash::new();
        while (entries.len() as u64) < recorded.count {
            let Some(entry) = self.take().await else {
                return if self.worker.is_stopped() { Ok(None) } else { another("are not there") };
            };
            hash.add(&encoded(&entry)?);
            entries.push(entry);
        }
        if hash.0 != recorded.hash {
            return another("have changed");
        }
        let mut chunk = self.chunk(entries, hash.0).await?;
        for (item, outcome) in chunk.items.iter_mut().zip(recorded.outcomes) {
            if let Some(outcome) = outcome {
                item.settle(outcome);
            }
        }
        chunk.doubt = recorded.doubt;
        Ok(Some(chunk))
    }

    /// The next chunk within the limits of count and bytes, of at most so many activities; `None` at the end of the
    /// input.
    async fn fresh(&mut self, most: u64) -> Result<Option<Chunk>, Error> {
        let mut entries = Vec::new();
        let mut hash = Hash::new();
        let mut bytes = 0;
        while entries.len() < self.settings.chunk && (entries.len() as u64) < most {
            let Some(entry) = self.take().await else { break };
            let encoded = encoded(&entry)?;
            bytes += encoded.len() + 1;
            if bytes > self.settings.chunk_bytes && !entries.is_empty() {
                self.waiting = Some(entry);
                break;
            }
            hash.add(&encoded);
            entries.push(entry);
        }
        if entries.is_empty() {
            return Ok(None);
        }
        self.chunk(entries, hash.0).await.map(Some)
    }

    async fn chunk(&mut self, entries: Vec<NewEntry>, hash: u64) -> Result<Chunk, Error> {
        let first = self.next;
        self.next += entries.len() as u64;
        let mut items = Vec::with_capacity(entries.len());
        for (index, entry) in (first..).zip(entries) {
            items.push(self.item(index, entry).await);
        }
        Ok(Chunk { first, hash, items, doubt: None })
    }

    /// An activity, already refused where it need not be sent for that.
    async fn item(&mut self, index: u64, entry: NewEntry) -> Item {
        let refused = |text: String| AddOutcome::Rejected(Rejection::new(None, text));
        let losses = match self.settings.losses {
            LossPolicy::Allow => Vec::new(),
            LossPolicy::Warn | LossPolicy::Reject => entry.losses(),
        };
        let mut outcome = None;
        if let Some((field, fault)) = add::fault(&entry) {
            outcome = Some(refused(format!("{field} {fault}")));
        } else if self.settings.losses == LossPolicy::Reject && !losses.is_empty() {
            let losses: Vec<String> = losses.iter().map(ToString::to_string).collect();
            outcome = Some(refused(losses.join("; ")));
        }
        let mut unknown_user = false;
        if outcome.is_none() && self.settings.check_users {
            unknown_user = match &entry.user {
                Some(login) => self.worker.is_unknown(login).await,
                None => false,
            };
            if unknown_user && self.settings.losses == LossPolicy::Reject {
                outcome = Some(refused("user is not known to the CRM".to_owned()));
            }
        }
        let settled = outcome.is_some();
        let outcome = outcome.unwrap_or_else(|| AddOutcome::NotSent(String::new()));
        Item { imported: Imported { index, entry, outcome, losses, unknown_user }, settled }
    }

    /// The next activity of the input; `None` at its end and when the import is cancelled.
    async fn take(&mut self) -> Option<NewEntry> {
        if self.ended {
            return None;
        }
        if let Some(entry) = self.waiting.take() {
            return Some(entry);
        }
        let taken = poll_fn(|cx| {
            // The token first: an input that always has more must not outrun it.
            if self.cancel.as_mut().poll(cx).is_ready() {
                self.worker.stop("the import was cancelled");
                return Poll::Ready(None);
            }
            (self.input)(cx)
        })
        .await;
        self.ended = taken.is_none();
        taken
    }
}

fn encoded(entry: &NewEntry) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(entry).map_err(|e| Error::invalid_request(IMPORT, "entry", e.to_string()))
}

/// FNV-1a of 64 bits: the same in every version, and enough to tell inputs of one user apart.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().chain(b"\n") {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
