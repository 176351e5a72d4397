//! What the engine needs of a store: a journal file, or the database of an outbox.

use crm_model::history::{EntryId, Rejection};
use crm_transport::{BoxFuture, Error};

use super::item::{Floor, Key};
use super::reasons::UnknownReason;

/// Keeps what must survive a crash. Everything is durable when a method returns.
///
/// What a store knows of earlier processes comes back with each activity, as
/// [`SentBefore`](super::SentBefore), and as [`Earlier`](super::Earlier).
pub trait Store: Send + Sync {
    /// Records a request that is about to be sent. From then on its activities are in doubt.
    fn sending<'a>(&'a self, sending: &'a Sending) -> BoxFuture<'a, Result<(), Error>>;

    /// Records what became of activities. They are no longer in doubt.
    fn settled<'a>(&'a self, settled: &'a [(Key, Settled)]) -> BoxFuture<'a, Result<(), Error>>;
}

/// A request that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Its number, which grows from process to process.
    pub request: u64,
    pub keys: Vec<Key>,
    pub floor: Floor,
}

/// What became of an activity.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// It is stored. The second ID is that of a copy.
    Stored(EntryId, Option<EntryId>),
    /// It is stored, and the server did not say under which ID.
    StoredWithoutId,
    /// It is refused and will not be sent again.
    Refused(Rejection),
    /// It is certainly not stored, and may be sent again.
    Missing,
    /// It cannot be decided, and will not be sent again.
    Undecidable(UnknownReason),
}

/// Keeps nothing.
pub(crate) struct NoStore;

impl Store for NoStore {
    fn sending<'a>(&'a self, _: &'a Sending) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { Ok(()) })
    }

    fn settled<'a>(&'a self, _: &'a [(Key, Settled)]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { Ok(()) })
    }
}

/// Keeps everything in memory, for tests: what a second process would find.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct MemoryStore(std::sync::Mutex<Memory>);

#[cfg(test)]
#[derive(Default)]
struct Memory {
    sent: std::collections::BTreeMap<Key, super::SentBefore>,
    settled: std::collections::BTreeMap<Key, Settled>,
}

#[cfg(test)]
impl Store for MemoryStore {
    fn sending<'a>(&'a self, sending: &'a Sending) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut memory = self.lock();
            for &key in &sending.keys {
                let sent = super::SentBefore { request: sending.request, floor: sending.floor };
                memory.settled.remove(&key);
                memory.sent.insert(key, sent);
            }
            Ok(())
        })
    }

    fn settled<'a>(&'a self, settled: &'a [(Key, Settled)]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut memory = self.lock();
            for (key, settled) in settled {
                memory.sent.remove(key);
                memory.settled.insert(*key, settled.clone());
            }
            Ok(())
        })
    }
}

#[cfg(test)]
impl MemoryStore {
    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Returns the request without an outcome in which this activity was.
    pub(crate) fn doubt(&self, key: Key) -> Option<super::SentBefore> {
        self.lock().sent.get(&key).copied()
    }

    /// Returns what became of an activity.
    pub(crate) fn result(&self, key: Key) -> Option<Settled> {
        self.lock().settled.get(&key).cloned()
    }
}
