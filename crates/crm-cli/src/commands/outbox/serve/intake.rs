//! Puts activities that come by HTTP, within limits.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crm::Error;
use crm::history::NewEntry;
use crm::outbox::{Outbox, PutError, Status};

/// The outbox behind a server.
pub(in crate::commands::outbox) struct Intake {
    pub(super) outbox: Outbox,
    token: Option<String>,
    /// Maximum size of a body in bytes.
    pub(super) most_bytes: usize,
    /// Maximum number of activities that are not settled.
    most_queued: u64,
    /// Activities without client, contact and deal get a client when they are delivered.
    pub(super) has_fallback_client: bool,
    counted: Mutex<Option<Counted>>,
    put_since: AtomicU64,
}

#[derive(Clone, Copy)]
struct Counted {
    queued: u64,
    at: Instant,
}

/// Why an activity was not taken.
pub(super) enum NotTaken {
    Put(PutError),
    Full,
}

impl Intake {
    pub(super) fn new(outbox: Outbox, token: Option<String>, most_bytes: usize, most_queued: usize) -> Self {
        let (counted, put_since) = (Mutex::new(None), AtomicU64::new(0));
        let most_queued = most_queued as u64;
        Self { outbox, token, most_bytes, most_queued, has_fallback_client: false, counted, put_since }
    }

    pub(super) fn with_fallback_client(self, has_fallback_client: bool) -> Self {
        Self { has_fallback_client, ..self }
    }

    /// Returns whether a header `Authorization` has the token.
    pub(super) fn admits(&self, authorization: Option<&[u8]>) -> bool {
        let Some(token) = &self.token else { return true };
        let given = authorization.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
        // The time that this takes says nothing about the token, except its length.
        given.len() == token.len()
            && given.iter().zip(token.as_bytes()).fold(0, |differs, (one, other)| differs | (one ^ other))
                == 0
    }

    /// Puts an activity. A full queue still knows the keys that it has.
    pub(super) async fn put(&self, key: &str, entry: &NewEntry) -> Result<Status, NotTaken> {
        let failed = |error: Error| NotTaken::Put(error.into());
        if self.is_full().await.map_err(failed)? && self.outbox.status(key).await.map_err(failed)?.is_none() {
            return Err(NotTaken::Full);
        }
        let status = self.outbox.put(key, entry).await.map_err(NotTaken::Put)?;
        self.put_since.fetch_add(1, Ordering::Relaxed);
        Ok(status)
    }

    async fn is_full(&self) -> Result<bool, Error> {
        let counted = *self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let counted = match counted.filter(|counted| counted.at.elapsed() < COUNT_EVERY) {
            Some(counted) => counted,
            None => {
                let stats = self.outbox.stats().await?;
                self.put_since.store(0, Ordering::Relaxed);
                let counted =
                    Counted { queued: stats.queued + stats.held + stats.sending, at: Instant::now() };
                *self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(counted);
                counted
            }
        };
        Ok(counted.queued + self.put_since.load(Ordering::Relaxed) >= self.most_queued)
    }
}

/// How often the queue is counted.
const COUNT_EVERY: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crm::outbox::MemoryStore;

    fn intake(token: Option<&str>, most_queued: usize) -> Intake {
        let outbox = Outbox::with_store(MemoryStore::new());
        Intake::new(outbox, token.map(str::to_owned), 1000, most_queued)
    }

    #[test]
    fn only_the_whole_token_is_admitted() {
        let intake_with_token = intake(Some("abc"), 1);
        assert!(intake_with_token.admits(Some(b"Bearer abc")));
        for wrong in [None, Some(&b"abc"[..]), Some(b"Bearer ab"), Some(b"Bearer abd"), Some(b"Bearer abcd")]
        {
            assert!(!intake_with_token.admits(wrong), "{wrong:?}");
        }
        assert!(intake(None, 1).admits(None));
    }

    #[tokio::test]
    async fn what_is_held_fills_the_queue() {
        let store = MemoryStore::new();
        let intake = Intake::new(Outbox::with_store(store.clone()), None, 1000, 1);
        crate::commands::outbox::held::tests::hold(&store, "a", "no time zone").await;
        let entry = NewEntry::new("x").client(crm::history::ClientId(1));
        assert!(matches!(intake.put("b", &entry).await, Err(NotTaken::Full)));
    }

    #[tokio::test]
    async fn a_full_queue_takes_no_new_key_and_knows_the_old_ones() {
        let intake = intake(None, 2);
        let entry = NewEntry::new("x").client(crm::history::ClientId(1));
        for key in ["a", "b"] {
            assert!(matches!(intake.put(key, &entry).await, Ok(Status::Queued)), "{key}");
        }
        assert!(matches!(intake.put("c", &entry).await, Err(NotTaken::Full)));
        assert!(matches!(intake.put("a", &entry).await, Ok(Status::Queued)));
    }
}
