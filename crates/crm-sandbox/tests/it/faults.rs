//! Every fault, seen by a client.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use crm_sandbox::{Fault, Operation, PageChange, RetryAfter, Sandbox, Store};
use serde_json::{Value, json};

use crate::support::{
    HEADERS, body_of, client, client_builder, connect, filtered, history, history_request, history_text,
    listed, projects, raw, raw_history, record, sandbox,
};

/// What an `add` that meets a fault looks like on the wire.
async fn add_with(fault: Fault) -> (Sandbox, Vec<u8>) {
    let sandbox = sandbox().await;
    sandbox.add_fault(fault.on(Operation::HistoryAdd));
    let answer = raw(&sandbox, &raw_history("add", HEADERS, r#"{"content": "x", "clid": 1}"#));
    (sandbox, answer)
}

fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let head = answer.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or("")
}

const STORED: &str = r#"{"result":"Успешно","data":1}"#;

#[tokio::test]
async fn latency_holds_back_one_answer_and_not_those_to_others() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault::latency(Duration::from_millis(3_600_000)).on(Operation::HistoryAdd));
    let mut late = connect(&sandbox);
    late.write_all(raw_history("add", HEADERS, r#"{"content": "x", "clid": 1}"#).as_bytes()).unwrap();
    while sandbox.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(history(&sandbox, "info", &json!({"cid": 1})).await["data"]["cid"], 1, "stored at once");
    late.set_nonblocking(true).unwrap();
    let nothing = late.read(&mut [0]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_short_latency_with_jitter_ends_in_the_whole_answer() {
    let (_sandbox, answer) =
        add_with(Fault::latency(Duration::from_millis(1)).jitter(Duration::from_millis(2))).await;
    assert_eq!(body_of(&answer), STORED);
}

#[tokio::test]
async fn close_before_reading_does_nothing_and_answers_nothing() {
    let (sandbox, answer) = add_with(Fault::close_before_reading()).await;
    assert_eq!(answer, b"");
    assert_eq!(sandbox.record_count(), 0);
    assert_eq!(sandbox.requests()[0].fault, Some(Fault::close_before_reading()));
}

#[tokio::test]
async fn close_before_reading_does_not_wait_for_the_body() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryAdd));
    let head = raw_history("add", HEADERS, "").replace("Content-Length: 0", "Content-Length: 1000000");
    assert_eq!(raw(&sandbox, &head), b"");
}

#[tokio::test]
async fn close_after_commit_stores_and_answers_nothing() {
    let (sandbox, answer) = add_with(Fault::close_after_commit()).await;
    assert_eq!(answer, b"");
    assert_eq!(sandbox.record_count(), 1);
}

#[tokio::test]
async fn commit_half_stores_the_first_half_and_answers_nothing() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault::commit_half().on(Operation::HistoryAddList));
    let list =
        json!({"list": (0..5).map(|number| json!({"content": number.to_string()})).collect::<Vec<Value>>()});
    assert_eq!(raw(&sandbox, &raw_history("add.list", HEADERS, &list.to_string())), b"");
    let stored: Vec<Option<String>> = sandbox.records().into_iter().map(|record| record.content).collect();
    assert_eq!(stored, [Some("0".to_owned()), Some("1".to_owned())]);
}

#[tokio::test]
async fn half_of_a_single_add_is_nothing() {
    let (sandbox, answer) = add_with(Fault::commit_half()).await;
    assert_eq!((answer, sandbox.record_count()), (Vec::new(), 0));
}

#[tokio::test]
async fn a_cut_body_announces_its_whole_length() {
    for (after, sent) in [(None, STORED.len() / 2), (Some(5), 5), (Some(0), 0), (Some(9_999), STORED.len())] {
        let (sandbox, answer) = add_with(Fault::cut_body(after)).await;
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        assert_eq!(header(&head, "content-length"), STORED.len().to_string());
        assert_eq!(answer[end..], STORED.as_bytes()[..sent]);
        assert_eq!(sandbox.record_count(), 1);
    }
}

#[tokio::test]
async fn a_client_library_sees_that_a_body_was_cut() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault::cut_body(None).on(Operation::HistoryFields));
    let answer = history_request(&sandbox, "fields").header("login", crm_sandbox::BOSS).send().await.unwrap();
    assert!(answer.text().await.is_err());
}

#[tokio::test]
async fn a_gateway_page_is_html_with_its_status() {
    for (status, title) in [(502, "502 Bad Gateway"), (504, "504 Gateway Timeout")] {
        let (sandbox, answer) = add_with(Fault::gateway_page(status)).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {title}\r\n")), "{answer}");
        assert_eq!(header(&answer, "content-type"), "text/html");
        assert!(answer.contains(&format!("<title>{title}</title>")), "{answer}");
        assert_eq!(sandbox.record_count(), 0);
    }
}

