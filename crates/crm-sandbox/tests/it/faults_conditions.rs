//! Conditions and changes at their edges, for both APIs.

use crm_sandbox::{BOSS, Record, TOKEN};
use serde_json::{Value, json};

use crate::support::{ids, record};
use crate::world::World;

/// Whether a page of projects is struck.
fn strikes_projects(condition: Value, query: &str) -> bool {
    let world = World::with_rules(&json!({"if": condition, "fault": "empty_page"}));
    world.projects(&format!("/projects?{query}"), None)["payload"] == json!([])
}

/// Whether a call to the history is struck.
fn strikes(condition: Value, method: &str, action: &str, body: &Value) -> bool {
    let world = World::with_rules(&json!({"if": condition, "fault": "close_after_commit"}));
    world.end(world.begin_as(BOSS, method, action, body)).is_err()
}

#[test]
fn a_text_is_also_found_in_the_query_as_sent_or_decoded() {
    assert!(strikes_projects(json!({"text": "Иванов"}), "x=%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2"));
    assert!(!strikes_projects(json!({"text": "Иванов"}), "x=%D0%98"));
}

#[test]
fn the_login_of_solos_is_its_token() {
    assert!(strikes_projects(json!({"login": TOKEN}), "count=1"));
    assert!(!strikes_projects(json!({"login": BOSS}), "count=1"));
}

#[test]
fn a_parameter_that_is_empty_is_not_there() {
    for (user, there) in [(json!("x"), true), (json!(""), false), (Value::Null, false)] {
        assert_eq!(
            strikes(json!({"parameter": "user"}), "POST", "list", &json!({"user": user})),
            there,
            "{user}"
        );
    }
}

#[test]
fn only_lists_have_a_later_page() {
    assert!(strikes(json!("later_page"), "POST", "list", &json!({"offset": 1})));
    assert!(!strikes(json!("later_page"), "POST", "info", &json!({"offset": 1, "cid": 1})));
}

#[test]
fn a_method_is_compared_without_case() {
    assert!(strikes(json!({"method": "get"}), "GET", "fields", &json!({})));
}

#[test]
fn records_move_by_one_day_unless_told_otherwise() {
    let world = World::with_rules(&json!({"fault": {"change_between_pages": {"move": 1}}}));
    world.fill(201);
    world.page(1);
    assert_eq!(world.sandbox.record(1).unwrap().datum, record().datum.map(|day| day + chrono::Days::new(1)));
}

#[test]
fn several_copies_of_a_record_and_of_a_project_can_be_added() {
    let rule = json!({"fault": {"change_between_pages": {"add": 3}}, "when": {"each": 1}});
    let world = World::with_rules(&rule);
    world.fill(201);
    world.page(1);
    world.projects("/projects?count=10&offset=10", None);
    assert_eq!((world.sandbox.record_count(), world.sandbox.projects().len()), (204, 123));
    let copy = world.sandbox.record(204).unwrap();
    assert_eq!(Record { cid: 1, ..copy }, world.sandbox.record(1).unwrap());
}

#[test]
fn a_repeated_page_of_projects_has_the_default_length_where_no_count_is_given() {
    let world = World::with(crm_sandbox::Sandbox::builder().projects(3_000));
    let page =
        |offset: usize| ids(&world.projects(&format!("/projects?offset={offset}"), None)["payload"], "id");
    let (first, length) = (page(0), page(0).len());
    world.put(&json!({"fault": "repeated_page"}));
    assert_eq!(page(length), first);
}

#[test]
fn a_login_is_compared_without_case_and_found_in_the_query_too() {
    assert!(strikes(json!({"login": "Boss@Example.test"}), "POST", "fields", &json!({})));
    let world = World::with_rules(&json!({"if": {"login": BOSS}, "fault": "close_after_commit"}));
    let path = format!("http://sandbox.test/developer/v3/history/fields?apikey=k&login={BOSS}");
    let request = http::Request::get(path).body(bytes::Bytes::new()).unwrap();
    assert!(world.end(world.sandbox.receive(request)).is_err());
}

#[test]
fn what_an_answer_shows_is_not_asked_of_a_write() {
    let world = World::with_rules(&json!({"if": {"shows": "Успешно"}, "fault": "close_after_commit"}));
    assert!(world.add("x").is_ok(), "nobody knows before it is stored");
    assert_eq!(world.sandbox.record_count(), 1, "and it is stored once");
}
