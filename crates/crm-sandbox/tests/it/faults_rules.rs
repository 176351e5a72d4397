//! Which requests a rule is about, and how often it strikes.

use std::time::Duration;

use crm_sandbox::{
    BOSS, Condition, Fault, Moment, Operation, PageChange, RetryAfter, Rule, SELLER, Sandbox, Store, When,
};
use serde_json::{Value, json};

use crate::world::World;

/// At which of so many requests a rule strikes.
fn strikes(rule: Rule, requests: u64) -> Vec<u64> {
    let world = World::with_rule(rule);
    let struck = |_: &u64| world.text("fields", &json!({})).starts_with('\u{feff}');
    (1..=requests).filter(struck).collect()
}

fn rule() -> Rule {
    Fault::byte_order_mark().everywhere()
}

#[test]
fn a_fault_strikes_once_n_times_or_each_kth_time() {
    assert_eq!(strikes(rule(), 5), [1]);
    assert_eq!(strikes(rule().times(3), 5), [1, 2, 3]);
    assert_eq!(strikes(rule().each(2), 5), [2, 4]);
    assert_eq!(strikes(rule().always(), 3), [1, 2, 3]);
}

#[test]
fn the_first_requests_can_be_let_through() {
    assert_eq!(strikes(rule().after(3), 6), [4]);
    assert_eq!(strikes(rule().after(1).each(2), 6), [3, 5]);
}

#[test]
fn chance_is_the_same_for_the_same_seed_and_near_its_probability() {
    let first = strikes(rule().with_probability(0.3, 7), 1_000);
    assert_eq!(first, strikes(rule().with_probability(0.3, 7), 1_000));
    assert_ne!(first, strikes(rule().with_probability(0.3, 8), 1_000));
    assert!((250..350).contains(&first.len()), "{}", first.len());
}