#[tokio::test]
async fn behind_a_gateway_page_the_record_may_be_stored() {
    let (sandbox, answer) = add_with(Fault::gateway_page(504).store(Store::Now)).await;
    assert!(answer.starts_with(b"HTTP/1.1 504"));
    assert_eq!(sandbox.record_count(), 1);
}

#[tokio::test]
async fn retry_later_says_when_in_seconds_as_a_date_or_absurdly() {
    for status in [429, 503] {
        let after = |answer: Vec<u8>| {
            let answer = String::from_utf8(answer).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
            header(&answer, "retry-after").to_owned()
        };
        let (sandbox, answer) = add_with(Fault::retry_later(status, RetryAfter::Seconds(3))).await;
        assert_eq!(after(answer), "3");
        assert_eq!(sandbox.record_count(), 0);
        let (_sandbox, answer) = add_with(Fault::retry_later(status, RetryAfter::DateInSeconds(60))).await;
        let date = chrono::DateTime::parse_from_rfc2822(&after(answer)).unwrap();
        assert!(date > chrono::Utc::now());
        let (_sandbox, answer) = add_with(Fault::retry_later(status, RetryAfter::Absurd)).await;
        assert!(after(answer).parse::<u64>().is_err());
    }
}

#[tokio::test]
async fn an_error_in_200_has_any_code_and_text_and_nothing_is_stored() {
    let fault = Fault::error_in_ok(500, "Ой");
    let (sandbox, answer) = add_with(fault.clone()).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    assert_eq!(body_of(&answer), r#"{"result":"Error","error":{"code":500,"text":"Ой"}}"#);
    assert_eq!(sandbox.record_count(), 0);
    sandbox.add_fault(fault.on(Operation::ProjectsList));
    assert_eq!(projects(&sandbox, "/projects").await, json!({"error": "Ой"}));
}

#[tokio::test]
async fn a_php_warning_stands_before_the_json_after_it_or_both() {
    for (before, after) in [(true, false), (false, true), (true, true)] {
        let (sandbox, answer) = add_with(Fault::php_warning(before, after)).await;
        let body = body_of(&answer);
        assert_eq!(body.starts_with("<br />\n<b>Warning</b>"), before, "{body}");
        assert_eq!(body.ends_with("<br />\n"), after, "{body}");
        assert!(body.contains(STORED), "{body}");
        assert_eq!(sandbox.record_count(), 1);
    }
}

#[tokio::test]
async fn a_byte_order_mark_stands_before_the_json() {
    let (_sandbox, answer) = add_with(Fault::byte_order_mark()).await;
    assert_eq!(body_of(&answer), format!("\u{feff}{STORED}"));
}

#[tokio::test]
async fn an_endless_body_does_not_end() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault::endless_body().on(Operation::HistoryFields));
    let mut stream = connect(&sandbox);
    stream.write_all(raw_history("fields", HEADERS, "").as_bytes()).unwrap();
    let mut much = vec![0; 5_000_000];
    stream.read_exact(&mut much).unwrap();
    let much = String::from_utf8_lossy(&much);
    assert!(
        much.contains("\"did\":\"ID сделки\"}\r\n"),
        "the last bracket is missing, so no reader can stop early"
    );
    // The sandbox goes on serving others meanwhile.
    assert_eq!(history_text(&sandbox, "list", &json!({})).await, "[]");
}

#[tokio::test]
async fn a_gzip_bomb_is_small_and_unpacks_to_as_much_as_was_asked() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault::gzip_bomb(20).on(Operation::HistoryFields).times(2));
    let packed = raw(&sandbox, &raw_history("fields", HEADERS, ""));
    assert!(packed.len() < 200_000, "{} bytes", packed.len());
    let unpacking = client_builder().build().unwrap();
    let answer = unpacking
        .post(format!("{}/developer/v3/history/fields", sandbox.url()))
        .header("Content-Type", "application/json")
        .header("apikey", crm_sandbox::APIKEY)
        .header("login", crm_sandbox::BOSS)
        .send()
        .await
        .unwrap();
    let unpacked = answer.text().await.unwrap();
    assert!(unpacked.len() > 20 * 1024 * 1024);
    assert!(serde_json::from_str::<Value>(&unpacked).unwrap()["data"].is_object());
}

#[tokio::test]
async fn a_wrong_content_length_claims_more_or_less_than_there_is() {
    for by in [7, -7] {
        let (sandbox, answer) = add_with(Fault::wrong_content_length(by)).await;
        let text = String::from_utf8(answer.clone()).unwrap();
        assert_eq!(header(&text, "content-length"), (STORED.len() as i64 + by).to_string());
        assert_eq!(body_of(&answer), STORED);
        assert_eq!(sandbox.record_count(), 1);
    }
}

