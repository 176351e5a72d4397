//! Putting: keys, conflicts, and shared commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use crm_history::{ClientId, Error, NewEntry};
use crm_outbox::{
    Change, Filter, MemoryStore, NewActivity, Outbox, OutboxStats, PutError, Request, Row, State, Status,
    Store,
};

pub(crate) fn entry(content: &str) -> NewEntry {
    let at = chrono::NaiveDate::from_ymd_opt(2024, 6, 25).unwrap().and_hms_opt(10, 0, 0).unwrap();
    NewEntry::new(content).client(ClientId(1)).at(at)
}

#[tokio::test]
async fn the_same_key_with_the_same_activity_changes_nothing() {
    let outbox = Outbox::with_store(MemoryStore::new());
    for _ in 0..2 {
        assert_eq!(outbox.put("call-1", &entry("звонок")).await.unwrap(), Status::Queued);
    }
    assert_eq!(outbox.stats().await.unwrap().queued, 1);
    assert_eq!(outbox.status("call-2").await.unwrap(), None);
}

#[tokio::test]
async fn the_same_key_with_another_activity_is_a_conflict_that_names_what_differs() {
    let outbox = Outbox::with_store(MemoryStore::new());
    outbox.put("call-1", &entry("звонок")).await.unwrap();
    let other = entry("звонок").client(ClientId(2)).mark("x");
    let error = outbox.put("call-1", &other).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "outbox.put: the key \"call-1\" belongs to another activity, which differs in content, clid: use another key, \
         or put the same activity"
    );
}

#[tokio::test]
async fn a_conflict_is_still_known_after_the_content_was_removed() {
    let store = MemoryStore::new();
    let outbox = Outbox::with_store(store.clone());
    outbox.put("call-1", &entry("звонок")).await.unwrap();
    let fence = store.acquire(Duration::from_secs(60)).await.unwrap().unwrap();
    let seq = store.get("call-1").await.unwrap().unwrap().seq;
    store.settle(fence, &[(seq, Change::Stored { id: None, copy: None })]).await.unwrap();
    assert_eq!(store.remove_contents(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(outbox.put("call-1", &entry("звонок")).await.unwrap(), Status::Stored(None));
    let error = outbox.put("call-1", &entry("другой")).await.unwrap_err();
    let PutError::Conflict(conflict) = error else { panic!("{error}") };
    assert!(conflict.fields.is_empty());
}

#[tokio::test]
async fn keys_and_activities_that_cannot_be_used_are_refused() {
    let outbox = Outbox::with_store(MemoryStore::new());
    for key in ["", "a\nb", &"x".repeat(256)] {
        let error = outbox.put(key, &entry("звонок")).await.unwrap_err();
        assert!(matches!(&error, PutError::Failed(e) if e.is_invalid_request()), "{error}");
    }
    let error = outbox.put("call-1", &NewEntry::new("")).await.unwrap_err();
    assert!(error.to_string().contains("content"), "{error}");
    assert_eq!(outbox.stats().await.unwrap(), OutboxStats::default());
}

#[tokio::test]
async fn a_person_decides_only_what_is_open_to_a_decision() {
    let outbox = Outbox::with_store(MemoryStore::new());
    outbox.put("call-1", &entry("звонок")).await.unwrap();
    let error = outbox.retry("call-1").await.unwrap_err();
    assert!(error.to_string().contains("queued"), "{error}");
    assert!(outbox.retry("call-2").await.unwrap_err().to_string().contains("not in the outbox"));
}

#[tokio::test]
async fn concurrent_puts_share_a_commit() {
    let store = Counting::default();
    let puts = Arc::clone(&store.puts);
    let outbox = Outbox::with_store(store);
    let tasks = (0..64).map(|task| {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            for number in 0..10 {
                outbox.put(&format!("{task}-{number}"), &entry("звонок")).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(outbox.stats().await.unwrap().queued, 640);
    let commits = puts.load(Ordering::Relaxed);
    assert!(commits <= 640 / 16, "{commits} commits for 640 puts");
}

#[tokio::test]
async fn a_caller_that_gives_up_while_it_commits_for_others_harms_none_of_them() {
    let store = Counting::default();
    let outbox = Outbox::with_store(store);
    let first = {
        let outbox = outbox.clone();
        tokio::spawn(async move { outbox.put("first", &entry("1")).await })
    };
    let others: Vec<_> = (0..8)
        .map(|number| {
            let outbox = outbox.clone();
            tokio::spawn(async move { outbox.put(&format!("other-{number}"), &entry("2")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    first.abort();
    for other in others {
        assert_eq!(other.await.unwrap().unwrap(), Status::Queued);
    }
}

/// A store that counts its commits. Each takes a moment.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    puts: Arc<AtomicUsize>,
}

#[async_trait]
impl Store for Counting {
    async fn put(&self, activities: &[NewActivity]) -> Result<Vec<Option<Row>>, Error> {
        self.puts.fetch_add(1, Ordering::Relaxed);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.store.put(activities).await
    }

    async fn get(&self, key: &str) -> Result<Option<Row>, Error> {
        self.store.get(key).await
    }
    async fn list(&self, filter: &Filter) -> Result<Vec<Row>, Error> {
        self.store.list(filter).await
    }
    async fn stats(&self) -> Result<OutboxStats, Error> {
        self.store.stats().await
    }
    async fn decide(&self, key: &str, from: &[State], change: &Change) -> Result<bool, Error> {
        self.store.decide(key, from, change).await
    }
    async fn reconcile_since(&self, since: SystemTime) -> Result<u64, Error> {
        self.store.reconcile_since(since).await
    }
    async fn remove_contents(&self, older_than: Duration) -> Result<u64, Error> {
        self.store.remove_contents(older_than).await
    }
    async fn purge(&self, older_than: Duration) -> Result<u64, Error> {
        self.store.purge(older_than).await
    }
    async fn acquire(&self, lease: Duration) -> Result<Option<u64>, Error> {
        self.store.acquire(lease).await
    }
    async fn renew(&self, fence: u64, lease: Duration) -> Result<bool, Error> {
        self.store.renew(fence, lease).await
    }
    async fn release(&self, fence: u64) -> Result<(), Error> {
        self.store.release(fence).await
    }
    async fn queued(&self, after: u64, limit: usize) -> Result<Vec<Row>, Error> {
        self.store.queued(after, limit).await
    }
    async fn in_doubt(&self) -> Result<Vec<Row>, Error> {
        self.store.in_doubt().await
    }
    async fn claimed(&self, lowest: u64) -> Result<Vec<u64>, Error> {
        self.store.claimed(lowest).await
    }
    async fn has_id_below_floor(&self) -> Result<bool, Error> {
        self.store.has_id_below_floor().await
    }
    async fn stored_without_id(&self) -> Result<Vec<(u64, u64)>, Error> {
        self.store.stored_without_id().await
    }
    async fn last_stored(&self, limit: usize) -> Result<Vec<Row>, Error> {
        self.store.last_stored(limit).await
    }
    async fn sending(&self, fence: u64, lease: Duration, request: &Request) -> Result<bool, Error> {
        self.store.sending(fence, lease, request).await
    }
    async fn settle(&self, fence: u64, changes: &[(u64, Change)]) -> Result<bool, Error> {
        self.store.settle(fence, changes).await
    }
}