#[test]
fn the_seed_of_the_sandbox_gives_chance_another_course() {
    let run = |seed| {
        let world = World::with(Sandbox::builder().seed(seed));
        world.sandbox.add_fault(rule().with_probability(0.5, 7));
        (0..64).map(|_| world.text("fields", &json!({})).len()).collect::<Vec<usize>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_fault_can_strike_for_a_time_that_begins_with_its_first_request() {
    let world = World::with_rule(rule().during(Duration::from_secs(10)));
    world.advance(1_000);
    let struck = || world.text("fields", &json!({})).starts_with('\u{feff}');
    assert!(struck());
    world.advance(9);
    assert!(struck());
    world.advance(1);
    assert!(!struck());
    world.advance(1);
    assert!(!struck());
}

/// The contents of the `add`s at which a condition lets a fault strike.
fn struck(condition: Value, calls: &[(&str, &str, Value)]) -> Vec<bool> {
    let world = World::with_rules(&json!({"if": condition, "fault": "byte_order_mark", "when": {"each": 1}}));
    world.fill(1);
    let answer = |(login, action, body): &(&str, &str, Value)| {
        let exchange = world.begin_as(login, "POST", action, body);
        crate::world::text(&world.end(exchange).unwrap())
    };
    calls.iter().map(answer).map(|answer| answer.starts_with('\u{feff}')).collect()
}

#[test]
fn a_condition_can_be_a_text_in_the_body_also_behind_escapes() {
    let add = |content: &str| (BOSS, "add", json!({"content": content, "clid": 1}));
    assert_eq!(struck(json!({"text": "Иванов"}), &[add("от Иванова"), add("Петров")]), [true, false]);
    let world = World::with_rules(&json!({"if": {"text": "Иванов"}, "fault": "close_after_commit"}));
    let escaped: Value = serde_json::from_str(r#"{"content":"\u0418ванов","clid":1}"#).unwrap();
    assert!(world.call("add", &escaped).is_err());
}

#[test]
fn a_condition_can_be_a_user_of_the_request_or_of_an_item() {
    let of = |user: &str| json!({"user": user, "content": "x", "clid": 1});
    let calls = [
        (BOSS, "add", of("Seller@example.test")),
        (BOSS, "add.list", json!({"list": [of(BOSS), of(SELLER)]})),
        (SELLER, "add", json!({"content": "x", "clid": 1})),
    ];
    assert_eq!(struck(json!({"user": SELLER}), &calls), [true, true, false]);
}

#[test]
fn a_condition_can_be_the_caller_and_every_condition_can_be_turned_round() {
    let calls = [(BOSS, "fields", json!({})), (SELLER, "fields", json!({}))];
    assert_eq!(struck(json!({"login": SELLER}), &calls), [false, true]);
    assert_eq!(struck(json!({"not": {"login": SELLER}}), &calls), [true, false]);
}

#[test]
fn a_condition_can_be_a_parameter_a_page_or_what_the_answer_shows() {
    let calls = [
        (BOSS, "list", json!({})),
        (BOSS, "list", json!({"user": BOSS})),
        (BOSS, "list", json!({"offset": "2"})),
        (BOSS, "info", json!({"cid": 1})),
    ];
    assert_eq!(struck(json!({"parameter": "user"}), &calls), [false, true, false, false]);
    assert_eq!(struck(json!({"offset": 2}), &calls), [false, false, true, false]);
    assert_eq!(struck(json!("later_page"), &calls), [false, false, true, false]);
    assert_eq!(struck(json!({"shows": "Запись"}), &calls), [true, true, false, true]);
    let both = json!([{"shows": "Запись"}, {"not": {"parameter": "cid"}}]);
    assert_eq!(struck(both, &calls), [true, true, false, false], "all conditions hold");
}

#[test]
fn a_condition_can_be_the_method() {
    let world = World::with_rules(&json!({"if": {"method": "GET"}, "fault": "close_before_reading"}));
    assert!(world.call("fields", &json!({})).is_ok());
    assert!(world.end(world.begin_as(BOSS, "GET", "fields", &json!({}))).is_err());
}

#[test]
fn operations_are_one_several_or_a_group() {
    for (operation, struck) in [
        (json!("history.info"), [false, false, true]),
        (json!(["history.list", "history.info"]), [false, true, true]),
        (json!("writes"), [true, false, false]),
        (json!("reads"), [false, true, true]),
        (json!("lists"), [false, true, false]),
    ] {
        let world = World::with_rules(
            &json!({"operation": operation, "fault": "byte_order_mark", "when": {"each": 1}}),
        );
        let answers = ["add", "list", "info"].map(|action| world.text(action, &json!({"cid": 9})));
        assert_eq!(answers.map(|answer| answer.starts_with('\u{feff}')), struck, "{operation}");
    }
    let rule = Fault::byte_order_mark().on_each(Operation::writes()).always();
    let world = World::with_rule(rule);
    assert!(world.text("delete", &json!({})).starts_with('\u{feff}'));
    assert!(!world.text("list", &json!({})).starts_with('\u{feff}'));
}

#[test]
fn a_fault_by_its_name_in_json_is_the_one_of_the_constructor() {
    let second = Duration::from_secs(1);
    let change = PageChange { add: 1, ..PageChange::default() };
    for (named, fault) in [
        (json!({"latency": {"millis": 1_000}}), Fault::latency(second)),
        (json!("connection_refused"), Fault::connection_refused()),
        (json!("close_before_reading"), Fault::close_before_reading()),
        (json!("keep_alive_closed"), Fault::keep_alive_closed()),
        (json!("close_after_commit"), Fault::close_after_commit()),
        (json!("commit_half"), Fault::commit_half()),
        (json!({"cut_body": {"after": 3}}), Fault::cut_body(Some(3))),
        (json!("no_answer"), Fault::no_answer()),
        (json!("interim_answers"), Fault::interim_answers(102)),
        (json!("endless_body"), Fault::endless_body()),
        (json!({"gzip_bomb": {"mib": 2}}), Fault::gzip_bomb(2)),
        (json!({"wrong_content_length": {"by": -5}}), Fault::wrong_content_length(-5)),
        (json!({"slow_drip": {"bytes": 1, "millis": 1_000}}), Fault::slow_drip(1, second)),
        (json!("gateway_page"), Fault::gateway_page(502)),
        (json!({"gateway_page": {"after_commit": true}}), Fault::gateway_page(502).store(Store::Now)),
        (
            json!({"retry_later": {"status": 429, "after": "absurd"}}),
            Fault::retry_later(429, RetryAfter::Absurd),
        ),
        (json!({"varnish_503": {"retry_after": 1}}), Fault::varnish_503(Some(1))),
        (json!("firewall_page"), Fault::firewall_page(403)),
        (json!({"bare_status": {"status": 408}}), Fault::bare_status(408)),
        (json!("cloudflare_page"), Fault::cloudflare_page(520)),
        (json!("gateway_json"), Fault::gateway_json(502, "upstream timed out")),
        (json!("too_many_requests"), Fault::too_many_requests(None)),
        (
            json!({"nginx_503": {"retry_after": {"seconds": 2}}}),
            Fault::nginx_503(Some(RetryAfter::Seconds(2))),
        ),
        (json!({"redirect": {"to": "/x"}}), Fault::redirect(302, "/x")),
        (json!("get_body_dropped"), Fault::get_body_dropped()),
        (json!({"error_in_ok": {"code": 1, "text": "x"}}), Fault::error_in_ok(1, "x")),
        (json!("database_down"), Fault::database_down()),
        (json!("too_many_connections"), Fault::too_many_connections()),
        (json!("write_lock"), Fault::write_lock()),
        (json!({"php_warning": {"before": true}}), Fault::php_warning(true, false)),
        (json!("byte_order_mark"), Fault::byte_order_mark()),
        (json!({"parameters_ignored": {"names": ["user"]}}), Fault::parameters_ignored(&["user"])),
        (json!("success_without_storing"), Fault::success_without_storing()),
        (
            json!({"changed_record": {"set": {"clid": 7}}}),
            Fault::changed_record([("clid".to_owned(), json!(7))].into(), [].into()),
        ),
        (json!({"items_refused": {"code": 1, "text": "x"}}), Fault::items_refused("", 1, "x")),
        (json!({"items_failed": {"code": 1, "text": "x"}}), Fault::items_failed("", 1, "x")),
        (json!("without_ids"), Fault::without_ids(false)),
        (json!("ids_as_text"), Fault::ids_as_text()),
        (json!({"ids_going_down": {"from": 9}}), Fault::ids_going_down(9)),
        (json!("equal_records"), Fault::equal_records(1, Moment::Before)),
        (json!({"change_between_pages": {"add": 1}}), Fault::change_between_pages(change)),
        (json!({"small_pages": {"records": 3}}), Fault::small_pages(3)),
        (json!({"short_pages": {"records": 3}}), Fault::short_pages(3, false)),
        (json!("repeated_page"), Fault::repeated_page()),
        (json!("doubled_records"), Fault::doubled_records()),
        (json!("empty_page"), Fault::empty_page()),
        (json!("null_page"), Fault::null_page()),
        (json!({"another_record": {"id": 3}}), Fault::another_record(3)),
        (json!({"junk_list": {"items": 3}}), Fault::junk_list(3, "0", false)),
    ] {
        let world = World::with_rules(&json!({"fault": named}));
        assert_eq!(world.sandbox.faults(), [fault.clone().everywhere()], "{named}");
        let name = named
            .as_str()
            .map_or_else(|| named.as_object().unwrap().keys().next().unwrap().clone(), str::to_owned);
        assert_eq!(fault.name(), name);
    }
}

#[test]
fn the_parts_of_a_rule_in_json_are_those_of_the_library() {
    let world = World::with_rules(&json!({
        "operation": "history.add",
        "if": [{"text": "x"}, {"not": "reused_connection"}],
        "skip": 2,
        "when": {"probability": {"p": 0.5, "seed": 3}},
        "fault": {"varnish_503": {"retry_after": 1}},
        "store": {"later_millis": 3_000},
        "delay_millis": 10,
        "jitter_millis": 5,
        "name": "mine",
    }));
    let fault = Fault::varnish_503(Some(1)).named("mine").store(Store::Later(Duration::from_secs(3)));
    let rule =
        fault.delay(Duration::from_millis(10)).jitter(Duration::from_millis(5)).on(Operation::HistoryAdd);
    let rule = rule
        .only_if(Condition::Text("x".to_owned()))
        .only_if(Condition::Not(Box::new(Condition::ReusedConnection)))
        .after(2)
        .when(When::Probability { p: 0.5, seed: 3 });
    assert_eq!(world.sandbox.faults(), [rule]);
}
