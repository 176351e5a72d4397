//! Delivery in virtual time: crashes, takeovers, outages, hooks.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use chrono::NaiveDate;
use crm_history::{ClientId, EntryId, Error, NewEntry, NotSentReason};
use crm_outbox::{BoxFuture, Filter, MemoryStore, Outbox, Prepared, Resolution, Role, State, Status, Store};
use tokio::time::{Instant, sleep, timeout};

use crate::putting::entry;
use crate::server::{Fate, Server};
use crate::wrapped::{Hook, Wrapped};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn outbox() -> (Outbox, MemoryStore) {
    let store = MemoryStore::new();
    (Outbox::with_store(store.clone()), store)
}

async fn put(outbox: &Outbox, keys: impl IntoIterator<Item = usize>) {
    for key in keys {
        outbox.put(&key.to_string(), &entry(&format!("звонок {key}"))).await.unwrap();
    }
}

async fn settle(outbox: &Outbox, keys: impl IntoIterator<Item = usize>) -> Vec<Status> {
    let mut statuses = Vec::new();
    for key in keys {
        let waited = timeout(DAY, outbox.wait(&key.to_string())).await;
        statuses.push(waited.expect("settled within a day").unwrap().unwrap());
    }
    statuses
}

fn contents(keys: impl IntoIterator<Item = usize>) -> Vec<String> {
    keys.into_iter().map(|key| format!("звонок {key}")).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_put_is_stored_in_the_order_of_put_and_its_key_returns_the_id() {
    let ((outbox, _), server) = (outbox(), Server::new());
    let delivery = outbox.deliver(server.client()).start();
    put(&outbox, 0..250).await;
    let statuses = settle(&outbox, 0..250).await;
    assert_eq!(statuses[0], Status::Stored(Some(EntryId(2))));
    assert!(statuses.iter().all(|status| matches!(status, Status::Stored(Some(_)))));
    let mut sorted = server.contents();
    sorted.sort();
    let mut expected = contents(0..250);
    expected.sort();
    assert_eq!(sorted, expected);
    assert_eq!(outbox.put("0", &entry("звонок 0")).await.unwrap(), statuses[0]);
    assert!(delivery.health().is_ready());
    delivery.shutdown(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_outbox_makes_no_request_and_flushes_a_single_activity_soon() {
    let ((outbox, _), server) = (outbox(), Server::new());
    let _delivery = outbox.deliver(server.client()).start();
    sleep(DAY).await;
    assert_eq!(server.requests(), 0);
    let began = Instant::now();
    put(&outbox, [1]).await;
    settle(&outbox, [1]).await;
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_another_process_puts_is_found_by_polling() {
    let ((outbox, store), server) = (outbox(), Server::new());
    let _delivery = outbox.deliver(server.client()).start();
    sleep(Duration::from_secs(10)).await;
    let other = Outbox::with_store(store);
    put(&other, [1]).await;
    let began = Instant::now();
    assert!(matches!(settle(&other, [1]).await[..], [Status::Stored(_)]));
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_another_instance_takes_over_when_the_lease_expires_and_doubles_nothing() {
    let ((outbox, store), server) = (outbox(), Server::new());
    server.next_writes([Fate::Slow(Duration::from_secs(20)), Fate::Slow(Duration::from_secs(20))]);
    let first = outbox.deliver(server.client()).start();
    put(&outbox, 0..150).await;
    sleep(Duration::from_secs(5)).await; // both requests are in flight, and stored
    let second = Outbox::with_store(store);
    let standby = second.deliver(server.client()).start();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(standby.health().role, Role::Standby);
    drop(first); // as a crash: nothing is recorded, and the lease is not given back
    put(&second, 150..160).await;
    let statuses = settle(&second, 0..160).await;
    assert!(statuses.iter().all(|status| matches!(status, Status::Stored(Some(_)))), "{statuses:?}");
    assert_eq!(server.contents().len(), 160);
    assert_eq!((standby.health().role, standby.health().takeovers), (Role::Sender, 1));
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_another_instance_takes_over_within_a_second() {
    let ((outbox, store), server) = (outbox(), Server::new());
    let first = outbox.deliver(server.client()).start();
    put(&outbox, [0]).await;
    settle(&outbox, [0]).await;
    let second = Outbox::with_store(store);
    let standby = second.deliver(server.client()).start();
    sleep(Duration::from_secs(5)).await;
    first.shutdown(Duration::from_secs(10)).await.unwrap();
    let began = Instant::now();
    put(&second, [1]).await;
    settle(&second, [1]).await;
    assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
    assert_eq!(standby.health().role, Role::Sender);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_answers_within_its_limit() {
    let ((outbox, _), server) = (outbox(), Server::new());
    server.next_writes([Fate::Slow(Duration::from_secs(2))]);
    let delivery = outbox.deliver(server.client()).start();
    put(&outbox, [0]).await;
    sleep(Duration::from_secs(1)).await;
    delivery.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(outbox.status("0").await.unwrap(), Some(Status::Stored(Some(EntryId(2)))));

    server.next_writes([Fate::Slow(Duration::from_secs(20))]);
    let delivery = outbox.deliver(server.client()).start();
    put(&outbox, [1]).await;
    sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    delivery.shutdown(Duration::from_secs(1)).await.unwrap();
    assert!(began.elapsed() <= Duration::from_millis(1100), "{:?}", began.elapsed());
    assert_eq!(outbox.status("1").await.unwrap(), Some(Status::Sending), "in doubt");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_hours_loses_and_doubles_nothing_and_health_says_why() {
    let ((outbox, _), server) = (outbox(), Server::new());
    server.next_writes([Fate::StoredAndLost]);
    let delivery = outbox.deliver(server.client()).start();
    put(&outbox, 0..5).await;
    sleep(Duration::from_millis(100)).await;
    // The write still gets through, and the lists do not.
    server.set_lists_down(true);
    sleep(Duration::from_secs(1)).await;
    server.set_down(true);
    put(&outbox, 5..10).await;
    sleep(DAY / 4).await;
    assert!(!delivery.health().is_ready());
    assert!(delivery.health().problem.is_some_and(|problem| problem.contains("down")));
    server.set_down(false);
    server.set_lists_down(false);
    let statuses = settle(&outbox, 0..10).await;
    assert!(statuses.iter().all(|status| matches!(status, Status::Stored(Some(_)))), "{statuses:?}");
    assert_eq!(server.contents().len(), 10);
    assert!(delivery.health().is_ready(), "{:?}", delivery.health());
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_stop_nothing_for_good() {
    let ((outbox, _), server) = (outbox(), Server::new());
    server.next_writes([Fate::KeyRefused; 3]);
    let delivery = outbox.deliver(server.client()).start();
    put(&outbox, 0..3).await;
    sleep(Duration::from_secs(1)).await;
    assert!(delivery.health().problem.is_some_and(|problem| problem.contains("credentials")));
    assert!(matches!(delivery.health().stopped, Some(NotSentReason::KeyRefused(_))));
    let statuses = settle(&outbox, 0..3).await;
    assert!(statuses.iter().all(|status| matches!(status, Status::Stored(Some(_)))), "{statuses:?}");
    assert_eq!(server.contents(), contents(0..3));
}

#[tokio::test(start_paused = true)]
async fn a_poison_activity_is_refused_in_the_words_of_the_server_and_can_be_retried() {
    let ((outbox, _), server) = (outbox(), Server::new());
    let _delivery = outbox.deliver(server.client()).start();
    put(&outbox, 0..3).await;
    outbox.put("poison", &entry("яд")).await.unwrap();
    let Status::Refused(rejection) = outbox.wait("poison").await.unwrap().unwrap() else { panic!() };
    assert!(rejection.text.contains("1264"), "{rejection}");
    settle(&outbox, 0..3).await;
    assert_eq!(server.contents(), contents(0..3));
    assert_eq!(outbox.retry("poison").await.unwrap(), Status::Queued);
    assert!(matches!(outbox.wait("poison").await.unwrap(), Some(Status::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_decoded_is_refused_and_the_rest_goes_on() {
    let ((outbox, store), server) = (outbox(), Server::new());
    for (key, json) in
        [("broken", "{"), ("empty", r#"{"content":""}"#), ("typo", r#"{"content":"x","klid":1}"#)]
    {
        let mut new = crm_outbox::NewActivity::from_entry(key, &entry("x")).unwrap();
        new.activity = crm_outbox::StoredActivity::new(json.to_owned(), None);
        store.put(&[new]).await.unwrap();
    }
    put(&outbox, [0]).await;
    let _delivery = outbox.deliver(server.client()).start();
    settle(&outbox, [0]).await;
    for key in ["broken", "empty", "typo"] {
        assert!(matches!(outbox.wait(key).await.unwrap(), Some(Status::Refused(_))), "{key}");
    }
    assert_eq!(server.contents(), contents([0]));
}

#[tokio::test(start_paused = true)]
async fn a_hook_finds_the_client_holds_and_refuses() {
    let ((outbox, _), server) = (outbox(), Server::new());
    let began = Instant::now();
    let hook = move |entry: NewEntry| async move {
        match entry.content.as_str() {
            "найти" => Prepared::Send(entry.client(ClientId(7))),
            "позже" if began.elapsed() < DAY => {
                Prepared::Hold { delay: 2 * DAY, reason: "the client does not exist yet".to_owned() }
            }
            "нет" => Prepared::Refuse("not a call".to_owned()),
            _ => Prepared::Send(entry),
        }
    };
    let deliver = outbox.deliver(server.client()).prepare(hook).fallback_client(ClientId(99));
    let _delivery = deliver.start();
    for content in ["найти", "позже", "нет", "чужой"] {
        outbox.put(content, &NewEntry::new(content)).await.unwrap();
    }
    assert!(matches!(outbox.wait("найти").await.unwrap(), Some(Status::Stored(_))));
    assert!(matches!(outbox.wait("чужой").await.unwrap(), Some(Status::Stored(_))));
    let Some(Status::Refused(rejection)) = outbox.wait("нет").await.unwrap() else { panic!() };
    assert_eq!(rejection.text, "not a call");
    let held = outbox.list(&Filter::new().state(State::Held)).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].status, Status::Held("the client does not exist yet".to_owned()));
    assert_eq!(server.clients(), [7, 99]);
    assert!(matches!(outbox.wait("позже").await.unwrap(), Some(Status::Stored(_))));
    assert!(began.elapsed() >= 2 * DAY);
    // What the hook changed is no conflict with what was put.
    assert!(matches!(outbox.put("найти", &NewEntry::new("найти")).await.unwrap(), Status::Stored(_)));
}

#[tokio::test(start_paused = true)]
async fn a_hook_gets_the_content_as_it_was_put_without_the_mark() {
    let ((outbox, _), server) = (outbox(), Server::new());
    let hook = |entry: NewEntry| async move {
        let phone = entry.content.rsplit(", ").next().map(str::to_owned);
        Prepared::Send(entry.client(ClientId(if phone.as_deref() == Some("+7 900") { 7 } else { 8 })))
    };
    let _delivery = outbox.deliver(server.client()).prepare(hook).start();
    outbox.put("1", &NewEntry::new("звонок, +7 900").mark("1.1")).await.unwrap();
    assert!(matches!(outbox.wait("1").await.unwrap(), Some(Status::Stored(_))));
    assert_eq!((server.clients(), server.contents()), (vec![7], vec!["звонок, +7 900 [1.1]".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_whose_hook_panics_is_not_ready_any_more() {
    let ((outbox, _), server) = (outbox(), Server::new());
    let hook = |_| async { panic!("a fault of the hook") };
    let delivery = outbox.deliver(server.client()).prepare(hook).start();
    let mut health = delivery.watch_health();
    outbox.put("1", &NewEntry::new("звонок")).await.unwrap();
    let ended = health.wait_for(|health| health.role == Role::Ended).await.unwrap();
    assert!(!ended.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_prepared_activity_is_looked_up_as_it_was_sent_after_a_crash() {
    let ((outbox, store), server) = (outbox(), Server::new());
    server.next_writes([Fate::Slow(Duration::from_secs(20))]);
    let hook = |entry: NewEntry| async move { Prepared::Send(entry.client(ClientId(7))) };
    let first = outbox.deliver(server.client()).prepare(hook).start();
    put(&outbox, 0..2).await;
    sleep(Duration::from_secs(5)).await;
    drop(first);
    let second = Outbox::with_store(store);
    // Its hook would send something else.
    let _delivery =
        second.deliver(server.client()).prepare(|_| async { Prepared::Refuse("x".into()) }).start();
    let statuses = settle(&second, 0..2).await;
    assert!(statuses.iter().all(|status| matches!(status, Status::Stored(Some(_)))), "{statuses:?}");
    assert_eq!(server.clients(), [7, 7]);
}

#[tokio::test(start_paused = true)]
async fn an_undecidable_activity_is_unknown_blocks_nothing_and_waits_for_a_person() {
    let ((outbox, _), server) = (outbox(), Server::new());
    server.next_writes([Fate::StoredAndLost]);
    let _delivery = outbox.deliver(server.client()).start();
    outbox.put("undated", &NewEntry::new("без времени").client(ClientId(1))).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    put(&outbox, 0..5).await;
    settle(&outbox, 0..5).await;
    let Some(Status::Unknown(unknown)) = outbox.wait("undated").await.unwrap() else { panic!() };
    assert_eq!(unknown.candidate, Some(EntryId(2)));
    assert!(outbox.retry("undated").await.is_err(), "it might be stored twice");
    let stored = outbox.resolve("undated", Resolution::StoredAs(EntryId(2))).await.unwrap();
    assert_eq!(stored, Status::Stored(Some(EntryId(2))));
    assert!(outbox.resolve("undated", Resolution::NotStored).await.is_err());
    assert_eq!(server.contents().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_lone_activity_whose_connection_was_lost_is_stored_once_in_the_end() {
    let ((outbox, _), server) = (outbox(), Server::new());
    server.next_writes([Fate::Lost]);
    let _delivery = outbox.deliver(server.client()).start();
    put(&outbox, [0]).await;
    assert!(matches!(settle(&outbox, [0]).await[..], [Status::Stored(Some(_))]));
    assert_eq!(server.contents(), contents([0]));
}

#[tokio::test(start_paused = true)]
async fn an_equal_record_from_before_the_first_request_leaves_nothing_in_doubt_after_a_takeover() {
    let ((outbox, store), server) = (outbox(), Server::new());
    server.add_record("звонок 0");
    server.next_writes([Fate::Lost]);
    let first = outbox.deliver(server.client()).start();
    put(&outbox, [0]).await;
    server.written(1).await;
    drop(first);
    let second = Outbox::with_store(store);
    let _delivery = second.deliver(server.client()).start();
    assert_eq!(settle(&second, [0]).await, [Status::Stored(Some(EntryId(3)))]);
    assert_eq!(server.contents().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_id_is_not_known_is_not_taken_for_an_equal_activity_at_another_hour() {
    let ((outbox, store), server) = (outbox(), Server::new());
    server.next_writes([Fate::WithoutIds, Fate::Lost]);
    let at = |hour: u32| {
        entry("звонок").at(NaiveDate::from_ymd_opt(2024, 6, 25).unwrap().and_hms_opt(hour, 0, 0).unwrap())
    };
    let first = outbox.deliver(server.client()).sole_writer().start();
    outbox.put("13", &at(13)).await.unwrap();
    outbox.wait("13").await.unwrap();
    outbox.put("10", &at(10)).await.unwrap();
    server.written(2).await;
    drop(first);
    let second = Outbox::with_store(store);
    put(&second, [0]).await;
    let _delivery = second.deliver(server.client()).sole_writer().start();
    assert_eq!(settle(&second, [13, 10]).await, [Status::Stored(None), Status::Stored(Some(EntryId(4)))]);
    assert_eq!(server.contents(), ["звонок", "звонок 0", "звонок"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_restored_backup_only_what_is_missing_is_sent() {
    let ((outbox, _), server) = (outbox(), Server::new());
    // What is in the backup: one is stored, and four wait.
    let backup = Outbox::with_store(MemoryStore::new());
    put(&backup, [10]).await;
    backup.deliver(server.client()).until_empty().start().finished().await.unwrap();
    put(&backup, 0..4).await;
    // Three of them were delivered afterwards.
    put(&outbox, 0..3).await;
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    let since = SystemTime::now() + Duration::from_secs(1);
    assert_eq!(backup.reconcile_since(since).await.unwrap(), 4);
    let _delivery = backup.deliver(server.client()).start();
    put(&backup, 4..6).await;
    let statuses = settle(&backup, 0..6).await;
    assert_eq!(statuses[0], Status::Stored(Some(EntryId(3))));
    assert!(statuses.iter().all(|status| matches!(status, Status::Stored(Some(_)))), "{statuses:?}");
    assert_eq!(server.contents().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn after_a_restored_backup_in_which_nothing_is_stored_a_person_names_an_older_record() {
    let ((outbox, _), server) = (outbox(), Server::new());
    let backup = Outbox::with_store(MemoryStore::new());
    let since = SystemTime::now() + Duration::from_secs(1);
    assert_eq!(backup.reconcile_since(since).await.unwrap(), 0, "nothing waits");
    put(&backup, 0..4).await;
    // Three of them were delivered afterwards.
    put(&outbox, 0..3).await;
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    let error = backup.reconcile_since(since).await.unwrap_err();
    assert!(error.is_invalid_request() && error.to_string().contains("reconcile_above"), "{error}");
    assert_eq!(backup.stats().await.unwrap().queued, 4, "nothing is changed");
    assert_eq!(backup.reconcile_above(EntryId(1)).await.unwrap(), 4);
    let _delivery = backup.deliver(server.client()).start();
    put(&backup, 4..6).await;
    let statuses = settle(&backup, 0..6).await;
    assert_eq!(statuses[0], Status::Stored(Some(EntryId(2))));
    assert!(statuses.iter().all(|status| matches!(status, Status::Stored(Some(_)))), "{statuses:?}");
    assert_eq!(server.contents().len(), 6);
}

/// Fails at the first outcomes.
struct FailsAtOutcomes(AtomicUsize);

impl Hook for FailsAtOutcomes {
    fn before<'a>(&'a self, operation: &'static str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if operation == "settle" && self.0.fetch_add(1, Ordering::Relaxed) < 3 {
                return Err(Error::storage("outbox.test", "outbox", Path::new("store"), "failed", None));
            }
            Ok(())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_cannot_be_recorded_is_recorded_later_and_nothing_is_looked_up() {
    let server = Server::new();
    let outbox =
        Outbox::with_store(Wrapped::new(MemoryStore::new(), FailsAtOutcomes(AtomicUsize::default())));
    let delivery = outbox.deliver(server.client()).start();
    put(&outbox, [0]).await;
    assert_eq!(settle(&outbox, [0]).await, [Status::Stored(Some(EntryId(2)))]);
    assert_eq!(delivery.health().takeovers, 1);
    let requests = server.requests();
    put(&outbox, [1]).await;
    settle(&outbox, [1]).await;
    assert_eq!(server.requests(), requests + 1);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_until_empty_ends_when_nothing_is_left() {
    let ((outbox, _), server) = (outbox(), Server::new());
    server.next_writes([Fate::Lost]);
    put(&outbox, 0..250).await;
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    assert_eq!(server.contents().len(), 250);
    assert_eq!(outbox.stats().await.unwrap().stored, 250);
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    // While another instance is the sender.
    let _sender = outbox.deliver(server.client()).start();
    sleep(Duration::from_secs(1)).await;
    put(&outbox, [250]).await;
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    assert_eq!(outbox.stats().await.unwrap().stored, 251);
}

/// Fails at this operation, with a cause of this kind.
struct FailsAlways(&'static str, std::io::ErrorKind);

impl Hook for FailsAlways {
    fn before<'a>(&'a self, operation: &'static str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if operation != self.0 {
                return Ok(());
            }
            let cause = std::io::Error::new(self.1, "cause");
            Err(Error::storage("outbox.test", "outbox", Path::new("store"), operation, Some(cause)))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_until_empty_ends_when_the_store_fails_for_good() {
    use std::io::ErrorKind::{NotConnected, Other};

    let patience = Duration::from_secs(300);
    for operation in ["acquire", "in_doubt", "queued", "sending", "settle", "stats"] {
        for (kind, is_temporary) in [(NotConnected, true), (Other, false)] {
            let (store, server) = (MemoryStore::new(), Server::new());
            put(&Outbox::with_store(store.clone()), [0]).await;
            // It counts what is left only while another instance is the sender.
            let is_standby = operation == "stats";
            let lease = if is_standby { store.acquire(DAY).await.unwrap() } else { None };
            assert_eq!(lease.is_some(), is_standby);
            let outbox = Outbox::with_store(Wrapped::new(store, FailsAlways(operation, kind)));
            let began = Instant::now();
            let delivery = outbox.deliver(server.client()).patience(patience).until_empty().start();
            let ended = timeout(DAY, delivery.finished()).await;
            let error = ended.unwrap_or_else(|_| panic!("{operation}, {kind}: it never ends")).unwrap_err();
            assert!(error.to_string().contains(operation), "{error}");
            assert_eq!(crm_outbox::is_temporary(&error), is_temporary, "{error}");
            // An answer of the CRM is not given up at once.
            let (passed, waits) = (began.elapsed(), is_temporary || operation == "settle");
            let expected = if waits { patience..patience + patience / 4 } else { Duration::ZERO..patience };
            assert!(expected.contains(&passed), "{operation}, {kind}: {passed:?}");
            assert_eq!(server.contents().len(), usize::from(operation == "settle"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_until_empty_waits_for_a_store_that_comes_back_and_another_one_waits_forever() {
    let (store, server) = (MemoryStore::new(), Server::new());
    put(&Outbox::with_store(store.clone()), [0]).await;
    let hook = FailsAlways("queued", std::io::ErrorKind::Other);
    let outbox = Outbox::with_store(Wrapped::new(store, hook));
    let delivery = outbox.deliver(server.client()).start();
    assert!(timeout(DAY, delivery.finished()).await.is_err());
    let store = MemoryStore::new();
    put(&Outbox::with_store(store.clone()), [0]).await;
    let hook = FailsUntil(Instant::now() + Duration::from_secs(200));
    let outbox = Outbox::with_store(Wrapped::new(store, hook));
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    assert_eq!(server.contents(), contents([0]));
}

#[tokio::test]
async fn a_key_that_no_store_can_hold_is_not_known_and_the_store_is_not_asked() {
    let always = FailsUntil(Instant::now() + DAY);
    let outbox = Outbox::with_store(Wrapped::new(MemoryStore::new(), always));
    assert_eq!(outbox.status("a\0b").await.unwrap(), None);
    assert_eq!(outbox.wait("a\0b").await.unwrap(), None);
    let error = outbox.retry("a\0b").await.unwrap_err();
    assert!(error.is_invalid_request() && error.to_string().contains("is not in the outbox"), "{error}");
}

/// Cannot be reached until this time.
struct FailsUntil(Instant);

impl Hook for FailsUntil {
    fn before<'a>(&'a self, operation: &'static str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if Instant::now() >= self.0 {
                return Ok(());
            }
            let cause = std::io::ErrorKind::NotConnected.into();
            Err(Error::storage("outbox.test", "outbox", Path::new("store"), operation, Some(cause)))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn contents_are_removed_after_their_time() {
    let ((outbox, _), server) = (outbox(), Server::new());
    let _delivery = outbox.deliver(server.client()).keep_contents_for(Duration::ZERO).start();
    put(&outbox, [0]).await;
    settle(&outbox, [0]).await;
    sleep(Duration::from_secs(3601)).await;
    let listed = outbox.list(&Filter::new()).await.unwrap();
    assert_eq!(listed[0].activity, None);
    assert!(matches!(outbox.put("0", &entry("звонок 0")).await.unwrap(), Status::Stored(_)));
}

#[tokio::test(start_paused = true)]
async fn an_activity_never_takes_the_record_of_an_equal_one_in_flight() {
    let ((outbox, _), server) = (outbox(), Server::new());
    server.next_writes([Fate::Slow(Duration::from_secs(9)), Fate::Lost]);
    let _delivery = outbox.deliver(server.client()).chunk(1).start();
    for key in ["0", "1"] {
        outbox.put(key, &entry("звонок 0")).await.unwrap();
    }
    sleep(Duration::from_secs(10)).await;
    put(&outbox, 2..5).await;
    let statuses = settle(&outbox, 0..2).await;
    assert!(matches!(statuses[..], [Status::Stored(Some(one)), Status::Stored(Some(other))] if one != other));
    assert_eq!(server.contents().iter().filter(|content| *content == "звонок 0").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_activity_with_an_instant_is_held_while_the_sender_knows_no_time_zone() {
    let ((outbox, store), server) = (outbox(), Server::new());
    let at = "2024-06-25T07:00:00Z".parse().unwrap();
    outbox.put("instant", &NewEntry::new("звонок 1").client(ClientId(1)).at_instant(at)).await.unwrap();
    put(&outbox, [0]).await;
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    assert_eq!(server.contents(), contents([0]));
    let Some(Status::Held(reason)) = outbox.status("instant").await.unwrap() else { panic!() };
    assert!(reason.contains("time zone"), "{reason}");
    // The problem stays, whatever else is stored.
    let delivery = outbox.deliver(server.client()).start();
    sleep(Duration::from_secs(61)).await;
    put(&outbox, [1]).await;
    settle(&outbox, [1]).await;
    sleep(Duration::from_secs(1)).await;
    assert!(delivery.health().problem.is_some_and(|problem| problem.contains("time zone")));
    assert!(!delivery.health().is_ready());
    delivery.shutdown(Duration::from_secs(1)).await.unwrap();
    let zone = crm_history::Zone::new(chrono::FixedOffset::east_opt(3 * 3600).unwrap());
    let _delivery = Outbox::with_store(store).deliver(server.client().with_zone(zone)).start();
    assert!(matches!(outbox.wait("instant").await.unwrap(), Some(Status::Stored(_))));
}
