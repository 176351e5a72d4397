//! Reads the input in chunks.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crm_model::history::NewEntry;
use crm_transport::Error;
use crm_transport::durable::IdentityHash;

use super::OPERATION;
use super::checks::Checks;
use super::chunk::{Chunk, Item};
use super::journal::{EarlierRun, RecordedChunk};
use super::stop::StopSignal;

/// Takes an activity, as [`Stream::poll_next`](futures_core::Stream::poll_next) does.
pub(super) type Input = Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<NewEntry>> + Send>;
/// Stops the import when it ends.
pub(super) type Cancel = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The limits of a chunk.
#[derive(Clone, Copy)]
pub(super) struct ChunkLimits {
    pub(super) activities: usize,
    pub(super) bytes: usize,
}

/// Splits the input: first into the chunks that the journal knows, then into new ones.
pub(super) struct ChunkReader {
    input: Input,
    cancel: Cancel,
    stop: Arc<StopSignal>,
    earlier: EarlierRun,
    limits: ChunkLimits,
    checks: Checks,
    /// Index of the next activity.
    next: u64,
    /// An activity that did not fit into the last chunk.
    left_over: Option<NewEntry>,
    ended: bool,
}

impl ChunkReader {
    pub(super) fn new(
        input: Input,
        cancel: Cancel,
        stop: Arc<StopSignal>,
        earlier: EarlierRun,
        limits: ChunkLimits,
        checks: Checks,
    ) -> Self {
        Self { input, cancel, stop, earlier, limits, checks, next: 0, left_over: None, ended: false }
    }

    /// Returns the next chunk, or `None` at the end of the input.
    pub(super) async fn next(&mut self) -> Result<Option<Chunk>, Error> {
        // The journal may miss a chunk between two others: it was still waiting when the import was killed.
        let missing =
            self.earlier.chunks.front().map_or(u64::MAX, |known| known.first.saturating_sub(self.next));
        if missing > 0
            && let Some(chunk) = self.new_chunk(missing).await?
        {
            return Ok(Some(chunk));
        }
        match self.earlier.chunks.pop_front() {
            Some(recorded) => self.known_chunk(recorded).await,
            None => Ok(None),
        }
    }

    /// Reads a chunk that the journal knows. Returns `None` if the import is cancelled before all of it is read.
    async fn known_chunk(&mut self, recorded: RecordedChunk) -> Result<Option<Chunk>, Error> {
        let mut entries = Vec::new();
        let mut hash = IdentityHash::new();
        while recorded.first == self.next && (entries.len() as u64) < recorded.count {
            let Some(entry) = self.take().await else { break };
            hash = with_line(hash, &encode(&entry)?);
            entries.push(entry);
        }
        if (entries.len() as u64) < recorded.count {
            let missing = || self.earlier.is_of_another_input(&recorded, "are missing");
            return if self.stop.is_stopped() { Ok(None) } else { Err(missing()) };
        }
        if hash.value() != recorded.hash {
            return Err(self.earlier.is_of_another_input(&recorded, "have changed"));
        }
        let mut chunk = self.chunk(entries, hash).await;
        for (item, outcome) in recorded.outcomes {
            chunk.items[item].outcome = Some(outcome);
        }
        chunk.doubt = recorded.doubt;
        Ok(Some(chunk))
    }

    /// Reads a new chunk of at most `max` activities. Returns `None` at the end of the input.
    async fn new_chunk(&mut self, max: u64) -> Result<Option<Chunk>, Error> {
        let mut entries = Vec::new();
        let mut hash = IdentityHash::new();
        let mut bytes = 0;
        while entries.len() < self.limits.activities && (entries.len() as u64) < max {
            let Some(entry) = self.take().await else { break };
            let encoded = encode(&entry)?;
            bytes += encoded.len() + 1;
            if bytes > self.limits.bytes && !entries.is_empty() {
                self.left_over = Some(entry);
                break;
            }
            hash = with_line(hash, &encoded);
            entries.push(entry);
        }
        if entries.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.chunk(entries, hash).await))
    }

    async fn chunk(&mut self, entries: Vec<NewEntry>, hash: IdentityHash) -> Chunk {
        let first = self.next;
        self.next += entries.len() as u64;
        let mut items: Vec<Item> = Vec::with_capacity(entries.len());
        for (index, entry) in (first..).zip(entries) {
            items.push(self.checks.check(index, entry).await);
        }
        Chunk { first, hash, items, doubt: None }
    }

    /// Takes the next activity. Returns `None` at the end of the input, and once the import is cancelled.
    async fn take(&mut self) -> Option<NewEntry> {
        if self.ended {
            return None;
        }
        if let Some(entry) = self.left_over.take() {
            return Some(entry);
        }
        let taken = poll_fn(|cx| {
            // Before the input, because an input that always has more must not outrun it.
            if self.cancel.as_mut().poll(cx).is_ready() {
                self.stop.stop("the import was cancelled");
                return Poll::Ready(None);
            }
            (self.input)(cx)
        })
        .await;
        self.ended = taken.is_none();
        taken
    }
}

fn encode(entry: &NewEntry) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(entry).map_err(|e| Error::invalid_request(OPERATION, "entry", e.to_string()))
}

fn with_line(hash: IdentityHash, bytes: &[u8]) -> IdentityHash {
    hash.with(bytes).with(b"\n")
}
