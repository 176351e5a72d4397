//! Whatever a server, a proxy or a captive portal sends, to whichever call: a value, or an error that says what was
//! wrong. Never a panic, a hang, or somebody else's record.

use std::time::Duration;

use crate::common::every;
use crate::common::raw::Raw;
use crm::history::{ApiKey, HistoryClient};
use crm::projects::{ProjectsClient, TokenPair};
use crm::{Delivery, Error, ErrorKind, ReqwestTransport, RetryPolicy};
use crm_sandbox::{Fault, Sandbox};

const LIMIT: usize = 1 << 20;

fn clients(address: &str, timeout: Duration, limit: usize) -> (HistoryClient, ProjectsClient) {
    let transport = || {
        let transport = ReqwestTransport::builder().no_proxy().without_system_certificates();
        transport.body_limit(limit).build().unwrap()
    };
    let history =
        HistoryClient::builder(address).credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS));
    let projects =
        ProjectsClient::builder(address).credentials(TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET));
    let none = RetryPolicy::none;
    (
        history.transport(transport()).retry(none()).timeout(timeout).body_limit(limit).build().unwrap(),
        projects.transport(transport()).retry(none()).timeout(timeout).body_limit(limit).build().unwrap(),
    )
}

/// Long enough for a busy machine; nothing here waits for it.
const PATIENT: Duration = Duration::from_secs(60);

/// What each of the calls makes of a server; each error is looked over.
async fn all(address: &str, timeout: Duration, limit: usize) -> Vec<(&'static str, Result<String, Error>)> {
    let mut outcomes = Vec::new();
    for id in every::IDS {
        // A connection that the server has closed is no answer of it.
        let (history, projects) = clients(address, timeout, limit);
        let outcome = every::call(id, &history, &projects).await;
        if let Err(error) = &outcome {
            let text = error.to_string();
            assert!(text.starts_with(&format!("{id}: ")), "{text}");
            assert!(text.len() > id.len() + 10 && text.chars().count() < 1_000, "{text}");
            assert!(
                !every::is_write(id) || error.delivery() == Delivery::Delivered || !error.is_retryable(),
                "{text}"
            );
        }
        outcomes.push((id, outcome));
    }
    outcomes
}

/// Each call fails in one of these ways.
async fn all_fail(what: &str, address: &str, timeout: Duration, kinds: &[ErrorKind]) {
    for (id, outcome) in all(address, timeout, LIMIT).await {
        let Err(error) = outcome else { panic!("{what}: {id} was read") };
        assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
    }
}

fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_body_without_an_end_stops_at_the_limit() {
    let sandbox = Sandbox::start().await.unwrap();
    for fault in [Fault::endless_body(), Fault::gzip_bomb(256)] {
        sandbox.clear_faults();
        sandbox.add_fault(fault.clone().everywhere().always());
        all_fail(&format!("{fault:?}"), sandbox.url(), PATIENT, &[ErrorKind::BodyTooLarge]).await;
    }
    let endless = |head: &'static str, piece: &'static [u8]| {
        Raw::writing(move |out| {
            let _ = out.write_all(head.as_bytes());
            while out.write_all(&piece.repeat(1_000)).is_ok() {}
        })
    };
    for (head, piece) in [
        ("HTTP/1.1 200 OK\r\n\r\n", &b"[[[["[..]),
        ("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n", b"{\"a\":"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            b"20\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
        ),
        ("HTTP/1.1 500 no\r\n\r\n", b"<html>"),
    ] {
        let kinds = [ErrorKind::BodyTooLarge, ErrorKind::Closed];
        all_fail(head, &endless(head, piece).url(), PATIENT, &kinds).await;
    }
    for (head, piece) in [
        ("HTTP/1.1 200 OK\r\n", &b"x-a: aaaaaaaaaaaaaaaaaaaa\r\n"[..]),
        ("HTTP/1.1 200 OK\r\nx: ", b"aaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("", b"xxxxxxxxxxxxxxxxxxxxx"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", b"extension-without-end"),
    ] {
        let kinds = [ErrorKind::Closed, ErrorKind::CutBody];
        all_fail(head, &endless(head, piece).url(), PATIENT, &kinds).await;
    }
}

