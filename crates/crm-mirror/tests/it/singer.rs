//! The Singer protocol: what a tap writes, and how far its states are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crm_mirror::singer::{Catalog, State, Tap, TapReport};
use crm_mirror::{ColumnKind, Mode, Sync, Table};
use crm_sandbox::{Fault, Operation, Sandbox};
use serde_json::{Value, json};

use crate::world::World;

/// What a tap has written.
struct Written {
    messages: Vec<Value>,
    report: TapReport,
}

impl Written {
    fn of(&self, kind: &str) -> Vec<&Value> {
        self.messages.iter().filter(|message| message["type"] == kind).collect()
    }

    fn records(&self, stream: &str) -> Vec<&Value> {
        let records = self.of("RECORD").into_iter().filter(|message| message["stream"] == stream);
        records.map(|message| &message["record"]).collect()
    }

    fn last_state(&self) -> State {
        serde_json::from_value(self.of("STATE").last().unwrap()["value"].clone()).unwrap()
    }
}

fn parsed(lines: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(lines).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn tap(world: &World, catalog: &Catalog, state: State) -> Written {
    let mut lines = Vec::new();
    let report = Tap::new(&world.mirror().await).run(catalog, state, &mut lines).await.unwrap();
    Written { messages: parsed(&lines), report }
}

async fn discover(world: &World) -> Catalog {
    Tap::new(&world.mirror().await).discover().await.unwrap()
}

/// The catalog as a user edits it: only these streams, with this method.
async fn only(world: &World, streams: &[&str], method: &str) -> Catalog {
    let mut catalog = serde_json::to_value(discover(world).await).unwrap();
    for stream in catalog["streams"].as_array_mut().unwrap() {
        let is_selected = streams.contains(&stream["tap_stream_id"].as_str().unwrap());
        stream["metadata"][0]["metadata"]["selected"] = json!(is_selected);
        stream["metadata"][0]["metadata"]["replication-method"] = json!(method);
    }
    serde_json::from_value(catalog).unwrap()
}

impl World {
    async fn run_all(&self, change: impl FnOnce(Sync) -> Sync) {
        let sync = crate::world::sync()
            .history(&self.history())
            .directory(&self.directory())
            .projects(&self.projects());
        let report = self.mirror().await.run(change(sync)).await.unwrap();
        assert!(report.is_complete(), "{report}");
    }
}

/// A target that keeps rows by key, as real ones do.
fn load(rows: &mut BTreeMap<(String, String), Value>, written: &Written) {
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for message in &written.messages {
        let stream = message["stream"].as_str().unwrap_or_default();
        match message["type"].as_str().unwrap() {
            "SCHEMA" => {
                let of_key = message["key_properties"].as_array().unwrap();
                keys.insert(stream, of_key.iter().map(|name| name.as_str().unwrap()).collect());
            }
            "RECORD" => {
                let record = &message["record"];
                let key =
                    keys[stream].iter().map(|name| record[name].to_string()).collect::<Vec<_>>().join("/");
                let mut record = record.clone();
                record["version"] = message["version"].clone();
                rows.insert((stream.to_owned(), key), record);
            }
            "ACTIVATE_VERSION" => {
                rows.retain(|(of, _), record| of != stream || record["version"] == message["version"]);
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn every_row_comes_once_and_then_only_what_changes_with_deletions() {
    let world = World::with(Sandbox::builder().records(30).clients(5).contacts(4).projects(6));
    world.run_all(|sync| sync).await;
    let catalog = discover(&world).await;
    let first = tap(&world, &catalog, State::default()).await;
    assert_eq!(first.records("activities").len(), 30);
    assert_eq!(first.of("SCHEMA").len(), Table::ALL.len());
    assert!(first.of("ACTIVATE_VERSION").is_empty());
    let one = first.records("activities")[0];
    assert!(one["raw"].as_str().unwrap().contains("\"cid\""), "{one}");
    let stored =
        world.query(&format!("SELECT at, content, type, contacts FROM activities WHERE id = {}", one["id"]));
    let text = |name: &str| one[name].as_str().unwrap().to_owned();
    assert_eq!(stored, [[text("at"), text("content"), text("type"), text("contacts")].join(" | ")]);
    let payment = first.records("payments")[0];
    assert!(payment["amount"].is_string() && payment["_sdc_deleted_at"].is_null(), "{payment}");

    let second = tap(&world, &catalog, first.last_state()).await;
    assert!(second.of("RECORD").is_empty());
    let records = world.sandbox.records();
    world.sandbox.remove_record(records[2].cid);
    world.sandbox.change_record(records[3].cid, |record| record.content = Some("иначе".to_owned()));
    let new = world.add("2024-06-24 10:00:00", "новый");
    world.hours(1);
    world.run_all(|sync| sync.mode(Mode::Full)).await;
    let third = tap(&world, &catalog, second.last_state()).await;
    let of = |id: u64| *third.records("activities").iter().find(|record| record["id"] == id).unwrap();
    assert_eq!(third.records("activities").len(), 3);
    assert_eq!(of(records[2].cid)["_sdc_deleted_at"], "2024-06-25T12:25:00Z");
    assert_eq!(of(records[3].cid)["content"], "иначе");
    assert_eq!(of(new)["_sdc_deleted_at"], Value::Null);
    assert_eq!(third.of("RECORD").len(), 3);
}

#[tokio::test]
async fn no_state_is_ahead_of_the_records_whichever_of_them_a_target_keeps() {
    let world = World::with(Sandbox::builder().records(2500).clients(5).projects(3));
    world.run_all(|sync| sync).await;
    let catalog = discover(&world).await;
    let all = tap(&world, &catalog, State::default()).await;
    let mut expected = BTreeMap::new();
    load(&mut expected, &all);
    let states: Vec<usize> =
        all.messages.iter().enumerate().filter(|(_, m)| m["type"] == "STATE").map(|(at, _)| at).collect();
    assert!(states.len() > 10);
    for at in states {
        // The target has kept everything up to this state, and was killed.
        let messages = all.messages[..=at].to_vec();
        let kept = Written { messages, report: TapReport::default() };
        let mut rows = BTreeMap::new();
        load(&mut rows, &kept);
        load(&mut rows, &tap(&world, &catalog, kept.last_state()).await);
        assert_eq!(rows, expected, "state {at}");
    }
}

#[tokio::test]
async fn only_selected_streams_and_columns_are_written() {
    let world = World::with(Sandbox::builder().records(3).clients(2).projects(3));
    world.run_all(|sync| sync.column("contract_date", ColumnKind::Date)).await;
    let mut catalog = only(&world, &["projects"], "LOG_BASED").await;
    let projects = catalog.streams.iter_mut().find(|stream| stream.stream == "projects").unwrap();
    assert_eq!(projects.schema["properties"]["contract_date"]["format"], "date");
    for metadata in &mut projects.metadata {
        let is_wanted =
            ["id", "price", "contract_date"].contains(&metadata.breadcrumb.last().map_or("", |name| name));
        if !metadata.breadcrumb.is_empty() {
            metadata.metadata.insert("selected".to_owned(), json!(is_wanted));
        }
    }
    let written = tap(&world, &catalog, State::default()).await;
    assert_eq!(written.of("SCHEMA").len(), 1);
    let columns: Vec<&String> = written.records("projects")[0].as_object().unwrap().keys().collect();
    assert_eq!(columns, ["_sdc_deleted_at", "contract_date", "id", "price"]);
    let properties = written.of("SCHEMA")[0]["schema"]["properties"].as_object().unwrap();
    assert_eq!(properties.keys().collect::<Vec<_>>(), columns);

    let unknown: Catalog =
        serde_json::from_value(json!({ "streams": [{ "tap_stream_id": "calls", "selected": true }] }))
            .unwrap();
    let error =
        Tap::new(&world.mirror().await).run(&unknown, State::default(), Vec::new()).await.unwrap_err();
    assert!(error.is_invalid_request() && error.to_string().contains("\"calls\""), "{error}");
}

#[tokio::test]
async fn a_full_table_is_activated_only_after_all_records_of_a_complete_run() {
    let world = World::with(Sandbox::builder().records(20).clients(2).projects(3));
    world.run_all(|sync| sync).await;
    let catalog = only(&world, &["activities", "clients"], "FULL_TABLE").await;
    let first = tap(&world, &catalog, State::default()).await;
    let mut rows = BTreeMap::new();
    load(&mut rows, &first);
    let kinds: Vec<&str> = first.messages.iter().map(|message| message["type"].as_str().unwrap()).collect();
    let last_record = kinds.iter().rposition(|kind| *kind == "RECORD").unwrap();
    let first_activation = kinds.iter().position(|kind| *kind == "ACTIVATE_VERSION").unwrap();
    assert!(last_record < first_activation);
    assert_eq!(first.of("ACTIVATE_VERSION").len(), 2);
    let before = rows.len();

    world.sandbox.remove_record(world.sandbox.records()[0].cid);
    world.run_all(|sync| sync.mode(Mode::Full).soft_deletes()).await;
    let second = tap(&world, &catalog, first.last_state()).await;
    load(&mut rows, &second);
    assert_eq!(rows.len(), before - 1);
    let version = |written: &Written| written.of("ACTIVATE_VERSION")[0]["version"].as_i64().unwrap();
    assert!(version(&second) > version(&first), "although no time has passed");

    // A run that is not complete: nothing may be removed from the target.
    world.sandbox.add_fault(Fault::database_down().on(Operation::HistoryList).always());
    assert!(!world.run(|sync| sync).await.is_complete());
    let catalog = only(&world, &["activities"], "FULL_TABLE").await;
    let third = tap(&world, &catalog, second.last_state()).await;
    assert!(third.of("ACTIVATE_VERSION").is_empty());
    assert_eq!(third.report.not_activated, [Table::Activities]);
    assert_eq!(third.records("activities").len(), 19);
    assert_eq!(third.last_state().bookmarks, second.last_state().bookmarks);
}

#[tokio::test]
async fn a_full_table_is_not_activated_after_a_complete_run_of_other_tables() {
    // The first run is stopped after some of the activities, as in a copy that is made anew.
    let world = World::with(Sandbox::builder().records(3000).clients(2).projects(3));
    let answers = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&answers);
    let stopped = world.run(|sync| {
        let sync = sync.on_progress(move |table| {
            seen.fetch_max(usize::try_from(table.inserted).unwrap(), Ordering::Relaxed);
        });
        sync.stop_when(move || answers.load(Ordering::Relaxed) > 50)
    });
    let stopped = stopped.await;
    let copied = stopped.table(Table::Activities).map_or(0, |table| table.inserted);
    assert!(!stopped.is_complete() && copied > 0 && copied < 3000, "{stopped}");
    let other = crate::world::sync().projects(&world.projects());
    assert!(world.mirror().await.run(other).await.unwrap().is_complete());
    let catalog = only(&world, &["activities", "clients", "projects"], "FULL_TABLE").await;
    let first = tap(&world, &catalog, State::default()).await;
    let activated = |written: &Written| -> Vec<Value> {
        written.of("ACTIVATE_VERSION").iter().map(|message| message["stream"].clone()).collect()
    };
    assert_eq!(activated(&first), ["projects"]);
    assert_eq!(first.report.not_activated, [Table::Activities, Table::Clients]);

    // What the next run of each table says counts, whichever of them was the last.
    world.run_all(|sync| sync).await;
    world.sandbox.add_fault(Fault::database_down().on(Operation::ProjectsList).always());
    let failed = crate::world::sync().projects(&world.projects());
    assert!(!world.mirror().await.run(failed).await.unwrap().is_complete());
    let second = tap(&world, &catalog, first.last_state()).await;
    assert_eq!(activated(&second), ["activities", "clients"]);
    assert_eq!(second.report.not_activated, [Table::Projects]);

    // A run without an end may be active, and write while the rows are read.
    let mirror = world.mirror().await;
    let fence = mirror.store().lock().await.unwrap().unwrap();
    mirror.store().begin_run(fence, 0, "quick").await.unwrap();
    let third = tap(&world, &catalog, second.last_state()).await;
    assert!(third.of("ACTIVATE_VERSION").is_empty());
    mirror.store().unlock(fence).await.unwrap();
}

#[tokio::test]
async fn every_row_comes_again_where_the_log_no_longer_reaches_back_or_a_column_is_new() {
    let world = World::with(Sandbox::builder().records(10).projects(3));
    world.run_all(|sync| sync).await;
    let catalog = only(&world, &["activities", "projects"], "LOG_BASED").await;
    let first = tap(&world, &catalog, State::default()).await;
    // No change of these tables, and the log is emptied: they are up to date all the same.
    world.hours(24 * 500);
    world.run_all(|sync| sync).await;
    let second = tap(&world, &catalog, first.last_state()).await;
    assert!(second.of("RECORD").is_empty(), "{:?}", second.report);
    // A change that was removed from the log before it was read.
    world
        .sandbox
        .change_record(world.sandbox.records()[0].cid, |record| record.content = Some("иначе".to_owned()));
    world.run_all(|sync| sync.mode(Mode::Full)).await;
    world.hours(24 * 500);
    world.run_all(|sync| sync).await;
    let third = tap(&world, &catalog, second.last_state()).await;
    assert_eq!(third.report.sent_again, [Table::Activities, Table::Projects]);
    assert!(third.records("activities").iter().any(|record| record["content"] == "иначе"));
    world.run_all(|sync| sync.column("contract_date", ColumnKind::Date)).await;
    let catalog = only(&world, &["activities", "projects"], "LOG_BASED").await;
    let fourth = tap(&world, &catalog, third.last_state()).await;
    assert_eq!(fourth.report.sent_again, [Table::Projects]);
    assert!(!fourth.records("projects").is_empty() && fourth.records("activities").is_empty());
}

#[tokio::test]
async fn an_output_that_is_closed_ends_the_tap() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let world = World::with(Sandbox::builder().records(3));
    let tap = Tap::new(&world.mirror().await);
    let error = tap.run(&discover(&world).await, State::default(), Closed).await.unwrap_err();
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    assert_eq!(cause.unwrap().kind(), std::io::ErrorKind::BrokenPipe);
}
