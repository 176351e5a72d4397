//! Imports of rows that something in front of the server refuses for their text, in virtual time: each of them is named
//! with the words of the answer, and all others are stored once.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/in_process.rs"]
mod in_process;
#[path = "common/misleading.rs"]
mod misleading;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use crm::history::{AddOutcome, ClientId, ImportReport, NewEntry, OutcomeReason, UnknownReason};
use crm_sandbox::Operation;
use in_process::World;
use misleading::{at, doubled, outcomes_are_true, with_history};
use serde_json::json;

const ROWS: usize = 36;

/// Returns activities, no two of them equal. The firewall refuses those at these positions.
fn rows(bad: &BTreeSet<usize>) -> Vec<NewEntry> {
    let content =
        |row| if bad.contains(&row) { format!("{row} union select") } else { format!("call {row}") };
    let time = |row| at(3) + TimeDelta::minutes(row as i64);
    (0..ROWS).map(|row| NewEntry::new(content(row)).client(ClientId(1)).at(time(row))).collect()
}

async fn import(bad: &[usize], chunk: usize, concurrency: usize) -> (World, ImportReport) {
    let input = rows(&bad.iter().copied().collect());
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

/// Returns the positions of the rows that are not stored. Each of them must be refused with the words of the firewall. So
/// many may be in doubt, because nothing is left to be a witness for the last ones.
fn refused(report: &ImportReport, most_unknown: u64) -> Vec<usize> {
    assert!(report.totals.unknown <= most_unknown, "{report}");
    let is_stored = |outcome: &AddOutcome| matches!(outcome, AddOutcome::Created(_));
    let others = report.outcomes.iter().enumerate().filter(|(_, outcome)| !is_stored(outcome));
    others
        .map(|(row, outcome)| {
            let is_named = outcome.to_string().contains("Forbidden (HTTP 403)");
            let is_refused = matches!(outcome, AddOutcome::Rejected(_) | AddOutcome::Unknown(_));
            assert!(is_named && is_refused, "{row}: {outcome}");
            row
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn one_row_that_a_firewall_refuses_is_named_wherever_it_is() {
    for chunk in [1, 8, 100] {
        for concurrency in [1, 2, 4] {
            // Nothing is left to be a witness for the last one.
            for bad in 0..ROWS - 1 {
                let what = format!("row {bad}, chunks of {chunk}, {concurrency} at a time");
                let (world, report) = import(&[bad], chunk, concurrency).await;
                assert_eq!(report.totals.created, ROWS as u64 - 1, "{what}: {report}");
                assert_eq!(refused(&report, 0), [bad], "{what}");
                assert!(world.seconds() < 900, "{what}: {} s", world.seconds());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_rows_that_a_firewall_refuses_one_by_one_are_named_and_only_the_last_ones_may_lack_a_witness() {
    let chunk = 1;
    for concurrency in [1, 2, 4] {
        for (first, second) in
            [(0, 1), (0, 17), (0, 34), (0, 35), (7, 8), (16, 23), (17, 18), (20, 34), (33, 35)]
        {
            let what = format!("rows {first} and {second}, chunks of {chunk}, {concurrency} at a time");
            let last = [first, second].into_iter().filter(|&row| row >= ROWS - 3).count() as u64;
            let (world, report) = import(&[first, second], chunk, concurrency).await;
            assert_eq!(refused(&report, last), [first, second], "{what}");
            assert!(world.seconds() < 1_500, "{what}: {} s", world.seconds());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_rows_that_a_firewall_refuses_within_chunks_lose_and_double_nothing() {
    for chunk in [8, 100] {
        for (first, second) in [(0, 1), (0, 17), (7, 8), (16, 23), (20, 34), (33, 35)] {
            let (_, report) = import(&[first, second], chunk, 2).await;
            let is_refused = |row: &usize| matches!(report.outcomes[*row], AddOutcome::Rejected(_));
            let refused: Vec<usize> = (0..ROWS).filter(is_refused).collect();
            assert!(refused.iter().all(|row| [first, second].contains(row)), "{refused:?}: {report}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_row_is_in_doubt_with_the_words_of_the_firewall_because_nothing_is_left_to_be_a_witness() {
    for chunk in [1, 8, 100] {
        let (world, report) = import(&[ROWS - 1], chunk, 2).await;
        assert_eq!((report.totals.created, report.totals.unknown), (ROWS as u64 - 1, 1), "{report}");
        match &report.not_stored[0].reason {
            Some(OutcomeReason::Unknown(UnknownReason::RefusedWithoutWitness(answer))) => {
                assert!(answer.contains("403"), "{answer}");
            }
            other => panic!("{other:?}"),
        }
        assert!(world.seconds() < 1_000, "{} s", world.seconds());
    }
}

#[tokio::test(start_paused = true)]
async fn holding_back_a_witness_costs_a_healthy_import_one_request() {
    for (chunk, requests) in [(100, 2), (18, 3), (12, 4)] {
        let (world, report) = import(&[], chunk, 1).await;
        assert_eq!(report.totals.created, ROWS as u64);
        assert_eq!(
            (world.count(Operation::HistoryAddList), world.seconds()),
            (requests, 0),
            "chunks of {chunk}"
        );
    }
}
