//! Imports against servers whose answers to writes mislead, in virtual time: nothing is lost, nothing is stored twice, and no
//! outcome is wrong.

use crate::imports::entries;
use crate::in_process::World;
use crate::misleading::{all_stored, at, doubled, run, with_history};
use crm::history::{AddOutcome, ClientId, NewEntry, NotSentReason, OutcomeReason};
use crm_sandbox::{BOSS, Operation, Record, SELLER, Sandbox, SqlMode};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_record_whose_answer_is_lost_is_found_at_once() {
    let world = all_stored(json!({"fault": "close_after_commit", "operation": "writes"}), &entries(20)).await;
    assert_eq!(
        (world.seconds(), world.count(Operation::HistoryAddList)),
        (0, 2),
        "the last rows are sent last"
    );
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
    assert_eq!(world.count(Operation::HistoryAddList), 3, "the last rows are sent last");
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
async fn one_row_that_a_firewall_refuses_is_isolated_and_the_others_are_stored() {
    for fault in [
        json!({"firewall_page": {"status": 406}}),
        json!({"firewall_page": {"status": 403}}),
        json!({"firewall_page": {"status": 400}}),
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
async fn a_success_without_an_id_is_not_sent_again_even_if_the_server_changes_the_record() {
    for change in [json!({"append": {"content": "!!more"}}), json!({"set": {"clid": 77}})] {
        let world = World::new();
        with_history(&world);
        let rule = json!({"operation": "writes", "fault": {"changed_record": change},
                          "edit_answer": {"ids": "null"}, "when": {"each": 1}});
        world.put(&rule);
        let report = world.client().import(entries(2)).run().await.unwrap();
        assert!(report.outcomes.iter().all(|outcome| *outcome == AddOutcome::StoredWithoutId), "{report}");
        assert_eq!(world.sandbox.record_count(), 3, "{rule}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_the_database_refuses_is_named_and_the_others_are_stored() {
    let world = World::with(Sandbox::builder().sql_mode(SqlMode::Strict));
    with_history(&world);
    let mut input = entries(60);
    input[41] = NewEntry::new("перезвонить 😀").client(ClientId(1)).at(at(3));
    let report = world.client().import(input.clone()).chunk(20).run().await.unwrap();
    let refused = report.outcomes[41].to_string();
    assert!(refused.contains("Incorrect string value"), "{refused}");
    assert_eq!((report.totals.created, report.totals.rejected), (59, 1), "{report}");
    assert_eq!(doubled(&world, &input), [""; 0]);
    // The server says it of this row alone, so no chunk is sent again.
    assert_eq!(
        (world.count(Operation::HistoryAddList), world.seconds()),
        (4, 0),
        "the last rows are sent last"
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_that_breaks_the_sql_of_the_server_is_refused_before_it_is_sent() {
    for check in [false, true] {
        let world = World::new();
        with_history(&world);
        let users = [SELLER, "o'hara@example.test", "trailing\\", BOSS];
        let input = users.map(|user| NewEntry::new("x").user(user).client(ClientId(1)).at(at(3)));
        let import = world.client().import(input);
        let report = if check { import.check_users() } else { import }.run().await.unwrap();
        let refused: Vec<u64> = report.not_stored.iter().map(|outcome| outcome.index).collect();
        assert_eq!((report.totals.created, refused), (2, vec![1, 2]), "{report}");
        assert_eq!(world.sandbox.record_count(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_import_begins_after_one_list_where_the_newest_activities_are_of_more_than_two_days() {
    for (days, lists) in [(0, 3), (2, 3), (3, 1)] {
        let world = World::new();
        with_history(&world);
        let datum = Some(at(1 + days));
        world.sandbox.add_record(Record { datum, iduser: 1, clid: 1, ..Record::default() });
        let report = world.client().import(entries(5)).run().await.unwrap();
        assert_eq!(report.totals.created, 5);
        assert_eq!(world.count(Operation::HistoryList), lists, "{days} days");
    }
}
