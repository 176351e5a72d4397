use std::time::Duration;

use crm_transport::{Delivery, RetryPolicy};
use tokio::time::Instant;

use crate::doubles::{GRAIN, Server, client, client_with, ms, ok, status};

/// The time before the second attempt of a read after this `Retry-After`.
async fn waited(retry_after: &str, date: Option<&str>) -> Duration {
    let mut busy = status(503, "").with("retry-after", retry_after);
    if let Some(date) = date {
        busy = busy.with("date", date);
    }
    let server = Server::new([busy, ok()]);
    let policy = RetryPolicy::new().base(ms(10));
    client_with(&server, |b| b.retry(policy)).read().await.unwrap();
    server.seen().starts[1]
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_as_many_seconds_as_the_server_asks() {
    let waited = waited("20", None).await;
    assert!((ms(20_000)..ms(20_000) + GRAIN).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_until_the_date_that_the_server_names_by_the_servers_own_clock() {
    let waited = waited("Sun, 01 Mar 2026 12:01:00 GMT", Some("Sun, 01 Mar 2026 12:00:15 GMT")).await;
    assert!((ms(45_000)..ms(45_000) + GRAIN).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_cannot_be_understood_or_is_over_leaves_the_usual_one() {
    for retry_after in ["soon", "0", "Sun, 01 Mar 2020 12:00:00 GMT"] {
        // One call was refused within a second, so the next starts at half that rate.
        let waited = waited(retry_after, None).await;
        assert!((ms(2000)..ms(2000) + GRAIN).contains(&waited), "{retry_after}: {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    for retry_after in
        ["120", "86400", "18446744073709551615", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"]
    {
        let server = Server::new([status(429, "").with("retry-after", retry_after), ok()]);
        let began = Instant::now();
        let error = client(&server).read().await.unwrap_err();
        assert_eq!((error.http_status(), server.attempts()), (Some(429), 1), "{retry_after}");
        assert!(error.retry_after().is_some_and(|wait| wait >= Duration::from_secs(120)), "{error:?}");
        assert_eq!(began.elapsed(), Duration::ZERO, "{retry_after}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_not_sent_again_after_a_503_whatever_it_says() {
    for retry_after in ["5", "0", "soon"] {
        let server = Server::new([status(503, "").with("retry-after", retry_after), ok()]);
        let error = client(&server).add().await.unwrap_err();
        assert_eq!((server.attempts(), error.delivery()), (1, Delivery::Unknown));
        assert!(
            !error.is_retryable() && error.to_string().contains("look before sending it again"),
            "{error}"
        );
    }
}
