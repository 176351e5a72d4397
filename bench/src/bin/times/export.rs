//! Every activity: the export, and the loop of pages.

use std::cell::Cell;

use crm_bench::clients::runtime;
use crm_bench::{by_hand, clients, row};
use crm_history::{EntryQuery, HistoryClient};

use crate::{peak, side_by_side, timed};

const CALLS: usize = 8;

/// Records of a page.
const PAGE: usize = 200;

/// How many times as fast as the loop, at this latency of a page. Without latency, what it costs in CPU time as well.
pub(crate) fn run(url: &str, latency: &str, rounds: usize) {
    let runtime = runtime();
    let (history, by_hand) = (clients::history(url, CALLS), by_hand::Crm::new(url));
    let export = || runtime.block_on(ids(&history));
    let by_page = || {
        let all = runtime.block_on(by_hand.all());
        all.iter().map(|entry| entry.cid).collect::<Vec<_>>()
    };
    assert_eq!(export(), by_page(), "not the same set of records");
    let (ours_cpu, theirs_cpu) = (Cell::new(0.0), Cell::new(0.0));
    let times = side_by_side(rounds, || with_cpu(&ours_cpu, export), || with_cpu(&theirs_cpu, by_page));
    let name = format!("export at {latency} ms a page");
    row::print(&name, times.ours * 1e3, times.theirs * 1e3, "ms", 1.0 / times.ratio);
    if latency == "0" {
        let (ours, theirs) = (ours_cpu.get(), theirs_cpu.get());
        row::print("CPU of an export at 0 ms a page / the loop", ours, theirs, "s", ours / theirs);
    }
}

/// A long list, once: how many times as fast as the loop, and how many requests.
pub(crate) fn long(url: &str) {
    let runtime = runtime();
    let (history, by_hand) = (clients::history(url, CALLS), by_hand::Crm::new(url));
    let mut records = 0;
    let ours = timed(|| records = runtime.block_on(ids(&history)).len()).as_secs_f64();
    let theirs = timed(|| assert_eq!(runtime.block_on(by_hand.all()).len(), records)).as_secs_f64();
    row::print("export of 2,000 pages at 100 ms a page", ours, theirs, "s", theirs / ours);
    let (requests, pages) = (history.stats().attempts as f64, (records / PAGE) as f64);
    row::print("requests of an export of 2,000 pages / pages", requests, pages, "requests", requests / pages);
}

async fn ids(history: &HistoryClient) -> Vec<u64> {
    let mut ids = Vec::new();
    let mut export = history.export(EntryQuery::new()).concurrency(CALLS).start().await.unwrap();
    while let Some(entry) = export.next().await {
        ids.push(entry.unwrap().id.0);
    }
    let verdict = export.finish().await;
    assert!(verdict.is_complete(), "{verdict}");
    ids
}

/// Adds the CPU time of the process.
fn with_cpu<T>(seconds: &Cell<f64>, work: impl FnOnce() -> T) -> T {
    let before = cpu_seconds();
    let result = work();
    seconds.set(seconds.get() + cpu_seconds() - before);
    result
}

/// The CPU time of all threads so far, in steps of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
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
    println!("{records} {}", peak());
}
