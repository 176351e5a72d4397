//! What lists answer; in process, for both APIs.

use crm_sandbox::{Fault, Operation, PageChange, Record};
use serde_json::{Value, json};

use crate::support::{at, ids, record};
use crate::world::World;

fn world(records: usize, rules: &Value) -> World {
    let world = World::with_rules(rules);
    world.fill(records);
    world
}

/// The ids of the projects from an offset on, ten of them.
fn projects(world: &World, offset: usize) -> Vec<u64> {
    ids(&world.projects(&format!("/projects?count=10&offset={offset}"), None)["payload"], "id")
}

fn filtered(world: &World, offset: usize) -> Vec<u64> {
    ids(&world.projects("/projects/filter", Some(&json!({"count": 10, "offset": offset})))["payload"], "id")
}

/// The ids of so many projects behind the first `skip`; those marked as deleted are in no list.
fn stored(world: &World, skip: usize, count: usize) -> Vec<u64> {
    let projects = world.sandbox.projects();
    projects
        .iter()
        .filter(|project| !project.deleted)
        .map(|project| project.id)
        .skip(skip)
        .take(count)
        .collect()
}

fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

#[test]
fn parameters_ignored_are_read_by_neither_api() {
    let world = world(
        201,
        &json!({"fault": {"parameters_ignored": {"names": ["offset", "order", "first"]}}, "when": {"each": 1}}),
    );
    world.sandbox.add_record(Record { datum: Some(at(25, 12)), ..record() });
    assert_eq!(world.page(0)[0], 202, "by date, newest first");
    assert_eq!(world.page(1), world.page(0));
    assert_eq!(projects(&world, 50), projects(&world, 0));
    assert_eq!(filtered(&world, 50), filtered(&world, 0));
}

#[test]
fn a_user_and_dates_can_be_ignored() {
    let names = json!(["user", "dateStart", "dateEnd"]);
    let world = world(1, &json!({"fault": {"parameters_ignored": {"names": names}}}));
    let query = json!({"user": "seller@example.test", "dateStart": "2020-01-01", "dateEnd": "2020-01-31"});
    assert_eq!(world.listed(&query), [1]);
    assert_eq!(world.listed(&query), [] as [u64; 0], "only once");
}

#[test]
fn small_pages_have_fewer_records_and_the_next_page_starts_behind_them() {
    let world = world(8, &json!({"fault": {"small_pages": {"records": 3}}, "when": {"each": 1}}));
    assert_eq!([world.page(0), world.page(1), world.page(2)], [vec![1, 2, 3], vec![4, 5, 6], vec![7, 8]]);
    assert_eq!(world.page(3), [] as [u64; 0]);
    assert_eq!(projects(&world, 0), stored(&world, 0, 3));
}

#[test]
fn small_pages_of_any_size_lose_no_record() {
    for size in [7, 50, 199] {
        let world = world(220, &json!({"fault": {"small_pages": {"records": size}}, "when": {"each": 1}}));
        let pages: Vec<Vec<u64>> = (0..=220 / size).map(|page| world.page(page)).collect();
        assert_eq!(pages[0].len() as u64, size);
        assert_eq!(pages.concat(), numbers(1..=220), "pages of {size}");
    }
}

#[test]
fn short_pages_lose_their_last_records() {
    let world = world(201, &json!({"fault": {"short_pages": {"records": 5}}, "when": {"each": 1}}));
    assert_eq!((world.page(0), world.page(1)), (numbers(1..=5), vec![201]));
    assert_eq!((projects(&world, 0), filtered(&world, 10)), (stored(&world, 0, 5), stored(&world, 10, 5)));
}

#[test]
fn short_pages_can_have_random_lengths_the_same_in_every_run() {
    let rule = json!({"fault": {"short_pages": {"records": 200, "random": true}}, "when": {"each": 1}});
    let lengths = || {
        let world = world(200, &rule);
        (0..20).map(|_| world.page(0).len()).collect::<Vec<usize>>()
    };
    let once = lengths();
    assert_eq!(once, lengths());
    assert!(once.iter().all(|length| (1..=200).contains(length)), "{once:?}");
    assert!(once.iter().any(|length| *length < 70) && once.iter().any(|length| *length > 130), "{once:?}");
}

#[test]
fn a_list_can_lack_a_single_record() {
    let world = world(5, &json!({"edit_answer": {"leave_out": 3}, "when": {"each": 1}}));
    assert_eq!(world.page(0), vec![1, 2, 3, 5]);
    let world = self::world(3, &json!({"edit_answer": {"leave_out": 3}, "when": {"each": 1}}));
    assert_eq!(world.page(0), vec![1, 2, 3]);
}

#[test]
fn repeated_page_is_the_one_before() {
    let rule = json!({"fault": "repeated_page", "if": "later_page", "when": {"each": 1}});
    let world = world(401, &rule);
    assert_eq!(
        (world.page(0), world.page(1), world.page(2)),
        (numbers(1..=200), numbers(1..=200), numbers(201..=400))
    );
    assert_eq!((projects(&world, 10), filtered(&world, 20)), (stored(&world, 0, 10), stored(&world, 10, 10)));
}

