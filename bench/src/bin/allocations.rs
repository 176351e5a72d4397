//! `allocations`: those of each work of the gate, a line each: name and count.
//! `allocations decode`, `allocations calls URL`: beside those of what a user would write, as rows of the table.

#![allow(clippy::expect_used, reason = "a measurement ends where it cannot go on")]

use std::hint::black_box;

use crm_bench::{counted, pages, row};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => counted::WORKS.iter().for_each(|name| println!("{name} {}", count(&mut *counted::work(name)))),
        ["decode"] => decode(),
        #[cfg(feature = "clients")]
        ["calls", url] => calls(url),
        _ => println!("allocations [decode | calls URL]"),
    }
}

/// On this thread.
fn count(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

fn compare(name: &str, ours: impl FnOnce(), theirs: impl FnOnce()) {
    let (ours, theirs) = (count(ours) as f64, count(theirs) as f64);
    row::print(name, ours, theirs, "allocations", ours / theirs);
}

fn decode() {
    let (entries, projects) = (pages::entries(), pages::projects());
    compare(
        "decode 200 entries / Value, allocations",
        || drop(black_box(pages::read_entries(&entries))),
        || drop(black_box(pages::value(&entries))),
    );
    compare(
        "decode 1,000 projects / Value, allocations",
        || drop(black_box(pages::read_projects(&projects))),
        || drop(black_box(pages::value(&projects))),
    );
    compare(
        "decode 1,000 projects, two fields of each read / Value, allocations",
        || _ = black_box(pages::two_fields(&projects)),
        || _ = black_box(pages::two_fields_by_value(&projects)),
    );
}

/// The runtime and the connection are driven by this thread, so what they allocate counts as well.
#[cfg(feature = "clients")]
fn calls(url: &str) {
    use crm_bench::{by_hand, clients};
    use crm_history::EntryId;
    use crm_projects::ProjectId;

    const WARM: usize = 20;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (history, projects, by_hand) =
        (clients::history(url, 2), clients::projects(url), by_hand::Crm::new(url));
    let middle = |call: &dyn Fn()| {
        (0..WARM).for_each(|_| call());
        row::median((0..101).map(|_| count(call) as f64).collect())
    };
    let print = |name, ours: &dyn Fn(), theirs: &dyn Fn()| {
        let (ours, theirs) = (middle(ours), middle(theirs));
        row::print(name, ours, theirs, "allocations", ours / theirs);
    };
    print(
        "one call, entry, allocations",
        &|| drop(black_box(runtime.block_on(history.entry(EntryId(1))))),
        &|| drop(black_box(runtime.block_on(by_hand.entry(1)))),
    );
    print(
        "one call, project, allocations",
        &|| drop(black_box(runtime.block_on(projects.project(ProjectId(1))))),
        &|| drop(black_box(runtime.block_on(by_hand.project(1)))),
    );
}
