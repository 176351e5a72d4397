//! `/_sandbox`, for programs in other languages.

use crm_sandbox::{APIKEY, BOSS, Sandbox, TOKEN};
use serde_json::{Value, json};

use crate::support::{client, history, history_text, record, sandbox};

async fn control(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> (u16, Value) {
    let url = format!("{}/_sandbox{path}", sandbox.url());
    let request = client().request(method.parse().unwrap(), url).body(body.to_owned());
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn put_faults_sets_them_and_says_how_often_they_struck() {
    let sandbox = sandbox().await;
    let rules = r#"[{"operation": "history.add", "fault": {"error_in_ok": {"code": 500, "text": "x"}}, "when": {"times": 2}},
                    {"operation": "history.list", "fault": "byte_order_mark"}]"#;
    let (status, answer) = control(&sandbox, "PUT", "/faults", rules).await;
    assert_eq!((status, answer.as_array().unwrap().len()), (200, 2), "{answer}");
    for code in [json!(500), json!(500), Value::Null] {
        let added = history(&sandbox, "add", &json!({"content": "x", "clid": 1})).await;
        assert_eq!(added["error"]["code"], code);
    }
    let (_, rules) = control(&sandbox, "GET", "/faults", "").await;
    assert_eq!(
        (&rules[0]["seen"], &rules[0]["struck"], &rules[1]["seen"]),
        (&json!(3), &json!(2), &json!(0))
    );
}

#[tokio::test]
async fn what_get_faults_returns_can_be_put_again_and_counts_anew() {
    let sandbox = sandbox().await;
    control(&sandbox, "PUT", "/faults", r#"{"fault": "byte_order_mark"}"#).await;
    history_text(&sandbox, "list", &json!({})).await;
    let (_, rules) = control(&sandbox, "GET", "/faults", "").await;
    assert_eq!(rules[0]["struck"], 1);
    control(&sandbox, "PUT", "/faults", &rules.to_string()).await;
    assert_eq!(history_text(&sandbox, "list", &json!({})).await, "\u{feff}[]");
}

#[tokio::test]
async fn put_faults_replaces_those_that_were_there() {
    let sandbox = sandbox().await;
    control(&sandbox, "PUT", "/faults", r#"{"fault": "close_after_commit", "when": {"each": 1}}"#).await;
    control(&sandbox, "PUT", "/faults", "[]").await;
    assert_eq!(history_text(&sandbox, "list", &json!({})).await, "[]");
}

#[tokio::test]
async fn a_rule_that_is_not_understood_is_refused_with_what_is_wrong() {
    let sandbox = sandbox().await;
    for (rule, said) in [
        (r#"{"fault": "cloze"}"#, "unknown variant `cloze`"),
        (
            r#"{"operation": "history.ad", "fault": "commit_half"}"#,
            "no operation \"history.ad\": it is one of history.fields",
        ),
        (r#"{"fault": "commit_half", "wen": "once"}"#, "unknown field `wen`"),
        (r#"[{"when": "once"}]"#, "missing field `fault`, or a part of one"),
        (r#"{"fault": "commit_half", "if": {"texts": "x"}}"#, "unknown variant `texts`"),
        (r#"{"fault": {"bare_status": {}}}"#, "missing field `status`"),
        ("{", "EOF"),
    ] {
        let (status, answer) = control(&sandbox, "PUT", "/faults", rule).await;
        assert_eq!(status, 400);
        assert!(answer["error"].as_str().unwrap().contains(said), "{answer}");
    }
}

#[tokio::test]
async fn get_requests_returns_what_was_received_with_no_secret_in_it() {
    let sandbox = sandbox().await;
    history(&sandbox, "add", &json!({"content": "x", "clid": 1})).await;
    client()
        .get(format!("{}/backend/public/projects?count=1", sandbox.url()))
        .header("X-Crypto-Token", TOKEN)
        .header("X-Crypto-Secret", "a wrong secret")
        .send()
        .await
        .unwrap();
    client()
        .get(format!("{}/developer/v3/history/list?apikey={APIKEY}&login={BOSS}", sandbox.url()))
        .send()
        .await
        .unwrap();
    let (_, requests) = control(&sandbox, "GET", "/requests", "").await;
    let of = |index: usize| {
        let request = &requests[index];
        (request["operation"].as_str().unwrap(), request["credentials"].clone())
    };
    assert_eq!(of(0), ("history.add", json!([["apikey", "right"], ["login", "right"]])));
    assert_eq!(of(1), ("projects.list", json!([["token", "right"], ["secret", "wrong"]])));
    assert_eq!(of(2), ("history.list", json!([["apikey", "right"], ["login", "right"]])));
    assert_eq!(requests[0]["body"], r#"{"clid":1,"content":"x"}"#);
    assert_eq!(requests[1]["query"], "count=1");
    let text = requests.to_string();
    for secret in [APIKEY, BOSS, TOKEN, "a wrong secret"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn a_credential_that_is_not_read_is_absent() {
    let sandbox = sandbox().await;
    let headers = "Content-Type: text/plain\r\napikey: sandbox-key\r\nlogin: boss@example.test\r\n";
    crate::support::raw(&sandbox, &crate::support::raw_history("fields", headers, ""));
    let (_, requests) = control(&sandbox, "GET", "/requests", "").await;
    assert_eq!(requests[0]["credentials"], json!([["apikey", "absent"], ["login", "absent"]]));
}

#[tokio::test]
async fn post_reset_starts_over() {
    let sandbox = Sandbox::builder().records(3).start().await.unwrap();
    sandbox.add_record(record());
    control(&sandbox, "PUT", "/faults", r#"{"fault": "close_after_commit", "when": {"each": 1}}"#).await;
    let (status, _) = control(&sandbox, "POST", "/reset", "").await;
    assert_eq!(status, 200);
    assert_eq!(sandbox.record_count(), 3);
    assert_eq!(sandbox.faults(), []);
    assert_eq!(sandbox.requests(), []);
    assert_eq!(history(&sandbox, "add", &json!({"content": "x", "clid": 1})).await["data"], 4);
}

#[tokio::test]
async fn a_path_that_is_not_there_says_what_is() {
    let sandbox = sandbox().await;
    let (status, answer) = control(&sandbox, "DELETE", "/faults", "").await;
    assert_eq!(status, 404);
    assert!(answer["error"].as_str().unwrap().contains("PUT /_sandbox/faults"), "{answer}");
    let answer = client().get(format!("{}/api", sandbox.url())).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 404);
    assert!(answer.text().await.unwrap().contains("SalesMan is under /developer/v3/history/"));
}

/// The status of a request to the sandbox with these headers, over a socket.
fn refused(sandbox: &Sandbox, headers: &str) -> bool {
    let request =
        format!("POST /_sandbox/reset HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n");
    let answer = String::from_utf8(crate::support::raw(sandbox, &request)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 403"), "{answer}");
    answer.starts_with("HTTP/1.1 403")
}

#[tokio::test]
async fn requests_of_web_pages_are_refused() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    for origin in ["http://evil.test", "null", "http://127.0.0.1:8787"] {
        assert!(refused(&sandbox, &format!("Host: 127.0.0.1\r\nOrigin: {origin}\r\n")), "{origin}");
    }
    assert_eq!(sandbox.record_count(), 1);
}

#[tokio::test]
async fn requests_for_a_foreign_host_are_refused() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    for host in [
        "evil.test",
        "evil.test:8787",
        "127.0.0.1.evil.test",
        "localhost.evil.test",
        "127.0.0.1:80@evil.test",
        "",
    ] {
        assert!(refused(&sandbox, &format!("Host: {host}\r\n")), "{host}");
    }
    assert_eq!(sandbox.record_count(), 1);
    for host in ["127.0.0.1:8787", "localhost", "LocalHost:1", "[::1]:8787", "192.0.2.1"] {
        assert!(!refused(&sandbox, &format!("Host: {host}\r\n")), "{host}");
    }
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn with_a_secret_only_requests_that_know_it_get_through_for_any_host() {
    let sandbox = Sandbox::builder().control_secret("s3cret").start().await.unwrap();
    assert!(refused(&sandbox, "Host: localhost\r\n"));
    assert!(refused(&sandbox, "Host: localhost\r\nX-Sandbox-Secret: wrong\r\n"));
    assert!(!refused(&sandbox, "Host: sandbox.test\r\nX-Sandbox-Secret: s3cret\r\n"));
    assert!(refused(&sandbox, "Host: sandbox.test\r\nX-Sandbox-Secret: s3cret\r\nOrigin: http://x\r\n"));
    assert!(!format!("{sandbox:?}").contains("s3cret"));
}

#[tokio::test]
async fn the_apis_answer_for_any_host_and_origin() {
    let sandbox = sandbox().await;
    let headers = format!("{}Origin: http://evil.test\r\n", crate::support::HEADERS);
    let answer = crate::support::raw(&sandbox, &crate::support::raw_history("fields", &headers, ""));
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}
