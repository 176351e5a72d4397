//! The memory of a delivery beside the length of its queue.

use std::path::Path;
use std::time::Duration;

use crm_bench::clients;
use crm_outbox::{Outbox, rusqlite};

use crate::entry;
use crm_bench::clients::runtime;

/// How many activities are sent of each queue.
const SENT: u64 = 10_000;

/// Creates an outbox with so many queued activities.
pub(crate) fn fill(file: &str, count: usize) {
    drop(runtime().block_on(Outbox::open(&format!("sqlite:{file}"))).unwrap());
    insert(Path::new(file), count, 0);
}

/// Inserts activities as another program would.
pub(crate) fn insert(file: &Path, count: usize, round: usize) {
    let mut connection = rusqlite::Connection::open(file).unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let insert = "INSERT INTO crm_outbox_activities (key, activity) VALUES (?1, ?2)";
        let mut insert = transaction.prepare(insert).unwrap();
        for number in 0..count {
            let json = serde_json::to_string(&entry(number + round * 10_000_000)).unwrap();
            insert.execute(rusqlite::params![format!("call-{round}-{number}"), json]).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// Sends a part of the queue, and prints the peak of the memory of this process in KiB.
pub(crate) fn send(url: &str, file: &str) {
    runtime().block_on(async {
        let outbox = Outbox::open(&format!("sqlite:{file}")).await.unwrap();
        let delivery = outbox.deliver(clients::history(url, 2)).start();
        let mut health = delivery.watch_health();
        health.wait_for(|health| health.stored >= SENT).await.unwrap();
        delivery.shutdown(Duration::from_secs(10)).await.unwrap();
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{}", peak.trim().trim_end_matches(" kB"));
}
