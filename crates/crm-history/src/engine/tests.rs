//! The engine over a store in memory, and what a second process finds in it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use crm_model::history::{ClientId, EntryId, NewEntry};
use crm_transport::{BoxFuture, Transport, TransportError};
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::doubt::Doubt;
use super::doubts::{Doubts, Seen};
use super::item::{Item, View};
use super::known::Known;
use super::lookup::{Reading, ViewReading};
use super::{
    Activity, Driver, Earlier, Ending, Floor, Key, Limits, MemoryStore, NotSentReason, SentBefore, Settings,
    Settled, Store,
};
use crate::{ApiKey, HistoryClient};

/// A server with one old record.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    records: Vec<Value>,
    /// The write, counted from 1, whose connection it loses, unread.
    loses: usize,
    /// How long a list takes.
    list_takes: Duration,
    /// How long an answer to a write takes after it was stored.
    answer_takes: Duration,
    /// The first list lacks the newest record.
    hides_newest: bool,
    /// Its IDs go down from 5000.
    counts_down: bool,
    /// It loses the answers of the two writes after the first one, and lists no record of the first of them.
    hides_lost: bool,
    /// The write, counted from 1, whose answer it loses.
    loses_answer: usize,
    /// The records that it lists no more after the first write.
    hidden: Vec<u64>,
    writes: usize,
}

impl Transport for Server {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let is_list = request.uri().path().ends_with("/list");
            if is_list {
                let takes = self.0.lock().unwrap().list_takes;
                tokio::time::sleep(takes).await;
                let mut state = self.0.lock().unwrap();
                let is_shown = body["offset"] == 0 && body["dateStart"] == "0000-00-00";
                let hidden = usize::from(std::mem::take(&mut state.hides_newest));
                let is_hidden = |id: &u64| state.writes > 0 && state.hidden.contains(id);
                let is_listed = |record: &&Value| {
                    is_shown
                        && !(state.hides_lost && record["cid"] == 4998)
                        && !record["cid"].as_u64().as_ref().is_some_and(is_hidden)
                };
                let records: Vec<&Value> =
                    state.records.iter().rev().filter(is_listed).skip(hidden).collect();
                return Ok(Response::new(json!({ "data": records }).to_string().into()));
            }
            let (answer, takes) = (self.write(&body), self.0.lock().unwrap().answer_takes);
            tokio::time::sleep(takes).await;
            answer
        })
    }
}

impl Server {
    fn write(&self, body: &Value) -> Result<Response<Bytes>, TransportError> {
        let mut state = self.0.lock().unwrap();
        state.writes += 1;
        if state.loses == state.writes {
            return Err(TransportError::closed("closed by the test"));
        }
        let mut results = Vec::new();
        for item in body["list"].as_array().unwrap() {
            let count = state.records.len();
            let id = if state.counts_down { 5000 - count } else { count + 1 };
            let mut record = record(id, item["content"].as_str().unwrap());
            record["datum"] = item["datum"].clone();
            state.records.push(record);
            state.records.sort_by_key(|record| record["cid"].as_u64());
            results.push(json!({ "result": "Успешно", "data": id }));
        }
        let is_lost =
            state.loses_answer == state.writes || state.hides_lost && (2..=3).contains(&state.writes);
        if is_lost {
            return Err(TransportError::closed("closed by the test"));
        }
        Ok(Response::new(Value::from(results).to_string().into()))
    }
}

fn record(id: usize, content: &str) -> Value {
    json!({ "cid": id, "datum": "2024-06-25 10:00:00", "content": content, "tip": null, "clid": 1, "did": 0 })
}

fn entry(key: Key) -> NewEntry {
    let at = chrono::NaiveDate::from_ymd_opt(2024, 6, 25).unwrap().and_hms_opt(10, 0, 0).unwrap();
    NewEntry::new(format!("звонок {key}")).client(ClientId(1)).at(at)
}

