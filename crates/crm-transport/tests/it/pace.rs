use std::time::Duration;

use crm_transport::{Pace, RetryPolicy, TransportError};
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use crate::doubles::{Answer, Calls, GRAIN, Server, client, client_with, ms, no_connection, ok, status};

fn at_most(server: &std::sync::Arc<Server>, in_flight: usize) -> Calls {
    client_with(server, |b| b.pace(Pace::new().in_flight(in_flight)).retry(RetryPolicy::none()))
}

fn limit(client: &Calls) -> usize {
    client.0.stats().in_flight_limit
}

async fn reads(client: &Calls, n: usize) -> Vec<Result<(), crm_transport::Error>> {
    join_all((0..n).map(|_| client.read())).await
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_pace_allows_are_in_flight_from_all_clones_together() {
    let server = Server::new([ok().after(100)]);
    let first = at_most(&server, 3);
    let second = first.clone();
    let (a, b) = tokio::join!(reads(&first, 10), reads(&second, 10));
    assert!(a.into_iter().chain(b).all(|result| result.is_ok()));
    assert_eq!(server.seen().most_at_once, 3);
}

#[tokio::test(start_paused = true)]
async fn two_at_once_is_the_default() {
    let server = Server::new([ok().after(100)]);
    reads(&client(&server), 10).await;
    assert_eq!(server.seen().most_at_once, 2);
}

#[tokio::test(start_paused = true)]
async fn no_more_attempts_start_in_a_second_than_the_pace_allows() {
    let server = Server::new([ok()]);
    let client = client_with(&server, |b| b.pace(Pace::new().in_flight(50).per_second(4.0)));
    reads(&client, 9).await;
    let gaps = server.gaps_from(0);
    assert!(gaps.iter().all(|gap| (ms(250)..ms(250) + GRAIN).contains(gap)), "{gaps:?}");
    // Nor after a pause: there is nothing to catch up with.
    sleep(Duration::from_secs(60)).await;
    reads(&client, 2).await;
    assert!(server.gaps_from(9)[0] >= ms(250));
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_in_flight_gives_its_place_back() {
    let server = Server::new([Answer::Hangs, ok()]);
    let client = at_most(&server, 1);
    assert!(timeout(Duration::from_secs(1), client.read()).await.is_err());
    assert_eq!(client.0.stats().in_flight, 0);
    client.read().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_waits_keeps_nobody_from_a_place() {
    let server = Server::new([ok().after(5000)]);
    let client = at_most(&server, 1);
    let (first, dropped, third) =
        tokio::join!(client.read(), timeout(Duration::from_secs(1), client.read()), client.read());
    assert!(first.is_ok() && dropped.is_err() && third.is_ok());
    assert_eq!(server.seen().starts[1], ms(5000));
    assert_eq!(client.0.stats().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_waits_for_its_moment_costs_nobody_that_moment() {
    let server = Server::new([ok()]);
    let client = client_with(&server, |b| b.pace(Pace::new().in_flight(10).per_second(0.1)));
    client.read().await.unwrap();
    for _ in 0..5 {
        assert!(timeout(Duration::from_secs(1), client.read()).await.is_err());
    }
    client.read().await.unwrap();
    assert!((ms(10_000)..ms(10_000) + GRAIN).contains(&server.seen().starts[1]));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_to_be_repeated_holds_no_place() {
    let server = Server::new([no_connection(), ok()]);
    let policy = RetryPolicy::new().base(Duration::from_secs(30));
    let client = client_with(&server, |b| b.pace(Pace::new().in_flight(1)).retry(policy));
    let (first, second) = tokio::join!(client.read(), client.read());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(server.seen().starts[1], Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn trouble_halves_what_may_be_in_flight_and_never_below_one() {
    let troubles = [
        status(429, ""),
        status(502, ""),
        status(503, ""),
        status(504, ""),
        status(200, "<html><title>busy</title></html>"),
        Answer::Hangs,
        Answer::Fails(|| TransportError::connect("refused")),
        Answer::Fails(|| TransportError::closed("reset")),
    ];
    for trouble in troubles {
        let server = Server::new([trouble]);
        let client = at_most(&server, 8);
        let mut limits = vec![limit(&client)];
        for _ in 0..5 {
            client.read().await.unwrap_err();
            limits.push(limit(&client));
        }
        assert_eq!(limits, [8, 4, 2, 1, 1, 1]);
        assert_eq!(client.0.stats().slowdowns, 3);
        server.now_answers([ok().after(100)]);
        let before = server.attempts();
        reads(&client, 3).await;
        assert!(server.gaps_from(before).iter().all(|gap| *gap >= ms(100)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_api_is_no_trouble() {
    let server = Server::new([
        status(200, r#"{"error":{"code":403,"text":"x"}}"#),
        status(404, ""),
        status(500, ""),
        status(200, ""),
    ]);
    let client = at_most(&server, 8);
    for _ in 0..8 {
        client.read().await.unwrap_err();
    }
    assert_eq!(limit(&client), 8);
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_same_moment_count_once() {
    let server = Server::new([status(502, "").after(100)]);
    let client = at_most(&server, 8);
    reads(&client, 8).await;
    assert_eq!((limit(&client), client.0.stats().slowdowns), (4, 1));
    // The places that were in use when it was halved are really gone.
    server.now_answers([ok().after(100)]);
    let before = server.attempts();
    reads(&client, 9).await;
    let gaps = server.gaps_from(before);
    assert!(gaps[2] == Duration::ZERO && gaps[3] >= ms(100), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_one_by_one_after_ten_good_answers_each() {
    let server = Server::new([status(502, ""), status(502, ""), ok().after(100)]);
    let client = at_most(&server, 4);
    reads(&client, 1).await;
    reads(&client, 1).await;
    assert_eq!(limit(&client), 1);
    let mut limits = Vec::new();
    for _ in 0..4 {
        for _ in 0..10 {
            client.read().await.unwrap();
        }
        limits.push(limit(&client));
    }
    assert_eq!(limits, [2, 3, 4, 4]);
    reads(&client, 20).await;
    assert_eq!(server.seen().most_at_once, 4);
}

#[tokio::test(start_paused = true)]
async fn good_answers_are_counted_from_the_last_trouble_on() {
    let server = Server::new([status(503, "")]);
    let client = at_most(&server, 2);
    client.read().await.unwrap_err();
    for (good, then) in [(9, 1), (9, 1), (10, 2)] {
        server.now_answers([ok()]);
        reads(&client, good).await;
        assert_eq!(limit(&client), then);
        server.now_answers([status(503, "")]);
        client.read().await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_while_more_is_in_flight_than_may_be_now() {
    // Forty at once: ten good answers come after the failure, twenty-nine stay, and twenty-one would be allowed.
    let mut answers = vec![ok().after(10_000); 10];
    answers.extend(vec![ok().after(20_000); 29]);
    answers.extend([status(503, ""), ok()]);
    let server = Server::new(answers);
    let client = at_most(&server, 40);
    tokio::join!(reads(&client, 40), async {
        sleep(Duration::from_secs(15)).await;
        assert_eq!((limit(&client), client.0.stats().in_flight), (21, 29));
        assert!(timeout(Duration::from_secs(1), client.read()).await.is_err());
    });
    server.now_answers([ok().after(100)]);
    reads(&client, 500).await;
    assert_eq!(limit(&client), 40);
    // All forty places are back, and no more.
    let before = server.attempts();
    reads(&client, 41).await;
    let gaps = server.gaps_from(before);
    let (first_forty, last) = gaps.split_at(39);
    assert!(first_forty.iter().all(Duration::is_zero) && last[0] >= ms(100));
}

#[tokio::test(start_paused = true)]
async fn an_answer_much_slower_than_usual_is_trouble() {
    let server = Server::new([ok().after(500)]);
    let client = at_most(&server, 4);
    for _ in 0..5 {
        client.read().await.unwrap();
    }
    server.now_answers([ok().after(1400)]);
    client.read().await.unwrap();
    assert_eq!(limit(&client), 4, "not three times as long");
    server.now_answers([ok().after(2500)]);
    client.read().await.unwrap();
    assert_eq!(limit(&client), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_within_a_second_is_never_slow() {
    let server = Server::new([ok().after(7), ok().after(900)]);
    let client = at_most(&server, 4);
    for _ in 0..20 {
        client.read().await.unwrap();
    }
    assert_eq!(limit(&client), 4);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_always_slow_is_no_trouble() {
    let server = Server::new([ok().after(10)]);
    let client = at_most(&server, 4);
    for _ in 0..20 {
        client.read().await.unwrap();
    }
    server.now_answers([ok().after(5000)]);
    for _ in 0..20 {
        client.other_read().await.unwrap();
    }
    assert_eq!(limit(&client), 4);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_slower_becomes_the_usual() {
    let server = Server::new([ok().after(100)]);
    let client = at_most(&server, 4);
    client.read().await.unwrap();
    server.now_answers([ok().after(5000)]);
    for _ in 0..100 {
        client.read().await.unwrap();
    }
    assert_eq!(limit(&client), 4);
    assert_eq!(client.0.stats().slowdowns, 2);
}
