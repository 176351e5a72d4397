//! Servers that mislead, made from the parts of faults: what was seen in front of and behind real ones.

use std::time::Duration;

use crm_sandbox::{BOSS, Clock as _, Failure, Record, SELLER, Sandbox};
use serde_json::{Value, json};

use crate::support::{at, record};
use crate::world::{Outcome, World, header, list, text};

/// The outcome of an `add.list` of three, how many records are there at once, and how many after ten seconds.
fn write(rules: Value) -> (Outcome, usize, usize) {
    let world = World::with_rules(&rules);
    let exchange = world.begin("add.list", &list(&["1", "2", "3"]));
    let at_once = world.sandbox.record_count();
    let outcome = world.end(exchange);
    world.advance(10);
    (outcome, at_once, world.sandbox.record_count())
}

fn status(outcome: &Outcome) -> u16 {
    outcome.as_ref().map_or(0, |answer| answer.status().as_u16())
}

#[test]
fn it_stores_and_answers_503_of_varnish_with_retry_after() {
    let (outcome, at_once, _) = write(json!({"fault": {"varnish_503": {"retry_after": 1}}, "store": "now"}));
    let answer = outcome.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after"), at_once), (503, "1", 3));
}

#[test]
fn it_answers_an_error_at_once_and_stores_three_seconds_later() {
    for (fault, expected) in [
        (json!({"gateway_page": {"status": 500}}), 500),
        (json!({"bare_status": {"status": 500}}), 500),
        (json!({"gateway_json": {"status": 503}}), 503),
        (json!({"bare_status": {"status": 520}}), 520),
        (json!({"cloudflare_page": {"status": 524}}), 524),
        (json!({"gateway_page": {"status": 504}}), 504),
    ] {
        let (outcome, at_once, later) = write(json!({"fault": fault, "store": {"later_millis": 3_000}}));
        assert_eq!((status(&outcome), at_once, later), (expected, 0, 3));
    }
}

#[test]
fn it_begins_a_chunked_page_of_a_php_warning_closes_and_stores_later() {
    let (outcome, at_once, later) = write(json!({
        "answer": {"headers": {"content-type": "text/html"}, "body": "<br />\n<b>Warning</b>:  Undefined array key"},
        "transfer": {"cut": {"after": 32, "chunked": true}},
        "store": {"later_millis": 3_000},
    }));
    assert!(
        matches!(outcome, Err(Failure::Cut(answer)) if text(&answer) == "<br />\n<b>Warning</b>:  Undefine")
    );
    assert_eq!((at_once, later), (0, 3));
}

#[test]
fn it_stores_and_answers_408_or_the_page_of_a_firewall() {
    for (fault, expected) in [(json!({"bare_status": {"status": 408}}), 408), (json!("firewall_page"), 403)] {
        let (outcome, at_once, _) = write(json!({"fault": fault, "store": "now"}));
        assert_eq!((status(&outcome), at_once), (expected, 3));
    }
}

#[test]
fn it_holds_the_connection_for_ten_seconds_and_stores_after_three_and_a_half() {
    let world = World::with_rules(&json!({
        "store": {"later_millis": 3_500}, "delay_millis": 10_000, "transfer": "close",
    }));
    let exchange = world.begin("add", &json!({"content": "x", "clid": 1}));
    world.advance(3);
    assert_eq!(world.sandbox.record_count(), 0);
    world.advance(1);
    assert_eq!(world.sandbox.record_count(), 1);
    assert!(matches!(world.end(exchange), Err(Failure::Closed)));
    assert_eq!(world.clock.monotonic().as_secs(), 10);
}

#[test]
fn it_stores_what_it_changes_and_answers_without_ids() {
    for set in [json!({"append": {"content": "!!more"}}), json!({"set": {"clid": 77}})] {
        let world = World::with_rules(&json!({
            "operation": "writes",
            "fault": {"changed_record": set}, "edit_answer": {"ids": "null"}, "when": {"each": 1},
        }));
        let answer = world.json("add.list", &list(&["x"]));
        assert_eq!(answer, json!([{"result": "Успешно", "data": null}]));
        let stored = world.sandbox.record(1).unwrap();
        assert!(stored.content.as_deref() == Some("x!!more") || stored.clid == 77, "{stored:?}");
    }
}

#[test]
fn it_refuses_every_write_for_the_time_zone_of_the_account_while_reads_work() {
    let error = json!({"code": 500, "text": "Unknown or incorrect time zone: '+-5:00' в строке 1298"});
    let world = World::with_rules(
        &json!({"operation": "writes", "fault": {"items_refused": error}, "when": {"each": 1}}),
    );
    let refused = world.json("add", &json!({"content": "x", "clid": 1}));
    assert_eq!(refused, json!({"result": "Error", "error": error}));
    let answers = world.json("add.list", &list(&["x", "y"]));
    assert!(answers.as_array().unwrap().iter().all(|answer| answer["error"] == error), "{answers}");
    assert_eq!((world.sandbox.record_count(), world.text("list", &json!({})).as_str()), (0, "[]"));
}

#[test]
fn it_shows_nothing_to_a_login_that_does_not_name_a_user() {
    let world = World::with_rules(&json!({
        "operation": "lists",
        "if": [{"login": BOSS}, {"not": {"parameter": "user"}}],
        "fault": "empty_page", "when": {"each": 1},
    }));
    world.fill(1);
    assert_eq!(world.text("list", &json!({})), "[]");
    assert_eq!(world.listed(&json!({"user": BOSS})), [1]);
}