#[tokio::test]
async fn a_slow_drip_meets_the_time_limit() {
    let short = Duration::from_millis(150);
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_fault(Fault::slow_drip(1, Duration::from_millis(100)).everywhere().always());
    all_fail("drip", sandbox.url(), short, &[ErrorKind::Timeout]).await;
    let never = Raw::writing(|out| {
        // «Go on», without end, and no final answer. With a pause: without one the server decides how long the HTTP
        // client reads before anything else gets its turn, and the limit is met late.
        while out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    all_fail("continue", &never.url(), short, &[ErrorKind::Timeout, ErrorKind::Closed]).await;
}

#[tokio::test]
async fn what_is_no_http_is_told() {
    use ErrorKind::{Closed, CutBody, EmptyBody, Http, Undecodable};
    let gzip = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n";
    for (answer, kinds) in [
        ("", &[Closed][..]),
        ("\0\0\0\0", &[Closed]),
        ("{\"data\":[]}", &[Closed]),
        ("HTTP/1.1 200 OK\r\n", &[Closed]),
        ("HTTP/1.1 two OK\r\n\r\n", &[Closed]),
        ("HTTP/9.9 200 OK\r\n\r\n", &[Closed]),
        ("HTTP/1.1 999 x\r\ncontent-length: 0\r\n\r\n", &[Http]),
        ("HTTP/1.1 204 No Content\r\n\r\n{\"data\":[]}", &[EmptyBody]),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", &[CutBody]),
        ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}", &[Closed]),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n{}", &[Closed]),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 20\r\n\r\n{}", &[Closed]),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a", &[CutBody]),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", &[CutBody]),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n", &[CutBody]),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n", &[CutBody]),
        (&format!("{gzip}content-length: 20\r\n\r\nthis is not gzip at "), &[CutBody]),
        (&format!("{gzip}content-length: 10\r\n\r\n\u{1f}{{}}      "), &[CutBody]),
        ("HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 4\r\n\r\nabcd", &[Undecodable]),
    ] {
        all_fail(answer, &Raw::answering(answer).url(), PATIENT, kinds).await;
    }
}

#[tokio::test]
async fn a_wrong_content_length_never_makes_a_record_of_half_an_answer() {
    let sandbox = Sandbox::builder().records(3).start().await.unwrap();
    for by in [-30, -1, 1, 30] {
        sandbox.clear_faults();
        sandbox.add_fault(Fault::wrong_content_length(by).everywhere().always());
        for (id, outcome) in all(sandbox.url(), PATIENT, LIMIT).await {
            assert!(outcome.is_err(), "{by}: {id} read {outcome:?}");
        }
    }
}

