//! Puts by many tasks at the same time.

use std::time::Instant;

use crm_bench::row;
use crm_outbox::{Outbox, tokio_postgres};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::entry;
use crm_bench::clients::runtime;
use crm_bench::folder::Folder;
use crm_bench::postgres::Cluster;

const TASKS: usize = 64;
const EACH: usize = 50;
const SINGLE: usize = 500;

/// Counts the commits in SQLite, and compares the rate in PostgreSQL with a loop of single commits.
pub(crate) fn run(rounds: usize) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let runtime = runtime();
    let folder = Folder::new();
    runtime.block_on(async { put_all(&crate::outbox(&folder).await, 0).await });
    let [puts, commits] = ["crm_outbox_puts_total", "crm_outbox_put_commits_total"];
    let counts = counts(&snapshotter, [puts, commits]);
    assert_eq!(counts[0], (TASKS * EACH) as f64);
    let name = "commits of puts by 64 tasks in SQLite / puts";
    row::print(name, counts[1], counts[0], "commits", counts[1] / counts[0]);

    let Some(cluster) = Cluster::start() else { return };
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let (many, single) = runtime.block_on(async {
            let outbox = Outbox::open(&cluster.url()).await.unwrap();
            let began = Instant::now();
            put_all(&outbox, round).await;
            let many = (TASKS * EACH) as f64 / began.elapsed().as_secs_f64();
            let (client, connection) = tokio_postgres::connect(&cluster.url(), tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let insert = client
                .prepare("INSERT INTO crm_outbox_activities (key, activity) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
                .await
                .unwrap();
            let began = Instant::now();
            for number in 0..SINGLE {
                let json = serde_json::to_string(&entry(number)).unwrap();
                client.execute(&insert, &[&format!("single-{round}-{number}"), &json]).await.unwrap();
            }
            (many, SINGLE as f64 / began.elapsed().as_secs_f64())
        });
        ours.push(many);
        theirs.push(single);
        ratios.push(many / single);
    }
    let name = "puts by 64 tasks in PostgreSQL / a loop of single commits";
    row::print(name, row::median(ours), row::median(theirs), "puts/s", row::median(ratios));
}

async fn put_all(outbox: &Outbox, round: usize) {
    let tasks = (0..TASKS).map(|task| {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                outbox.put(&format!("call-{round}-{task}-{number}"), &entry(number)).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

fn counts<const N: usize>(snapshotter: &Snapshotter, names: [&str; N]) -> [f64; N] {
    let counted = snapshotter.snapshot().into_vec();
    names.map(|name| {
        let found = counted.iter().find(|(key, ..)| key.key().name() == name);
        match found.map(|(_, _, _, value)| value) {
            Some(DebugValue::Counter(count)) => *count as f64,
            _ => f64::NAN,
        }
    })
}
