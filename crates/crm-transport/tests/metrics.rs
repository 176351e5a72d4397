//! What the feature `metrics` counts.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "it/doubles.rs"]
#[allow(dead_code, reason = "no test file uses all of it")]
mod doubles;

use std::collections::BTreeMap;
use std::time::Duration;

use crm_transport::{Pace, RetryPolicy, TransportError};
use doubles::{Answer, Server, client, client_with, no_connection, ok, status};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::time::timeout;

/// What was counted since the last look, as `name{label=value,…}`; histograms as the number of their values.
fn counted(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let mut counted = BTreeMap::new();
    for (key, unit, description, value) in snapshotter.snapshot().into_vec() {
        let (_, key) = key.into_parts();
        assert!(unit.is_some() && description.is_some(), "{} is not described", key.name());
        let (name, labels) = key.into_parts();
        let mut labels: Vec<String> = labels.iter().map(|l| format!("{}={}", l.key(), l.value())).collect();
        labels.retain(|label| *label != "server=crm.example.test:443");
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(values) => values.len() as f64,
        };
        counted.insert(format!("{}{{{}}}", name.as_str(), labels.join(",")), value);
    }
    counted
}

/// Lets the work be counted, and compares; gauges that are back at zero are left out.
async fn assert_counts<F: Future>(work: impl FnOnce() -> F, expected: &[(&str, f64)]) {
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    work().await;
    let mut counted = counted(&recorder.snapshotter());
    counted.retain(|_, value| *value != 0.0);
    let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    assert_eq!(counted, expected);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_succeeds_is_counted_with_its_attempt() {
    let call = || async { client(&Server::new([ok()])).read().await.unwrap() };
    let expected = [
        ("crm_attempt_duration_seconds{operation=test.read,outcome=ok}", 1.0),
        ("crm_attempts_total{operation=test.read,outcome=ok}", 1.0),
        ("crm_calls_total{operation=test.read,outcome=ok}", 1.0),
    ];
    assert_counts(call, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_is_counted_once_and_its_attempts_each_by_its_outcome() {
    let call = || async {
        client(&Server::new([no_connection(), status(503, ""), ok()])).read().await.unwrap();
    };
    let expected = [
        ("crm_attempt_duration_seconds{operation=test.read,outcome=503}", 1.0),
        ("crm_attempt_duration_seconds{operation=test.read,outcome=no-connection}", 1.0),
        ("crm_attempt_duration_seconds{operation=test.read,outcome=ok}", 1.0),
        ("crm_attempts_total{operation=test.read,outcome=503}", 1.0),
        ("crm_attempts_total{operation=test.read,outcome=no-connection}", 1.0),
        ("crm_attempts_total{operation=test.read,outcome=ok}", 1.0),
        ("crm_calls_total{operation=test.read,outcome=ok}", 1.0),
        ("crm_retries_total{operation=test.read}", 2.0),
        ("crm_slowdowns_total{operation=test.read}", 1.0),
    ];
    assert_counts(call, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_fate_is_counted_and_a_read_is_not() {
    let closed = || Answer::Fails(|| TransportError::closed("the connection was lost"));
    let calls = || async {
        let client = client_with(&Server::new([closed()]), |b| b.retry(RetryPolicy::none()));
        client.add().await.unwrap_err();
        client.read().await.unwrap_err();
    };
    let expected = [
        ("crm_attempt_duration_seconds{operation=test.add,outcome=connection-lost}", 1.0),
        ("crm_attempt_duration_seconds{operation=test.read,outcome=connection-lost}", 1.0),
        ("crm_attempts_total{operation=test.add,outcome=connection-lost}", 1.0),
        ("crm_attempts_total{operation=test.read,outcome=connection-lost}", 1.0),
        ("crm_calls_total{operation=test.add,outcome=connection-lost}", 1.0),
        ("crm_calls_total{operation=test.read,outcome=connection-lost}", 1.0),
        ("crm_slowdowns_total{operation=test.add}", 1.0),
        ("crm_unknown_deliveries_total{operation=test.add}", 1.0),
    ];
    assert_counts(calls, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_dropped_in_flight_is_cancelled_and_of_unknown_fate() {
    let call = || async {
        let client = client(&Server::new([Answer::Hangs]));
        timeout(Duration::from_secs(1), client.add()).await.unwrap_err();
    };
    let expected = [
        ("crm_attempt_duration_seconds{operation=test.add,outcome=cancelled}", 1.0),
        ("crm_attempts_total{operation=test.add,outcome=cancelled}", 1.0),
        ("crm_calls_total{operation=test.add,outcome=cancelled}", 1.0),
        ("crm_unknown_deliveries_total{operation=test.add}", 1.0),
    ];
    assert_counts(call, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_is_dropped_between_two_attempts_is_of_unknown_fate_if_the_first_may_have_done_it() {
    let dropped_after = |first: fn() -> Answer| {
        move || async move {
            let retry = RetryPolicy::new().base(Duration::from_secs(60)).cap(Duration::from_secs(60));
            let client = client_with(&Server::new([first(), Answer::Hangs]), |b| b.retry(retry));
            timeout(Duration::from_millis(1), client.delete()).await.unwrap_err();
        }
    };
    let closed = || Answer::Fails(|| TransportError::closed("the connection was lost"));
    let expected = [
        ("crm_attempt_duration_seconds{operation=test.delete,outcome=connection-lost}", 1.0),
        ("crm_attempts_total{operation=test.delete,outcome=connection-lost}", 1.0),
        ("crm_calls_total{operation=test.delete,outcome=cancelled}", 1.0),
        ("crm_slowdowns_total{operation=test.delete}", 1.0),
        ("crm_unknown_deliveries_total{operation=test.delete}", 1.0),
    ];
    assert_counts(dropped_after(closed), &expected).await;
    let expected = [
        ("crm_attempt_duration_seconds{operation=test.delete,outcome=no-connection}", 1.0),
        ("crm_attempts_total{operation=test.delete,outcome=no-connection}", 1.0),
        ("crm_calls_total{operation=test.delete,outcome=cancelled}", 1.0),
        ("crm_slowdowns_total{operation=test.delete}", 1.0),
    ];
    assert_counts(dropped_after(no_connection), &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_for_which_there_is_no_budget_is_counted() {
    let call = || async {
        let client = client_with(&Server::new([no_connection()]), |b| b.retry(RetryPolicy::new().budget(0)));
        client.read().await.unwrap_err();
    };
    let expected = [
        ("crm_attempt_duration_seconds{operation=test.read,outcome=no-connection}", 1.0),
        ("crm_attempts_total{operation=test.read,outcome=no-connection}", 1.0),
        ("crm_calls_total{operation=test.read,outcome=no-connection}", 1.0),
        ("crm_retries_denied_total{operation=test.read}", 1.0),
        ("crm_slowdowns_total{operation=test.read}", 1.0),
    ];
    assert_counts(call, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn the_gauges_follow_what_is_in_flight_and_what_waits() {
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let client = client(&Server::new([ok().after(1000)]));
    let calls = futures_util::future::join_all((0..5).map(|_| client.read()));
    let (_, during) = tokio::join!(calls, async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        counted(&recorder.snapshotter())
    });
    assert_eq!((during["crm_in_flight{}"], during["crm_waiting{}"]), (2.0, 3.0));
    assert_eq!(during["crm_in_flight_limit{}"], 2.0);
    // A look takes what it sees: what follows is what was added since.
    let since = counted(&recorder.snapshotter());
    assert_eq!((since["crm_in_flight{}"], since["crm_waiting{}"]), (-2.0, -3.0));
}

#[tokio::test(start_paused = true)]
async fn the_gauge_of_the_limit_falls_with_an_overload_and_goes_with_the_last_client() {
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let limit = || counted(&recorder.snapshotter())["crm_in_flight_limit{}"];
    let pace = Pace::new().in_flight(8);
    let client = client_with(&Server::new([status(503, ""), ok()]), |b| b.pace(pace));
    let other = client_with(&Server::new([ok()]), |b| b.pace(Pace::new().in_flight(3)));
    assert_eq!(limit(), 11.0, "the clients together");
    client.clone().read().await.unwrap();
    // A look takes what it sees: what follows is what was added since.
    assert_eq!(limit(), -4.0);
    drop((client, other));
    assert_eq!(limit(), -7.0);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_lasts_as_long_as_it_was_in_flight() {
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    client(&Server::new([ok().after(1500)])).read().await.unwrap();
    let durations: Vec<f64> = recorder
        .snapshotter()
        .snapshot()
        .into_vec()
        .into_iter()
        .find_map(|(.., value)| match value {
            DebugValue::Histogram(values) => Some(values.into_iter().map(|v| v.into_inner()).collect()),
            _ => None,
        })
        .unwrap();
    assert!(durations.len() == 1 && (1.5..1.6).contains(&durations[0]), "{durations:?}");
}
