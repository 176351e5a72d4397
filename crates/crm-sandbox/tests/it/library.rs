//! The sandbox as a library.

use std::net::TcpStream;

use crm_sandbox::{Record, Sandbox};
use serde_json::json;

use crate::support::{history, history_text, record, sandbox};

#[tokio::test]
async fn it_listens_on_a_free_loopback_port_and_is_gone_when_dropped() {
    let sandbox = Sandbox::start().await.unwrap();
    let other = Sandbox::start().await.unwrap();
    assert_ne!(sandbox.url(), other.url());
    let address = sandbox.url().strip_prefix("http://127.0.0.1:").unwrap();
    let address = format!("127.0.0.1:{address}");
    assert!(TcpStream::connect(&address).is_ok());
    drop(sandbox);
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn it_starts_in_a_program_without_async() {
    let sandbox = Sandbox::start_blocking().unwrap();
    let request = crate::support::raw_history("fields", crate::support::HEADERS, "");
    assert!(crate::support::raw(&sandbox, &request).starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn it_goes_even_while_answers_are_on_their_way() {
    let sandbox = sandbox().await;
    let fault = crm_sandbox::Fault::latency(std::time::Duration::from_hours(1));
    sandbox.add_fault(fault.everywhere().always());
    let mut stream = crate::support::connect(&sandbox);
    let request = crate::support::raw_history("fields", crate::support::HEADERS, "");
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    while sandbox.requests().is_empty() {
        std::thread::yield_now();
    }
    drop(sandbox);
    let mut answer = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
    assert_eq!(answer, b"");
}

#[tokio::test]
async fn it_answers_while_the_test_blocks_its_own_thread() {
    let sandbox = sandbox().await;
    let answer =
        crate::support::raw(&sandbox, &crate::support::raw_history("fields", crate::support::HEADERS, ""));
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn records_are_read_added_and_removed_directly() {
    let sandbox = sandbox().await;
    let cid = sandbox.add_record(Record { cid: 77, ..record() });
    assert_eq!(cid, 1);
    assert_eq!(sandbox.record(cid), Some(Record { cid, ..record() }));
    assert_eq!(sandbox.with_records(|records| records.map(|record| record.cid).collect::<Vec<u64>>()), [1]);
    assert_eq!(history(&sandbox, "info", &json!({"cid": cid})).await["data"]["cid"], 1);
    assert_eq!(sandbox.remove_record(cid), Some(Record { cid, ..record() }));
    assert_eq!(history_text(&sandbox, "list", &json!({})).await, "[]");
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn generated_records_spread_over_dates_and_many_have_equal_times() {
    let sandbox = Sandbox::builder().records(10_000).start().await.unwrap();
    let records = sandbox.records();
    assert_eq!(records.len(), 10_000);
    let mut times: Vec<_> = records.iter().map(|record| record.datum.unwrap()).collect();
    times.sort_unstable();
    times.dedup();
    assert!((900..=1_001).contains(&times.len()), "{} times", times.len());
    let mut days: Vec<_> = times.iter().map(chrono::NaiveDateTime::date).collect();
    days.dedup();
    assert!(days.len() > 250, "{} days", days.len());
}

#[tokio::test]
async fn the_time_of_the_account_is_the_wall_clock_until_it_is_set() {
    let sandbox = Sandbox::start().await.unwrap();
    let before = chrono::Local::now().naive_local();
    history(&sandbox, "add", &json!({"content": "x", "clid": 1})).await;
    let stored = sandbox.record(1).unwrap().datum.unwrap();
    let after = chrono::Local::now().naive_local();
    assert!(before - chrono::TimeDelta::seconds(1) <= stored && stored <= after);
}
