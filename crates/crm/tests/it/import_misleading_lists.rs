//! Imports against servers whose lists and clocks mislead, in virtual time.

use std::time::Duration;

use crate::imports::entries;
use crate::in_process::World;
use crate::misleading::{all_stored, at, run, with_history};
use chrono::TimeDelta;
use crm::history::{ClientId, EntryId, NewEntry, OutcomeReason, UnknownReason};
use crm_sandbox::{BOSS, Record, SELLER, Sandbox};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_server_that_drops_the_body_of_a_get_hides_nothing() {
    let world = World::new();
    with_history(&world);
    let dropped = json!({"fault": "get_body_dropped", "when": {"each": 1}});
    world.put(&json!([{"fault": "close_after_commit", "operation": "writes"}, dropped]));
    let input = entries(60);
    let report = world.client().import(input.clone()).chunk(20).run().await.unwrap();
    assert_eq!((report.totals.created, world.sandbox.record_count()), (60, 61), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_not_as_asked_decides_nothing() {
    for rule in [
        json!({"fault": {"parameters_ignored": {"names": ["order", "first"]}}, "operation": "lists", "when": {"each": 1}}),
        json!({"fault": {"parameters_ignored": {"names": ["offset"]}}, "operation": "lists", "when": {"each": 1},
               "edit_answer": {"shorten": 5}}),
    ] {
        let lost = json!({"fault": "close_after_commit", "operation": "history.add_list"});
        let input: Vec<NewEntry> = entries(60).into_iter().rev().collect();
        let (_, report) = run(json!([lost, rule]), &input).await;
        assert!(report.totals.unknown > 0, "{rule}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_shows_nothing_to_this_login_decides_nothing() {
    let hidden = json!({"operation": "lists", "if": {"not": {"parameter": "user"}}, "fault": "empty_page", "when": {"each": 1}});
    let lost = json!({"fault": "close_after_commit", "operation": "writes", "when": {"each": 1}});
    let input = entries(15);
    let (_, report) = run(json!([lost, hidden]), &input).await;
    assert_eq!(report.totals.unknown + report.totals.not_sent, 15, "{report}");
    let reason = &report.not_stored[0].reason;
    assert_eq!(*reason, Some(OutcomeReason::Unknown(UnknownReason::ListShowsNothing)));
}

#[tokio::test(start_paused = true)]
async fn ids_that_go_down_decide_nothing() {
    let down =
        json!({"fault": {"ids_going_down": {"from": 5001}}, "operation": "writes", "when": {"each": 1}});
    let lost = json!({"transfer": "close", "operation": "writes"});
    let world = World::new();
    with_history(&world);
    world.put(&json!([lost, down]));
    let input = entries(60);
    let report = world.client().import(input.clone()).chunk(20).run().await.unwrap();
    assert!(world.sandbox.record_count() <= 61, "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_activity_is_not_sent_once_more_while_an_equal_record_below_the_floor_may_be_its_own() {
    let world = World::new();
    with_history(&world);
    world.put(&json!([
        {"transfer": "close", "operation": "writes", "skip": 1},
        {"fault": {"ids_going_down": {"from": 5001}}, "operation": "writes", "when": {"each": 1}},
    ]));
    let report = world.client().import(entries(2)).chunk(1).concurrency(1).run().await.unwrap();
    assert_eq!(world.sandbox.record_count(), 3, "{report}");
    let reason = OutcomeReason::Unknown(UnknownReason::PerhapsOlder(EntryId(4999)));
    assert_eq!(report.not_stored[0].reason, Some(reason), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_text_the_server_changed_is_not_sent_again() {
    let world = World::new();
    with_history(&world);
    let fault = json!({"changed_record": {"append": {"content": "!!more"}}});
    world.put(&json!({"operation": "writes", "fault": fault, "transfer": "close"}));
    let report = world.client().import(entries(60)).chunk(20).run().await.unwrap();
    assert_eq!((report.totals.created, report.totals.unknown), (40, 20), "{report}");
    assert_eq!(world.sandbox.record_count(), 61, "{report}");
    let reason = report.not_stored[0].reason.clone();
    assert!(matches!(reason, Some(OutcomeReason::Unknown(UnknownReason::Similar(_)))), "{reason:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_shows_only_its_newest_records_decides_nothing() {
    let short = json!({"operation": "lists", "fault": {"short_pages": {"records": 3}}, "when": {"each": 1}});
    let lost = json!({"fault": "close_after_commit", "operation": "history.add_list"});
    let (_, report) = run(json!([lost, short]), &entries(60)).await;
    assert!(report.totals.unknown > 0, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_list_with_junk_behind_its_first_page_is_given_up_after_a_few_pages() {
    let world = World::new();
    let junk = json!({"operation": "lists", "if": "later_page", "fault": {"junk_list": {"items": 20}}, "when": {"times": 500}});
    world.put(&json!([{"fault": "close_before_reading", "operation": "writes"}, junk]));
    let sandbox = std::sync::Arc::clone(&world.sandbox);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let content = Some("somebody else".to_owned());
        sandbox.add_record(Record { content, datum: Some(at(25)), iduser: 1, clid: 1, ..Record::default() });
    });
    let report = world.client().import(entries(2)).chunk(1).run().await.unwrap();
    let junk_pages = world.sandbox.faults()[1].struck();
    assert!((3..60).contains(&junk_pages), "{junk_pages} pages, {report}");
    assert!(report.totals.unknown > 0, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_pages_have_become_shorter_decides_nothing() {
    let world = World::new();
    with_history(&world);
    with_history(&world);
    let pages = |shown: u32, when: serde_json::Value| {
        json!({
            "operation": "lists", "when": when, "edit_request": [{"count_pages_of": 2}], "edit_answer": [{"shorten": shown}]
        })
    };
    let lost = json!({"fault": "close_after_commit", "operation": "writes"});
    // The second record of each page is missing from the first look on.
    world.put(&json!([lost, pages(2, json!({"times": 3})), pages(1, json!({"each": 1}))]));
    let report = world.client().import(entries(3)).chunk(1).concurrency(1).run().await.unwrap();
    assert_eq!((world.sandbox.record_count(), report.totals.unknown), (5, 1), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_undated_record_counts_only_beside_another_one_of_its_request() {
    let world = World::new();
    with_history(&world);
    world.put(&json!({"fault": "commit_half", "operation": "history.add_list"}));
    let sandbox = std::sync::Arc::clone(&world.sandbox);
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let content = Some("call 2".to_owned());
        sandbox.add_record(Record { content, datum: Some(at(25)), iduser: 1, clid: 1, ..Record::default() });
    });
    // One activity of the first chunk is stored. Another client writes the third one later.
    let input = (0..6).map(|i| NewEntry::new(format!("call {i}")).client(ClientId(1)));
    let report = world.client().import(input).chunk(3).run().await.unwrap();
    assert_eq!((report.totals.created, report.totals.unknown), (4, 2), "{report}");
    assert!(report.outcomes[2].id().is_none(), "{}", report.outcomes[2]);
    assert_eq!(world.sandbox.record_count(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_record_from_before_is_not_taken_for_one_s_own_whoever_it_belongs_to() {
    let world = World::new();
    let record = Record {
        datum: Some(at(24)),
        content: Some("Пропущенный звонок".to_owned()),
        tip: Some("вх.Звонок".to_owned()),
        iduser: 2,
        clid: 1,
        ..Record::default()
    };
    world.sandbox.add_record(record);
    world.put(&json!({"fault": "close_before_reading", "operation": "writes"}));
    let missed =
        NewEntry::new("Пропущенный звонок").activity_type("вх.Звонок").user(SELLER).client(ClientId(1));
    let report =
        world.client().import([missed, NewEntry::new("x").client(ClientId(1))]).chunk(1).run().await.unwrap();
    assert_eq!((report.totals.created, world.sandbox.record_count()), (2, 3), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_equal_undated_record_of_somebody_else_leaves_the_outcome_open() {
    let rule = json!({"operation": "history.add_list", "fault": "close_after_commit", "store": "not",
                      "change": {"equal_records": {"at": {"later_millis": 1_000}}}});
    for sole_writer in [false, true] {
        let world = World::new();
        with_history(&world);
        world.put(&rule);
        let input = ["x", "y"].map(|text| NewEntry::new(text).client(ClientId(1)));
        let mut import = world.client().import(input).chunk(1).concurrency(1);
        if sole_writer {
            import = import.sole_writer();
        }
        let report = import.run().await.unwrap();
        let reason = &report.not_stored.first().map(|outcome| outcome.reason.clone());
        if sole_writer {
            assert_eq!(report.totals.created, 2);
        } else {
            let equal =
                matches!(reason, Some(Some(OutcomeReason::Unknown(UnknownReason::EqualWithoutTime(_)))));
            assert!(equal, "{reason:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shift_of_the_reader_s_time_hides_nothing() {
    for shift in [2, -3] {
        let world = World::with(Sandbox::builder().shift(BOSS, shift).unwrap());
        with_history(&world);
        let when = json!({"probability": {"p": 0.5, "seed": 4}});
        world.put(&json!({"operation": "history.add_list", "fault": "close_after_commit", "when": when}));
        let input = entries(200);
        let report = world.client().import(input.clone()).chunk(20).run().await.unwrap();
        assert_eq!((report.totals.created, world.sandbox.record_count()), (200, 201), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_undated_chunk_is_found_by_its_order() {
    let input: Vec<NewEntry> =
        (0..20).map(|i| NewEntry::new(format!("звонок {i}")).client(ClientId(1))).collect();
    all_stored(json!({"fault": "close_after_commit", "operation": "writes"}), &input).await;
}

#[tokio::test(start_paused = true)]
async fn an_undated_activity_is_found_whatever_the_clocks_say() {
    for days in [-5, 5] {
        let world = World::new();
        with_history(&world);
        let now = at(20) + TimeDelta::days(days);
        world.sandbox.set_now(now);
        world.put(&json!({"fault": "close_after_commit", "operation": "writes"}));
        let input: Vec<NewEntry> =
            (0..20).map(|i| NewEntry::new(format!("звонок {i}")).client(ClientId(1))).collect();
        let report = world.client().import(input.clone()).run().await.unwrap();
        assert_eq!((report.totals.created, world.sandbox.record_count()), (20, 21), "{days}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_to_settle_is_measured_by_a_clock_that_nobody_sets() {
    let world = World::new();
    with_history(&world);
    world.put(&json!({"operation": "writes", "delay_millis": 1_000, "transfer": "close",
                      "store": {"later_millis": 4_000}}));
    let set_forward = {
        let world = world.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            world.set_utc(world.utc() + TimeDelta::hours(1));
        }
    };
    let input = entries(3);
    let import = world.client().import(input.clone()).settle(Duration::from_secs(8));
    let (report, ()) = tokio::join!(import.run(), set_forward);
    let report = report.unwrap();
    assert_eq!((report.totals.created, world.sandbox.record_count()), (3, 4), "{report}");
    assert!(world.seconds() >= 9, "{} s", world.seconds());
}
