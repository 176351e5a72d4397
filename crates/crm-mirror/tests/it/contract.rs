//! The same story over memory, SQLite and PostgreSQL must leave the same copies.

use crm_mirror::{
    ChangeFilter, ColumnKind, Key, MemoryStore, Mirror, Mode, PostgresStore, Sync, Table, Texts,
};
use crm_sandbox::{AnswerEdit, Fault, Operation, Sandbox};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::world::{World, time};

/// Everything in a copy that does not depend on the database.
async fn dump(mirror: &Mirror) -> Vec<String> {
    let json = |text: Option<&str>| text.map(|text| serde_json::from_str::<Value>(text).unwrap());
    let mut lines = Vec::new();
    for table in Table::ALL {
        let mut after = Key { project_id: -1, ..Key::default() };
        loop {
            let records = mirror.records(table, after, 7).await.unwrap();
            let Some(last) = records.last() else { break };
            after = last.key;
            lines.extend(records.iter().map(|record| {
                let raw = json(Some(&record.raw));
                format!(
                    "{table} {:?} {raw:?} {:?} {:?}",
                    record.key, record.deleted_at, record.out_of_view_at
                )
            }));
        }
    }
    let mut filter = ChangeFilter::new().limit(100);
    let mut changes = Vec::new();
    loop {
        let some = mirror.changes(&filter).await.unwrap();
        let Some(last) = some.last() else { break };
        filter = filter.after(last.seq);
        changes.extend(some.into_iter().map(|change| {
            let (before, after) = (json(change.before.as_deref()), json(change.after.as_deref()));
            (change.run, change.table, format!("{:?} {:?} {before:?} {after:?}", change.key, change.kind))
        }));
    }
    // Within a run and a table PostgreSQL writes sets of rows.
    changes.sort();
    lines.extend(changes.into_iter().map(|change| format!("{change:?}")));
    for run in mirror.status(100).await.unwrap() {
        let figures = json(run.figures.as_deref());
        lines.push(format!("{} {} {:?} {figures:?} {:?}", run.id, run.mode, run.verdict, run.shift_hours));
    }
    lines
}

async fn check(copies: &[Mirror], step: &str) {
    let one = dump(&copies[0]).await;
    assert!(!one.is_empty());
    for other in &copies[1..] {
        let other = dump(other).await;
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other, "{step}");
        }
        assert_eq!(one.len(), other.len(), "{step}");
    }
}

async fn run(world: &World, copies: &[Mirror], step: &str, change: impl Fn(Sync) -> Sync) {
    for mirror in copies {
        let sync = crate::world::sync()
            .history(&world.history())
            .directory(&world.directory())
            .projects(&world.projects());
        let report = mirror.run(change(sync)).await.unwrap();
        assert!(report.is_complete(), "{step}: {report}");
    }
    check(copies, step).await;
}

async fn story(world: &World, copies: &[Mirror]) {
    let sandbox = &world.sandbox;
    world.add("2024-06-24 10:00:00", "с\tтабуляцией,\r\nстроками, \\N, \\. и \\\\ \0");
    run(world, copies, "first load", |sync| sync).await;
    run(world, copies, "nothing new", |sync| sync).await;
    let ids: Vec<u64> = sandbox.records().iter().map(|record| record.cid).collect();
    sandbox.remove_record(ids[3]);
    sandbox.change_record(ids[4], |record| record.iduser = 0);
    sandbox.change_record(ids[5], |record| {
        record.content = Some("с \0 нулём и \"кавычками\" \\u0000".to_owned())
    });
    sandbox.change_record(ids[6], |record| record.datum = None);
    sandbox.delete_client(5);
    sandbox.change_contact(6, |contact| contact.person = "Другой".to_owned());
    let project = sandbox.projects().into_iter().find(|p| !p.deleted && !p.goods.is_empty()).unwrap().id;
    sandbox.change_project(project, |project| project.deleted = true);
    run(world, copies, "deleted and changed", |sync| sync.mode(Mode::Full)).await;
    for &id in &ids[10..] {
        sandbox.change_record(id, |record| record.tip = Some("Письмо".to_owned()));
    }
    run(world, copies, "almost all are changed", |sync| sync.mode(Mode::Full)).await;
    world.hours(30);
    world.add("2024-06-26 10:00:00", "новый https://x.ru/a");
    let newest = world.add("2024-06-26 10:01:00", "новейший");
    run(world, copies, "quick", |sync| sync).await;
    sandbox.remove_record(ids[8]);
    sandbox.change_record(newest, |record| record.iduser = 0);
    sandbox.change_record(ids[4], |record| record.iduser = 1);
    run(world, copies, "soft deletes and all texts", |sync| {
        sync.mode(Mode::Full).soft_deletes().texts(Texts::All)
    })
    .await;
    sandbox.change_record(newest, |record| record.iduser = 1);
    run(world, copies, "the newest one is back", |sync| sync.mode(Mode::Full)).await;
    run(world, copies, "a new column", |sync| sync.column("contract_date", ColumnKind::Date)).await;
    world.hours(24 * 8);
    let other = sandbox.projects().into_iter().find(|p| !p.deleted && p.payments.len() > 1).unwrap().id;
    sandbox.change_project(other, |project| {
        project.payments.remove(0);
    });
    run(world, copies, "rotation", |sync| sync).await;
    let unseen = Fault::new().edit_answer(AnswerEdit::LeaveOut(0)).on(Operation::ProjectsList).always();
    sandbox.add_fault(unseen);
    for _ in 0..2 {
        world.hours(2);
        run(world, copies, "a project is out of view", |sync| sync.mode(Mode::Full)).await;
    }
    sandbox.clear_faults();
    run(world, copies, "it is in view again", |sync| sync.mode(Mode::Full)).await;
    sandbox.delete_client(1);
    run(world, copies, "a client is deleted", |sync| sync.mode(Mode::Full).soft_deletes().allow_deletes())
        .await;
    for mirror in copies {
        mirror.forget(Table::Contacts, 6).await.unwrap();
        mirror.forget(Table::Clients, 1).await.unwrap();
        mirror.forget(Table::Projects, other).await.unwrap();
    }
    check(copies, "forget").await;
    run(world, copies, "after forget", |sync| sync.mode(Mode::Full)).await;
    let late = time("2025-09-01 00:00:00");
    world.hours((late - time("2024-07-05 00:00:00")).num_hours());
    run(world, copies, "old changes are gone", |sync| sync).await;
}