#[test]
fn doubled_records_fill_the_page() {
    let world = world(4, &json!({"fault": "doubled_records", "when": {"each": 1}}));
    assert_eq!(world.page(0), [1, 1, 2, 2]);
    let first = stored(&world, 0, 5);
    assert_eq!(filtered(&world, 0), first.iter().flat_map(|id| [*id, *id]).collect::<Vec<u64>>());
}

#[test]
fn empty_page_is_empty_once_and_right_later() {
    let rule = json!({"operation": "lists", "fault": "empty_page", "if": {"offset": 1}});
    let world = world(401, &rule);
    assert_eq!(world.page(0).len(), 200);
    assert_eq!(world.text("list", &json!({"offset": 1})), "[]");
    assert_eq!(world.page(1), numbers(201..=400));
    world.put(&json!({"operation": "lists", "fault": "empty_page", "if": {"offset": 10}}));
    assert_eq!(world.projects("/projects?count=10&offset=10", None), json!({"payload": []}));
    assert_eq!(projects(&world, 10), stored(&world, 10, 10));
}

#[test]
fn null_page_is_null_once_where_the_records_would_be() {
    let world = world(1, &json!({"fault": "null_page", "when": {"times": 3}}));
    assert_eq!(world.text("list", &json!({})), r#"{"data":null}"#);
    assert_eq!(world.text("list", &json!({"offset": 7})), r#"{"data":null}"#);
    assert_eq!(world.projects("/projects?count=10", None), json!({"payload": null}));
    assert_eq!(world.page(0), [1]);
}

#[test]
fn another_record_is_answered_than_was_asked_for() {
    let world = world(3, &json!({"fault": {"another_record": {"id": 1}}, "when": {"each": 1}}));
    assert_eq!(world.json("info", &json!({"cid": 3}))["data"]["cid"], 1);
    assert_eq!(world.projects("/projects/info?id=7", None)["payload"]["id"], 1);
}

#[test]
fn change_between_pages_copies_deletes_moves_and_edits() {
    let change = json!({"add": 1, "delete": 2, "move": 2, "days": -30, "edit": 1});
    let rule = json!({"operation": "lists", "fault": {"change_between_pages": change}, "when": {"each": 1}});
    let world = world(401, &rule);
    assert_eq!(world.page(0), numbers(1..=200));
    assert_eq!(
        (world.sandbox.record_count(), world.sandbox.requests().len()),
        (401, 1),
        "the first page changes nothing"
    );
    // 1 and 2 are gone, 3 and 4 are on a day that was not asked for.
    assert_eq!(world.page(1), numbers(205..=402));
    assert_eq!((world.sandbox.record(1), world.sandbox.record(2)), (None, None));
    assert_eq!(world.sandbox.record(3).unwrap().datum.unwrap().to_string(), "2024-05-26 10:25:00");
    assert_eq!(world.sandbox.record(5).unwrap().content.as_deref(), Some("Запись (edited)"));
    assert_eq!(world.sandbox.record(402).unwrap().content.as_deref(), Some("Запись"));
    let before = stored(&world, 0, 121);
    assert_eq!(filtered(&world, 10), before[12..22]);
    assert_eq!(stored(&world, 0, 200)[..2], before[2..4]);
    let projects = world.sandbox.projects();
    assert!(projects.iter().any(|project| project.name.ends_with(" (edited)")));
    assert_eq!(projects.len(), 121);
}

#[test]
fn a_change_between_pages_is_as_easy_to_set_in_rust() {
    let change = PageChange { delete: 1, ..PageChange::default() };
    let world = World::with_rule(Fault::change_between_pages(change).on(Operation::HistoryList));
    world.fill(201);
    assert_eq!(world.page(1), [] as [u64; 0]);
    assert_eq!(world.sandbox.record_count(), 200);
}

#[test]
fn edits_of_lists_leave_other_answers_alone() {
    for fault in [
        json!("empty_page"),
        json!("null_page"),
        json!("doubled_records"),
        json!({"short_pages": {"records": 1}}),
    ] {
        let world = world(1, &json!({"fault": fault, "when": {"each": 1}}));
        assert_eq!(world.json("info", &json!({"cid": 1}))["data"]["cid"], 1);
        assert_eq!(world.json("fields", &json!({}))["data"].as_object().unwrap().len(), 8);
        assert_eq!(world.json("add", &json!({"content": "x", "clid": 1}))["data"], 2);
    }
}

#[test]
fn lists_of_the_directory_are_struck_too() {
    let query = json!({"order": "clid"});
    let clients = |rule: Value| {
        let world = World::with_rules(&rule);
        let answer = world.json("/client/list", &query);
        answer["data"].as_array().map(Vec::len)
    };
    let all = clients(json!([]));
    assert!(all > Some(1), "{all:?}");
    let rule = |fault: Value| json!({"operation": "lists", "fault": fault});
    assert_eq!(clients(rule(json!("empty_page"))), Some(0));
    assert_eq!(clients(rule(json!("null_page"))), None);
    assert_eq!(clients(rule(json!({"short_pages": {"records": 1}}))), Some(1));
    let world =
        World::with_rules(&json!({"operation": "lists", "fault": {"change_between_pages": {"delete": 1}}}));
    world.fill(2);
    world.json("/client/list", &json!({"order": "clid", "offset": 1}));
    assert_eq!((world.sandbox.record_count(), world.sandbox.projects().len()), (2, 120));
}
