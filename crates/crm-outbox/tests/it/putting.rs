//! Putting: keys, conflicts, and shared commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crm_history::{ClientId, EntryId, Error, NewEntry};
use crm_outbox::{BoxFuture, Change, MemoryStore, Outbox, OutboxStats, PutError, Status, Store};

use crate::wrapped::{Hook, Wrapped};

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
    store.settle(fence, &[(seq, Change::Stored { id: Some(EntryId(7)), copy: None })]).await.unwrap();
    assert_eq!(store.remove_contents(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(outbox.put("call-1", &entry("звонок")).await.unwrap(), Status::Stored(Some(EntryId(7))));
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
    let puts = Arc::new(AtomicUsize::new(0));
    let outbox = Outbox::with_store(Wrapped::new(MemoryStore::new(), CountCommits(Arc::clone(&puts))));
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
    let outbox = Outbox::with_store(Wrapped::new(MemoryStore::new(), CountCommits::default()));
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

/// Counts commits. Each takes a moment.
#[derive(Default)]
struct CountCommits(Arc<AtomicUsize>);

impl Hook for CountCommits {
    fn before<'a>(&'a self, operation: &'static str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if operation == "put" {
                self.0.fetch_add(1, Ordering::Relaxed);
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
            }
            Ok(())
        })
    }
}

#[tokio::test]
async fn an_instant_that_some_time_zone_moves_out_of_the_years_is_refused() {
    let outbox = Outbox::with_store(MemoryStore::new());
    for (instant, is_good) in [
        ("9999-12-31T22:00:00Z", false),
        ("1000-01-01T00:00:00Z", false),
        ("9999-12-30T22:00:00Z", true),
        ("1000-01-02T01:00:00Z", true),
    ] {
        let entry = NewEntry::new("звонок").client(ClientId(1)).at_instant(instant.parse().unwrap());
        let put = outbox.put(instant, &entry).await;
        assert_eq!(put.is_ok(), is_good, "{instant}: {put:?}");
    }
}

#[tokio::test]
async fn an_activity_with_an_instant_is_put_and_compared_by_it() {
    let outbox = Outbox::with_store(MemoryStore::new());
    let at = |instant: &str| NewEntry::new("звонок").client(ClientId(1)).at_instant(instant.parse().unwrap());
    outbox.put("call-1", &at("2024-06-25T11:25:00Z")).await.unwrap();
    assert_eq!(outbox.put("call-1", &at("2024-06-25T14:25:00+03:00")).await.unwrap(), Status::Queued);
    let PutError::Conflict(conflict) = outbox.put("call-1", &at("2024-06-25T11:26:00Z")).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!(conflict.fields, ["datum"]);
}
