//! The first load of 20,000 activities, beside dlt, and beside an export and a bare bulk load.

use std::process::Command;
use std::time::Instant;

use crm_bench::{clients, row};
use crm_history::{Entry, EntryQuery};
use crm_mirror::{Mirror, Sync, Texts};
use futures_util::SinkExt;

use crm_bench::clients::runtime;
use crm_bench::folder::Folder;
use crm_bench::postgres::Cluster;

/// Measures against the sandbox at this address. `python` has dlt.
pub(crate) fn run(url: &str, python: &str, script: &str, rounds: usize) {
    let cluster = Cluster::start();
    let mut databases = vec![("SQLite", None)];
    databases.extend(cluster.as_ref().map(|cluster| ("PostgreSQL", Some(cluster.url()))));
    for (name, postgres) in databases {
        let (mut ours, mut dlt, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            let folder = Folder::new();
            let (one, other) = row::by_turns(
                round,
                || mirror(url, &folder, postgres.as_deref(), round),
                || export_and_load(url, &folder, postgres.as_deref(), round),
            );
            ours.push(one);
            bare.push(other);
            dlt.push(by_dlt(url, &folder, postgres.as_deref(), python, script));
        }
        let median_ratio = |one: &[f64], other: &[f64]| {
            row::median(one.iter().zip(other).map(|(one, other)| one / other).collect())
        };
        let (against_dlt, against_bare) = (median_ratio(&dlt, &ours), median_ratio(&ours, &bare));
        let [ours, dlt, bare] = [ours, dlt, bare].map(row::median);
        let what = format!("first load of 20,000 activities into {name}");
        row::print(&format!("{what} / dlt"), ours, dlt, "s", against_dlt);
        row::print(&format!("{what} / export and a bare bulk load"), ours, bare, "s", against_bare);
    }
}

fn mirror(url: &str, folder: &Folder, postgres: Option<&str>, round: usize) -> f64 {
    runtime().block_on(async {
        let started = Instant::now();
        let mirror = match postgres {
            None => Mirror::open(&format!("sqlite:{}", folder.0.join("mirror.db").display())).await.unwrap(),
            Some(url) => {
                let store = crm_mirror::PostgresStore::open_in_schema(url, &format!("mirror{round}")).await;
                Mirror::with_store(store.unwrap())
            }
        };
        let sync = Sync::new().history(&clients::history(url, 2)).texts(Texts::AsListed);
        let report = mirror.run(sync).await.unwrap();
        assert!(report.is_complete(), "{report}");
        started.elapsed().as_secs_f64()
    })
}

/// What a user would do without a mirror: all activities, and then a table without anything else.
fn export_and_load(url: &str, folder: &Folder, postgres: Option<&str>, round: usize) -> f64 {
    runtime().block_on(async {
        let started = Instant::now();
        let export = clients::history(url, 2).export(EntryQuery::new()).concurrency(2);
        let mut export = export.start().await.unwrap();
        let mut entries = Vec::new();
        while let Some(entry) = export.next().await {
            entries.push(entry.unwrap());
        }
        assert!(export.finish().await.is_complete());
        match postgres {
            None => load_sqlite(&folder.0.join("bare.db"), &entries),
            Some(url) => load_postgres(url, round, &entries).await,
        }
        started.elapsed().as_secs_f64()
    })
}

const COLUMNS: &str = "id bigint primary key, at text, content text, type text, user_id bigint, user_login text, \
                       client_id bigint, deal_id bigint, raw text";

fn load_sqlite(path: &std::path::Path, entries: &[Entry]) {
    let mut connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(&format!("CREATE TABLE bare ({COLUMNS})")).unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let sql = "INSERT INTO bare VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let mut insert = transaction.prepare(sql).unwrap();
        for entry in entries {
            let values = rusqlite::params![
                entry.id.0.cast_signed(),
                entry.at.map(|at| at.to_string()),
                entry.content,
                entry.activity_type,
                entry.user_id.map(|id| id.0.cast_signed()),
                entry.user_login,
                entry.client_id.map(|id| id.0.cast_signed()),
                entry.deal_id.map(|id| id.0.cast_signed()),
                serde_json::to_string(entry).unwrap(),
            ];
            insert.execute(values).unwrap();
        }
    }
    transaction.commit().unwrap();
}

async fn load_postgres(url: &str, round: usize, entries: &[Entry]) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let columns = COLUMNS.replace("at text", "at timestamp").replace("raw text", "raw jsonb");
    client.batch_execute(&format!("CREATE TABLE bare{round} ({columns})")).await.unwrap();
    let sink = client.copy_in(&format!("COPY bare{round} FROM STDIN (FORMAT csv)")).await.unwrap();
    let mut sink = Box::pin(sink);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let id = |id: Option<u64>| id.map(|id| id.to_string()).unwrap_or_default();
    for some in entries.chunks(1000) {
        let mut text = String::new();
        for entry in some {
            let values = [
                entry.id.0.to_string(),
                entry.at.map(|at| at.to_string()).unwrap_or_default(),
                quoted(entry.content.as_deref().unwrap_or_default()),
                quoted(entry.activity_type.as_deref().unwrap_or_default()),
                id(entry.user_id.map(|id| id.0)),
                quoted(entry.user_login.as_deref().unwrap_or_default()),
                id(entry.client_id.map(|id| id.0)),
                id(entry.deal_id.map(|id| id.0)),
                quoted(&serde_json::to_string(entry).unwrap()),
            ];
            text += &values.join(",");
            text.push('\n');
        }
        sink.send(bytes::Bytes::from(text)).await.unwrap();
    }
    sink.close().await.unwrap();
}

/// The seconds that the script prints, without the start of Python.
fn by_dlt(url: &str, folder: &Folder, postgres: Option<&str>, python: &str, script: &str) -> f64 {
    let sqlite = format!("sqlite:///{}", folder.0.join("dlt.db").display());
    let target = postgres.map_or(sqlite, |url| url.replacen("postgres:", "postgresql:", 1));
    let folder = folder.0.display().to_string();
    let output = Command::new(python).args([script, url, &target, &folder]).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let seconds = printed.lines().last().and_then(|line| line.trim().parse().ok());
    seconds.unwrap_or_else(|| panic!("dlt failed: {printed}{}", String::from_utf8_lossy(&output.stderr)))
}