fn world() -> World {
    World::with(Sandbox::builder().records(230).clients(12).contacts(12).projects(25))
}

/// The copies over memory and SQLite.
async fn local(world: &World) -> [Mirror; 2] {
    [world.with_clock(Mirror::with_store(MemoryStore::new())), world.mirror().await]
}

#[tokio::test]
async fn memory_and_sqlite_hold_the_same_copy() {
    let world = world();
    story(&world, &local(&world).await).await;
}

#[tokio::test]
async fn sqlite_and_postgresql_hold_the_same_copy() {
    let Some(cluster) = Cluster::start() else { return };
    let world = world();
    let postgres = PostgresStore::open_in_schema(&cluster.url(), "copy \"1\"").await.unwrap();
    let [memory, sqlite] = local(&world).await;
    story(&world, &[memory, sqlite, world.with_clock(Mirror::with_store(postgres))]).await;
}

#[tokio::test]
async fn a_later_run_over_any_store_replaces_an_earlier_one() {
    let world = world();
    for copy in local(&world).await {
        let store = copy.store();
        let earlier = store.lock().await.unwrap().unwrap();
        assert_eq!(store.lock().await.unwrap(), None, "it is held");
        store.abandon(earlier);
        let later = store.lock().await.unwrap().unwrap();
        assert!(store.begin_run(earlier, 1, "full").await.is_err());
        assert!(store.commit(earlier, Vec::new()).await.is_err());
        assert!(store.begin_run(later, 1, "full").await.is_ok());
    }
}

#[tokio::test]
async fn a_copy_works_behind_pgbouncer_in_transaction_mode() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(bouncer) = cluster.bouncer() else { return };
    let world = world();
    let postgres = PostgresStore::open(&bouncer.url()).await.unwrap();
    story(&world, &[world.mirror().await, world.with_clock(Mirror::with_store(postgres))]).await;
}

#[tokio::test]
async fn a_run_goes_on_after_the_database_server_has_crashed() {
    let Some(cluster) = Cluster::start() else { return };
    let world = world();
    let mirror = world.with_clock(Mirror::open(&cluster.url()).await.unwrap());
    let sync = || crate::world::sync().history(&world.history());
    assert!(mirror.run(sync()).await.unwrap().is_complete());
    cluster.crash();
    // The connection is lost, which the first statement finds out.
    let _ = mirror.run(sync()).await;
    assert!(mirror.run(sync().mode(Mode::Full)).await.unwrap().is_complete());
    let other = world.with_clock(Mirror::open(&cluster.url()).await.unwrap());
    let fence = mirror.store().lock().await.unwrap().unwrap();
    assert!(other.run(sync()).await.unwrap_err().to_string().contains("another run of this copy is active"));
    mirror.store().unlock(fence).await.unwrap();
    assert!(other.run(sync()).await.unwrap().is_complete());
}

#[tokio::test]
async fn a_copy_that_the_database_refused_is_made_by_the_next_run() {
    let Some(cluster) = Cluster::start() else { return };
    let world = world();
    let mirror = world.with_clock(Mirror::open(&cluster.url()).await.unwrap());
    let sync = || crate::world::sync().history(&world.history());
    cluster.execute("ALTER TABLE activities DROP COLUMN content").await;
    let error = mirror.run(sync()).await.unwrap_err();
    assert!(
        error.to_string().contains(r#"column "content" of relation "activities" does not exist"#),
        "{error}"
    );
    cluster.execute("ALTER TABLE activities ADD COLUMN content text").await;
    let report = mirror.run(sync()).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.table(Table::Activities).unwrap().inserted, 230);
}
