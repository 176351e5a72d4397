//! Imports against servers that mislead, in virtual time: nothing is lost, nothing is stored twice, and no outcome is wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/imports.rs"]
mod imports;
#[path = "common/in_process.rs"]
mod in_process;

use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime};
use crm::history::{
    AddOutcome, ClientId, ImportReport, NewEntry, NotSentReason, OutcomeReason, UnknownReason,
};
use crm_sandbox::{BOSS, Operation, Record, SELLER, Sandbox};
use imports::{difference, entries, stored, wanted};
use in_process::World;
use serde_json::{Value, json};

/// The history before the import: one record, of another day.
fn with_history(world: &World) {
    let record = Record {
        datum: Some(at(1)),
        content: Some("старая".to_owned()),
        iduser: 1,
        clid: 1,
        ..Record::default()
    };
    world.sandbox.add_record(record);
}

fn at(day: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2024, 6, day).unwrap().and_hms_opt(10, 0, 0).unwrap()
}

/// Returns the contents that are stored more than once, or that were not handed in.
fn doubled(world: &World, input: &[NewEntry]) -> Vec<String> {
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
fn outcomes_are_true(world: &World, input: &[NewEntry], report: &ImportReport) {
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
async fn run(rules: Value, input: &[NewEntry]) -> (World, ImportReport) {
    let world = World::new();
    with_history(&world);
    world.put(&rules);
    let report = world.client().import(input.to_vec()).chunk(20).run().await.unwrap();
    assert_eq!(doubled(&world, input), [""; 0], "{report}");
    outcomes_are_true(&world, input, &report);
    (world, report)
}

async fn all_stored(rules: Value, input: &[NewEntry]) -> World {
    let what = rules.to_string();
    let (world, report) = run(rules, input).await;
    assert_eq!(report.totals.created, input.len() as u64, "{what}: {report} {:?}", report.not_stored.first());
    assert_eq!(world.sandbox.record_count(), input.len() + 1, "{what}");
    world
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_answer_is_lost_is_found_at_once() {
    let world = all_stored(json!({"fault": "close_after_commit", "operation": "writes"}), &entries(20)).await;
    assert_eq!((world.seconds(), world.count(Operation::HistoryAddList)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_gateway_proves_neither_that_it_is_stored_nor_the_contrary() {
    for fault in [
        json!({"varnish_503": {"retry_after": 1}}),
        json!({"bare_status": {"status": 408}}),
        json!({"firewall_page": {"status": 403}}),
        json!({"gateway_page": {"status": 502}}),
    ] {
        for store in ["now", "not"] {
            all_stored(json!({"fault": fault, "store": store, "operation": "writes"}), &entries(60)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_after_its_answer_is_not_sent_again() {
    for fault in [
        json!({"fault": {"gateway_page": {"status": 500}}}),
        json!({"fault": {"bare_status": {"status": 500}}}),
        json!({"fault": {"gateway_json": {"status": 503, "message": "upstream timed out"}}}),
        json!({"fault": {"bare_status": {"status": 520}}}),
        json!({"fault": {"cloudflare_page": {"status": 524}}}),
        json!({"fault": {"gateway_page": {"status": 504}}}),
        json!({"transfer": "close"}),
        json!({"answer": {"body": "<br />\n<b>Warning</b>:  Undefined"}, "transfer": {"cut": {"after": 32, "chunked": true}}}),
        json!({"delay_millis": 40_000, "transfer": "close"}),
    ] {
        let mut rule = fault;
        rule["operation"] = json!("writes");
        rule["store"] = json!({"later_millis": 50_000});
        all_stored(rule, &entries(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn writes_that_a_lock_holds_are_carried_out_once() {
    for seconds in [75_000, 150_000, 200_000] {
        let rule = json!({"operation": "writes", "fault": "write_lock", "when": {"for_millis": seconds}});
        all_stored(rule, &entries(286)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_without_an_id_is_stored_and_not_sent_again() {
    let rule = json!({"operation": "writes", "edit_answer": {"ids": "null"}, "when": {"each": 1}});
    let (world, report) = run(rule, &entries(40)).await;
    assert!(report.outcomes.iter().all(|outcome| *outcome == AddOutcome::StoredWithoutId), "{report}");
    assert_eq!(world.count(Operation::HistoryAddList), 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_500_for_an_item_that_is_stored_is_looked_for() {
    let text = "Unknown column 'last_hist' in 'SET' в строке 1054";
    let fault = json!({"items_failed": {"holding": "Звонок 7", "code": 500, "text": text}});
    all_stored(json!({"operation": "writes", "fault": fault, "when": {"each": 1}}), &entries(60)).await;
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_account_s_settings_stops_the_import_and_names_it() {
    let text = "Unknown or incorrect time zone: '+-5:00' в строке 1298";
    let fault = json!({"items_refused": {"code": 500, "text": text}});
    let (_, report) =
        run(json!({"operation": "writes", "fault": fault, "when": {"each": 1}}), &entries(60)).await;
    assert_eq!(report.totals.not_sent, 60, "{report}");
    let reason = &report.not_stored[0].reason;
    assert!(matches!(reason, Some(OutcomeReason::NotSent(NotSentReason::AccountSetting(_)))), "{reason:?}");
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
async fn one_row_that_a_firewall_refuses_is_isolated_and_the_others_are_stored() {
    for fault in [
        json!({"firewall_page": {"status": 406}}),
        json!({"firewall_page": {"status": 403}}),
        json!({"error_in_ok": {"code": 500, "text": "сбой"}}),
        json!({"answer": {"status": 413}, "store": "not"}),
    ] {
        let world = World::new();
        with_history(&world);
        let rule = if fault.get("answer").is_some() { fault } else { json!({"fault": fault}) };
        let mut rule = rule;
        (rule["if"], rule["when"], rule["operation"]) =
            (json!({"text": "union select"}), json!({"each": 1}), json!("writes"));
        world.put(&rule);
        let mut input = entries(100);
        input[37] = NewEntry::new("a union select").client(ClientId(1)).at(at(3));
        let report = world.client().import(input.clone()).run().await.unwrap();
        assert!(
            matches!(report.outcomes[37], AddOutcome::Rejected(_)),
            "{rule}: {report} {}",
            report.outcomes[37]
        );
        assert_eq!((report.totals.created, world.sandbox.record_count()), (99, 100), "{rule}: {report}");
        assert!(world.seconds() < 1_200, "{} s", world.seconds());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_for_a_while_refuses_nothing() {
    for fault in [
        json!("database_down"),
        json!("too_many_connections"),
        json!({"error_in_ok": {"code": 500, "text": "x"}}),
        json!("connection_refused"),
        json!({"gateway_page": {"status": 502}}),
    ] {
        let rule = json!({"fault": fault, "store": "not", "when": {"for_millis": 200_000}});
        let input = entries(300);
        let (_, report) = run(rule.clone(), &input).await;
        assert_eq!(
            (report.totals.created, report.totals.rejected),
            (300, 0),
            "{rule}: {report} {:?}",
            report.not_stored.first()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_down_stops_the_import_with_its_words() {
    let input = entries(300);
    let (world, report) = run(json!({"fault": "database_down", "when": {"each": 1}}), &input).await;
    assert_eq!(report.totals.not_sent, 300, "{report}");
    let Some(OutcomeReason::NotSent(NotSentReason::ServerDown { since, .. })) = &report.not_stored[0].reason
    else {
        panic!("{report}");
    };
    assert!(since.as_secs() >= 300 && world.seconds() < 400);
}

#[tokio::test(start_paused = true)]
async fn the_only_activity_is_sent_once_more_when_patience_is_over() {
    let world =
        all_stored(json!({"fault": "close_before_reading", "operation": "writes"}), &entries(1)).await;
    assert!((300..500).contains(&world.seconds()), "{}", world.seconds());
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_every_wait_and_sends_nothing_more() {
    let world = World::new();
    with_history(&world);
    world.put(&json!({"transfer": "close", "store": "not", "operation": "writes", "when": {"each": 1}}));
    let cancelled = tokio::time::sleep(Duration::from_millis(500));
    let report = world.client().import(entries(40)).chunk(20).cancel(cancelled).run().await.unwrap();
    assert_eq!(report.totals.unknown, 40, "{report}");
    assert!(world.seconds() < 2);
    assert_eq!(world.count(Operation::HistoryAddList), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_waits_for_its_outcome_is_not_waited_for() {
    let world = World::new();
    with_history(&world);
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    send.send(NewEntry::new("первый").client(ClientId(1))).unwrap();
    let input = Box::pin(stream(move |cx| receive.poll_recv(cx)));
    let mut outcomes = world.client().import_stream(input).outcomes();
    for text in ["второй", "третий"] {
        assert!(outcomes.next().await.unwrap().unwrap().outcome.id().is_some());
        send.send(NewEntry::new(text).client(ClientId(1))).unwrap();
    }
    drop(send);
    assert!(outcomes.next().await.unwrap().unwrap().outcome.id().is_some());
    assert!(outcomes.next().await.is_none());
    assert_eq!(world.seconds(), 2);
}

/// Makes a stream of a function.
fn stream<F>(poll: F) -> Polled<F>
where
    F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<NewEntry>> + Unpin,
{
    Polled(poll)
}

struct Polled<F>(F);

impl<F> futures_core::Stream for Polled<F>
where
    F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<NewEntry>> + Unpin,
{
    type Item = NewEntry;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<NewEntry>> {
        (self.0)(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_of_outcomes_is_not_a_slow_server() {
    let world = World::new();
    with_history(&world);
    world.sandbox.add_fault(
        crm_sandbox::Fault::latency(Duration::from_secs(1)).on(Operation::HistoryAddList).always(),
    );
    let input = entries(60);
    let mut outcomes = world.client().import(input.clone()).chunk(20).outcomes();
    while let Some(outcome) = outcomes.next().await {
        assert!(outcome.unwrap().outcome.id().is_some());
        tokio::time::sleep(Duration::from_secs(45)).await;
    }
    assert_eq!(
        difference(
            &stored(&world.sandbox),
            &wanted(&[&[NewEntry::new("старая").at(at(1)).client(ClientId(1))], &input[..]].concat())
        ),
        ""
    );
    assert_eq!(world.count(Operation::HistoryAddList), 3);
}
