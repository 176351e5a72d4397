//! Runs that end at any step, and what the next ones make of it.

use std::collections::BTreeMap;

use crm_mirror::{Change, ChangeFilter, ChangeKind, Key, Mirror, Mode, SqliteStore, Sync, Table};
use crm_sandbox::Sandbox;
use serde_json::Value;

use crate::failing_store::{FailingStore, Failure};
use crate::world::World;

pub(crate) type Rows = BTreeMap<(Table, Key), (Value, bool)>;

/// The rows of a copy, and whether they are in view.
pub(crate) async fn rows(mirror: &Mirror) -> Rows {
    let mut rows = Rows::new();
    for table in Table::ALL {
        for record in mirror.records(table, Key { project_id: -1, ..Key::default() }, u32::MAX).await.unwrap()
        {
            let raw = serde_json::from_str(&record.raw).unwrap();
            rows.insert((table, record.key), (raw, record.out_of_view_at.is_none()));
        }
    }
    rows
}

/// The rows that the change log gives from nothing. Each entry must fit the row that it changes.
pub(crate) async fn replayed(mirror: &Mirror) -> Rows {
    let mut rows = Rows::new();
    let json = |text: Option<String>| text.map(|text| serde_json::from_str::<Value>(&text).unwrap());
    for change in mirror.changes(&ChangeFilter::new().limit(u32::MAX)).await.unwrap() {
        let Change { table, key, kind, before, after, seq, .. } = change;
        let known = rows.remove(&(table, key));
        assert_eq!(known.map(|(raw, _)| raw), json(before), "{seq} {table} {key:?} {kind:?}");
        if let Some(after) = json(after) {
            rows.insert((table, key), (after, kind != ChangeKind::OutOfView));
        }
    }
    rows
}

fn sync(world: &World) -> Sync {
    crate::world::sync().history(&world.history()).directory(&world.directory()).projects(&world.projects())
}

/// What happens in the CRM between two runs.
fn change(world: &World) {
    let sandbox = &world.sandbox;
    let ids: Vec<u64> = sandbox.records().iter().map(|record| record.cid).collect();
    sandbox.remove_record(ids[1]);
    sandbox.remove_record(*ids.last().unwrap());
    sandbox.change_record(ids[2], |record| record.iduser = 0);
    sandbox.change_record(ids[3], |record| record.content = Some("см. https://x.ru/a".to_owned()));
    world.add("2024-06-25 10:00:00", "новый");
    sandbox.change_contact(3, |contact| contact.person = "Другой".to_owned());
    let project = sandbox.projects().into_iter().find(|p| !p.deleted && !p.goods.is_empty()).unwrap().id;
    sandbox.change_project(project, |project| project.deleted = true);
    let other = sandbox.projects().into_iter().find(|p| !p.deleted && !p.payments.is_empty()).unwrap().id;
    sandbox.change_project(other, |project| {
        project.payments.remove(0);
    });
}

/// Lets a run end at each step, and compares what the next run leaves with the copy of an undisturbed one.
async fn every_step(failure: Failure, mode: Mode) {
    let base = world();
    assert!(base.mirror().await.run(sync(&base)).await.unwrap().is_complete());
    let mut undisturbed = None;
    let mut step = 0;
    loop {
        step += 1;
        let world = world();
        std::fs::copy(base.path(), world.path()).unwrap();
        change(&world);
        world.hours(2);
        let store = FailingStore::new(SqliteStore::open(world.path()).await.unwrap(), step, failure);
        let failing = world.with_clock(Mirror::with_store(store.clone()));
        tokio::select! {
            ended = failing.run(sync(&world).mode(mode)) => {
                assert_eq!(ended.is_err(), store.has_failed(), "step {step}");
            }
            () = store.killed() => {}
        }
        assert_eq!(rows(&failing).await, replayed(&failing).await, "step {step}");
        if !store.has_failed() {
            assert!(step > 20, "{step} steps");
            return;
        }
        drop((failing, store));
        let mirror = world.mirror().await;
        let report = mirror.run(sync(&world).mode(Mode::Full)).await.unwrap();
        assert!(report.is_complete(), "step {step}: {report}");
        let copy = rows(&mirror).await;
        assert_eq!(copy, replayed(&mirror).await, "step {step}");

        let expected = match undisturbed.take() {
            Some(rows) => rows,
            None => {
                let other = world.with_another_copy();
                let mirror = other.mirror().await;
                assert!(mirror.run(sync(&other)).await.unwrap().is_complete());
                rows(&mirror).await
            }
        };
        let in_view: Rows = copy.into_iter().filter(|(_, (_, in_view))| *in_view).collect();
        assert_eq!(in_view, expected, "step {step}");
        undisturbed = Some(expected);
    }
}

/// The same CRM each time.
fn world() -> World {
    World::with(Sandbox::builder().records(20).clients(4).contacts(4).projects(8))
}

#[tokio::test]
async fn a_run_whose_store_fails_at_any_step_is_made_up_for() {
    every_step(Failure::Before, Mode::Full).await;
}

#[tokio::test]
async fn a_run_that_does_not_learn_that_it_has_written_repeats_nothing() {
    every_step(Failure::After, Mode::Full).await;
}

#[tokio::test]
async fn a_run_that_is_killed_before_any_step_is_made_up_for() {
    every_step(Failure::KilledBefore, Mode::Quick).await;
}

#[tokio::test]
async fn a_run_that_is_killed_after_any_step_is_made_up_for() {
    every_step(Failure::KilledAfter, Mode::Full).await;
}
