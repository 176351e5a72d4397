//! Servers that mislead whoever writes, made from the parts of faults: what was seen in front of and behind real ones.

use std::time::Duration;

use crm_sandbox::{Clock as _, Failure, Sandbox, SqlMode};
use serde_json::{Value, json};

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
fn a_firewall_refuses_one_text_for_good() {
    let world = World::with_rules(&json!({
        "if": {"text": "union select"}, "fault": {"firewall_page": {"status": 406}}, "when": {"each": 1},
    }));
    assert_eq!(status(&world.add_list(&["1", "the union selects", "a union select"])), 406);
    assert_eq!(status(&world.add_list(&["1", "the union wins"])), 200);
    assert_eq!(world.contents(), ["1", "the union wins"]);
}

#[test]
fn a_server_is_refused_for_a_while_and_comes_back() {
    let world = World::with_rules(&json!({"fault": "connection_refused", "when": {"for_millis": 30_000}}));
    assert!(matches!(world.add("x"), Err(Failure::Refused)));
    world.clock.advance(Duration::from_secs(30));
    assert!(world.add("x").is_ok());
}

#[test]
fn it_closes_without_an_answer_and_stores_three_seconds_later() {
    let (outcome, at_once, later) = write(json!({"transfer": "close", "store": {"later_millis": 3_000}}));
    assert!(matches!(outcome, Err(Failure::Closed)));
    assert_eq!((at_once, later), (0, 3));
}

#[test]
fn it_refuses_an_item_with_an_emoji_for_good_with_the_text_of_the_database() {
    let world = World::with(Sandbox::builder().sql_mode(SqlMode::Strict));
    for stored in [2, 4] {
        let answer = world.json("add.list", &list(&["1", "2 😀", "3"]));
        let said = answer[1]["error"]["text"].as_str().unwrap();
        assert!(said.starts_with(r"Incorrect string value: '\xF0\x9F"), "{said}");
        assert!(said.ends_with("в строке 1366"), "{said}");
        let results: Vec<&Value> = answer.as_array().unwrap().iter().map(|item| &item["result"]).collect();
        assert_eq!(results, ["Успешно", "Error", "Успешно"]);
        assert_eq!(
            (&answer[1]["data"], &answer[2]["error"]["code"]),
            (&answer[0]["data"], &json!(500)),
            "leftovers"
        );
        assert_eq!(world.sandbox.record_count(), stored);
    }
}

#[test]
fn it_stores_an_item_and_answers_an_error_500_for_it() {
    let text = "Unknown column 'last_hist' in 'SET' в строке 1054";
    let world =
        World::with_rules(&json!({"fault": {"items_failed": {"holding": "2", "code": 500, "text": text}}}));
    let answer = world.json("add.list", &list(&["1", "2", "3"]));
    assert_eq!((&answer[1]["result"], &answer[1]["error"]["text"]), (&json!("Error"), &json!(text)));
    assert_eq!(world.contents(), ["1", "2", "3"]);
}

#[test]
fn it_holds_every_write_for_150_seconds_and_does_them_all_while_reads_answer_without_them() {
    let world = World::with_rules(
        &json!({"operation": "writes", "fault": "write_lock", "when": {"for_millis": 150_000}}),
    );
    for second in 0..3 {
        drop(world.begin("add.list", &list(&["1", "2"])));
        assert_eq!(world.text("list", &json!({})), "[]", "{second}");
        world.advance(40);
    }
    world.advance(29);
    assert_eq!(world.sandbox.record_count(), 0);
    world.advance(1);
    assert_eq!(world.contents(), ["1", "2", "1", "2", "1", "2"], "also those whose client has gone");
}

#[test]
fn it_answers_a_php_error_at_an_item_whose_user_holds_a_quote_and_stores_those_before_it() {
    let world = World::new();
    let item = |content: &str, user: &str| json!({"content": content, "user": user});
    let items = json!({"list": [item("1", ""), item("2", "d'artagnan@example.test"), item("3", "")]});
    for stored in [1, 2] {
        assert!(world.text("add.list", &items).starts_with("<br />\n<b>Fatal error</b>"));
        assert_eq!(world.sandbox.record_count(), stored);
    }
    let searched = world.text("list", &json!({"user": "d'artagnan@example.test"}));
    assert!(searched.starts_with("<br />\n<b>Fatal error</b>"), "the search breaks, too: {searched}");
}
