//! Servers that mislead whoever looks for what was stored, and clocks that are wrong; made from the parts of faults.

use crm_sandbox::{BOSS, Failure, Record, SELLER, Sandbox};
use serde_json::json;

use crate::support::{at, record};
use crate::world::{World, text};

/// An `add.list` of three whose answer is lost.
fn lost(world: &World) {
    assert!(matches!(world.add_list(&["1", "2", "3"]), Err(Failure::Closed)));
}

#[test]
fn it_drops_the_body_of_every_get_and_lists_the_records_of_today() {
    let world = World::with_rules(&json!({"fault": "get_body_dropped", "when": {"each": 1}}));
    world.fill(3);
    let january = json!({"dateStart": "2023-01-01", "dateEnd": "2023-01-31"});
    let answer = text(&world.end(world.begin_as(BOSS, "GET", "list", &january)).unwrap());
    assert_eq!(answer.matches(r#""datum":"2024-06-25"#).count(), 3, "{answer}");
    assert_eq!(world.text("list", &january), "[]", "a POST arrives whole");
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
fn it_ignores_the_offset_and_always_shows_the_first_page() {
    let world = World::with_rules(&json!([
        {"operation": "history.add_list", "fault": "close_after_commit"},
        {"operation": "lists", "fault": {"parameters_ignored": {"names": ["offset"]}},
         "edit_answer": {"shorten": 50}, "when": {"each": 1}},
    ]));
    world.fill(117);
    lost(&world);
    assert_eq!((world.sandbox.record_count(), world.page(0).len()), (120, 50));
    assert_eq!((world.page(1), world.page(7)), (world.page(0), world.page(0)));
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
fn it_gives_ids_that_go_down_and_loses_the_answer() {
    let world = World::with_rules(&json!({
        "operation": "history.add_list", "fault": {"ids_going_down": {"from": 5_001}}, "transfer": "close",
    }));
    world.fill(2);
    lost(&world);
    assert_eq!(world.page(0), [1, 2, 4_998, 4_999, 5_000]);
    assert_eq!(world.contents()[2..], ["3", "2", "1"], "the first item has the highest id");
}

#[test]
fn it_closes_without_storing_and_holds_an_equal_record_of_another_user() {
    let world = World::with_rules(&json!([
        {"operation": "writes", "fault": "close_before_reading"},
        {"operation": "lists", "if": {"not": {"parameter": "user"}}, "fault": "empty_page", "when": {"each": 1}},
    ]));
    let call =
        Record { content: Some("Пропущенный звонок".to_owned()), iduser: 2, ..record() };
    world.sandbox.add_record(Record { datum: Some(at(24, 10)), ..call });
    assert!(matches!(world.add("Пропущенный звонок"), Err(Failure::ClosedUnread)));
    let days = json!({"dateStart": "2024-06-24", "dateEnd": "2024-06-25"});
    assert_eq!(world.listed(&days), [] as [u64; 0]);
    let of_other = json!({"dateStart": "2024-06-24", "dateEnd": "2024-06-25", "user": SELLER});
    assert_eq!(world.listed(&of_other), [1]);
    assert_eq!(world.sandbox.record_count(), 1);
}

#[test]
fn somebody_else_adds_an_equal_record_a_second_after_it_closed_without_storing() {
    let world = World::with_rules(&json!({
        "fault": "close_after_commit", "store": "not", "change": {"equal_records": {"at": {"later_millis": 1_000}}},
    }));
    lost(&world);
    assert_eq!(world.sandbox.record_count(), 0);
    world.advance(1);
    assert_eq!(world.contents(), ["1", "2", "3"]);
}

#[test]
fn it_shifts_the_times_that_the_caller_reads_and_loses_half_of_the_answers() {
    let world = World::with(Sandbox::builder().shift(BOSS, 2).unwrap());
    world.put(&json!({
        "operation": "history.add_list", "transfer": "close", "when": {"probability": {"p": 0.5, "seed": 4}},
    }));
    let items = json!({"list": [{"content": "x", "datum": "2024-06-25 10:00:00"}]});
    let answered = (0..20).filter(|_| world.call("add.list", &items).is_ok()).count();
    assert!((5..15).contains(&answered), "{answered}");
    assert_eq!(world.sandbox.record_count(), 20);
    let read = world.json("list", &json!({}));
    assert!(
        read["data"].as_array().unwrap().iter().all(|one| one["datum"] == "2024-06-25 12:00:00"),
        "{read}"
    );
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
fn it_stores_undated_records_on_its_own_day_while_the_clock_of_the_client_is_five_days_behind() {
    let world = World::with_rules(&json!({"operation": "writes", "fault": "close_after_commit"}));
    lost(&world);
    let day = |day: &str| world.listed(&json!({"dateStart": day, "dateEnd": day}));
    assert_eq!((day("2024-06-20"), day("2024-06-25")), (vec![], vec![1, 2, 3]));
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