#[tokio::test]
async fn a_slow_drip_comes_in_pieces() {
    let (_sandbox, answer) = add_with(Fault::slow_drip(10, Duration::from_millis(1))).await;
    let answer = String::from_utf8_lossy(&answer);
    assert_eq!(header(&answer, "transfer-encoding"), "chunked");
    // The length of each piece stands before it, in hexadecimal digits.
    assert_eq!(answer.matches("\r\nA\r\n").count(), STORED.len() / 10, "{answer}");
}

#[tokio::test]
async fn a_redirect_names_another_host_and_nothing_is_stored() {
    let to = "http://elsewhere.test/developer/v3/history/add".to_owned();
    let (sandbox, answer) = add_with(Fault::redirect(302, &to)).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 302 Found"), "{answer}");
    assert_eq!(header(&answer, "location"), to);
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn records_are_added_and_deleted_between_pages() {
    let sandbox = sandbox().await;
    for _ in 0..401 {
        sandbox.add_record(record());
    }
    sandbox.add_fault(
        Fault::change_between_pages(PageChange { add: 1, delete: 2, ..PageChange::default() })
            .on(Operation::HistoryList),
    );
    let page = |offset: u64| json!({"order": "cid", "first": "old", "offset": offset});
    assert_eq!(listed(&sandbox, &page(0)).await, (1..=200).collect::<Vec<u64>>());
    assert_eq!(sandbox.record_count(), 401, "nothing changes before the first page");
    assert_eq!(listed(&sandbox, &page(1)).await, (203..=402).collect::<Vec<u64>>());
    assert_eq!((sandbox.record(1), sandbox.record(2)), (None, None));
    assert_eq!(sandbox.record(402).unwrap().datum, record().datum);
    assert_eq!(listed(&sandbox, &page(2)).await, [] as [u64; 0], "201 and 202 came on no page");
}

#[tokio::test]
async fn projects_are_added_and_deleted_between_pages() {
    let sandbox = sandbox().await;
    let first = filtered(&sandbox, &json!({"count": 10})).await;
    sandbox.add_fault(
        Fault::change_between_pages(PageChange { add: 1, delete: 1, ..PageChange::default() })
            .on(Operation::ProjectsFilter),
    );
    let second = filtered(&sandbox, &json!({"count": 10, "offset": 10})).await;
    let all = filtered(&sandbox, &json!({"count": 1_000})).await;
    assert!(!all.contains(&first[0]));
    assert_eq!(all.last(), Some(&121));
    assert_eq!(second, all[10..20]);
}

#[tokio::test]
async fn a_fault_strikes_at_its_operation_only_and_everywhere_where_it_is_everywhere() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault::byte_order_mark().on(Operation::HistoryTips));
    sandbox.add_fault(Fault::gateway_page(502).on(Operation::ProjectsGoods));
    assert_eq!(history_text(&sandbox, "list", &json!({})).await, "[]");
    sandbox.add_fault(Fault::error_in_ok(1, "x").everywhere().times(2));
    assert_eq!(history(&sandbox, "fields", &json!({})).await["error"]["code"], 1);
    assert_eq!(projects(&sandbox, "/projects").await["error"], "x");
    assert!(history_text(&sandbox, "tips", &json!({})).await.starts_with('\u{feff}'));
}

#[tokio::test]
async fn of_two_faults_that_fit_the_first_strikes_until_it_is_used_up() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault::error_in_ok(1, "x").on(Operation::HistoryList));
    sandbox.add_fault(Fault::error_in_ok(2, "x").on(Operation::HistoryList));
    for code in [json!(1), json!(2)] {
        assert_eq!(history(&sandbox, "list", &json!({})).await["error"]["code"], code);
    }
    assert_eq!(history_text(&sandbox, "list", &json!({})).await, "[]");
    sandbox.add_fault(Fault::byte_order_mark().everywhere().always());
    sandbox.clear_faults();
    assert_eq!(history_text(&sandbox, "list", &json!({})).await, "[]");
}

#[tokio::test]
async fn every_operation_can_be_struck() {
    let sandbox = sandbox().await;
    for operation in Operation::ALL {
        let (method, path) = match operation.id().split_once('.').unwrap() {
            ("history", "add_list") => ("POST", "/developer/v3/history/add.list".to_owned()),
            ("history", action) => ("POST", format!("/developer/v3/history/{action}")),
            ("directory", name) => {
                let (method, action) = name.split_once('_').unwrap();
                ("POST", format!("/developer/v3/{method}/{}", action.replace('_', ".")))
            }
            (_, "list") => ("GET", "/backend/public/projects".to_owned()),
            (_, "filter") => ("POST", "/backend/public/projects/filter".to_owned()),
            (_, "action_info") => ("GET", "/backend/public/projects/actions/info".to_owned()),
            (_, name) => ("GET", format!("/backend/public/projects/{name}")),
        };
        sandbox.add_fault(Fault::gateway_page(502).on(operation));
        let request = client().request(method.parse().unwrap(), format!("{}{path}", sandbox.url()));
        assert_eq!(request.send().await.unwrap().status().as_u16(), 502, "{operation}");
    }
}
