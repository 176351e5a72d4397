//! Many activities on their way in.

use std::time::Duration;

use crm_bench::{by_hand, clients, row};
use crm_history::{ClientId, NewEntry};

use crate::timed;

const MANY: usize = 10_000;
/// So many one by one: all of them would take minutes, and say the same.
const FEW: usize = 100;

/// How many times the rate of single calls of `add`.
pub(crate) fn run(url: &str, rounds: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (history, by_hand) = (clients::history(url, 2), by_hand::Crm::new(url));
    runtime.block_on(by_hand.add("Звонок"));
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let day = "2024-06-25T10:00:00".parse().unwrap();
        let entry = move |i| NewEntry::new(format!("Звонок {i} из {round}")).at(day).client(ClientId(1));
        let many = timed(|| {
            let report = runtime.block_on(history.import((0..MANY).map(entry)).run()).unwrap();
            assert!(report.is_complete(), "{report}");
        });
        let few = timed(|| {
            runtime.block_on(async {
                for i in 0..FEW {
                    by_hand.add(&format!("Звонок {i}")).await;
                }
            });
        });
        ours.push(rate(MANY, many));
        theirs.push(rate(FEW, few));
        ratios.push(rate(MANY, many) / rate(FEW, few));
    }
    row::print(
        "import of 10,000 / single adds",
        row::median(ours),
        row::median(theirs),
        "records/s",
        row::median(ratios),
    );
}

fn rate(records: usize, time: Duration) -> f64 {
    records as f64 / time.as_secs_f64()
}
