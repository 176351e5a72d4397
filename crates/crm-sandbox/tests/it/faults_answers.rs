//! What is answered in place of the application, and how it travels; in process.

use std::time::Duration;

use crm_sandbox::{Clock as _, Condition, Failure, Fault, Operation, RetryAfter, Store, Transfer, When};
use serde_json::{Value, json};

use crate::world::{STORED, World, header, list, text};

/// The answer to an `add` that meets a fault. Nothing may be stored; then the same with `"store": "now"`, and it is.
fn page(fault: &Value) -> http::Response<bytes::Bytes> {
    let world = World::with_rules(&json!({"operation": "history.add", "fault": fault, "store": "now"}));
    world.add("x").unwrap();
    assert_eq!(world.contents(), ["x"], "{fault}");
    let world = World::with_rules(&json!({"operation": "history.add", "fault": fault}));
    let answer = world.add("x").unwrap();
    assert_eq!(world.sandbox.record_count(), 0, "{fault}");
    assert_eq!(text(&world.add("y").unwrap()), STORED, "only once");
    answer
}

#[test]
fn varnish_503_is_an_html_page_with_and_without_retry_after() {
    let answer = page(&json!({"varnish_503": {"retry_after": 1}}));
    assert_eq!((answer.status().as_u16(), header(&answer, "server")), (503, "Varnish"));
    assert_eq!(header(&answer, "retry-after"), "1");
    assert!(text(&answer).contains("<title>503 Backend fetch failed</title>"), "{}", text(&answer));
    assert_eq!(header(&page(&json!("varnish_503")), "retry-after"), "");
}

#[test]
fn firewall_page_is_403_or_406_html() {
    for (status, title) in [(403, "403 Forbidden"), (406, "406 Not Acceptable")] {
        let answer = page(&json!({"firewall_page": {"status": status}}));
        assert_eq!(answer.status().as_u16(), status);
        assert!(text(&answer).contains(&format!("<title>{title}</title>")), "{}", text(&answer));
    }
}

#[test]
fn bare_status_is_any_status_without_a_body() {
    for status in [500, 408, 499, 407, 520] {
        let answer = page(&json!({"bare_status": {"status": status}}));
        assert_eq!((answer.status().as_u16(), answer.body().len()), (status, 0));
    }
}

#[test]
fn cloudflare_page_is_520_to_526() {
    for status in 520..=526 {
        let answer = page(&json!({"cloudflare_page": {"status": status}}));
        assert_eq!((answer.status().as_u16(), header(&answer, "server")), (status, "cloudflare"));
        assert!(text(&answer).contains(&format!("Error code {status}")), "{}", text(&answer));
        assert!(!text(&answer).contains(": Error"), "each has its reason");
    }
}

#[test]
fn gateway_json_is_an_object_with_a_message() {
    let answer = page(&json!({"gateway_json": {"status": 503, "message": "upstream timed out"}}));
    assert_eq!(answer.status().as_u16(), 503);
    assert_eq!(text(&answer), r#"{"message":"upstream timed out"}"#);
}

#[test]
fn gateway_page_retry_later_and_redirect_are_pages_of_nginx() {
    assert_eq!(page(&json!({"gateway_page": {"status": 504}})).status().as_u16(), 504);
    let answer = page(&json!({"retry_later": {"status": 503, "after": {"seconds": 3}}}));
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (503, "3"));
    let answer = page(&json!({"redirect": {"status": 308, "to": "http://elsewhere.test/"}}));
    assert_eq!((answer.status().as_u16(), header(&answer, "location")), (308, "http://elsewhere.test/"));
}

#[test]
fn database_down_is_200_and_plain_text_for_a_while() {
    let world = World::with_rules(&json!({"fault": "database_down", "when": {"for_millis": 60_000}}));
    let answer = world.add("x").unwrap();
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "content-type")),
        (200, "application/json; charset=utf-8")
    );
    assert!(text(&answer).starts_with("Ошибка подключения к БД: Connection refused."), "{}", text(&answer));
    world.advance(59);
    assert!(world.text("list", &json!({})).starts_with("Ошибка подключения"));
    assert_eq!(world.sandbox.record_count(), 0);
    world.advance(1);
    assert_eq!(text(&world.add("x").unwrap()), STORED);
}

#[test]
fn too_many_connections_is_200_and_a_php_error() {
    let answer = page(&json!("too_many_connections"));
    assert_eq!(answer.status().as_u16(), 200);
    assert!(text(&answer).starts_with("<br />\n<b>Fatal error</b>"), "{}", text(&answer));
    assert!(text(&answer).contains("has exceeded the 'max_user_connections' resource"));
}