fn driver(server: &Server, store: &Arc<MemoryStore>) -> Driver {
    let client = HistoryClient::builder("https://host").credentials(ApiKey::new("key", "login"));
    let client = client.transport(server.clone()).build().unwrap();
    let settings = Settings {
        limits: Limits { activities: 10, bytes: 1 << 20 },
        concurrency: 1,
        settle: Duration::from_secs(60),
        patience: Duration::from_secs(300),
        flush_after: Duration::from_secs(1),
        sole_writer: false,
    };
    Driver::new(client, Arc::<MemoryStore>::clone(store) as Arc<dyn Store>, settings, Earlier::default())
}

/// Lets the driver send these activities, and returns how they ended.
async fn drive(driver: &mut Driver, activities: impl IntoIterator<Item = Activity>) -> Vec<(Key, Ending)> {
    activities.into_iter().for_each(|activity| driver.take(activity));
    driver.input_ended();
    let mut endings = Vec::new();
    while !driver.is_idle() {
        // An engine that waits for nothing would hang the test.
        tokio::time::timeout(Duration::from_secs(86_400), poll_fn(|cx| driver.poll(cx))).await.unwrap();
        endings.extend(std::iter::from_fn(|| driver.next_ending()));
    }
    endings.sort_by_key(|(key, _)| *key);
    endings
}

fn server_with_an_old_record() -> Server {
    let server = Server::default();
    server.0.lock().unwrap().records.push(record(1, "старая"));
    server
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_and_settled_is_in_the_store() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    let activity = Activity { key: 7, entry: entry(7), sent_before: None };
    let endings = drive(&mut driver(&server, &store), [activity]).await;
    assert_eq!(endings, [(7, Ending::Stored { id: EntryId(2), copy: None })]);
    assert_eq!(store.result(7), Some(Settled::Stored(EntryId(2), None)));
    assert_eq!(store.doubt(7), None);
}

#[tokio::test(start_paused = true)]
async fn a_second_process_finds_what_the_first_one_stored_and_sends_what_is_missing_after_a_witness() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    server.0.lock().unwrap().records.push(record(2, "звонок 0"));
    let sent_before = Some(SentBefore { request: 3, floor: Floor { id: 1, is_certain: true } });
    let earlier = [0, 1].map(|key| Activity { key, entry: entry(key), sent_before });
    let new = Activity { key: 2, entry: entry(2), sent_before: None };
    let began = Instant::now();
    let endings = drive(&mut driver(&server, &store), earlier.into_iter().chain([new])).await;
    let ids: Vec<(Key, u64)> = endings
        .into_iter()
        .map(|(key, ending)| match ending {
            Ending::Stored { id, .. } => (key, id.0),
            other => panic!("{key}: {other:?}"),
        })
        .collect();
    assert_eq!(ids, [(0, 2), (1, 4), (2, 3)], "the new one is the witness, and the missing one follows it");
    // The time limit of a call, and then the time to settle.
    assert!(began.elapsed() >= Duration::from_secs(90), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_record_of_a_subordinate_is_not_that_of_an_activity_of_the_caller() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    let mut of_other = record(2, "звонок 0");
    of_other["user"] = json!("other@example.test");
    server.0.lock().unwrap().records.push(of_other);
    let sent_before = |request| Some(SentBefore { request, floor: Floor { id: 1, is_certain: true } });
    let other = Activity { key: 1, entry: entry(0).user("other@example.test"), sent_before: sent_before(4) };
    let own = Activity { key: 0, entry: entry(0), sent_before: sent_before(3) };
    let new = Activity { key: 2, entry: entry(2), sent_before: None };
    let endings = drive(&mut driver(&server, &store), [own, other, new]).await;
    let stored = |id| Ending::Stored { id: EntryId(id), copy: None };
    assert_eq!(endings, [(0, stored(4)), (1, stored(2)), (2, stored(3))]);
}

#[test]
fn activities_are_equal_however_their_owner_is_spelled() {
    let identity = |entry| Item::new(0, entry, |login| login == "login").identity;
    let named = |login: &str| identity(entry(0).user(login));
    assert_eq!(named("Login "), identity(entry(0)), "the caller");
    assert_eq!(named("Other"), named("other"));
    assert_ne!(named("other"), identity(entry(0)));
}

