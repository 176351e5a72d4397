//! `crm outbox serve`, over real connections.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

use crm_sandbox::{Fault, Operation, Record, Sandbox};
use serde_json::Value;

use crate::program::{Folder, Ran};

const ACTIVITY: &str = r#"{"datum":"2024-06-25 10:00:00","content":"звонок","clid":1}"#;
const TOKEN: &str = "token-of-the-pbx";

/// A server at work. Its messages up to the address were read.
struct Serving {
    program: Child,
    messages: BufReader<std::process::ChildStderr>,
    address: String,
}

struct Answer {
    code: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Serving {
    fn start(folder: &Folder, sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let always = ["outbox", "serve", "--store", "sqlite:calls.db", "--settle", "0", "--timeout", "2"];
        let program = folder.crm_with(sandbox, &[&always[..], arguments].concat());
        Self::from_program(program.env("CRM_OUTBOX_TOKEN", TOKEN).spawn())
    }

    fn from_program(mut program: Child) -> Self {
        let mut messages = BufReader::new(program.stderr.take().unwrap());
        loop {
            let mut line = String::new();
            assert_ne!(messages.read_line(&mut line).unwrap(), 0, "it ended before it listened");
            if let Some(address) = line.trim().strip_prefix("Listening on ") {
                let address = address.trim_start_matches("http://").to_owned();
                return Self { program, messages, address };
            }
        }
    }

    fn ask(&self, request: &str, headers: &[&str], body: &str) -> Answer {
        exchange(TcpStream::connect(&self.address).unwrap(), request, headers, body)
    }

    fn post(&self, key: &str, body: &str) -> Answer {
        let headers = [&format!("Authorization: Bearer {TOKEN}"), &format!("Idempotency-Key: {key}")];
        self.ask("POST /activities", &headers.map(String::as_str), body)
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[&format!("Authorization: Bearer {TOKEN}")], "")
    }

