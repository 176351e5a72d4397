//! How a command ends that leaves held activities.

use crm::Error;
use crm::history::NotSentReason;
use crm::outbox::{Filter, Outbox, State, Status};

use crate::exit::Exit;

/// Returns how a command ends that leaves an activity which is held for this reason.
pub(super) fn exit(reason: &str) -> Exit {
    // A delay of a hook passes by itself.
    if reason == NotSentReason::ZoneMissing.to_string() { Exit::Person } else { Exit::Again }
}

/// Returns how a command ends that leaves what is held now.
pub(super) async fn exit_of_all(outbox: &Outbox) -> Result<Exit, Error> {
    let mut filter = Filter::new().state(State::Held).limit(PAGE);
    let mut worst = Exit::Done;
    loop {
        let held = outbox.list(&filter).await?;
        for entry in &held {
            if let Status::Held(reason) = &entry.status {
                worst = worst.max(exit(reason));
            }
        }
        match held.last() {
            Some(last) if worst < Exit::Person => filter = filter.after(last.seq),
            _ => return Ok(worst),
        }
    }
}

/// How many activities are read at once.
const PAGE: usize = 500;

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use super::*;
    use crm::history::{ClientId, NewEntry};
    use crm::outbox::{Change, MemoryStore, Store as _};

    /// Puts an activity, and holds it for this reason.
    pub(in crate::commands::outbox) async fn hold(store: &MemoryStore, key: &str, reason: &str) {
        let outbox = Outbox::with_store(store.clone());
        outbox.put(key, &NewEntry::new("x").client(ClientId(1))).await.unwrap();
        let seq = store.get(key).await.unwrap().unwrap().seq;
        let (delay, reason) = (Duration::from_secs(60), reason.to_owned());
        let fence = store.acquire(delay).await.unwrap().unwrap();
        assert!(store.settle(fence, &[(seq, Change::Held { delay, reason })]).await.unwrap());
        store.release(fence).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_held_is_not_done_and_a_missing_time_zone_needs_a_person() {
        let store = MemoryStore::new();
        let outbox = Outbox::with_store(store.clone());
        assert_eq!(exit_of_all(&outbox).await.unwrap(), Exit::Done);
        hold(&store, "zone", &NotSentReason::ZoneMissing.to_string()).await;
        assert_eq!(exit_of_all(&outbox).await.unwrap(), Exit::Person);
        outbox.retry("zone").await.unwrap();
        hold(&store, "hook", "the number is being looked up").await;
        assert_eq!(exit_of_all(&outbox).await.unwrap(), Exit::Again);
    }
}
