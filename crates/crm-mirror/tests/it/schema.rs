//! Copies of other versions, and several programs that open one at once.

use crm_mirror::{ChangeFilter, Mirror, Mode, PostgresStore, SqliteStore, Table};
use crm_sandbox::Sandbox;

use crate::cluster::Cluster;
use crate::world::World;

#[tokio::test]
async fn programs_that_open_a_new_file_at_once_create_its_tables_once() {
    let world = World::new();
    let opened = futures_util::future::join_all((0..8).map(|_| SqliteStore::open(world.path()))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    let Some(cluster) = Cluster::start() else { return };
    let url = cluster.url();
    let open = |_| PostgresStore::open_in_schema(&url, "crm");
    let opened = futures_util::future::join_all((0..8).map(open)).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
}

#[tokio::test]
async fn a_copy_of_a_newer_version_is_refused() {
    let world = World::new();
    drop(world.mirror().await);
    let connection = rusqlite::Connection::open(world.path()).unwrap();
    connection.execute_batch("UPDATE mirror_settings SET value = '99' WHERE name = 'version'").unwrap();
    let error = SqliteStore::open(world.path()).await.unwrap_err();
    assert!(error.to_string().contains("update the program"), "{error}");

    let Some(cluster) = Cluster::start() else { return };
    drop(Mirror::open(&cluster.url()).await.unwrap());
    cluster.execute("UPDATE mirror_settings SET value = '99' WHERE name = 'version'").await;
    let error = Mirror::open(&cluster.url()).await.unwrap_err();
    assert!(error.to_string().contains("update the program"), "{error}");
}

#[tokio::test]
async fn an_entry_of_the_log_that_is_unknown_is_told_in_the_same_words_by_both_databases() {
    const ENTRY: &str = "INSERT INTO mirror_changes (run, seen_at, table_name, id, change)
        VALUES (1, '2026-01-01 00:00:00', 'activities', 5, 'moved')";
    let told = async |mirror: Mirror| mirror.changes(&ChangeFilter::new()).await.unwrap_err().to_string();
    let words = ": it has an entry that this program does not know";
    let world = World::new();
    let mirror = world.mirror().await;
    rusqlite::Connection::open(world.path()).unwrap().execute(ENTRY, []).unwrap();
    let error = told(mirror).await;
    assert!(error.contains(words), "{error}");

    let Some(cluster) = Cluster::start() else { return };
    let mirror = Mirror::open(&cluster.url()).await.unwrap();
    cluster.execute(ENTRY).await;
    let error = told(mirror).await;
    assert!(error.contains(words), "{error}");
}

#[tokio::test]
async fn a_column_that_an_earlier_version_lacked_is_added_and_filled() {
    let world = World::with(Sandbox::builder().records(5).contacts(5).projects(10));
    let sync = || {
        crate::world::sync()
            .history(&world.history())
            .directory(&world.directory())
            .projects(&world.projects())
    };
    let drop_columns = "ALTER TABLE contacts DROP COLUMN name; ALTER TABLE payments DROP COLUMN amount;";
    assert!(world.mirror().await.run(sync()).await.unwrap().is_complete());
    let log = world.log(0).len();
    rusqlite::Connection::open(world.path())
        .unwrap()
        .execute_batch(&format!("DROP VIEW payments_by_month; {drop_columns}"))
        .unwrap();
    let lacking = "SELECT (SELECT count(*) FROM contacts WHERE name IS NULL),
        (SELECT count(*) FROM payments WHERE amount IS NULL)";
    world.hours(1);
    let mirror = world.mirror().await;
    assert_ne!(world.query(lacking), ["0 | 0"]);
    let report = mirror.run(sync()).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.mode, Mode::Full);
    assert_eq!(report.table(Table::Activities).unwrap().updated, 0);
    assert_eq!(world.query(lacking), ["0 | 0"]);
    assert!(world.log(log).is_empty(), "a new column does not change a record");

    let Some(cluster) = Cluster::start() else { return };
    let open = async || world.with_clock(Mirror::open(&cluster.url()).await.unwrap());
    assert!(open().await.run(sync()).await.unwrap().is_complete());
    cluster.execute(&format!("DROP VIEW payments_by_month; {drop_columns}")).await;
    world.hours(1);
    assert!(open().await.run(sync()).await.unwrap().is_complete());
    let filled = "SELECT 1 / (count(*) FILTER (WHERE name IS NULL) = 0)::int FROM contacts";
    cluster.execute(filled).await;
    cluster.execute(&filled.replace("name", "amount").replace("contacts", "payments")).await;
}

