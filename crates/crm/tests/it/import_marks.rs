//! Imports that look for marks before they send: what is stored already is not sent again.

use crate::imports::Scratch;
use crate::in_process::World;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use crm::history::{AddOutcome, ClientId, ImportReport, NewEntry, OutcomeReason, UnknownReason};
use crm_sandbox::{BOSS, Fault, FixedAnswer, Operation, SELLER, Sandbox};
use serde_json::json;

fn at(minutes: i64) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(2024, 6, 25).unwrap().and_hms_opt(10, 0, 0).unwrap();
    day + TimeDelta::minutes(minutes)
}

/// Activities with marks that begin alike.
fn marked(count: i64) -> Vec<NewEntry> {
    let entry = |i: i64| NewEntry::new("вх. звонок").client(ClientId(1)).at(at(60 - i % 60));
    (0..count).map(|i| entry(i).mark(format!("1719212400.{i}"))).collect()
}

/// A history with one record of the caller.
fn world() -> World {
    let world = World::new();
    crate::imports::add_old_record(&world.sandbox);
    world
}

fn ids(report: &ImportReport) -> Vec<u64> {
    report.outcomes.iter().map(|outcome| outcome.id().unwrap().0).collect()
}

async fn adopt(world: &World, input: Vec<NewEntry>) -> ImportReport {
    world.client().import(input).adopt_marked().run().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_already_is_found_by_a_request_for_200_and_not_sent() {
    let world = world();
    let first = adopt(&world, marked(800)).await;
    assert_eq!(first.totals.created, 800, "{first}");
    let (lists, sent) = (world.count(Operation::HistoryList), world.count(Operation::HistoryAddList));
    let second = adopt(&world, marked(800)).await;
    assert_eq!(ids(&second), ids(&first));
    assert_eq!(world.count(Operation::HistoryAddList), sent);
    // The newest record twice, because all are of two days, a day without records, and four pages.
    assert_eq!(world.count(Operation::HistoryList) - lists, 7);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_missing_is_sent() {
    let world = world();
    let first = adopt(&world, marked(300)).await;
    let lists = world.count(Operation::HistoryList);
    let report = adopt(&world, marked(1_000)).await;
    assert_eq!((report.totals.created, world.sandbox.record_count()), (1_000, 1_001), "{report}");
    assert_eq!(ids(&report)[..300], ids(&first));
    // The newest record twice, a day without records, and twice two pages and the end of the list.
    let requests = world.count(Operation::HistoryList) - lists;
    assert!(requests <= 13, "{requests}");
}

#[tokio::test(start_paused = true)]
async fn pages_that_lack_records_are_no_reason_to_send_them_again() {
    let world = world();
    let first = adopt(&world, marked(30)).await;
    // The first three lists show the newest records and a day without any. Each reading asks for four pages, and a request
    // that one rule has struck is not counted by the next.
    for page in [3, 6] {
        world.sandbox.add_fault(Fault::small_pages(20).on(Operation::HistoryList).after(page));
    }
    let report = adopt(&world, marked(30)).await;
    assert_eq!(ids(&report), ids(&first), "{report}");
    assert_eq!(world.sandbox.record_count(), 31);
}

#[tokio::test(start_paused = true)]
async fn a_page_of_junk_is_no_reason_to_send_what_it_hides() {
    let world = world();
    let first = adopt(&world, marked(30)).await;
    let junk = || {
        let answer = FixedAnswer::new(200).body("application/json", r#"{"data":[0,0,0]}"#);
        Fault::new().answer(answer).on(Operation::HistoryList)
    };
    // The first three lists show the newest records and a day without any. Each reading asks for four pages, and a request
    // that one rule has struck is not counted by the next.
    for page in [3, 6] {
        world.sandbox.add_fault(junk().after(page));
    }
    let report = adopt(&world, marked(30)).await;
    assert_eq!(ids(&report), ids(&first), "{report}");
    assert_eq!(world.sandbox.record_count(), 31);
}

#[tokio::test(start_paused = true)]
async fn marks_without_a_common_part_and_activities_without_a_time_are_found_too() {
    let world = world();
    let marks = ["a1", "B:2", "3.c", "d-4"];
    let input = || {
        let undated = marks.map(|mark| NewEntry::new("x").client(ClientId(1)).mark(mark));
        let dated =
            marks.map(|mark| NewEntry::new("y").client(ClientId(1)).at(at(0)).mark(format!("{mark}.d")));
        undated.into_iter().chain(dated).chain([NewEntry::new("z").client(ClientId(1)).at(at(0))]).collect()
    };
    let first = adopt(&world, input()).await;
    let second = adopt(&world, input()).await;
    assert_eq!(ids(&second)[..8], ids(&first)[..8]);
    // The one without a mark is sent as always.
    assert_eq!(world.sandbox.record_count(), 1 + 9 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_mark_is_looked_for_in_the_list_of_each_owner_and_whatever_the_shift_of_the_caller() {
    let world = World::with(Sandbox::builder().shift(BOSS, 8).unwrap());
    crate::imports::add_old_record(&world.sandbox);
    let owner = |i: usize| [Some(BOSS), Some(SELLER), None][i % 3];
    let input = || -> Vec<NewEntry> {
        let entries = marked(90).into_iter().enumerate();
        entries.map(|(i, entry)| owner(i).map_or(entry.clone(), |login| entry.user(login))).collect()
    };
    let first = adopt(&world, input()).await;
    assert_eq!(first.totals.created, 90, "{first} {:?}", first.not_stored.first());
    let second = adopt(&world, input()).await;
    assert_eq!((ids(&second), world.sandbox.record_count()), (ids(&first), 91));
}

#[tokio::test(start_paused = true)]
async fn activities_with_one_mark_are_one_record() {
    let world = world();
    let mut input = marked(10);
    input.extend(marked(10));
    let report = adopt(&world, input).await;
    assert_eq!(world.sandbox.record_count(), 11, "{report}");
    assert_eq!(ids(&report)[..10], ids(&report)[10..]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_not_as_asked_sends_nothing() {
    for fault in [
        json!({"fault": {"parameters_ignored": {"names": ["order", "first"]}}}),
        json!({"fault": {"parameters_ignored": {"names": ["dateStart", "dateEnd"]}}}),
        // Only the search itself.
        json!({"fault": {"parameters_ignored": {"names": ["order", "first"]}}, "if": {"parameter": "word"}}),
    ] {
        let world = world();
        assert_eq!(adopt(&world, marked(50)).await.totals.created, 50);
        let mut rule = fault;
        (rule["operation"], rule["when"]) = (json!("lists"), json!({"each": 1}));
        world.put(&rule);
        let report = adopt(&world, marked(60)).await;
        assert_eq!(world.sandbox.record_count(), 51, "{rule}: {report}");
        let unclear = report.not_stored.iter().filter(|outcome| {
            matches!(outcome.reason, Some(OutcomeReason::Unknown(UnknownReason::MarkNotSearchable(_))))
        });
        assert_eq!(unclear.count(), report.totals.unknown as usize, "{rule}: {report}");
        assert_eq!(report.totals.unknown, 60, "{rule}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_shows_nothing_costs_at_most_one_second_copy() {
    let world = world();
    assert_eq!(adopt(&world, marked(50)).await.totals.created, 50);
    world.put(&json!({"operation": "lists", "fault": "empty_page", "when": {"each": 1}}));
    let report = adopt(&world, marked(50)).await;
    assert_eq!((report.totals.created, report.totals.unknown), (1, 49), "{report}");
    assert_eq!(world.sandbox.record_count(), 52);
}

#[tokio::test(start_paused = true)]
async fn an_import_that_starts_again_does_not_store_another_copy_to_test_a_list_that_shows_nothing() {
    let (world, journal) = (world(), Scratch::new("marks-probe"));
    assert_eq!(adopt(&world, marked(50)).await.totals.created, 50);
    world.put(&json!({"operation": "lists", "fault": "empty_page", "when": {"each": 1}}));
    for _ in 0..3 {
        let import = world.client().import(marked(50)).adopt_marked();
        let report = import.journal(&journal.0).run().await.unwrap();
        assert_eq!((report.totals.created, report.totals.unknown), (1, 49), "{report}");
    }
    assert_eq!(world.sandbox.record_count(), 52);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_was_empty_is_believed_once_it_shows_what_was_stored_first() {
    let world = World::new();
    let report = adopt(&world, marked(250)).await;
    assert_eq!((report.totals.created, world.sandbox.record_count()), (250, 250), "{report}");
    let again = adopt(&world, marked(250)).await;
    assert_eq!((ids(&again), world.sandbox.record_count()), (ids(&report), 250));
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_search_is_tried_again() {
    let world = world();
    assert_eq!(adopt(&world, marked(50)).await.totals.created, 50);
    world.put(&json!({"operation": "lists", "fault": {"gateway_page": {"status": 502}}, "when": {"for_millis": 100_000}}));
    let report = adopt(&world, marked(50)).await;
    assert_eq!((report.totals.created, world.sandbox.record_count()), (50, 51), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_journal_knows_what_was_found() {
    let world = world();
    let input = marked(50);
    let first = adopt(&world, input.clone()).await;
    let scratch = Scratch::new("adopted");
    let with_journal = || world.client().import(input.clone()).journal(&scratch.0);
    assert_eq!(ids(&with_journal().adopt_marked().run().await.unwrap()), ids(&first));
    let requests = world.sandbox.requests().len();
    assert_eq!(ids(&with_journal().run().await.unwrap()), ids(&first));
    assert_eq!((world.sandbox.requests().len(), world.sandbox.record_count()), (requests, 51));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_marked_activity_is_found_and_its_mark_is_stored_once() {
    let world = world();
    world.put(&json!({"fault": "close_after_commit", "operation": "writes", "when": {"each": 2}}));
    let report = adopt(&world, marked(700)).await;
    assert_eq!((report.totals.created, world.sandbox.record_count()), (700, 701), "{report}");
    assert!(world.seconds() < 60, "{} s", world.seconds());
    assert!(report.outcomes.iter().all(|outcome| matches!(outcome, AddOutcome::Created(_))));
}

#[tokio::test(start_paused = true)]
async fn where_ids_do_not_grow_no_mark_is_looked_for_and_the_import_ends() {
    let (world, journal) = (world(), Scratch::new("marks-ids-going-down"));
    world.put(
        &json!({"fault": {"ids_going_down": {"from": 5001}}, "operation": "writes", "when": {"each": 1}}),
    );
    let import = |count| {
        let import = world.client().import(marked(count)).chunk(4).journal(&journal.0);
        import.adopt_marked().run()
    };
    assert_eq!(import(10).await.unwrap().totals.created, 10);
    let report = import(20).await.unwrap();
    assert_eq!((report.totals.created, report.totals.unknown), (10, 10), "{report}");
    assert_eq!(world.sandbox.record_count(), 11);
}