    /// Waits until the activity is stored.
    fn stored(&self, key: &str) -> Value {
        let began = Instant::now();
        loop {
            let status = self.get(&format!("/activities/{key}")).json();
            if status["status"] == "stored" {
                return status;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{status}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn end(mut self, signal: &str) -> (i32, String) {
        crate::program::signal(&self.program, signal);
        let mut said = String::new();
        self.messages.read_to_string(&mut said).unwrap();
        (self.program.wait().unwrap().code().unwrap(), said)
    }
}

fn exchange(mut stream: impl Read + Write, request: &str, headers: &[&str], body: &str) -> Answer {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let _ = stream.write_all(body.as_bytes()); // the server may have answered already
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { code, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

async fn set_up(name: &str) -> (Folder, Sandbox) {
    let sandbox = Sandbox::start().await.unwrap();
    let older = Record { content: Some("старая".to_owned()), iduser: 1, clid: 1, ..Record::default() };
    sandbox.add_record(older);
    (Folder::new(name), sandbox)
}

#[tokio::test]
async fn an_activity_that_comes_twice_is_stored_once() {
    let (folder, sandbox) = set_up("serve-twice").await;
    let serving = Serving::start(&folder, &sandbox, &["--listen", "127.0.0.1:0"]);
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    let first = serving.post("call 1/ж", ACTIVITY);
    assert_eq!((first.code, &first.json()["status"]), (202, &"queued".into()));
    assert_eq!(first.json()["warnings"], Value::Null);
    assert!([200, 202].contains(&serving.post("call 1/ж", ACTIVITY).code));
    let stored = serving.stored("call%201%2F%D0%B6");
    assert_eq!((&stored["key"], &stored["id"]), (&"call 1/ж".into(), &2.into()));
    let again = serving.post("call 1/ж", ACTIVITY);
    assert_eq!((again.code, &again.json()["id"]), (200, &2.into()));
    assert_eq!(sandbox.record_count(), 2);
    let conflict = serving.post("call 1/ж", &ACTIVITY.replace("звонок", "другой"));
    assert_eq!((conflict.code, &conflict.json()["error"]["fields"][0]), (409, &"content".into()));
    let (code, said) = serving.end("TERM");
    assert_eq!(code, 143, "{said}");
    assert!(!said.contains(TOKEN), "{said}");
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_a_reason() {
    let (folder, sandbox) = set_up("serve-refused").await;
    let limits = ["--listen", "127.0.0.1:0", "--no-delivery", "--max-body", "200", "--max-queue", "2"];
    let serving = Serving::start(&folder, &sandbox, &limits);
    let token = format!("Authorization: Bearer {TOKEN}");
    let asked = |request: &str, headers: &[&str], body: &str| {
        let answer = serving.ask(request, headers, body);
        (answer.code, answer.json()["error"]["id"].as_str().unwrap_or_default().to_owned())
    };
    let key = "Idempotency-Key: a";
    for (request, headers, body, code, id) in [
        ("POST /activities", &[key][..], ACTIVITY, 401, "unauthorized"),
        ("POST /activities", &[key, "Authorization: Bearer x"], ACTIVITY, 401, "unauthorized"),
        ("GET /activities/a", &[], "", 401, "unauthorized"),
        ("POST /activities", &[&token], ACTIVITY, 400, "invalid-request"),
        ("POST /activities", &[&token, key], "{", 400, "invalid-request"),
        ("POST /activities", &[&token, key], r#"{"content":""}"#, 400, "invalid-request"),
        ("POST /activities", &[&token, key, "Content-Type: text/xml"], "<x/>", 415, "unsupported-type"),
        ("POST /activities", &[&token, key], &"x".repeat(201), 413, "too-large"),
        ("GET /activities/a", &[&token], "", 404, "not-found"),
        ("GET /activities/a%00b", &[&token], "", 404, "not-found"),
        ("GET /activities", &[&token], "", 405, "method-not-allowed"),
        ("GET /other", &[&token], "", 404, "not-found"),
    ] {
        assert_eq!(asked(request, headers, body), (code, id.to_owned()), "{request} {body}");
    }
    let refused = serving.post("a", r#"{"content":" ","clid":1}"#).json();
    assert!(refused["error"]["text"].as_str().unwrap().contains("outbox.put: content is empty"), "{refused}");
    let lost = serving.post("b", r#"{"content":"звонок"}"#);
    let warning = lost.json()["warnings"][0].as_str().unwrap().to_owned();
    assert!(lost.code == 202 && warning.starts_with("clid: missing"), "{warning}");
    assert_eq!(serving.post("a", ACTIVITY).code, 202);
    let full = serving.post("c", ACTIVITY);
    assert_eq!((full.code, &full.json()["error"]["id"]), (503, &"queue-full".into()));
    assert!(full.head.contains("retry-after: 5"), "{}", full.head);
    assert_eq!(serving.post("a", ACTIVITY).code, 202, "it is in the queue already");
    assert_eq!(sandbox.requests().len(), 0);
    serving.end("INT");
}

#[tokio::test]
async fn with_a_fallback_client_nothing_is_lost_and_a_short_token_is_named() {
    let (folder, sandbox) = set_up("serve-fallback").await;
    let arguments =
        ["outbox", "serve", "--store", "sqlite:calls.db", "--no-delivery", "--fallback-client", "1"];
    let program = folder.crm_with(&sandbox, &[&arguments[..], &["--listen", "127.0.0.1:0"]].concat());
    let mut program = program.env("CRM_OUTBOX_TOKEN", "abc").spawn();
    let mut messages = BufReader::new(program.stderr.take().unwrap());
    let mut line = String::new();
    messages.read_line(&mut line).unwrap();
    assert!(line.contains("at least 16 random characters"), "{line}");
    program.stderr = Some(messages.into_inner());
    let serving = Serving::from_program(program);
    let headers = ["Authorization: Bearer abc", "Idempotency-Key: a"];
    let answer = serving.ask("POST /activities", &headers, r#"{"content":"звонок"}"#);
    assert_eq!((answer.code, &answer.json()["warnings"]), (202, &Value::Null));
    serving.end("TERM");
}

#[tokio::test]
async fn a_form_is_taken_as_curl_and_asterisk_send_it() {
    let (folder, sandbox) = set_up("serve-form").await;
    let serving = Serving::start(&folder, &sandbox, &["--listen", "127.0.0.1:0", "--no-delivery"]);
    let token = format!("Authorization: Bearer {TOKEN}");
    let form = "content=%D0%B7%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA&clid=1&datum=2024-06-25+10%3A00%3A00&pid=";
    let headers =
        [&token, "Idempotency-Key: a", "Content-Type: application/x-www-form-urlencoded; charset=utf-8"];
    assert_eq!(serving.ask("POST /activities", &headers, form).code, 202);
    // It is the same activity.
    assert_eq!(serving.post("a", ACTIVITY).code, 202);
    let twice = serving.ask("POST /activities", &headers, "content=x&content=y");
    assert_eq!(twice.code, 400, "{}", twice.body);
    serving.end("TERM");
}

#[tokio::test]
async fn health_and_metrics_need_no_token_and_show_where_activities_are() {
    let (folder, sandbox) = set_up("serve-health").await;
    let serving = Serving::start(&folder, &sandbox, &["--listen", "127.0.0.1:0"]);
    serving.post("a", ACTIVITY);
    serving.stored("a");
    let health = serving.ask("GET /healthz", &[], "");
    assert_eq!((health.code, &health.json()["delivery"]["role"]), (200, &"sender".into()));
    let metrics = serving.ask("GET /metrics", &[], "").body;
    for line in [
        "crm_outbox_batches_total 1",
        "crm_outbox_takeovers_total 1",
        "crm_outbox_settled_total{status=\"stored\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    serving.end("TERM");
}

#[tokio::test]
async fn a_delivery_that_is_not_ready_says_why() {
    let (folder, sandbox) = set_up("serve-observed").await;
    let arguments = ["outbox", "run", "--store", "sqlite:calls.db", "--listen", "127.0.0.1:0"];
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryAddList).always());
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryAdd).always());
    let serving = Serving::from_program(folder.crm_with(&sandbox, &arguments).spawn());
    let put =
        ["outbox", "put", "--store", "sqlite:calls.db", "--key", "a", "--content", "x", "--client", "1"];
    folder.crm(&put).run().ended(0, "");
    let began = Instant::now();
    let health = loop {
        let health = serving.ask("GET /healthz", &[], "");
        if health.code == 503 && health.json()["delivery"]["problem"].is_string() {
            break health;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{}", health.body);
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(health.json()["delivery"]["role"], "sender");
    assert_eq!(serving.ask("POST /activities", &[], "").code, 404, "it only observes");
    serving.end("TERM");
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_of_unix_belongs_to_its_owner_and_needs_no_token() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;

    let (folder, sandbox) = set_up("serve-unix").await;
    let arguments =
        ["outbox", "serve", "--store", "sqlite:calls.db", "--no-delivery", "--listen", "unix:crm.sock"];
    let socket = folder.path("crm.sock");
    let ask = || {
        let stream = UnixStream::connect(&socket).unwrap();
        exchange(stream, "POST /activities", &["Idempotency-Key: a"], ACTIVITY).code
    };
    let mut first = Serving::from_program(folder.crm_with(&sandbox, &arguments).spawn());
    assert_eq!(ask(), 202);
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    // Another one does not take the socket away.
    folder.crm_with(&sandbox, &arguments).run().ended(1, "cannot listen");
    first.program.kill().unwrap();
    first.program.wait().unwrap();
    let second = Serving::from_program(folder.crm_with(&sandbox, &arguments).spawn());
    assert_eq!(ask(), 202);
    second.end("TERM");
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_client_that_sends_slowly_does_not_keep_the_server_from_ending() {
    let (folder, sandbox) = set_up("serve-slow").await;
    let serving = Serving::start(&folder, &sandbox, &["--listen", "127.0.0.1:0", "--no-delivery"]);
    let mut slow = TcpStream::connect(&serving.address).unwrap();
    slow.write_all(b"POST /activities HTTP/1.1\r\n").unwrap();
    let began = Instant::now();
    let (code, _) = serving.end("TERM");
    assert!(code == 143 && began.elapsed() < Duration::from_secs(15), "{code} after {:?}", began.elapsed());
}

#[test]
fn the_token_is_never_shown() {
    let folder = Folder::new("serve-token");
    let ran: Ran = folder.crm(&["outbox", "serve", "--help"]).env("CRM_OUTBOX_TOKEN", TOKEN).run();
    assert!(ran.code == 0 && !ran.out.contains(TOKEN), "{ran:?}");
}

#[tokio::test]
async fn every_answer_is_one_that_the_description_names() {
    let (folder, sandbox) = set_up("serve-described").await;
    let serving =
        Serving::start(&folder, &sandbox, &["--listen", "127.0.0.1:0", "--no-delivery", "--max-queue", "1"]);
    let token = format!("Authorization: Bearer {TOKEN}");
    let described = include_str!("../../../../docs/openapi/outbox.v1.json");
    let described: serde_json::Value = serde_json::from_str(described).unwrap();
    let mut asked = 0;
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let request = format!("{} {}", method.to_uppercase(), path.replace("{key}", "a"));
            let headers = [&*token, "Idempotency-Key: a"];
            for (headers, body) in [
                (&headers[..], ACTIVITY),
                (&headers, &ACTIVITY.replace("звонок", "другой")),
                (&headers, "{"),
                (&[&*token, "Idempotency-Key: b"], ACTIVITY),
                (&[&*token], ACTIVITY),
                (&[], ""),
            ] {
                let code = serving.ask(&request, headers, body).code.to_string();
                assert!(operation["responses"].get(&code).is_some(), "{request} is answered with {code}");
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 4 * 6);
    serving.end("TERM");
}
