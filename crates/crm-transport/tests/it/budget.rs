use std::time::Duration;

use crm_transport::{Credentials, Pace, RetryPolicy};
use futures_util::future::join_all;

use crate::doubles::{Calls, Server, client, client_with, no_connection, ok};

fn wide(pace: usize) -> Pace {
    Pace::new().in_flight(pace)
}

#[tokio::test(start_paused = true)]
async fn a_dead_server_is_not_hammered_by_all_clones_together() {
    let server = Server::new([no_connection()]);
    let client = client_with(&server, |b| b.pace(wide(1000)));
    let clones: Vec<Calls> = (0..100).map(|_| client.clone()).collect();
    let errors = join_all(clones.iter().map(Calls::read)).await;
    assert!(errors.iter().all(Result::is_err));
    // Ten within ten seconds, and all is over within four.
    assert_eq!(server.attempts(), 100 + 10);
    let whole = errors.iter().filter(|error| error.as_ref().unwrap_err().attempts() == 4).count() as u64;
    assert_eq!(client.0.stats().retries_denied, 100 - whole);
}

#[tokio::test(start_paused = true)]
async fn a_single_failing_call_has_all_its_retries() {
    let server = Server::new([no_connection()]);
    let client = client(&server);
    assert_eq!(client.read().await.unwrap_err().attempts(), 4);
    assert_eq!(client.read().await.unwrap_err().attempts(), 4);
    assert_eq!(client.0.stats().retries_denied, 0);
}

#[tokio::test(start_paused = true)]
async fn accounts_on_the_same_server_share_the_budget() {
    let server = Server::new([no_connection()]);
    let client = client_with(&server, |b| b.pace(wide(100)));
    let other = Calls(client.0.with_credentials(Credentials::new()).unwrap());
    join_all((0..20).map(|_| client.read())).await;
    assert_eq!(other.read().await.unwrap_err().attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_counts_for_ten_seconds_and_no_longer() {
    let server = Server::new([no_connection()]);
    let client = client_with(&server, |b| b.pace(wide(100)).retry(RetryPolicy::new().base(Duration::ZERO)));
    join_all((0..20).map(|_| client.read())).await;
    for _ in 0..2 {
        assert_eq!(client.read().await.unwrap_err().attempts(), 1);
        tokio::time::sleep(Duration::from_secs(9)).await;
    }
    assert_eq!(client.read().await.unwrap_err().attempts(), 4);
}

#[tokio::test(start_paused = true)]
async fn five_calls_that_succeed_pay_for_one_retry() {
    let server = Server::new([ok()]);
    let client = client_with(&server, |b| b.retry(RetryPolicy::new().budget(0)));
    for _ in 0..9 {
        client.read().await.unwrap();
    }
    server.now_answers([no_connection()]);
    assert_eq!(client.read().await.unwrap_err().attempts(), 2);
}
