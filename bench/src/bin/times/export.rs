//! Every activity: the export, and the loop of pages.

use crm_bench::{by_hand, clients, row};
use crm_history::EntryQuery;

use crate::side_by_side;

const CALLS: usize = 8;

/// How many times as fast as the loop, at this latency of a page.
pub(crate) fn run(url: &str, latency: &str, rounds: usize) {
    let runtime = runtime();
    let (history, by_hand) = (clients::history(url, CALLS), by_hand::Crm::new(url));
    let export = async || {
        let mut ids = Vec::new();
        let mut export = history.export(EntryQuery::new()).concurrency(CALLS).start().await.unwrap();
        while let Some(entry) = export.next().await {
            ids.push(entry.unwrap().id.0);
        }
        let verdict = export.finish().await;
        assert!(verdict.is_complete(), "{verdict}");
        ids
    };
    let by_page = async || by_hand.all().await.iter().map(|entry| entry.cid).collect::<Vec<_>>();
    assert_eq!(runtime.block_on(export()), runtime.block_on(by_page()), "not the same set of records");
    let times = side_by_side(rounds, || runtime.block_on(export()), || runtime.block_on(by_page()));
    row::print(
        &format!("export at {latency} ms a page"),
        times.ours * 1e3,
        times.theirs * 1e3,
        "ms",
        1.0 / times.ratio,
    );
}

/// Exports everything and prints the number of records and the peak of this process in KiB, which Linux calls `VmHWM`.
pub(crate) fn memory(url: &str) {
    let history = clients::history(url, CALLS);
    let records = runtime().block_on(async {
        let mut export = history.export(EntryQuery::new()).concurrency(CALLS).start().await.unwrap();
        while let Some(entry) = export.next().await {
            entry.unwrap();
        }
        let verdict = export.finish().await;
        assert!(verdict.is_complete(), "{verdict}");
        verdict.figures().records
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{records} {}", peak.trim().trim_end_matches(" kB"));
}

/// What `#[tokio::main]` makes.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}