#[test]
fn error_in_ok_has_the_form_of_the_api() {
    let answer = page(&json!({"error_in_ok": {"code": 500, "text": "Ой"}}));
    assert_eq!(text(&answer), r#"{"result":"Error","error":{"code":500,"text":"Ой"}}"#);
}

#[test]
fn too_many_requests_comes_beyond_a_rate() {
    let world = World::with_rules(&json!({
        "fault": {"too_many_requests": {"retry_after": "accurate"}},
        "when": {"over_rate": {"per_second": 0.5, "burst": 3}},
    }));
    let status = || world.call("fields", &json!({})).unwrap().status().as_u16();
    assert_eq!([status(), status(), status(), status(), status()], [200, 200, 200, 429, 429]);
    let answer = world.call("fields", &json!({})).unwrap();
    assert_eq!(header(&answer, "retry-after"), "2");
    world.advance(1);
    assert_eq!(status(), 429, "half a token");
    world.advance(1);
    assert_eq!([status(), status()], [200, 429]);
    world.advance(60);
    assert_eq!([status(), status(), status(), status()], [200, 200, 200, 429], "the bucket holds three");
}

#[test]
fn nginx_503_comes_beyond_a_rate_without_retry_after() {
    let world = World::with_rules(
        &json!({"fault": "nginx_503", "when": {"over_rate": {"per_second": 5, "burst": 1}}}),
    );
    let mut passed = 0;
    for _ in 0..100 {
        let answer = world.call("fields", &json!({})).unwrap();
        match answer.status().as_u16() {
            200 => passed += 1,
            503 => assert!(
                text(&answer).contains("<center>nginx</center>") && header(&answer, "retry-after").is_empty()
            ),
            other => panic!("{other}"),
        }
        world.clock.advance(Duration::from_millis(100));
    }
    assert_eq!(passed, 50, "5 a second for 10 seconds");
}

#[test]
fn a_date_in_retry_after_follows_the_clock_that_was_given() {
    let later = RetryAfter::DateInSeconds(60);
    let world = World::with_rule(Fault::retry_later(503, later).everywhere());
    assert_eq!(header(&world.add("x").unwrap(), "retry-after"), "Tue, 25 Jun 2024 11:26:00 GMT");
}

#[test]
fn latency_delays_the_answer_and_nothing_else() {
    let world = World::with_rules(&json!({"fault": {"latency": {"millis": 20_000}}}));
    let late = world.begin("add", &json!({"content": "x", "clid": 1}));
    assert_eq!(late.ready_at(), Some(Duration::from_secs(20)));
    assert_eq!(world.sandbox.record_count(), 1);
    assert_eq!(text(&world.end(late).unwrap()), STORED);
}

#[test]
fn jitter_is_different_each_time_and_the_same_in_each_run() {
    let run = |seed| {
        let world = World::with(crm_sandbox::Sandbox::builder().seed(seed));
        world.put(
            &json!({"fault": {"latency": {"millis": 1_000, "jitter_millis": 1_000}}, "when": {"each": 1}}),
        );
        let at = || world.begin("fields", &json!({})).ready_at().unwrap();
        [at(), at(), at()]
    };
    let times = run(1);
    assert!(times.iter().all(|time| (1_000..2_000).contains(&time.as_millis())), "{times:?}");
    assert!(times[0] != times[1] && times[1] != times[2], "{times:?}");
    assert_eq!(times, run(1));
    assert_ne!(times, run(2));
}

/// What an `add` comes to, and how many records are stored then.
fn failure(fault: &Value) -> (Failure, usize) {
    let world = World::with_rules(&json!({"operation": "history.add", "fault": fault}));
    (world.add("x").unwrap_err(), world.sandbox.record_count())
}

#[test]
fn connection_refused_never_arrives() {
    assert!(matches!(failure(&json!("connection_refused")), (Failure::Refused, 0)));
}

#[test]
fn close_before_reading_stores_nothing() {
    assert!(matches!(failure(&json!("close_before_reading")), (Failure::ClosedUnread, 0)));
}

#[test]
fn close_after_commit_stores() {
    assert!(matches!(failure(&json!("close_after_commit")), (Failure::Closed, 1)));
}

#[test]
fn keep_alive_closed_strikes_only_where_a_request_came_before() {
    let world = World::with_rules(&json!({"fault": "keep_alive_closed", "when": {"each": 1}}));
    assert_eq!(text(&world.add("x").unwrap()), STORED);
    assert!(matches!(world.add("y"), Err(Failure::ClosedUnread)));
    assert_eq!(world.contents(), ["x"]);
}

#[test]
fn cut_body_ends_early() {
    for (after, received) in [(None, STORED.len() / 2), (Some(5), 5)] {
        match failure(&json!({"cut_body": {"after": after}})) {
            (Failure::Cut(answer), 1) => assert_eq!(answer.body()[..], STORED.as_bytes()[..received]),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn wrong_content_length_is_a_cut_body_or_a_shorter_one() {
    assert!(matches!(failure(&json!({"wrong_content_length": {"by": 7}})), (Failure::Cut(_), 1)));
    let world = World::with_rules(&json!({"fault": {"wrong_content_length": {"by": -7}}}));
    assert_eq!(world.add("x").unwrap().body()[..], STORED.as_bytes()[..STORED.len() - 7]);
}

#[test]
fn endless_body_does_not_end() {
    match failure(&json!("endless_body")) {
        (Failure::Endless(answer), 1) => assert_eq!(answer.body()[..], STORED.as_bytes()[..STORED.len() - 1]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn gzip_bomb_unpacks_to_what_was_asked() {
    let world = World::with_rules(&json!({"fault": {"gzip_bomb": {"mib": 3}}}));
    let answer = world.add("x").unwrap();
    assert_eq!(header(&answer, "content-encoding"), "gzip");
    assert!(answer.body().len() < 10_000);
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&answer.body()[..]), &mut unpacked).unwrap();
    assert_eq!(unpacked.len(), STORED.len() + 3 * 1024 * 1024);
}

#[test]
fn slow_drip_takes_a_pause_for_each_piece() {
    let world = World::with_rules(&json!({"fault": {"slow_drip": {"bytes": 10, "millis": 100}}}));
    assert_eq!(text(&world.add("x").unwrap()), STORED);
    assert_eq!(world.clock.monotonic(), Duration::from_millis(100 * STORED.len().div_ceil(10) as u64));
}

#[test]
fn no_answer_and_interim_answers_store_and_never_end() {
    for fault in [json!("no_answer"), json!({"interim_answers": {"status": 103}})] {
        let world = World::with_rules(&json!({"fault": fault}));
        let mut exchange = world.begin("add", &json!({"content": "x", "clid": 1}));
        world.advance(1_000_000);
        assert!(exchange.outcome().is_none());
        assert_eq!((exchange.ready_at(), world.sandbox.record_count()), (None, 1));
    }
}

#[test]
fn php_warning_and_byte_order_mark_stand_around_the_answer() {
    let world = World::with_rules(&json!([
        {"fault": {"php_warning": {"before": true, "after": true}}},
        {"fault": "byte_order_mark"},
    ]));
    let warned = text(&world.add("x").unwrap());
    assert!(
        warned.starts_with("<br />\n<b>Warning</b>")
            && warned.ends_with("<br />\n")
            && warned.contains(STORED)
    );
    assert!(text(&world.add("x").unwrap()).starts_with("\u{feff}{"));
}

#[test]
fn junk_list_has_so_many_items_that_are_no_records() {
    let world = World::with_rules(&json!({"fault": {"junk_list": {"items": 1_000, "item": "null"}}}));
    let answer = world.json("list", &json!({}));
    assert_eq!(answer["data"], json!(vec![Value::Null; 1_000]));
    world.put(&json!({"fault": {"junk_list": {"items": 3_000_000, "gzip": true}}}));
    let packed = world.call("list", &json!({})).unwrap();
    assert!(packed.body().len() < 10_000, "{} bytes", packed.body().len());
    assert_eq!(header(&packed, "content-encoding"), "gzip");
}

#[test]
fn a_page_of_ones_own_has_any_status_headers_and_body_and_travels_in_any_way() {
    let world = World::with_rules(&json!({
        "operation": "history.add",
        "name": "mine",
        "answer": {"status": 418, "headers": {"x-a": "b"}, "body": "short and stout"},
        "transfer": {"cut": {"after": 5, "chunked": true}},
        "delay_millis": 3_000,
    }));
    match world.add("x") {
        Err(Failure::Cut(answer)) => {
            assert_eq!(
                (answer.status().as_u16(), header(&answer, "x-a"), text(&answer).as_str()),
                (418, "b", "short")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((world.clock.monotonic().as_secs(), world.sandbox.record_count()), (3, 1));
    assert_eq!(world.sandbox.requests()[0].fault.as_ref().map(Fault::name), Some("mine"));
}

#[test]
fn a_fault_can_strike_while_many_requests_are_being_answered() {
    let world = World::new();
    world.sandbox.add_fault(Fault::latency(Duration::from_secs(1)).on(Operation::HistoryTips).always());
    world.sandbox.add_fault(Fault::too_many_connections().everywhere().when(When::Busy { most: 2 }));
    let (one, two) = (world.begin("tips", &json!({})), world.begin("tips", &json!({})));
    assert!(world.text("fields", &json!({})).contains("max_user_connections"));
    drop((one, two));
    assert!(world.text("fields", &json!({})).starts_with("{\"data\""));
}

#[test]
fn an_exchange_that_waits_for_a_sandbox_that_starts_over_is_closed() {
    let later = Fault::new().store(Store::Later(Duration::from_secs(5)));
    let world = World::with_rule(later.everywhere());
    let exchange = world.begin("add.list", &list(&["x"]));
    world.sandbox.reset();
    assert!(matches!(world.end(exchange), Err(Failure::Closed)));
    assert_eq!(world.sandbox.record_count(), 0);
}

#[test]
fn a_connection_can_be_closed_for_what_is_in_the_body() {
    let rule = Fault::new().transfer(Transfer::CloseUnread).everywhere();
    let world = World::with_rule(rule.only_if(Condition::Text("secret".to_owned())).always());
    assert!(matches!(world.add("a secret"), Err(Failure::ClosedUnread)));
    assert_eq!(text(&world.add("no such thing").unwrap()), STORED);
}
