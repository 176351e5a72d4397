//! One call over a connection that is kept alive.

use crm_bench::{by_hand, clients, row};
use crm_history::EntryId;
use crm_projects::ProjectId;
use futures_util::StreamExt as _;

use crate::side_by_side;

/// Calls a round: one alone is too short for the clock's neighbours.
const CALLS: u32 = 10;

pub(crate) fn run(url: &str, rounds: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (history, projects, by_hand) =
        (clients::history(url, 2), clients::projects(url), by_hand::Crm::new(url));
    let print = |name, ours: &dyn Fn(), theirs: &dyn Fn()| {
        let many = |call: &dyn Fn()| (0..CALLS).for_each(|_| call());
        let times = side_by_side(rounds, || many(ours), || many(theirs));
        let micros = 1e6 / f64::from(CALLS);
        row::print(name, times.ours * micros, times.theirs * micros, "µs", times.ratio);
    };
    print("one call, entry", &|| drop(runtime.block_on(history.entry(EntryId(1))).unwrap()), &|| {
        drop(runtime.block_on(by_hand.entry(1)))
    });
    print("one call, project", &|| drop(runtime.block_on(projects.project(ProjectId(1))).unwrap()), &|| {
        drop(runtime.block_on(by_hand.project(1)))
    });
}

/// So many calls by one of them, so many of them in flight, for valgrind to count their instructions.
pub(crate) fn some(who: &str, url: &str, times: usize, in_flight: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (history, by_hand) = (clients::history(url, in_flight), by_hand::Crm::new(url));
    let numbers = futures_util::stream::iter(0..times);
    runtime.block_on(async {
        match who {
            "ours" => {
                let calls = numbers.map(|_| history.entry(EntryId(1)));
                calls.buffer_unordered(in_flight).for_each(async |entry| drop(entry.unwrap())).await;
            }
            "theirs" => {
                let calls = numbers.map(|_| by_hand.entry(1));
                calls.buffer_unordered(in_flight).for_each(async |entry| drop(entry)).await;
            }
            other => panic!("{other} is neither ours nor theirs"),
        }
    });
}