#[test]
fn somebody_else_adds_an_equal_record_a_second_after_it_closed_without_storing() {
    let (outcome, at_once, later) = write(json!({
        "fault": "close_after_commit", "store": "not", "change": {"equal_records": {"at": {"later_millis": 1_000}}},
    }));
    assert!(matches!(outcome, Err(Failure::Closed)));
    assert_eq!((at_once, later), (0, 3));
}

#[test]
fn it_loses_about_half_of_the_answers_the_same_ones_in_every_run() {
    let run = || {
        let when = json!({"probability": {"p": 0.5, "seed": 4}});
        let world = World::with_rules(
            &json!({"operation": "history.add_list", "fault": "close_after_commit", "when": when}),
        );
        (0..40).map(|_| world.add_list(&["x"]).is_ok()).collect::<Vec<bool>>()
    };
    assert_eq!(run(), run());
    assert!((10..30).contains(&run().iter().filter(|ok| **ok).count()));
}

#[test]
fn undated_records_have_the_clock_of_the_server_which_may_be_set() {
    let world = World::with_rules(
        &json!({"transfer": "close", "delay_millis": 1_000, "store": {"later_millis": 4_000}}),
    );
    let lost = world.begin("add", &json!({"content": "x", "clid": 1}));
    world.advance(1);
    world.clock.set_utc("2024-06-25T12:25:01Z".parse().unwrap());
    assert!(matches!(world.end(lost), Err(Failure::Closed)), "the step of the clock moves nothing");
    assert_eq!(world.sandbox.record_count(), 0);
    world.advance(3);
    assert_eq!(world.sandbox.record(1).unwrap().datum.unwrap().to_string(), "2024-06-25 15:25:04");
}

#[test]
fn a_lookup_ignores_the_order_has_small_pages_and_finds_older_records() {
    let world = World::with_rules(&json!({
        "operation": "lists",
        "fault": {"parameters_ignored": {"names": ["order", "first"]}},
        "edit_request": {"count_pages_of": 3}, "edit_answer": {"shorten": 3}, "when": {"each": 1},
    }));
    world.fill(3);
    world.sandbox.add_record(Record { datum: Some(at(25, 9)), ..record() });
    assert_eq!((world.page(0), world.page(1)), (vec![1, 2, 3], vec![4]));
}

#[test]
fn every_page_is_cut_or_holds_every_record_twice() {
    for fault in [json!({"short_pages": {"records": 200, "random": true}}), json!("doubled_records")] {
        let world = World::with_rules(&json!({"operation": "lists", "fault": fault, "when": {"each": 1}}));
        world.fill(400);
        let mut seen: Vec<u64> = [world.page(0), world.page(1)].concat();
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() < 400, "{}", seen.len());
    }
}

#[test]
fn from_the_fourth_call_on_pages_of_projects_have_fewer_records_than_asked() {
    let world = World::with(Sandbox::builder().projects(600));
    world.put(&json!({"operation": "lists", "fault": {"short_pages": {"records": 50}}, "skip": 3, "when": {"each": 1}}));
    let lengths = [0, 100, 200, 300, 400].map(|offset| {
        let page = world.projects(&format!("/projects?count=100&offset={offset}"), None);
        page["payload"].as_array().unwrap().len()
    });
    assert_eq!(lengths, [100, 100, 100, 50, 50]);
}

#[test]
fn a_login_is_unknown_at_first_and_known_later() {
    let world = World::with_rules(&json!({
        "if": {"login": SELLER}, "fault": {"error_in_ok": {"code": 401, "text": "Неизвестный пользователь"}},
    }));
    let answer = || text(&world.end(world.begin_as(SELLER, "POST", "fields", &json!({}))).unwrap());
    assert!(answer().contains("401"));
    assert!(answer().starts_with(r#"{"data""#));
}

#[test]
fn a_proxy_answers_407_to_every_login_but_one() {
    let world = World::with_rules(&json!({
        "if": {"not": {"login": BOSS}}, "fault": {"bare_status": {"status": 407}}, "when": {"each": 1},
    }));
    assert_eq!(status(&world.call("fields", &json!({}))), 200);
    assert_eq!(status(&world.end(world.begin_as(SELLER, "POST", "fields", &json!({})))), 407);
}

#[test]
fn a_firewall_refuses_one_text_for_good() {
    let world = World::with_rules(&json!({
        "if": {"text": "union select"}, "fault": {"firewall_page": {"status": 406}}, "when": {"each": 1},
    }));
    assert_eq!(status(&world.add_list(&["1", "the union selects", "a union select"])), 406);
    assert_eq!(status(&world.add_list(&["1", "the union wins"])), 200);
    assert_eq!(world.contents(), ["1", "the union wins"]);
}

#[test]
fn an_error_text_and_the_title_of_a_page_hold_control_characters() {
    let nasty = "a\r\nERROR forged\u{1b}[2J\u{7}\u{202e}";
    let world = World::with_rules(&json!([
        {"fault": {"error_in_ok": {"code": 500, "text": nasty}}},
        {"answer": {"status": 502, "body": format!("<title>{nasty}</title>")}},
    ]));
    assert_eq!(world.json("fields", &json!({}))["error"]["text"], nasty);
    assert!(world.text("fields", &json!({})).contains(nasty));
}

#[test]
fn a_server_is_refused_for_a_while_and_comes_back() {
    let world = World::with_rules(&json!({"fault": "connection_refused", "when": {"for_millis": 30_000}}));
    assert!(matches!(world.add("x"), Err(Failure::Refused)));
    world.clock.advance(Duration::from_secs(30));
    assert!(world.add("x").is_ok());
}