/// What makes a copy of an earlier version out of one of today.
const TO_EARLIER_VERSIONS: [&str; 2] = [
    "DROP VIEW changes; DROP TABLE mirror_loads; ALTER TABLE mirror_changes RENAME TO changes;
     ALTER TABLE changes ADD COLUMN after TYPE; DROP INDEX changes_by_record;
     CREATE INDEX changes_by_record ON changes (table_name, id);
     UPDATE mirror_settings SET value = '1' WHERE name = 'version';",
    "DROP VIEW changes; DROP TABLE mirror_loads;
     CREATE VIEW changes AS SELECT seq, run, seen_at, table_name, project_id, id, occurrence, change, before,
        before AS after FROM mirror_changes;
     UPDATE mirror_settings SET value = '2' WHERE name = 'version';",
];

#[tokio::test]
async fn the_log_of_a_copy_of_an_earlier_version_is_the_same_afterwards() {
    let cluster = Cluster::start();
    for (number, script) in TO_EARLIER_VERSIONS.into_iter().enumerate() {
        let world = World::with(Sandbox::builder().records(5));
        let id = world.add("2024-06-24 10:00:00", "before");
        let run = async |mirror: &Mirror| {
            let sync = crate::world::sync().history(&world.history());
            assert!(mirror.run(sync).await.unwrap().is_complete());
            mirror.changes(&ChangeFilter::new()).await.unwrap()
        };
        let changed = async |mirror: &Mirror| {
            for content in ["before", "after"] {
                world.sandbox.change_record(id, |record| record.content = Some(content.to_owned()));
                run(mirror).await;
            }
            world.sandbox.change_record(id, |record| record.content = Some("later".to_owned()));
            run(mirror).await
        };
        let log = changed(&world.mirror().await).await;
        let old = rusqlite::Connection::open(world.path()).unwrap();
        old.execute_batch(&script.replace("TYPE", "TEXT")).unwrap();
        let mirror = world.mirror().await;
        assert_eq!(mirror.changes(&ChangeFilter::new()).await.unwrap(), log);

        let schema = format!("copy_{number}");
        let mut postgres = None;
        if let Some(cluster) = &cluster {
            let open = async || {
                let store = PostgresStore::open_in_schema(&cluster.url(), &schema).await.unwrap();
                world.with_clock(Mirror::with_store(store))
            };
            let log = changed(&open().await).await;
            let script = script.replace("TYPE", "jsonb");
            cluster.execute(&format!("SET search_path TO {schema}; {script}")).await;
            let mirror = postgres.insert(open().await);
            assert_eq!(mirror.changes(&ChangeFilter::new()).await.unwrap(), log);
        }

        // The view knows the entries that earlier versions did not have.
        (0..200).for_each(|_| _ = world.add("2024-06-24 11:00:00", "new"));
        let count = run(&mirror).await.len().to_string();
        assert_eq!(world.query("SELECT count(*) FROM changes"), [count]);
        if let (Some(cluster), Some(mirror)) = (&cluster, &postgres) {
            let count = run(mirror).await.len().to_string();
            let view = format!("SELECT count(*)::text FROM {schema}.changes");
            assert_eq!(cluster.query(&view).await, [count]);
        }
    }
}

#[tokio::test]
async fn a_copy_is_opened_while_somebody_reads_it() {
    let Some(cluster) = Cluster::start() else { return };
    drop(Mirror::open(&cluster.url()).await.unwrap());
    let (client, connection) = tokio_postgres::connect(&cluster.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN; SELECT count(*) FROM activities; SELECT * FROM calls_by_day").await.unwrap();
    let opened = tokio::time::timeout(std::time::Duration::from_secs(20), Mirror::open(&cluster.url())).await;
    assert!(opened.is_ok_and(|mirror| mirror.is_ok()));
}
