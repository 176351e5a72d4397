use std::time::Duration;

use crm_transport::{Delivery, ErrorKind, Pace, RetryPolicy};
use tokio::time::Instant;

use crate::doubles::{Answer, GRAIN, Server, client, client_with, no_connection, ok, status};

fn many() -> RetryPolicy {
    RetryPolicy::new().max_attempts(1_000_000).budget(1_000_000)
}

const TEN: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_deadline_however_many_attempts_are_left() {
    let server = Server::new([Answer::Hangs]);
    let began = Instant::now();
    let client = client_with(&server, |b| b.retry(many()).deadline(TEN).timeout(Duration::from_secs(3)));
    let error = client.read().await.unwrap_err();
    assert!(error.is_timeout() && error.attempts() > 2, "{error}");
    assert!(began.elapsed() <= TEN + GRAIN, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_after_the_deadline() {
    for seed in 0..100 {
        fastrand::seed(seed);
        let server = Server::new([no_connection().after(700)]);
        let policy = many().base(Duration::from_secs(1)).cap(Duration::from_secs(4));
        let client = client_with(&server, |b| b.retry(policy).deadline(TEN).pace(Pace::new().in_flight(1)));
        let calls = (0..4).map(|_| client.read());
        let errors = futures_util::future::join_all(calls).await;
        assert!(errors.iter().all(Result::is_err));
        let last = *server.seen().starts.last().unwrap();
        assert!(last < TEN && last > TEN / 2, "{last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_cut_off_at_the_deadline_and_says_so() {
    let server = Server::new([Answer::Hangs]);
    let began = Instant::now();
    let error = client_with(&server, |b| b.deadline(Duration::from_secs(2))).add().await.unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Timeout, Delivery::Unknown));
    assert!(began.elapsed() <= Duration::from_secs(2) + GRAIN, "{:?}", began.elapsed());
    assert!(error.to_string().contains("within 2 s, when the call's deadline was over"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gets_no_place_is_a_timeout_of_which_nothing_was_sent() {
    let server = Server::new([Answer::Hangs]);
    let client = client_with(&server, |b| b.pace(Pace::new().in_flight(1)).deadline(TEN).timeout(TEN * 9));
    let (first, second) = tokio::join!(client.add(), client.add());
    assert_eq!(first.unwrap_err().delivery(), Delivery::Unknown);
    let error = second.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery(), error.attempts()),
        (ErrorKind::Timeout, Delivery::NotSent, 0)
    );
    assert_eq!(server.attempts(), 1);
    assert_eq!(
        error.to_string(),
        "test.add: its turn did not come within 10 s; nothing was sent; start fewer calls at once, or allow a \
         longer deadline or another pace [timeout]"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_its_place_no_longer_than_its_deadline() {
    let server = Server::new([ok()]);
    let client = client_with(&server, |b| b.pace(Pace::new().per_second(0.01)).deadline(TEN));
    client.read().await.unwrap();
    let began = Instant::now();
    client.read().await.unwrap_err();
    assert!(began.elapsed() <= TEN + GRAIN, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_that_gets_no_place_returns_the_error_in_hand() {
    let server = Server::new([status(503, "").after(1000), Answer::Hangs]);
    let client = client_with(&server, |b| b.pace(Pace::new().in_flight(1)).deadline(TEN));
    let (first, _) = tokio::join!(client.read(), client.read());
    let error = first.unwrap_err();
    assert_eq!((error.http_status(), error.attempts()), (Some(503), 1), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_may_take_as_long_as_it_was_given_when_no_deadline_is_set() {
    let server = Server::new([ok().after(280000)]);
    client_with(&server, |b| b.timeout(Duration::from_secs(300))).read().await.unwrap();
    let began = Instant::now();
    let error = client(&Server::new([Answer::Hangs])).add().await.unwrap_err();
    assert!(error.is_timeout() && began.elapsed() < Duration::from_secs(31));
}

#[tokio::test(start_paused = true)]
async fn no_deadline_is_too_long() {
    let server = Server::new([ok()]);
    client_with(&server, |b| b.deadline(Duration::MAX).timeout(Duration::MAX)).read().await.unwrap();
}
