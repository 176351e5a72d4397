//! Faults that only a socket shows.

use std::io::{ErrorKind, Read as _, Write as _};

use crm_sandbox::{BOSS, Fault, Operation, Sandbox, Transfer};
use serde_json::json;

use crate::support::{HEADERS, connect, history, history_request, raw, raw_history, sandbox};

const ADD: &str = r#"{"content": "x", "clid": 1}"#;

async fn with(fault: Fault) -> Sandbox {
    let sandbox = sandbox().await;
    sandbox.add_fault(fault.on(Operation::HistoryAdd));
    sandbox
}

#[tokio::test]
async fn a_chunked_body_can_be_cut_after_any_byte() {
    for (after, chunk) in [(5, "5\r\n{\"res"), (0, "")] {
        let sandbox = with(Fault::new().transfer(Transfer::Cut { after: Some(after), chunked: true })).await;
        let answer = String::from_utf8(raw(&sandbox, &raw_history("add", HEADERS, ADD))).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
        assert_eq!(body, chunk, "and no last chunk");
        assert_eq!(sandbox.record_count(), 1);
        let sandbox = with(Fault::new().transfer(Transfer::Cut { after: Some(after), chunked: true })).await;
        let answer = history_request(&sandbox, "add").header("login", BOSS).body(ADD).send().await.unwrap();
        assert!(answer.text().await.is_err(), "a client library sees it");
    }
}

#[tokio::test]
async fn interim_answers_come_without_end() {
    let sandbox = with(Fault::interim_answers(103)).await;
    let mut stream = connect(&sandbox);
    stream.write_all(raw_history("add", HEADERS, ADD).as_bytes()).unwrap();
    let interim = "HTTP/1.1 103 Interim\r\n\r\n";
    let mut received = vec![0; interim.len() * 350];
    stream.read_exact(&mut received).unwrap();
    assert_eq!(String::from_utf8(received).unwrap(), interim.repeat(350));
    assert_eq!(sandbox.record_count(), 1);
}

#[tokio::test]
async fn no_answer_keeps_the_connection_open_and_others_are_answered() {
    let sandbox = with(Fault::no_answer()).await;
    let mut stream = connect(&sandbox);
    stream.write_all(raw_history("add", HEADERS, ADD).as_bytes()).unwrap();
    while sandbox.record_count() == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..10 {
        history(&sandbox, "fields", &json!({})).await;
    }
    stream.set_nonblocking(true).unwrap();
    let nothing = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock, "neither an answer nor an end");
    stream.set_nonblocking(false).unwrap();
    drop(sandbox);
    assert!(!matches!(stream.read(&mut [0; 1]), Ok(1)), "no answer comes when the sandbox goes");
}

#[tokio::test]
async fn connection_refused_over_a_socket_closes_it_unread() {
    let sandbox = with(Fault::connection_refused()).await;
    let head = raw_history("add", HEADERS, "").replace("Content-Length: 0", "Content-Length: 1000000");
    assert_eq!(raw(&sandbox, &head), b"");
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn keep_alive_closed_answers_on_a_new_connection_only() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault::keep_alive_closed().everywhere());
    let request = raw_history("fields", HEADERS, "");
    let kept = request.replace("Connection: close\r\n", "");
    let answer = String::from_utf8(raw(&sandbox, &format!("{kept}{request}"))).unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "the second is lost: {answer}");
    assert!(raw(&sandbox, &request).starts_with(b"HTTP/1.1 200"));
}
