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
async fn every_fault_is_written_in_json_as_the_readme_says() {
    let sandbox = sandbox().await;
    for fault in [
        json!({"latency": {"millis": 20}}),
        json!({"latency": {"millis": 20, "jitter_millis": 10}}),
        json!("close_before_reading"),
        json!("close_after_commit"),
        json!("commit_half"),
        json!({"cut_body": {}}),
        json!({"cut_body": {"after": 10}}),
        json!({"gateway_page": {"status": 502}}),
        json!({"gateway_page": {"status": 504, "after_commit": true}}),
        json!({"retry_later": {"status": 429, "after": {"seconds": 3}}}),
        json!({"retry_later": {"status": 503, "after": {"date_in_seconds": 60}}}),
        json!({"retry_later": {"status": 429, "after": "absurd"}}),
        json!({"error_in_ok": {"code": 403, "text": "нельзя"}}),
        json!({"php_warning": {"before": true}}),
        json!("byte_order_mark"),
        json!("endless_body"),
        json!({"gzip_bomb": {"mib": 1024}}),
        json!({"wrong_content_length": {"by": -5}}),
        json!({"slow_drip": {"bytes": 10, "millis": 100}}),
        json!({"redirect": {"to": "http://elsewhere.test/"}}),
        json!({"change_between_pages": {"add": 1, "delete": 1}}),
    ] {
        for when in [
            json!("once"),
            json!({"times": 2}),
            json!({"each": 3}),
            json!({"probability": {"p": 0.1, "seed": 7}}),
        ] {
            let rule = json!({"operation": "history.list", "fault": fault, "when": when}).to_string();
            let (status, answer) = control(&sandbox, "PUT", "/faults", &rule).await;
            assert_eq!(status, 200, "{rule}: {answer}");
        }
    }
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
        (r#"[{"when": "once"}]"#, "missing field `fault`"),
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
