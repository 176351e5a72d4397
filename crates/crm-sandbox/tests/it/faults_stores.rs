//! What becomes of a write, and what others write meanwhile; in process.

use crm_sandbox::{BOSS, Clock as _, Failure};
use serde_json::{Value, json};

use crate::world::{STORED, World, list, text};

fn world(fault: Value) -> World {
    let mut rule = json!({"operation": "writes"});
    rule.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
    World::with_rules(&rule)
}

#[test]
fn a_record_can_be_stored_later_after_the_answer_or_after_the_connection_was_closed() {
    for fault in [
        json!({"fault": {"bare_status": {"status": 500}}, "store": {"later_millis": 3_000}}),
        json!({"store": {"later_millis": 3_000}, "transfer": "close"}),
    ] {
        let world = world(fault);
        let _ = world.add("x");
        assert_eq!(world.clock.monotonic().as_secs(), 0, "the answer does not wait");
        world.advance(2);
        assert_eq!(world.sandbox.record_count(), 0);
        world.advance(2);
        let record = world.sandbox.record(1).unwrap();
        assert_eq!(
            record.datum.unwrap().to_string(),
            "2024-06-25 14:25:03",
            "when it was stored, not when somebody looked"
        );
    }
}

#[test]
fn the_own_answer_of_a_record_that_is_stored_later_comes_then() {
    let world = world(json!({"store": {"later_millis": 3_000}}));
    assert_eq!(text(&world.add("x").unwrap()), STORED);
    assert_eq!(world.clock.monotonic().as_secs(), 3);
}

#[test]
fn a_record_is_stored_later_even_if_the_client_has_gone() {
    let world = world(json!({"store": {"later_millis": 3_000}}));
    drop(world.begin("add", &json!({"content": "x", "clid": 1})));
    assert_eq!(world.sandbox.record_count(), 0);
    world.advance(3);
    assert_eq!(world.contents(), ["x"]);
}

#[test]
fn records_stored_later_are_stored_in_the_order_of_their_times() {
    let world = World::with_rules(&json!([
        {"operation": "history.add", "store": {"later_millis": 9_000}, "transfer": "close"},
        {"operation": "history.add", "store": {"later_millis": 4_000}, "transfer": "close"},
    ]));
    for content in ["last", "second", "first"] {
        let _ = world.add(content);
    }
    world.advance(60);
    assert_eq!(world.contents(), ["first", "second", "last"]);
}

#[test]
fn commit_half_stores_the_first_half_of_a_list() {
    let world = world(json!({"fault": "commit_half"}));
    assert!(matches!(world.add_list(&["1", "2", "3", "4", "5"]), Err(Failure::Closed)));
    assert_eq!(world.contents(), ["1", "2"]);
}

#[test]
fn half_of_a_list_can_be_answered_as_if_it_were_all() {
    let world = world(json!({"store": "half"}));
    assert_eq!(world.json("add.list", &list(&["1", "2"])).as_array().unwrap().len(), 1);
    assert_eq!(world.contents(), ["1"]);
}

#[test]
fn success_without_storing_answers_an_id_and_stores_nothing() {
    let world = world(json!({"fault": "success_without_storing"}));
    assert_eq!(text(&world.add("x").unwrap()), STORED);
    assert_eq!(world.sandbox.record_count(), 0);
}

