//! Many activities on their way in.

use std::time::{Duration, Instant};

use chrono::{NaiveDateTime, TimeDelta};
use crm_bench::{by_hand, clients, row};
use crm_history::{AddOutcome, ClientId, NewEntry};
use futures_util::StreamExt as _;

use crate::{peak, timed};

const MANY: usize = 10_000;
/// The calls before the first chunk and after the last one are as many as for a short import.
const LONG: usize = 50_000;
/// Activities of a call, and calls in flight: the defaults of an import.
const CHUNK: usize = 100;
const IN_FLIGHT: usize = 2;
/// So many one by one: all of them would take minutes, and say the same.
const FEW: usize = 100;

/// The rate of an import, by that of single calls of `add` and by that of a loop of `add.list`.
pub(crate) fn run(url: &str, rounds: usize) {
    let runtime = clients::runtime();
    let (history, by_hand) = (clients::history(url, 2), by_hand::Crm::new(url));
    runtime.block_on(by_hand.add("Звонок"));
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lists, mut list_ratios) = (Vec::new(), Vec::new());
    let compare = |round: usize, records: usize| {
        let entry =
            move |i| NewEntry::new(format!("Звонок {i} из {round}")).at(called_at(i)).client(ClientId(1));
        let import = || {
            let report = runtime.block_on(history.import((0..records).map(entry)).run()).unwrap();
            assert!(report.is_complete(), "{report}");
        };
        let activities: Vec<(String, NaiveDateTime)> =
            (0..records).map(|i| (format!("Звонок {i} из {round}"), called_at(i))).collect();
        let add_lists = || {
            let calls =
                futures_util::stream::iter(activities.chunks(CHUNK).map(|chunk| by_hand.add_list(chunk)));
            let stored: usize =
                runtime.block_on(calls.buffer_unordered(IN_FLIGHT).fold(0, async |a, b| a + b));
            assert_eq!(stored, records);
        };
        row::by_turns(round, || timed(import), || timed(add_lists))
    };
    for round in 0..rounds {
        let (many, list) = compare(round, MANY);
        let few = timed(|| {
            runtime.block_on(async {
                for i in 0..FEW {
                    by_hand.add(&format!("Звонок {i}")).await;
                }
            });
        });
        lists.push(rate(MANY, list));
        list_ratios.push(rate(MANY, many) / rate(MANY, list));
        ours.push(rate(MANY, many));
        theirs.push(rate(FEW, few));
        ratios.push(rate(MANY, many) / rate(FEW, few));
    }
    let print = |name, theirs, ratios| {
        row::print(name, row::median(ours.clone()), row::median(theirs), "records/s", row::median(ratios));
    };
    print("import of 10,000 / single adds", theirs, ratios);
    print("import of 10,000 / a loop of add.list, two in flight", lists, list_ratios);
    let (long, list) = compare(rounds, LONG);
    let (long, list) = (rate(LONG, long), rate(LONG, list));
    let name = "import of 50,000 / a loop of add.list, two in flight";
    row::print(name, long, list, "records/s", long / list);
}

/// Imports so many activities with this journal, and prints how many were stored now, the peak of this process in KiB,
/// and how many seconds passed until the first outcome.
pub(crate) fn memory(url: &str, journal: &str, records: usize) {
    let runtime = clients::runtime();
    let history = clients::history(url, IN_FLIGHT);
    let entries =
        (0..records).map(|i| NewEntry::new(format!("Звонок {i}")).at(called_at(i)).client(ClientId(1)));
    let started = Instant::now();
    let (stored, first) = runtime.block_on(async {
        let mut outcomes = history.import(entries).journal(journal).outcomes();
        let (mut stored, mut first) = (0, Duration::ZERO);
        while let Some(outcome) = outcomes.next().await {
            if stored == 0 {
                first = started.elapsed();
            }
            let outcome = outcome.unwrap().outcome;
            assert!(matches!(outcome, AddOutcome::Created(_)), "{outcome}");
            stored += 1;
        }
        (stored, first)
    });
    println!("{stored} {} {}", peak(), first.as_secs_f64());
}

/// Calls of years, fifty a day.
fn called_at(number: usize) -> NaiveDateTime {
    NaiveDateTime::default() + TimeDelta::minutes(i64::try_from(number).unwrap() * 24 * 60 / 50)
}

fn rate(records: usize, time: Duration) -> f64 {
    records as f64 / time.as_secs_f64()
}