/// A body for each call, around one value at the place where it hurts most: an id, or a text where there is none.
fn around(id: &str, value: &str) -> String {
    match id {
        "history.fields" => format!(r#"{{"data":{{"cid":{value}}}}}"#),
        "history.tips" => format!(r#"{{"data":[{{"title":{value}}}]}}"#),
        "history.list" => format!(r#"{{"data":[{{"cid":{value},"content":"x"}},{{"cid":77}}]}}"#),
        "history.info" => format!(r#"{{"data":{{"cid":{value},"content":"x"}}}}"#),
        "history.add" => format!(r#"{{"result":"Успешно","data":{value}}}"#),
        "history.add_list" => format!(r#"[{{"result":"Успешно","data":{value}}}]"#),
        "history.delete" => format!(r#"{{"result":{value}}}"#),
        "projects.info" | "projects.action_info" => format!(r#"{{"payload":{{"id":{value},"name":"x"}}}}"#),
        _ => format!(r#"{{"payload":[{{"id":{value},"name":"x"}},{{"id":77}}]}}"#),
    }
}

/// The calls whose answers hold an id that must be there.
fn has_id(id: &str) -> bool {
    !matches!(id, "history.fields" | "history.tips" | "history.delete")
}

/// Serves each call its own body.
async fn each(body: impl Fn(&str) -> Vec<u8>, mut check: impl FnMut(&'static str, Result<String, Error>)) {
    for id in every::IDS {
        let server = Raw::answering(ok(body(id)));
        let (history, projects) = clients(&server.url(), PATIENT, 64 << 20);
        check(id, every::call(id, &history, &projects).await);
    }
}

#[tokio::test]
async fn a_number_that_is_no_id_is_never_somebody_elses() {
    for value in [
        "1.5",
        "-1",
        "-9223372036854775808",
        "1e30",
        "1e400",
        "18446744073709551616",
        "99999999999999999999999",
        "9007199254740993.0",
        "\"18446744073709551616\"",
        "\"-1\"",
        "\"1.0\"",
        "\"1e3\"",
        "\"0x10\"",
        "\"１２\"",
        "\"NaN\"",
        "\"Infinity\"",
        "true",
        "[1]",
        "{\"id\":1}",
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "01",
        "+1",
        "1_000",
        "\"1 2\"",
    ] {
        each(
            |id| around(id, value).into_bytes(),
            |id, outcome| match outcome {
                Ok(read) if has_id(id) => {
                    let told = read.contains("unreadable: [Unreadable") || read == "[StoredWithoutId]";
                    assert!(told, "{id} {value}: {read}");
                    let ids: Vec<&str> = read.matches("Id(").collect();
                    assert!(ids.len() == usize::from(read.contains("Id(77)")), "{id} {value}: {read}");
                }
                Ok(_) => {}
                Err(error) => {
                    assert!(
                        error.is_undecodable() || error.kind() == ErrorKind::Api,
                        "{id} {value}: {error:?}"
                    );
                    let place = error.json_path().is_some() || error.kind() != ErrorKind::Undecodable;
                    assert!(place, "{id} {value}: {error:?} does not say where");
                }
            },
        )
        .await;
    }
}

#[tokio::test]
async fn an_id_is_read_to_its_last_digit() {
    for (value, id) in [
        ("18446744073709551615", u64::MAX),
        ("\"18446744073709551615\"", u64::MAX),
        ("1.0", 1),
        ("1e3", 1000),
    ] {
        each(
            |id| around(id, value).into_bytes(),
            |call, outcome| {
                if let Err(error) = &outcome
                    && has_id(call)
                {
                    // Record 1 was asked for. The message names the one that came.
                    let is_another = error.is_ignored_parameter() && id != 1;
                    assert!(is_another && error.to_string().contains(&id.to_string()), "{call}: {error:?}");
                } else if has_id(call) {
                    let read = outcome.unwrap();
                    assert!(read.contains(&format!("Id({id})")), "{call} {value}: {read}");
                }
            },
        )
        .await;
    }
}

#[tokio::test]
async fn times_that_do_not_exist_are_told_with_their_place() {
    for (time, read_as) in [
        ("99999-01-01 00:00:00", None),
        ("-0001-01-01 00:00:00", None),
        ("2024-02-30 00:00:00", None),
        ("2024-01-01 24:00:00", None),
        ("2024-01-01 00:00:00 +03:00", None),
        ("0000-01-01 00:00:00", Some("at: Some(0000-01-01T00:00:00)")),
        ("0000-00-00 00:00:00", Some("at: None")),
    ] {
        let record = format!(r#"{{"cid":1,"datum":"{time}"}}"#);
        let (list, info) = (format!(r#"{{"data":[{record}]}}"#), format!(r#"{{"data":{record}}}"#));
        for (id, body) in [("history.list", list), ("history.info", info)] {
            let server = Raw::answering(ok(body));
            let (history, projects) = clients(&server.url(), PATIENT, LIMIT);
            let outcome = every::call(id, &history, &projects).await;
            match (outcome, read_as) {
                (Ok(read), Some(expected)) => assert!(read.contains(expected), "{time}: {read}"),
                (Ok(read), None) => assert!(read.contains("$.data[0].datum"), "{time}: {read}"),
                (Err(error), None) => assert_eq!(error.json_path(), Some("$.data.datum"), "{error:?}"),
                (Err(error), Some(_)) => panic!("{time}: {error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_called_so() {
    let windows: &[u8] = b"\"\xcf\xf0\xe8\xe2\xe5\xf2\"";
    each(
        |id| around(id, "\"?\"").replace("\"?\"", "\u{1}").into_bytes().splice_in(1, windows),
        |id, outcome| {
            let text = match outcome {
                Ok(read) => panic!("{id} read {read}"),
                Err(error) => error.to_string(),
            };
            assert!(text.contains("not UTF-8 from byte") && text.contains("windows-1251"), "{id}: {text}");
        },
    )
    .await;
    for mark in [[0xff, 0xfe], [0xfe, 0xff]] {
        each(
            |id| {
                let units = around(id, "1");
                let bytes = units.encode_utf16().flat_map(|unit| {
                    if mark == [0xff, 0xfe] { unit.to_le_bytes() } else { unit.to_be_bytes() }
                });
                mark.into_iter().chain(bytes).collect()
            },
            |id, outcome| {
                let error = outcome.unwrap_err();
                assert!(error.to_string().contains("UTF-16"), "{id}: {error}");
            },
        )
        .await;
    }
}

trait SpliceIn {
    fn splice_in(self, mark: u8, bytes: &[u8]) -> Self;
}

impl SpliceIn for Vec<u8> {
    /// Puts the bytes in place of the mark.
    fn splice_in(mut self, mark: u8, bytes: &[u8]) -> Self {
        let at = self.iter().position(|byte| *byte == mark).unwrap();
        self.splice(at..=at, bytes.iter().copied());
        self
    }
}

#[tokio::test]
async fn half_a_surrogate_spoils_its_record_and_nothing_else() {
    for value in [r#""\ud800""#, r#""\udc00x""#, r#""\ud800\ud800""#] {
        each(
            |id| around(id, value).into_bytes(),
            |id, outcome| match outcome {
                Ok(read) => {
                    assert!(id == "history.add_list" || read.contains("Id(77)"), "{id}: {read}");
                    assert!(
                        read.contains("unreadable: [Unreadable") || read == "[StoredWithoutId]",
                        "{read}"
                    );
                }
                Err(error) => assert!(error.is_undecodable(), "{id}: {error:?}"),
            },
        )
        .await;
    }
}

#[tokio::test]
async fn depth_and_size_are_a_value_or_an_error() {
    let long = format!("\"{}\"", "я".repeat(5 << 20));
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let mut fields = String::from("1");
    (0..10_000).for_each(|i| fields.push_str(&format!(r#","unknown{i}":{{"a":[{i},null,"x"]}}"#)));
    let key = format!("{{\"{}\":1}}", "я".repeat(1 << 20));
    let extra = format!("1,\"extra\":{}", nested(100));
    let values = [long, key, nested(100), objects(100), nested(50_000), objects(50_000), fields, extra];
    for value in values {
        each(
            |id| match id {
                // These are no objects with room for more.
                "history.add" | "history.fields" | "history.add_list" if value.starts_with("1,") => {
                    around(id, "1").into_bytes()
                }
                id => around(id, &value).into_bytes(),
            },
            |id, outcome| {
                if let Err(error) = outcome {
                    let text = error.to_string();
                    assert!(text.chars().count() < 1_000, "{id}: an error of {} bytes", text.len());
                    assert!(error.is_undecodable() || error.kind() == ErrorKind::Api, "{id}: {error:?}");
                }
            },
        )
        .await;
    }
    // Words and names of a megabyte in the API's own error, and in place of an envelope.
    let word = "я".repeat(1 << 16);
    for body in [
        format!(r#"{{"result":"Error","error":{{"code":"{word}","text":"{word}"}}}}"#),
        format!(r#"{{"errors":{{"{word}":["{word}"]}}}}"#),
        format!(r#"{{"{word}":{{"{word}":1}}}}"#),
        format!("<title>{word}</title>"),
        format!("<b>Fatal error</b>: {word}"),
        format!("Warning: {word} on line 1"),
        format!("[{{\"result\":\"{word}\"}}]"),
        word,
    ] {
        all(&Raw::answering(ok(body)).url(), PATIENT, 64 << 20).await;
    }
    // A hundred unknown levels are kept; ten thousand unknown fields too.
    let record = format!(r#"{{"cid":1,"deep":{}}}"#, nested(100));
    let server = Raw::answering(ok(format!(r#"{{"data":{record}}}"#)));
    let (history, _) = clients(&server.url(), PATIENT, LIMIT);
    let entry = history.entry(crm::history::EntryId(1)).await.unwrap();
    assert_eq!(serde_json::to_string(&entry.extra["deep"]).unwrap(), nested(100));
}

#[tokio::test]
async fn a_key_that_comes_twice_is_the_last_one_or_an_error() {
    for (id, body) in [
        ("history.info", r#"{"data":{"cid":1,"cid":2}}"#),
        ("history.list", r#"{"data":[{"cid":1,"cid":2}]}"#),
        ("projects.info", r#"{"payload":{"id":1,"id":2}}"#),
        ("projects.list", r#"{"payload":[{"id":1,"id":2}]}"#),
        ("history.info", r#"{"data":{"cid":1},"data":{"cid":2}}"#),
        ("history.list", r#"{"data":[{"cid":1}],"data":[{"cid":2}]}"#),
        ("projects.list", r#"{"payload":[{"id":1}],"payload":[{"id":2}]}"#),
        ("history.add", r#"{"result":"Успешно","data":1,"data":2}"#),
        ("history.add", r#"{"result":"Успешно","data":2,"result":"Error"}"#),
        ("history.add_list", r#"[{"result":"Error","result":"Успешно","data":2}]"#),
    ] {
        let server = Raw::answering(ok(body));
        let (history, projects) = clients(&server.url(), PATIENT, LIMIT);
        // PHP and JavaScript take the last one.
        match every::call(id, &history, &projects).await {
            Ok(read) => assert!(
                !read.contains("Id(1)") && (read.contains("Id(2)") || read.contains("Unknown")),
                "{body}: {read}"
            ),
            // Record 1 was asked for, and not record 2.
            Err(error) if error.is_ignored_parameter() => assert!(error.to_string().contains('2'), "{error}"),
            Err(error) => {
                assert!(error.is_undecodable() || error.kind() == ErrorKind::Api, "{body}: {error:?}")
            }
        }
    }
}

/// A process of its own shows what the answers cost: it is started with the address of the sandbox.
#[cfg(target_os = "linux")]
mod memory {
    use super::*;

    fn peak() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
    }

    #[test]
    #[ignore = "started by the test of this module, with an address"]
    fn the_child() {
        let address = std::env::var("HOSTILE_ADDRESS").unwrap();
        let limit = std::env::var("HOSTILE_LIMIT").unwrap().parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let before = peak();
        let outcomes = match std::env::var("HOSTILE_CALL") {
            Ok(id) => runtime.block_on(async {
                let (history, projects) = clients(&address, PATIENT, limit);
                vec![("", every::call(&id, &history, &projects).await)]
            }),
            Err(_) => runtime.block_on(all(&address, PATIENT, limit)),
        };
        for (id, outcome) in outcomes {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::BodyTooLarge, "{id}");
        }
        println!("peak {}", peak() - before);
    }

    /// Makes the calls, or one of them, in a process of its own, and returns how many bytes of memory they cost.
    fn cost(address: &str, limit: usize, call: Option<&str>) -> usize {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "hostile::memory::the_child", "--ignored", "--nocapture"]);
        child.env("HOSTILE_ADDRESS", address).env("HOSTILE_LIMIT", limit.to_string());
        child.envs(call.map(|call| ("HOSTILE_CALL", call)));
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let (_, peak) = text.split_once("peak ").unwrap();
        peak.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// H1 and H2: 60 MB of `0,`, packed, and 25 MB of `null,`.
    #[tokio::test]
    async fn a_response_of_countless_values_costs_a_few_times_its_length() {
        for (items, item, gzip) in [(30_000_000, "0", true), (5_000_000, "null", false)] {
            let sandbox = Sandbox::start().await.unwrap();
            sandbox.add_fault(Fault::junk_list(items, item, gzip).everywhere().always());
            let length = items * (item.len() + 1);
            for call in ["history.list", "projects.list"] {
                let peak = cost(sandbox.url(), 64 << 20, Some(call));
                assert!(peak < 4 * length, "{call}: {peak} bytes for {length}");
            }
        }
    }

    #[tokio::test]
    async fn an_answer_costs_no_more_memory_than_a_few_times_its_limit() {
        for fault in [Fault::endless_body(), Fault::gzip_bomb(1_024)] {
            let sandbox = Sandbox::start().await.unwrap();
            sandbox.add_fault(fault.clone().everywhere().always());
            let peak = cost(sandbox.url(), 4 << 20, None);
            assert!(peak < 32 << 20, "{fault:?}: {peak} bytes for a limit of 4 MiB");
        }
    }
}
