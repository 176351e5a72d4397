//! Numbers and headers in rules that mean nothing, or too much.

use crm_sandbox::{Change, Fault, FixedAnswer, Moment, Operation, PageChange};
use serde_json::json;

use crate::world::{World, header, text};

#[test]
fn a_rule_whose_numbers_mean_nothing_is_refused() {
    let world = World::new();
    for (rule, wrong) in [
        (json!({"answer": {"status": 42}}), "status"),
        (json!({"fault": {"bare_status": {"status": 101}}}), "status"),
        (json!({"fault": {"interim_answers": {"status": 200}}}), "interim"),
        (json!({"fault": "no_answer", "when": {"each": 0}}), "each"),
        (json!({"fault": "no_answer", "when": {"probability": {"p": 7}}}), "`p`"),
        (json!({"fault": "no_answer", "when": {"over_rate": {"per_second": -1, "burst": 1}}}), "per_second"),
        (json!({"fault": "no_answer", "when": {"over_rate": {"per_second": 1, "burst": 0}}}), "burst"),
    ] {
        let refused = world.control("PUT", "/faults", &rule);
        assert!(refused["error"].as_str().unwrap().contains(wrong), "{rule}: {refused}");
    }
    assert!(world.sandbox.faults().is_empty());
}

#[test]
fn days_beyond_the_calendar_move_nothing() {
    for days in [99_999_999_999, i64::MIN] {
        let change = PageChange { moved: 1, days, ..PageChange::default() };
        let world = World::with_rule(Fault::change_between_pages(change).everywhere().always());
        world.fill(201);
        let (datum, created) = (world.sandbox.record(1).unwrap().datum, world.sandbox.projects()[0].created);
        world.page(1);
        world.projects("/projects?count=10&offset=10", None);
        assert_eq!(world.sandbox.record(1).unwrap().datum, datum);
        assert_eq!(world.sandbox.projects()[0].created, created);
    }
}

#[test]
fn at_most_10_000_equal_records_are_added() {
    for at in [Moment::Before, Moment::Meanwhile, Moment::After] {
        let change = Change::EqualRecords { count: usize::MAX, at };
        let world = World::with_rule(Fault::new().change(change).on(Operation::HistoryAddList));
        let answer = world.json("add.list", &crate::world::list(&["x"]));
        assert_eq!((answer.as_array().unwrap().len(), world.sandbox.record_count()), (1, 10_001), "{at:?}");
    }
}

#[test]
fn the_transfer_and_not_a_header_decides_about_the_length() {
    let page = FixedAnswer::new(200).body("text/plain", "whole");
    let page =
        page.header("Content-Length", "2").header("transfer-encoding", "chunked").header("x-kept", "yes");
    let world = World::with_rule(Fault::new().answer(page).everywhere());
    let answer = world.call("fields", &json!({})).unwrap();
    assert_eq!((text(&answer).as_str(), header(&answer, "x-kept")), ("whole", "yes"));
    assert_eq!((header(&answer, "content-length"), header(&answer, "transfer-encoding")), ("", ""));
}

#[test]
fn a_status_that_no_answer_has_is_502() {
    for status in [0, 42, 101, 1_000] {
        let world = World::with_rule(Fault::bare_status(status).everywhere());
        assert_eq!(world.call("fields", &json!({})).unwrap().status().as_u16(), 502, "{status}");
    }
}

#[test]
fn a_token_that_came_back_in_small_parts_is_whole() {
    let world = World::with_rules(
        &json!({"fault": "nginx_503", "when": {"over_rate": {"per_second": 10, "burst": 1}}}),
    );
    let passed = (0..1_000).filter(|_| {
        let passes = world.call("fields", &json!({})).unwrap().status().as_u16() == 200;
        world.clock.advance(std::time::Duration::from_millis(10));
        passes
    });
    assert_eq!(passed.count(), 100, "10 a second, for ten seconds");
}

#[test]
fn the_guides_are_no_lists_with_pages() {
    assert!(Operation::lists().all(|operation| !operation.id().contains("guides")));
    let world = World::with_rules(&json!({"fault": "empty_page", "when": {"each": 1}}));
    for guide in ["/guides/category", "/guides/company.list"] {
        assert_ne!(world.json(guide, &json!({}))["data"], json!([]), "{guide}");
    }
    assert_eq!(world.json("/user/list", &json!({}))["data"], json!([]));
}

#[test]
fn a_user_is_also_seen_where_the_list_of_items_is_an_object() {
    let world =
        World::with_rules(&json!({"if": {"user": "seller@example.test"}, "fault": "close_after_commit"}));
    let items =
        json!({"list": {"a": {"content": "1"}, "b": {"content": "2", "user": "seller@example.test"}}});
    assert!(world.call("add.list", &items).is_err());
    assert_eq!(world.contents(), ["1", "2"]);
}
