//! Wire facts about transport and credentials.

use std::io::{Read as _, Write as _};

use crm_sandbox::{APIKEY, BOSS, SELLER};
use serde_json::{Value, json};

use crate::support::{
    HEADERS, body_of, client, code, history, history_as, history_request, history_text, raw, raw_history,
    record, sandbox,
};

#[tokio::test]
async fn every_error_comes_with_http_status_200() {
    let sandbox = sandbox().await;
    for (action, body) in [("add", "{}"), ("info", "{}"), ("delete", "{\"cid\":9}"), ("nosuch", "")] {
        let answer = history_request(&sandbox, action).header("login", BOSS).body(body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "application/json; charset=utf-8");
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        code(&answer.json_body().await);
    }
}

trait JsonBody {
    async fn json_body(self) -> Value;
}

impl JsonBody for reqwest::Response {
    async fn json_body(self) -> Value {
        serde_json::from_str(&self.text().await.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn the_code_of_an_error_is_a_number_and_in_info_a_string() {
    let sandbox = sandbox().await;
    assert_eq!(*code(&history(&sandbox, "delete", &json!({"cid": 9})).await), json!(403));
    assert_eq!(*code(&history(&sandbox, "info", &json!({"cid": 9})).await), json!("403"));
}

#[tokio::test]
async fn an_unknown_method_gives_an_empty_body() {
    let sandbox = sandbox().await;
    let answer = client()
        .post(format!("{}/developer/v3/nosuch/list", sandbox.url()))
        .header("Content-Type", "application/json")
        .header("apikey", APIKEY)
        .header("login", BOSS)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.text().await.unwrap(), "");
}

#[tokio::test]
async fn an_unknown_action_gives_code_404() {
    let sandbox = sandbox().await;
    assert_eq!(*code(&history(&sandbox, "nosuch", &json!({})).await), json!(404));
    assert_eq!(*code(&history(&sandbox, "", &json!({})).await), json!(404));
}

#[tokio::test]
async fn credentials_are_read_only_with_exactly_application_json() {
    let sandbox = sandbox().await;
    for content_type in
        ["application/json; charset=utf-8", "application/json;", "Application/Json", "text/plain"]
    {
        let headers = HEADERS.replace("application/json", content_type);
        let answer: Value =
            serde_json::from_str(&body_of(&raw(&sandbox, &raw_history("fields", &headers, "")))).unwrap();
        assert_eq!(*code(&answer), json!(401), "{content_type}");
    }
    let without = HEADERS.replace("Content-Type: application/json\r\n", "");
    let answer: Value =
        serde_json::from_str(&body_of(&raw(&sandbox, &raw_history("fields", &without, "")))).unwrap();
    assert_eq!(*code(&answer), json!(401));
}

#[tokio::test]
async fn the_headers_are_looked_up_in_lower_case_or_capitalised_and_in_no_other_spelling() {
    let sandbox = sandbox().await;
    for (apikey, login, is_known) in [
        ("apikey", "login", true),
        ("Apikey", "Login", true),
        ("apikey", "Login", true),
        ("APIKEY", "LOGIN", false),
        ("ApiKey", "login", false),
        ("apikey", "LOGIN", false),
    ] {
        let headers =
            HEADERS.replace("apikey:", &format!("{apikey}:")).replace("login:", &format!("{login}:"));
        let answer: Value =
            serde_json::from_str(&body_of(&raw(&sandbox, &raw_history("fields", &headers, "")))).unwrap();
        assert_eq!(answer["data"].is_object(), is_known, "{apikey}, {login}");
    }
}

#[tokio::test]
async fn on_a_connection_that_stays_open_each_request_has_its_own_headers() {
    let sandbox = sandbox().await;
    let mut stream = crate::support::connect(&sandbox);
    for (headers, is_known) in [
        (HEADERS.to_owned(), true),
        (HEADERS.replace("apikey", "APIKEY"), false),
        (HEADERS.to_owned(), true),
        (HEADERS.replace("apikey", "APIKEY"), false),
    ] {
        let request = raw_history("fields", &headers, "{\n}").replace("Connection: close\r\n", "");
        let answer = exchange(&mut stream, &request);
        assert_eq!(answer.contains("\"data\""), is_known, "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_comes_after_its_head_is_not_taken_for_headers_of_the_next_request() {
    let sandbox = sandbox().await;
    let mut stream = crate::support::connect(&sandbox);
    let headers = format!("{HEADERS}Expect: 100-continue\r\n");
    let request = raw_history("fields", &headers, "{\n}").replace("Connection: close\r\n", "");
    let (head, body) = request.split_at(request.len() - 3);
    for _ in 0..2 {
        stream.write_all(head.as_bytes()).unwrap();
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        assert!(exchange(&mut stream, body).contains("\"data\""));
    }
}

/// Writes a request and reads as much as its answer announces.
fn exchange(stream: &mut std::net::TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

#[tokio::test]
async fn with_that_content_type_the_query_string_is_ignored() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    assert_eq!(*code(&history(&sandbox, "info?cid=1", &json!({})).await), json!(405));
}

#[tokio::test]
async fn a_get_with_a_body_and_a_post_give_the_same_answer() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    let mut answers = Vec::new();
    for method in ["GET", "POST", "PUT", "DELETE"] {
        let request = client()
            .request(method.parse().unwrap(), format!("{}/developer/v3/history/info", sandbox.url()))
            .header("Content-Type", "application/json")
            .header("apikey", APIKEY)
            .header("login", BOSS)
            .body("{\"cid\": 1}");
        answers.push(request.send().await.unwrap().text().await.unwrap());
    }
    assert!(answers[0].starts_with("{\"data\":{\"cid\":1,"), "{}", answers[0]);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn a_head_with_the_body_of_an_add_stores_a_record() {
    let sandbox = sandbox().await;
    for method in ["HEAD", "PATCH", "OPTIONS", "DELETE"] {
        let request = raw_history("add", HEADERS, r#"{"content": "x", "clid": 1}"#).replace("POST", method);
        raw(&sandbox, &request);
    }
    assert_eq!(sandbox.record_count(), 4);
}

#[tokio::test]
async fn further_segments_are_ignored_and_names_are_taken_as_they_are() {
    let sandbox = sandbox().await;
    for (action, is_known) in
        [("fields/", true), ("fields/more/and/more", true), ("Fields", false), ("fi%65lds", false)]
    {
        let answer: Value =
            serde_json::from_str(&body_of(&raw(&sandbox, &raw_history(action, HEADERS, "")))).unwrap();
        assert_eq!(answer["data"].is_object(), is_known, "{action}");
    }
}

#[tokio::test]
async fn quotes_in_a_query_string_or_a_form_are_replaced() {
    let sandbox = sandbox().await;
    let url = format!("{}/developer/v3/history/add", sandbox.url());
    let values = [("apikey", APIKEY), ("login", BOSS), ("clid", "1"), ("content", "'a' \"b\"")];
    let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(values).finish();
    client().get(format!("{url}?{query}")).send().await.unwrap();
    let form = client().post(url).header("Content-Type", "application/x-www-form-urlencoded").body(query);
    form.send().await.unwrap();
    for cid in [1, 2] {
        assert_eq!(sandbox.record(cid).unwrap().content.as_deref(), Some("&acute;a&acute; ”b”"), "{cid}");
    }
}

#[tokio::test]
async fn an_action_that_is_true_is_the_first_one() {
    let sandbox = sandbox().await;
    let answer = history(&sandbox, "list", &json!({"action": true})).await;
    assert!(answer["data"].is_object(), "{answer}");
    for action in [json!(0), json!([]), json!("")] {
        assert_eq!(history(&sandbox, "list", &json!({"action": action})).await, json!([]), "{action}");
    }
}

#[tokio::test]
async fn a_wrong_apikey_and_a_wrong_login_both_give_401() {
    let sandbox = sandbox().await;
    let wrong_key = history_request(&sandbox, "fields").header("apikey", "wrong").header("login", BOSS);
    // A second header of the same name would be read as well, so the right one is left out.
    let wrong_key = wrong_key.build().map(|mut request| {
        request.headers_mut().insert("apikey", "wrong".parse().unwrap());
        request
    });
    let answer = client().execute(wrong_key.unwrap()).await.unwrap().json_body().await;
    assert_eq!(*code(&answer), json!(401));
    let answer = history_as(&sandbox, "wrong@example.test", "fields", &json!({})).await;
    assert_eq!(answer, r#"{"result":"Error","error":{"code":401,"text":"Неизвестный пользователь"}}"#);
}

#[tokio::test]
async fn both_logins_are_known() {
    let sandbox = sandbox().await;
    for login in [BOSS, SELLER] {
        assert!(history_as(&sandbox, login, "fields", &json!({})).await.starts_with("{\"data\":"));
    }
}

#[tokio::test]
async fn credentials_in_the_query_string_also_work() {
    let sandbox = sandbox().await;
    sandbox.add_record(record());
    let url = format!("{}/developer/v3/history/info?apikey={APIKEY}&login={BOSS}&cid=1", sandbox.url());
    let answer = client().get(url).send().await.unwrap().json_body().await;
    assert_eq!(answer["data"]["cid"], 1);
}

#[tokio::test]
async fn credentials_in_the_body_work_where_the_header_is_absent() {
    let sandbox = sandbox().await;
    let headers = "Content-Type: application/json\r\n";
    let body = json!({"apikey": APIKEY, "login": BOSS}).to_string();
    let answer = body_of(&raw(&sandbox, &raw_history("fields", headers, &body)));
    assert!(answer.starts_with("{\"data\":"), "{answer}");
}

#[tokio::test]
async fn an_action_in_the_body_goes_before_that_of_the_path() {
    let sandbox = sandbox().await;
    let answer = history(&sandbox, "list", &json!({"action": "add", "content": "x", "clid": 1})).await;
    assert_eq!(answer, json!({"result": "Успешно", "data": 1}));
    assert_eq!(sandbox.record_count(), 1);
}

#[tokio::test]
async fn a_body_that_is_no_json_has_no_parameters() {
    let sandbox = sandbox().await;
    for body in ["{\"content\":", "[1]", "null", "\u{feff}{\"content\":\"x\",\"clid\":1}", ""] {
        let answer = history_request(&sandbox, "add").header("login", BOSS).body(body).send().await.unwrap();
        assert_eq!(*code(&answer.json_body().await), json!(405), "{body}");
    }
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn texts_escape_beyond_russian_letters_and_slashes_have_a_backslash() {
    let sandbox = sandbox().await;
    let mut written = record();
    written.content = Some("Ёж a/b — \"q\"".to_owned());
    sandbox.add_record(written);
    let answer = history_text(&sandbox, "info", &json!({"cid": 1})).await;
    assert!(answer.contains(r#""content":"Ёж a\/b \u2014 \"q\"""#), "{answer}");
}

#[tokio::test]
async fn there_is_no_rate_limit() {
    let sandbox = sandbox().await;
    let request = raw_history("list", HEADERS, "").replace("Connection: close\r\n", "");
    let mut stream = crate::support::connect(&sandbox);
    for _ in 0..500 {
        assert!(exchange(&mut stream, &request).ends_with("[]"));
    }
}

#[tokio::test]
async fn a_request_that_breaks_off_in_its_body_is_not_carried_out() {
    let sandbox = sandbox().await;
    let mut stream = crate::support::connect(&sandbox);
    let request = raw_history("add", HEADERS, r#"{"content": "x", "clid": 1}"#);
    stream.write_all(&request.as_bytes()[..request.len() - 1]).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!((sandbox.record_count(), sandbox.requests()), (0, vec![]));
}
