//! Support for the tests of imports against servers that mislead: runs them, and compares what is reported with what is stored.
#![allow(dead_code, clippy::unwrap_used, reason = "test support; no test file uses all of it")]

use chrono::{NaiveDate, NaiveDateTime};
use crm::history::{AddOutcome, ImportReport, NewEntry};
use crm_sandbox::Record;
use serde_json::Value;

use crate::in_process::World;

/// The history before the import: one record, of another day.
pub(crate) fn with_history(world: &World) {
    let record = Record {
        datum: Some(at(1)),
        content: Some("старая".to_owned()),
        iduser: 1,
        clid: 1,
        ..Record::default()
    };
    world.sandbox.add_record(record);
}

pub(crate) fn at(day: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2024, 6, day).unwrap().and_hms_opt(10, 0, 0).unwrap()
}

/// Returns the contents that are stored more than once, or that were not handed in.
pub(crate) fn doubled(world: &World, input: &[NewEntry]) -> Vec<String> {
    let mut wanted: Vec<&str> = input.iter().map(|entry| entry.content.as_str()).collect();
    let mut surplus = Vec::new();
    for record in world.sandbox.records().into_iter().skip(1) {
        let content = record.content.unwrap_or_default();
        match wanted.iter().position(|wanted| *wanted == content) {
            Some(place) => drop(wanted.swap_remove(place)),
            None => surplus.push(content),
        }
    }
    surplus
}

/// Each activity that is reported as stored is there, under its id.
pub(crate) fn outcomes_are_true(world: &World, input: &[NewEntry], report: &ImportReport) {
    for (entry, outcome) in input.iter().zip(&report.outcomes) {
        match outcome {
            AddOutcome::Created(id) => {
                let record = world.sandbox.record(id.0).unwrap();
                assert_eq!(record.content.as_ref(), Some(&entry.content));
            }
            AddOutcome::NotSent(_) | AddOutcome::Rejected(_) => {
                let content = Some(&entry.content);
                let count = world.sandbox.records().iter().filter(|r| r.content.as_ref() == content).count();
                let handed_in = input.iter().filter(|e| e.content == entry.content).count();
                assert!(count < handed_in, "{} is stored and reported as {outcome}", entry.content);
            }
            _ => {}
        }
    }
}

/// Runs an import of these against a server with these faults.
pub(crate) async fn run(rules: Value, input: &[NewEntry]) -> (World, ImportReport) {
    let world = World::new();
    with_history(&world);
    world.put(&rules);
    let report = world.client().import(input.to_vec()).chunk(20).run().await.unwrap();
    assert_eq!(doubled(&world, input), [""; 0], "{report}");
    outcomes_are_true(&world, input, &report);
    (world, report)
}

pub(crate) async fn all_stored(rules: Value, input: &[NewEntry]) -> World {
    let what = rules.to_string();
    let (world, report) = run(rules, input).await;
    assert_eq!(report.totals.created, input.len() as u64, "{what}: {report} {:?}", report.not_stored.first());
    assert_eq!(world.sandbox.record_count(), input.len() + 1, "{what}");
    world
}
