//! Imports of rows that something in front of the server refuses for their text, in virtual time: each of them is named
//! with the words of the answer, and all others are stored once.

use std::collections::BTreeSet;

use crate::in_process::World;
use crate::misleading::{at, doubled, outcomes_are_true, with_history};
use chrono::TimeDelta;
use crm::history::{AddOutcome, ClientId, ImportReport, NewEntry, OutcomeReason, UnknownReason};
use crm_sandbox::Operation;
use serde_json::{Value, json};

const ROWS: usize = 36;

/// Returns so many activities, no two of them equal. The firewall refuses those at these positions.
fn rows(count: usize, bad: &BTreeSet<usize>) -> Vec<NewEntry> {
    let content =
        |row| if bad.contains(&row) { format!("{row} union select") } else { format!("call {row}") };
    let time = |row| at(3) + TimeDelta::minutes(row as i64);
    (0..count).map(|row| NewEntry::new(content(row)).client(ClientId(1)).at(time(row))).collect()
}

async fn import(
    count: usize,
    bad: &BTreeSet<usize>,
    chunk: usize,
    concurrency: usize,
) -> (World, ImportReport) {
    let input = rows(count, bad);
    let world = World::new();
    with_history(&world);
    world.put(&json!({
        "operation": "writes",
        "fault": {"firewall_page": {"status": 403}},
        "if": {"text": "union select"},
        "when": {"each": 1},
    }));
    let import = world.client().import(input.clone()).chunk(chunk).concurrency(concurrency);
    let report = import.run().await.unwrap();
    assert_eq!(doubled(&world, &input), [""; 0], "{report}");
    outcomes_are_true(&world, &input, &report);
    (world, report)
}

/// All rows are stored but the bad ones, which are refused with the words of the firewall. Some of them may be in doubt if
/// the last row is bad, or three of the last eight, because nothing is left to be a witness for them. Returns how many are,
/// and how long it took.
async fn only_bad_rows_are_refused(
    count: usize,
    bad: impl IntoIterator<Item = usize>,
    chunk: usize,
    concurrency: usize,
) -> (u64, u64) {
    let bad: BTreeSet<usize> = bad.into_iter().collect();
    let what = format!("{bad:?} of {count} rows are bad, chunks of {chunk}, {concurrency} at a time");
    let (world, report) = import(count, &bad, chunk, concurrency).await;
    let may_lack_witness = bad.contains(&(count - 1)) || bad.range(count.saturating_sub(8)..).count() >= 3;
    for (row, outcome) in report.outcomes.iter().enumerate() {
        let is_right = match outcome {
            AddOutcome::Created(_) => !bad.contains(&row),
            AddOutcome::Rejected(_) => bad.contains(&row),
            AddOutcome::Unknown(_) => bad.contains(&row) && may_lack_witness,
            _ => false,
        };
        let has_words = !bad.contains(&row) || outcome.to_string().contains("Forbidden (HTTP 403)");
        assert!(is_right && has_words, "{what}: row {row}: {outcome}\n{:?}", sent(&world));
    }
    (report.totals.unknown, world.seconds())
}

/// Returns the contents of each request that writes.
fn sent(world: &World) -> Vec<Vec<String>> {
    let requests = world.sandbox.requests();
    let writes = requests.iter().filter(|request| request.operation == Some(Operation::HistoryAddList));
    let contents = |request: &crm_sandbox::Received| {
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let items = body["list"].as_array().into_iter().flatten();
        items.map(|item| item["content"].as_str().unwrap_or_default().to_owned()).collect()
    };
    writes.map(contents).collect()
}

/// Returns positions of bad rows: from one to five, often side by side or at the end.
fn some_rows(random: &mut fastrand::Rng, count: usize) -> BTreeSet<usize> {
    let near = random.usize(0..count);
    let position = |random: &mut fastrand::Rng| match random.u8(0..3) {
        0 => (near + random.usize(0..6)).min(count - 1),
        1 => count - 1 - random.usize(0..count.min(10)),
        _ => random.usize(0..count),
    };
    (0..random.usize(1..=5)).map(|_| position(random)).collect()
}

#[tokio::test(start_paused = true)]
async fn one_row_that_a_firewall_refuses_is_named_wherever_it_is() {
    for chunk in [1, 8, 100] {
        for concurrency in [1, 4] {
            // Nothing is left to be a witness for the last one.
            for bad in 0..ROWS - 1 {
                let (unknown, seconds) = only_bad_rows_are_refused(ROWS, [bad], chunk, concurrency).await;
                assert_eq!(unknown, 0);
                assert!(seconds < 900, "row {bad}, chunks of {chunk}, {concurrency} at a time: {seconds} s");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_two_rows_that_a_firewall_refuses_are_named() {
    for (count, chunk) in [(2, 1), (3, 2), (5, 1), (8, 3), (12, 4), (12, 100)] {
        for (first, second) in (0..count).flat_map(|first| (0..first).map(move |second| (first, second))) {
            let are_last = second + 2 == count;
            for concurrency in [1, 3] {
                let bad = [first, second];
                let (unknown, _) = only_bad_rows_are_refused(count, bad, chunk, concurrency).await;
                // Either of them may be the last one that is sent.
                assert!(unknown <= if are_last { 2 } else { u64::from(first + 1 == count) });
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn up_to_five_rows_that_a_firewall_refuses_are_named() {
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = random.usize(6..130);
        let (chunk, concurrency) = (random.usize(1..=100), random.usize(1..=4));
        let bad = some_rows(&mut random, count);
        let (_, seconds) = only_bad_rows_are_refused(count, bad, chunk, concurrency).await;
        assert!(seconds < 2_400, "seed {seed}: {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_row_that_a_firewall_refuses_is_named_if_another_one_is_sent_with_it() {
    for chunk in [2, 8, 100] {
        let (unknown, seconds) = only_bad_rows_are_refused(ROWS, [ROWS - 1], chunk, 2).await;
        assert_eq!(unknown, 0);
        assert!(seconds < 1_000, "{seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_rows_are_in_doubt_with_the_words_of_the_firewall_because_nothing_is_left_to_be_a_witness() {
    for (bad, chunk) in [(1, 1), (2, 1), (2, 8)] {
        let (world, report) = import(ROWS, &(ROWS - bad..ROWS).collect(), chunk, 2).await;
        assert_eq!(report.totals.unknown, bad as u64, "{report}");
        for row in &report.not_stored {
            match &row.reason {
                Some(OutcomeReason::Unknown(UnknownReason::RefusedWithoutWitness(answer))) => {
                    assert!(answer.contains("403"), "{answer}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(world.seconds() < 1_000, "{} s", world.seconds());
    }
}

#[tokio::test(start_paused = true)]
async fn holding_back_witnesses_costs_a_healthy_import_one_request() {
    for (rows, chunk, requests) in
        [(36, 100, 2), (36, 18, 3), (36, 12, 4), (8, 100, 2), (2, 100, 1), (1, 100, 1)]
    {
        let (world, report) = import(rows, &BTreeSet::new(), chunk, 1).await;
        assert_eq!(report.totals.created, rows as u64);
        assert_eq!(
            (world.count(Operation::HistoryAddList), world.seconds()),
            (requests, 0),
            "{rows} rows in chunks of {chunk}"
        );
    }
}