#[tokio::test(start_paused = true)]
async fn others_are_sent_while_one_is_in_doubt_and_equal_ones_are_not() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    server.0.lock().unwrap().loses = 1;
    let mut driver = driver(&server, &store);
    let equal = |key| Activity { key, entry: entry(0), sent_before: None };
    // The first request has ten activities, and the two equal ones are in it and behind it.
    let activities = (0..10).map(|key| Activity { key, entry: entry(key), sent_before: None });
    let rest = (11..40).map(|key| Activity { key, entry: entry(key), sent_before: None });
    let endings = drive(&mut driver, activities.chain([equal(10)]).chain(rest)).await;
    assert_eq!(endings.len(), 40);
    let id = |key: usize| match &endings[key].1 {
        Ending::Stored { id, .. } => id.0,
        other => panic!("{key}: {other:?}"),
    };
    assert!(id(11) < id(0) && id(11) < id(10), "{endings:?}");
    assert_eq!(server.0.lock().unwrap().records.len(), 41);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_the_patience_an_equal_activity_that_waits_is_the_witness() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    let sent_before = Some(SentBefore { request: 3, floor: Floor { id: 1, is_certain: true } });
    let missing = Activity { key: 0, entry: entry(0), sent_before };
    let equal = Activity { key: 1, entry: entry(0), sent_before: None };
    let endings = drive(&mut driver(&server, &store), [missing, equal]).await;
    let stored = |id| Ending::Stored { id: EntryId(id), copy: None };
    assert_eq!(endings, [(0, stored(3)), (1, stored(2))]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_may_be_that_of_two_activities_is_no_reason_to_send_one_of_them_again() {
    for is_certain in [true, false] {
        a_record_may_be_that_of_two_activities(is_certain).await;
    }
}

async fn a_record_may_be_that_of_two_activities(is_certain: bool) {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    let sent_before = |request, is_certain| Some(SentBefore { request, floor: Floor { id: 1, is_certain } });
    let at = |hour| chrono::NaiveDate::from_ymd_opt(2024, 6, 25).unwrap().and_hms_opt(hour, 0, 0).unwrap();
    // The list shows ten o'clock. Without a known shift, it may be either of them.
    server.0.lock().unwrap().records.push(record(2, "звонок 0"));
    let first = Activity { key: 0, entry: entry(0), sent_before: sent_before(3, is_certain) };
    let later = Activity { key: 1, entry: entry(0).at(at(11)), sent_before: sent_before(4, true) };
    let found = {
        let mut driver = driver(&server, &store);
        drive(&mut driver, [first, later]).await
    };
    assert!(found.iter().all(|(_, ending)| matches!(ending, Ending::Unknown(_))), "{found:?}");
    assert_eq!(server.0.lock().unwrap().records.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_second_look_before_the_first_request_shows_is_not_ours() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    {
        let mut state = server.0.lock().unwrap();
        state.records.push(record(2, "звонок 0"));
        (state.loses, state.hides_newest) = (1, true);
    }
    let mut driver = driver(&server, &store);
    driver.settings.limits.activities = 1;
    let activities = (0..3).map(|key| Activity { key, entry: entry(key), sent_before: None });
    let endings = drive(&mut driver, activities).await;
    assert!(!endings.contains(&(0, Ending::Stored { id: EntryId(2), copy: None })), "{endings:?}");
    assert_eq!(server.0.lock().unwrap().records.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn lists_that_take_longer_than_the_patience_settle_a_doubt() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    server.0.lock().unwrap().list_takes = Duration::from_secs(25);
    let mut driver = driver(&server, &store);
    (driver.settings.settle, driver.settings.patience) = (Duration::from_secs(10), Duration::from_secs(20));
    let sent_before = Some(SentBefore { request: 3, floor: Floor { id: 1, is_certain: true } });
    let missing = Activity { key: 0, entry: entry(0), sent_before };
    let new = Activity { key: 1, entry: entry(1), sent_before: None };
    let endings = drive(&mut driver, [missing, new]).await;
    let stored = |id| Ending::Stored { id: EntryId(id), copy: None };
    assert_eq!(endings, [(0, stored(3)), (1, stored(2))]);
}

#[tokio::test(start_paused = true)]
async fn a_marked_record_below_the_floor_is_no_witness_for_others() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    {
        let mut state = server.0.lock().unwrap();
        (state.counts_down, state.hides_lost) = (true, true);
    }
    let mut driver = driver(&server, &store);
    driver.settings.limits.activities = 1;
    let entry = |key| entry(key).mark(format!("1700000000.{key}"));
    let activities = (0..5).map(|key| Activity { key, entry: entry(key), sent_before: None });
    let endings = drive(&mut driver, activities).await;
    assert!(matches!(endings[1], (1, Ending::Unknown(_))), "{endings:?}");
    assert_eq!(server.0.lock().unwrap().records.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn an_activity_that_is_its_own_witness_shows_that_ids_do_not_grow() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    {
        let mut state = server.0.lock().unwrap();
        state.records.push(record(4999, "заявка"));
        state.counts_down = true;
    }
    let mut driver = driver(&server, &store);
    let sent_before = |request| Some(SentBefore { request, floor: Floor { id: 1, is_certain: true } });
    let missing = |key| Activity { key, entry: entry(key), sent_before: sent_before(key) };
    let endings = drive(&mut driver, [missing(3), missing(4)]).await;
    assert!(matches!(endings[..], [(3, Ending::Unknown(_)), (4, Ending::Unknown(_))]), "{endings:?}");
    assert_eq!(server.0.lock().unwrap().records.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_ended_while_nobody_polled_is_taken_in_before_anything_is_sent() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    server.0.lock().unwrap().loses = 2;
    let mut driver = driver(&server, &store);
    (driver.settings.limits.activities, driver.settings.concurrency) = (1, 2);
    let contents = [0, 1, 1, 4, 5, 6, 7];
    let activity = |(content, key)| Activity { key, entry: entry(content), sent_before: None };
    contents.into_iter().zip(0..).map(activity).for_each(|activity| driver.take(activity));
    while driver.in_flight.len() < 2 {
        poll_fn(|cx| driver.poll(cx)).await;
    }
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(server.0.lock().unwrap().writes, 2);
    poll_fn(|cx| driver.poll(cx)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let records = &server.0.lock().unwrap().records;
    let is_equal = |record: &&Value| record["content"] == "звонок 1";
    assert_eq!(records.iter().filter(is_equal).count(), 0, "one of two equal ones is in doubt");
}

#[tokio::test(start_paused = true)]
async fn of_two_equal_activities_none_is_missing_before_both_are_due() {
    let driver = driver(&server_with_an_old_record(), &Arc::default());
    let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(100));
    let doubt = |request, id, key, due| {
        Doubt::new(request, Floor { id, is_certain: true }, vec![driver.waiting(key, entry(0))], due)
    };
    let mut doubts = Doubts::default();
    doubts.add(doubt(1, 1, 0, now));
    doubts.add(doubt(2, 2, 1, later));
    let records = [record(1, "старая"), record(3, "звонок 0")];
    let records = records.map(|record| serde_json::from_value(record).unwrap()).to_vec();
    let reading = Reading([(View(None), ViewReading { records, ..ViewReading::default() })].into());
    let known = Known::new(Earlier::default());
    let seen = Seen { reading: &reading, known: &known, in_flight: &[].into() };
    let decided = doubts.decide(now, Duration::from_secs(60), Duration::from_secs(2), &seen, false);
    let keys: Vec<Key> = decided.iter().map(|(waiting, _)| waiting.item.key).collect();
    assert_eq!(keys, [1], "the record is newer than the last request before it");
    assert_eq!(doubts.next_look(now), Some(later), "the record of the other one may still come");
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_copy_is_recorded_when_the_engine_stops() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    let mut driver = driver(&server, &store);
    let sent_before = Some(SentBefore { request: 3, floor: Floor { id: 1, is_certain: true } });
    driver.take(Activity { key: 0, entry: entry(0), sent_before });
    driver.input_ended();
    while server.0.lock().unwrap().writes == 0 || !driver.in_flight.is_empty() {
        poll_fn(|cx| driver.poll(cx)).await;
    }
    driver.stop(NotSentReason::Cancelled);
    let endings = drive(&mut driver, []).await;
    assert_eq!(endings, [(0, Ending::Stored { id: EntryId(2), copy: None })]);
    assert_eq!(store.result(0), Some(Settled::Stored(EntryId(2), None)));
}

#[tokio::test(start_paused = true)]
async fn the_record_of_an_activity_that_is_sent_once_more_is_not_that_of_an_equal_one() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    server.0.lock().unwrap().answer_takes = Duration::from_secs(25);
    let mut driver = driver(&server, &store);
    (driver.settings.settle, driver.settings.patience) = (Duration::from_secs(10), Duration::from_secs(35));
    let sent_before = Some(SentBefore { request: 3, floor: Floor { id: 1, is_certain: true } });
    let equal = [0, 1].map(|key| Activity { key, entry: entry(0), sent_before });
    let endings = drive(&mut driver, equal).await;
    let stored = |id| Ending::Stored { id: EntryId(id), copy: None };
    assert_eq!(endings, [(0, stored(3)), (1, stored(2))]);
}

#[tokio::test(start_paused = true)]
async fn of_two_equal_activities_the_first_to_come_does_not_take_the_record_of_the_other_in_place_of_a_changed_one()
 {
    let driver = driver(&server_with_an_old_record(), &Arc::default());
    let doubt = |request, id, key| {
        let waiting = vec![driver.waiting(key, entry(0))];
        Doubt::new(request, Floor { id, is_certain: true }, waiting, Instant::now())
    };
    let mut changed = record(2, "звонок 0");
    changed["tip"] = json!("другой");
    let records = [record(1, "старая"), changed, record(3, "звонок 0")];
    let records = records.map(|record| serde_json::from_value(record).unwrap()).to_vec();
    let reading = Reading([(View(None), ViewReading { records, ..ViewReading::default() })].into());
    let mut known = Known::new(Earlier { in_doubt: 2, ..Earlier::default() });
    let mut doubts = Doubts::default();
    let mut decide = |doubt, known: &Known| {
        doubts.add(doubt);
        let seen = Seen { reading: &reading, known, in_flight: &[].into() };
        let decided =
            doubts.decide(Instant::now(), Duration::from_secs(60), Duration::from_secs(2), &seen, false);
        decided.iter().map(|(waiting, _)| waiting.item.key).collect::<Vec<Key>>()
    };
    known.earlier_doubt_has_come();
    assert_eq!(decide(doubt(1, 1, 0), &known), [0; 0]);
    known.earlier_doubt_has_come();
    assert_eq!(decide(doubt(2, 2, 1), &known), [1], "and the other one may be the changed record");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_lacks_a_record_which_it_showed_proves_nothing() {
    let (server, store) = (server_with_an_old_record(), Arc::new(MemoryStore::default()));
    {
        let mut state = server.0.lock().unwrap();
        state.records.extend([record(2, "звонок 0"), record(3, "чужая")]);
        (state.loses_answer, state.hidden) = (1, vec![2, 4]);
    }
    let mut driver = driver(&server, &store);
    driver.settings.limits.activities = 1;
    let sent_before = Some(SentBefore { request: 3, floor: Floor { id: 1, is_certain: true } });
    let found = Activity { key: 0, entry: entry(0), sent_before };
    let new = (1..4).map(|key| Activity { key, entry: entry(key), sent_before: None });
    let endings = drive(&mut driver, [found].into_iter().chain(new)).await;
    assert_eq!(endings[0], (0, Ending::Stored { id: EntryId(2), copy: None }));
    assert!(matches!(endings[1], (1, Ending::Unknown(_))), "{endings:?}");
    assert_eq!(server.0.lock().unwrap().records.len(), 6);
}
