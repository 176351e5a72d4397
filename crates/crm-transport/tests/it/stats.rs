use std::time::Duration;

use crm_transport::Pace;
use tokio::time::timeout;

use crate::doubles::{Answer, Server, client, client_with, no_connection, ok, status};

#[tokio::test(start_paused = true)]
async fn every_call_is_counted_by_how_it_ended() {
    let server = Server::new([no_connection(), ok(), ok(), status(500, ""), Answer::Hangs]);
    let client = client(&server);
    client.read().await.unwrap();
    let clone = client.clone();
    tokio::spawn(async move { clone.add().await }).await.unwrap().unwrap();
    client.add().await.unwrap_err();
    assert!(timeout(Duration::from_secs(1), client.add()).await.is_err());
    let stats = client.0.stats();
    assert_eq!((stats.calls, stats.succeeded, stats.failed, stats.cancelled), (4, 2, 1, 1));
    assert_eq!((stats.attempts, stats.retries, stats.retries_denied), (5, 1, 0));
    assert_eq!((stats.in_flight, stats.waiting, stats.in_flight_limit), (0, 0, 1));
    assert_eq!(stats.slowdowns, 1);
}

#[tokio::test(start_paused = true)]
async fn the_gauges_show_what_is_in_flight_and_what_waits() {
    let server = Server::new([ok().after(1000)]);
    let client = client_with(&server, |b| b.pace(Pace::new().in_flight(2)));
    let calls = futures_util::future::join_all((0..5).map(|_| client.read()));
    let (_, (first, last)) = tokio::join!(calls, async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let first = client.0.stats();
        tokio::time::sleep(Duration::from_millis(2000)).await;
        (first, client.0.stats())
    });
    assert_eq!((first.calls, first.in_flight, first.waiting), (5, 2, 3));
    assert_eq!((last.succeeded, last.in_flight, last.waiting), (4, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_to_be_repeated_is_neither_in_flight_nor_waiting_for_a_place() {
    let server = Server::new([status(503, "").with("retry-after", "30"), ok()]);
    let client = client(&server);
    let (_, stats) = tokio::join!(client.read(), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        client.0.stats()
    });
    assert_eq!((stats.calls, stats.in_flight, stats.waiting, stats.succeeded), (1, 0, 0, 0));
}
