//! How much faster an export of 20,000 activities with 8 calls in flight is than the loop that asks for one page after
//! the other: `cargo bench -p crm --bench export_speed`.
#![allow(clippy::unwrap_used, reason = "a measurement")]

use std::time::{Duration, Instant};

use crm::history::{ApiKey, EntryOrder, EntryQuery, HistoryClient, Pace};
use crm_sandbox::Sandbox;

const RECORDS: u64 = 20_000;
const CALLS: usize = 8;

#[tokio::main]
async fn main() {
    // cargo test runs benchmarks too; this one takes half a minute.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("{:>7} {:>10} {:>10} {:>7} {:>9}", "latency", "loop", "export", "faster", "requests");
    for millis in [0, 20, 100] {
        let latency = Duration::from_millis(millis);
        let sandbox = Sandbox::builder().records(RECORDS).latency(latency).start().await.unwrap();
        let history = HistoryClient::builder(sandbox.url())
            .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
            .pace(Pace::new().in_flight(CALLS))
            .build()
            .unwrap();
        let (first, last) = ("2000-01-01".parse().unwrap(), "2100-01-01".parse().unwrap());
        let query = EntryQuery::new().between(first, last);
        history.list(&query).await.unwrap(); // connect

        let began = Instant::now();
        let by_id = query.clone().order_by(EntryOrder::Id).oldest_first();
        let mut count = 0;
        for page in 0.. {
            let page = history.list(&by_id.clone().page(page)).await.unwrap();
            if page.is_empty() {
                break;
            }
            count += page.len() as u64;
        }
        let one_by_one = began.elapsed();
        assert_eq!(count, RECORDS);

        let began = Instant::now();
        let mut export = history.export(query).concurrency(CALLS);
        while let Some(entry) = export.next().await {
            entry.unwrap();
        }
        let all_at_once = began.elapsed();
        let verdict = export.verdict().unwrap();
        assert!(verdict.is_complete() && verdict.figures().records == RECORDS, "{verdict}");
        println!(
            "{:>4} ms {:>7} ms {:>7} ms {:>6.2}x {:>9}",
            millis,
            one_by_one.as_millis(),
            all_at_once.as_millis(),
            one_by_one.as_secs_f64() / all_at_once.as_secs_f64(),
            verdict.figures().pages,
        );
    }
}
