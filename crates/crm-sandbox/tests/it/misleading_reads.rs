//! Servers that mislead whoever reads, with credentials, gateways and answers that hurt; made from the parts of faults.

use crm_sandbox::{BOSS, Failure, Record, SELLER, Sandbox};
use serde_json::{Value, json};

use crate::support::record;
use crate::world::{Outcome, World, header, list, text};

fn status(outcome: &Outcome) -> u16 {
    outcome.as_ref().map_or(0, |answer| answer.status().as_u16())
}

/// How many projects a page of a hundred has from an offset on; `None` for `null`.
fn projects(world: &World, offset: u64) -> Option<usize> {
    let page = world.projects(&format!("/projects?count=100&offset={offset}"), None);
    page["payload"].as_array().map(Vec::len)
}

#[test]
fn a_page_is_empty_the_first_time_that_it_is_asked_for() {
    for page in [0, 3, 13] {
        let world =
            World::with_rules(&json!({"operation": "lists", "if": {"offset": page}, "fault": "empty_page"}));
        world.fill(14 * 200);
        assert_eq!((world.page(page).len(), world.page(page).len()), (0, 200));
    }
}

#[test]
fn a_page_is_empty_each_time_and_the_page_behind_it_has_records() {
    let world = World::with_rules(
        &json!({"operation": "lists", "if": {"offset": 13}, "fault": "empty_page", "when": {"each": 1}}),
    );
    world.fill(15 * 200);
    assert_eq!([13, 13, 14].map(|page| world.page(page).len()), [0, 0, 200]);
}

#[test]
fn a_page_of_projects_is_empty_or_null_once() {
    for (offset, fault, first) in
        [(0, "empty_page", Some(0)), (1_300, "empty_page", Some(0)), (1_300, "null_page", None)]
    {
        let world = World::with(Sandbox::builder().projects(3_000));
        world.put(&json!({"operation": "lists", "if": {"offset": offset}, "fault": fault}));
        assert_eq!(
            (projects(&world, offset), projects(&world, offset)),
            (first, Some(100)),
            "{fault} at {offset}"
        );
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
fn one_record_whose_type_holds_a_backslash_and_a_letter_code_makes_its_page_invalid() {
    let world = World::new();
    world.fill(900);
    world.sandbox.add_record(Record { tip: Some(r"\u0417".to_owned()), ..record() });
    let page = |offset: u64| world.text("list", &json!({"order": "cid", "first": "old", "offset": offset}));
    assert!(serde_json::from_str::<Value>(&page(0)).is_ok());
    for _ in 0..2 {
        assert!(serde_json::from_str::<Value>(&page(4)).is_err());
        assert!(page(4).contains(r#""tip":"\З""#), "{}", page(4));
    }
}

#[test]
fn records_with_the_zero_date_are_listed_from_the_zero_date_on_and_in_no_other_range() {
    let world = World::new();
    world.fill(20);
    for _ in 0..5 {
        world.sandbox.add_record(Record { datum: None, ..record() });
    }
    let from = |start: &str| world.listed(&json!({"dateStart": start, "dateEnd": "2024-12-31"})).len();
    assert_eq!((from("0000-00-00"), from("1970-01-01")), (25, 20));
}

#[test]
fn info_answers_the_same_record_whatever_is_asked_for() {
    let world = World::with_rules(
        &json!({"operation": "history.info", "fault": {"another_record": {"id": 1}}, "when": {"each": 1}}),
    );
    world.fill(3);
    assert_eq!(
        [1, 2, 3].map(|cid| world.json("info", &json!({"cid": cid}))["data"]["cid"].clone()),
        [1, 1, 1]
    );
}

#[test]
fn the_database_is_down_with_200_and_plain_text_or_has_no_connection_left() {
    for (fault, words) in [
        ("database_down", "Ошибка подключения к БД: Connection refused. Рекомендуем проверить"),
        ("too_many_connections", "exceeded the 'max_user_connections' resource"),
    ] {
        let world = World::with_rules(&json!({"fault": fault, "when": {"for_millis": 5_000}}));
        let answer = world.call("list", &json!({})).unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert!(header(&answer, "content-type").starts_with("application/json"));
        assert!(text(&answer).contains(words), "{}", text(&answer));
        world.advance(5);
        assert_eq!(world.text("list", &json!({})), "[]");
    }
}

#[test]
fn every_call_with_a_wrong_key_is_401() {
    let world = World::with_rules(&json!({
        "fault": {"error_in_ok": {"code": 401, "text": "Неизвестный пользователь"}}, "when": {"each": 1},
    }));
    let own = World::with(Sandbox::builder().accounts([crm_sandbox::Account::new("another-key")]));
    for action in ["fields", "list", "add"] {
        assert_eq!(world.json(action, &json!({}))["error"]["code"], 401);
        assert_eq!(own.json(action, &json!({}))["error"]["code"], 401, "{action}");
    }
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
fn a_login_is_unknown_at_first_and_known_later() {
    let world = World::with_rules(&json!({
        "if": {"login": SELLER}, "fault": {"error_in_ok": {"code": 401, "text": "Неизвестный пользователь"}},
    }));
    let answer = || text(&world.end(world.begin_as(SELLER, "POST", "fields", &json!({}))).unwrap());
    assert!(answer().contains("401"));
    assert!(answer().starts_with(r#"{"data""#));
}

#[test]
fn a_list_of_millions_of_things_that_are_no_records_is_small_when_packed() {
    for item in ["0", "null"] {
        let world = World::with_rules(&json!({"fault": {"junk_list": {"items": 3, "item": item}}}));
        assert_eq!(world.text("list", &json!({})), format!(r#"{{"data":[{item},{item},{item}]}}"#));
        world.put(&json!({"fault": {"junk_list": {"items": 5_000_000, "item": item, "gzip": true}}}));
        let answer = world.call("list", &json!({})).unwrap();
        assert!(answer.body().len() < 100_000, "{} bytes", answer.body().len());
    }
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
fn every_list_of_activities_is_closed_without_an_answer_and_everything_else_works() {
    let world = World::with_rules(
        &json!({"operation": "history.add_list", "fault": "close_after_commit", "when": {"each": 1}}),
    );
    for calls in 1..4 {
        assert!(matches!(world.end(world.begin("add.list", &list(&["x"]))), Err(Failure::Closed)));
        assert_eq!(world.page(0).len(), calls);
    }
}
