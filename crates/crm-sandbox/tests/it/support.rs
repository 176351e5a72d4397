//! Calls to a sandbox.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::LazyLock;

use chrono::{NaiveDate, NaiveDateTime};
use crm_sandbox::{APIKEY, BOSS, Record, SECRET, Sandbox, TOKEN};
use serde_json::Value;

/// A sandbox where it is 2024-06-25 14:25.
pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::builder().now(at(25, 14)).start().await.unwrap()
}

/// An hour of a day of June 2024, and 25 minutes.
pub(crate) fn at(day: u32, hour: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2024, 6, day).unwrap().and_hms_opt(hour, 25, 0).unwrap()
}

/// A record of the head, on 2024-06-25.
pub(crate) fn record() -> Record {
    Record {
        datum: Some(at(25, 10)),
        content: Some("Запись".to_owned()),
        tip: Some("Встреча".to_owned()),
        iduser: 1,
        clid: 1,
        ..Record::default()
    }
}

/// Where the recordings of a real server are.
pub(crate) const RECORDINGS_FOLDER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/salesman/captures");

/// A recording by its name.
pub(crate) fn recording(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("{RECORDINGS_FOLDER}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The answer to the request of a recording.
pub(crate) async fn replayed(sandbox: &Sandbox, request: &Value) -> reqwest::Response {
    let method = request["method"].as_str().unwrap().parse().unwrap();
    let url = format!("{}{}", sandbox.url(), request["path"].as_str().unwrap());
    let mut call = client().request(method, url);
    for (header, value) in request["headers"].as_object().unwrap() {
        call = call.header(header, value.as_str().unwrap().replace("{{apikey}}", APIKEY));
    }
    if let Some(body) = request["body"].as_str() {
        call = call.body(body.to_owned());
    }
    call.send().await.unwrap()
}

/// The answer to a call to the history, made by the head, as JSON.
pub(crate) async fn history(sandbox: &Sandbox, action: &str, body: &Value) -> Value {
    serde_json::from_str(&history_text(sandbox, action, body).await).unwrap()
}

/// The same as text.
pub(crate) async fn history_text(sandbox: &Sandbox, action: &str, body: &Value) -> String {
    history_as(sandbox, BOSS, action, body).await
}

/// A call to the history, made by anybody.
pub(crate) async fn history_as(sandbox: &Sandbox, login: &str, action: &str, body: &Value) -> String {
    history_raw_as(sandbox, login, action, &body.to_string()).await
}

/// The same with a body that need not be JSON.
pub(crate) async fn history_raw_as(sandbox: &Sandbox, login: &str, action: &str, body: &str) -> String {
    let request = history_request(sandbox, action).header("login", login).body(body.to_owned());
    request.send().await.unwrap().text().await.unwrap()
}

/// The ids of the records that a list returns to anybody.
pub(crate) async fn listed_as(sandbox: &Sandbox, login: &str, query: &Value) -> Vec<u64> {
    let answer: Value = serde_json::from_str(&history_as(sandbox, login, "list", query).await).unwrap();
    ids(&answer["data"], "cid")
}

/// A call to the history that lacks its login and its body.
pub(crate) fn history_request(sandbox: &Sandbox, action: &str) -> reqwest::RequestBuilder {
    client()
        .post(format!("{}/developer/v3/history/{action}", sandbox.url()))
        .header("Content-Type", "application/json")
        .header("apikey", APIKEY)
}

/// A call to a SalesMan method such as `client/list`, made by the head, as JSON.
pub(crate) async fn directory(sandbox: &Sandbox, call: &str, body: &Value) -> Value {
    directory_as(sandbox, BOSS, call, body).await
}

/// The same, made by anybody.
pub(crate) async fn directory_as(sandbox: &Sandbox, login: &str, call: &str, body: &Value) -> Value {
    let text = directory_text(sandbox, login, call, body).await;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The same as text.
pub(crate) async fn directory_text(sandbox: &Sandbox, login: &str, call: &str, body: &Value) -> String {
    let request = client().post(format!("{}/developer/v3/{call}", sandbox.url()));
    let request = request.header("Content-Type", "application/json").header("apikey", APIKEY);
    request.header("login", login).body(body.to_string()).send().await.unwrap().text().await.unwrap()
}

/// What a PHP error page says, up to the place in the code.
pub(crate) fn php_error(answer: &str) -> &str {
    let rest = answer.strip_prefix("<br />\n<b>Fatal error</b>:  Uncaught ");
    let rest = rest.unwrap_or_else(|| panic!("not a PHP error: {answer}"));
    rest.split(" in /").next().unwrap()
}

/// What a PHP error page says of a statement that the database cannot read.
pub(crate) fn syntax_error(near: &str) -> String {
    format!(
        "mysqli_sql_exception: You have an error in your SQL syntax; check the manual that corresponds to your MariaDB \
         server version for the right syntax to use near '{near}' at line 1"
    )
}

/// The exception that a PHP error page names, without its class.
pub(crate) fn exception(answer: &str) -> &str {
    php_error(answer).split_once(": ").unwrap().1
}

/// The ids of the records that a list returns, in its order.
pub(crate) async fn listed(sandbox: &Sandbox, query: &Value) -> Vec<u64> {
    ids(&history(sandbox, "list", query).await["data"], "cid")
}

/// The error code of an answer, a number or a text.
pub(crate) fn code(answer: &Value) -> &Value {
    assert_eq!(answer["result"], "Error", "{answer}");
    &answer["error"]["code"]
}

/// The answer to a GET of the projects API as JSON.
pub(crate) async fn projects(sandbox: &Sandbox, path: &str) -> Value {
    let request = client().get(format!("{}/backend/public{path}", sandbox.url()));
    serde_json::from_str(&text(request).await).unwrap()
}

/// The answer to a filter of the projects API as JSON.
pub(crate) async fn filter(sandbox: &Sandbox, body: &str) -> Value {
    let request = client().post(format!("{}/backend/public/projects/filter", sandbox.url()));
    serde_json::from_str(&text(request.body(body.to_owned())).await).unwrap()
}

/// The ids of the projects that a filter finds, in its order.
pub(crate) async fn filtered(sandbox: &Sandbox, body: &Value) -> Vec<u64> {
    let answer = filter(sandbox, &body.to_string()).await;
    assert!(answer["error"].is_null(), "{answer}");
    ids(&answer["payload"], "id")
}

async fn text(request: reqwest::RequestBuilder) -> String {
    let request = request.header("X-Crypto-Token", TOKEN).header("X-Crypto-Secret", SECRET);
    request.send().await.unwrap().text().await.unwrap()
}

pub(crate) fn ids(records: &Value, name: &str) -> Vec<u64> {
    records.as_array().into_iter().flatten().map(|record| record[name].as_u64().unwrap()).collect()
}

/// A client that keeps no connection open, so that no request can fail for the sake of another.
///
/// One for all tests: with TLS compiled in, each client made reads the system's certificates, which takes longer than
/// most tests.
pub(crate) fn client() -> reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> =
        LazyLock::new(|| client_builder().pool_max_idle_per_host(0).no_gzip().build().unwrap());
    CLIENT.clone()
}

/// Together with the clients, reqwest is compiled with TLS and without a provider for it.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    // Fails if there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// Everything the sandbox sends until it closes the connection.
pub(crate) fn raw(sandbox: &Sandbox, request: &str) -> Vec<u8> {
    let mut stream = connect(sandbox);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has been closed as well.
    let _ = stream.read_to_end(&mut answer);
    answer
}

pub(crate) fn connect(sandbox: &Sandbox) -> TcpStream {
    TcpStream::connect(sandbox.url().strip_prefix("http://").unwrap()).unwrap()
}

/// A call to the history as it is on the wire; the connection is closed after the answer.
pub(crate) fn raw_history(action: &str, headers: &str, body: &str) -> String {
    format!(
        "POST /developer/v3/history/{action} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Length: {}\r\n\
         {headers}\r\n{body}",
        body.len()
    )
}

/// The headers of a call by the head.
pub(crate) const HEADERS: &str =
    "Content-Type: application/json\r\napikey: sandbox-key\r\nlogin: boss@example.test\r\n";

/// The body of an answer that came whole.
pub(crate) fn body_of(answer: &[u8]) -> String {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}