#[test]
fn write_lock_holds_all_writes_while_reads_go_on_and_does_them_all() {
    let world = world(json!({"fault": "write_lock", "when": {"for_millis": 150_000}}));
    let waits = world.begin("add", &json!({"content": "waits", "clid": 1}));
    world.advance(60);
    drop(world.begin("add", &json!({"content": "has gone", "clid": 1})));
    assert_eq!(world.text("list", &json!({})), "[]");
    assert_eq!(world.clock.monotonic().as_secs(), 60, "reads do not wait");
    let also_waits = world.begin("add", &json!({"content": "also waits", "clid": 1}));
    assert_eq!(text(&world.end(waits).unwrap()), STORED);
    assert_eq!(world.clock.monotonic().as_secs(), 150);
    assert_eq!(world.contents(), ["waits", "has gone", "also waits"]);
    assert_eq!(text(&world.end(also_waits).unwrap()), r#"{"result":"Успешно","data":3}"#);
    assert_eq!(world.sandbox.record(1).unwrap().datum.unwrap().to_string(), "2024-06-25 14:27:30");
    world.add("later").unwrap();
    assert_eq!(world.clock.monotonic().as_secs(), 150, "the lock is gone");
}

#[test]
fn changed_record_stores_something_else_than_was_sent() {
    let fault = json!({"fault": {"changed_record": {"set": {"clid": 77}, "append": {"content": "!!more"}}}, "when": {"each": 1}});
    let world = world(fault);
    world.add("x").unwrap();
    world.add_list(&["y", "z"]).unwrap();
    assert_eq!(world.contents(), ["x!!more", "y!!more", "z!!more"]);
    assert!(world.sandbox.records().iter().all(|record| record.clid == 77));
}

#[test]
fn items_refused_are_not_stored_and_leave_their_error_behind() {
    let world = world(
        json!({"fault": {"items_refused": {"holding": "😀", "code": 500, "text": "Incorrect string value"}}}),
    );
    let answer = world.json("add.list", &list(&["1", "2 😀", "3"]));
    let error = json!({"code": 500, "text": "Incorrect string value"});
    assert_eq!(
        answer,
        json!([
            {"result": "Успешно", "data": 1},
            {"result": "Error", "data": 1, "error": error},
            {"result": "Успешно", "data": 2, "error": error},
        ])
    );
    assert_eq!(world.contents(), ["1", "3"]);
}

#[test]
fn items_failed_are_stored_all_the_same() {
    let world = world(
        json!({"fault": {"items_failed": {"holding": "2", "code": 500, "text": "last_hist"}}, "when": {"each": 1}}),
    );
    let answer = world.json("add.list", &list(&["1", "2", "3"]));
    let results: Vec<&Value> = answer.as_array().unwrap().iter().map(|item| &item["result"]).collect();
    assert_eq!(results, ["Успешно", "Error", "Успешно"]);
    assert_eq!(world.contents(), ["1", "2", "3"]);
    let added = world.json("add", &json!({"content": "another 2", "clid": 1}));
    assert_eq!(added, json!({"result": "Error", "error": {"code": 500, "text": "last_hist"}}));
    assert_eq!(world.sandbox.record_count(), 4);
    assert_eq!(world.json("add", &json!({"content": "none of it", "clid": 1}))["data"], 5);
}

#[test]
fn without_ids_a_success_is_null_or_has_no_data() {
    let world = World::with_rules(&json!([
        {"fault": "without_ids"}, {"fault": "without_ids"}, {"fault": {"without_ids": {"absent": true}}},
    ]));
    assert_eq!(text(&world.add("x").unwrap()), r#"{"result":"Успешно","data":null}"#);
    assert_eq!(text(&world.add_list(&["y"]).unwrap()), r#"[{"result":"Успешно","data":null}]"#);
    assert_eq!(text(&world.add("z").unwrap()), r#"{"result":"Успешно"}"#);
    assert_eq!(world.contents(), ["x", "y", "z"]);
}

#[test]
fn ids_as_text_are_in_quotes() {
    let world = world(json!({"fault": "ids_as_text", "when": {"each": 1}}));
    assert_eq!(text(&world.add("x").unwrap()), r#"{"result":"Успешно","data":"1"}"#);
    assert_eq!(text(&world.add_list(&["y"]).unwrap()), r#"[{"result":"Успешно","data":"2"}]"#);
}

#[test]
fn ids_going_down_are_below_those_before_them() {
    let world = World::new();
    world.fill(2);
    world.put(&json!({"operation": "history.add_list", "fault": {"ids_going_down": {"from": 5001}}}));
    let answer = world.json("add.list", &list(&["a", "b"]));
    assert_eq!(crate::support::ids(&answer, "data"), [5000, 4999]);
    assert_eq!(world.json("add", &json!({"content": "c", "clid": 1}))["data"], 4998);
    assert_eq!(world.page(0), [1, 2, 4998, 4999, 5000]);
}

#[test]
fn equal_records_of_others_come_before_meanwhile_after_or_later() {
    let run = |at: Value| {
        let world = world(json!({"fault": {"equal_records": {"count": 1, "at": at}}}));
        let answer = world.json("add.list", &list(&["a", "b"]));
        let ids = crate::support::ids(&answer, "data");
        let at_once = world.sandbox.record_count();
        world.advance(1);
        (ids, at_once, world.contents())
    };
    let owned = |contents: [&str; 4]| contents.map(str::to_owned).to_vec();
    assert_eq!(run(json!("before")), (vec![3, 4], 4, owned(["a", "b", "a", "b"])));
    assert_eq!(run(json!("meanwhile")), (vec![2, 4], 4, owned(["a", "a", "b", "b"])));
    assert_eq!(run(json!("after")), (vec![1, 2], 4, owned(["a", "b", "a", "b"])));
    assert_eq!(run(json!({"later_millis": 1_000})), (vec![1, 2], 2, owned(["a", "b", "a", "b"])));
}

#[test]
fn equal_records_of_others_come_where_nothing_is_stored_too() {
    let fault = json!({"fault": {"equal_records": {"at": {"later_millis": 1_000}}}, "store": "not", "transfer": "close"});
    let world = world(fault);
    assert!(matches!(world.add("x"), Err(Failure::Closed)));
    assert_eq!(world.sandbox.record_count(), 0);
    world.advance(1);
    assert_eq!(world.contents(), ["x"]);
}

#[test]
fn equal_records_come_beside_records_that_are_added_and_nothing_else() {
    let world = World::with_rules(&json!({"fault": "equal_records", "when": {"each": 1}}));
    world.fill(2);
    assert_eq!(world.json("delete", &json!({"cid": 1}))["result"], "Успешно");
    assert_eq!(world.page(0), [2]);
}

#[test]
fn get_body_dropped_lets_a_list_answer_for_today() {
    let world = World::with_rules(&json!({"fault": "get_body_dropped", "when": {"each": 1}}));
    world.fill(1);
    let january = json!({"dateStart": "2023-01-01", "dateEnd": "2023-01-31"});
    let got = world.end(world.begin_as(BOSS, "GET", "list", &january)).unwrap();
    assert!(text(&got).contains("2024-06-25"), "{}", text(&got));
    assert_eq!(world.text("list", &january), "[]", "the body of a POST arrives");
}

#[test]
fn a_request_that_waits_shows_no_credential() {
    let world = world(json!({"store": {"later_millis": 3_000}}));
    let waits = world.begin("add", &json!({"content": "x", "clid": 1, "apikey": "another-key"}));
    let shown = format!("{waits:?}");
    assert!(shown.contains("/developer/v3/history/add") && !shown.contains("another-key"), "{shown}");
    assert!(!shown.contains("\"apikey\": \"sandbox-key\""), "a header in {shown}");
}
