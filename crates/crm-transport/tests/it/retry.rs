use std::time::Duration;

use crm_transport::{Delivery, Error, ErrorKind, RetryPolicy, TransportError};

use crate::doubles::{Answer, GRAIN, Server, client, client_with, ms, no_connection, ok, status};

const PAGE: &str = "<html><title>502 Bad Gateway</title></html>";
const FATAL: &str = "<br />\n<b>Fatal error</b>:  Uncaught X in /a.php:1\n";
const NO_SUCH: &str = r#"{"result":"Error","error":{"code":403,"text":"Нет"}}"#;

const NO_DATABASE: &str = "Ошибка подключения к БД: Connection refused. Рекомендуем проверить параметры";
const TOO_MANY: &str = "<br />\n<b>Fatal error</b>:  Uncaught mysqli_sql_exception: User 'salesman' has exceeded the \
                        'max_user_connections' resource in /a.php:1\n";

struct Failure {
    answer: Answer,
    /// The kind for a write.
    kind: ErrorKind,
    read_is_repeated: bool,
    write_is_repeated: bool,
}

/// Every way in which an attempt can fail.
fn failures() -> Vec<Failure> {
    use ErrorKind::{
        Api, BodyTooLarge, Closed, Connect, CutBody, DatabaseUnavailable, EmptyBody, Gateway, Http, PhpError,
        RateLimited, Redirect, Timeout, Undecodable,
    };
    let busy = |code| status(code, "busy").with("retry-after", "0");
    let table = [
        (no_connection(), Connect, true, true),
        (Answer::Hangs, Timeout, true, false),
        (Answer::Fails(|| TransportError::timeout("no answer in time")), Timeout, true, false),
        (Answer::Fails(|| TransportError::closed("reset")), Closed, true, false),
        (Answer::Fails(|| TransportError::cut_body("reset")), CutBody, true, false),
        (Answer::Fails(|| TransportError::body_too_large(1)), BodyTooLarge, false, false),
        (status(200, r#"{"a":"#), CutBody, true, false),
        (status(200, ""), EmptyBody, false, false),
        (status(200, "OK"), Undecodable, false, false),
        (status(200, FATAL), PhpError, false, false),
        (status(200, PAGE), Gateway, true, false),
        (status(200, NO_SUCH), Api, false, false),
        (status(200, r#"{"result":"Error","error":{"code":500,"text":"x"}}"#), Api, false, false),
        (status(200, NO_DATABASE), DatabaseUnavailable, true, false),
        (status(200, TOO_MANY), DatabaseUnavailable, true, false),
        (status(302, ""), Redirect, false, false),
        (status(400, ""), Http, false, false),
        (status(401, ""), Http, false, false),
        (status(404, PAGE), Http, false, false),
        (status(403, PAGE), Http, false, false),
        (status(408, ""), Http, false, false),
        (status(429, ""), RateLimited, true, true),
        (status(429, r#"{"message":"Too Many Attempts."}"#), RateLimited, true, true),
        (status(500, ""), Http, false, false),
        (status(500, r#"{"message":"Server Error"}"#), Http, false, false),
        (status(502, PAGE), Gateway, true, false),
        (status(503, ""), Http, true, false),
        (status(503, PAGE), Gateway, true, false),
        (status(503, r#"{"message":"Service Unavailable"}"#), Http, true, false),
        (status(503, "").with("retry-after", "soon"), Http, true, false),
        (busy(503), Http, true, false),
        (busy(500), Http, false, false),
        (busy(502), Gateway, true, false),
        (busy(504), Gateway, true, false),
        (status(504, ""), Gateway, true, false),
    ];
    let failure = |(answer, kind, read_is_repeated, write_is_repeated)| Failure {
        answer,
        kind,
        read_is_repeated,
        write_is_repeated,
    };
    table.into_iter().map(failure).collect()
}

fn name(failure: &Failure) -> String {
    match &failure.answer {
        Answer::Says { status, headers, body } => format!("{status} {headers:?} {body}"),
        _ => format!("{:?}", failure.kind),
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_after_what_passes_and_a_write_only_where_nothing_was_done() {
    for failure in failures() {
        let server = Server::new([failure.answer.clone(), ok()]);
        let result = client(&server).read().await;
        assert_eq!(result.is_ok(), failure.read_is_repeated, "read: {}", name(&failure));
        assert_eq!(server.attempts(), 1 + usize::from(failure.read_is_repeated), "read: {}", name(&failure));

        let server = Server::new([failure.answer.clone(), ok()]);
        let result = client(&server).add().await;
        assert_eq!(result.is_ok(), failure.write_is_repeated, "write: {}", name(&failure));
        assert_eq!(
            server.attempts(),
            1 + usize::from(failure.write_is_repeated),
            "write: {}",
            name(&failure)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_call_is_repeated_like_a_read() {
    for failure in failures() {
        let server = Server::new([failure.answer.clone(), ok()]);
        let result = client(&server).delete().await;
        assert_eq!(result.is_ok(), failure.read_is_repeated, "{}", name(&failure));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_delivery_is_unknown_is_never_repeated() {
    let mut unknown = 0;
    for first in failures() {
        let once = client_with(&Server::new([first.answer.clone()]), |b| b.retry(RetryPolicy::none()));
        let error = once.add().await.unwrap_err();
        assert_eq!(error.kind(), first.kind, "{}", name(&first));
        if error.delivery() == Delivery::Unknown {
            unknown += 1;
            assert!(!error.is_retryable(), "{error:?}");
            let server = Server::new([first.answer.clone(), ok()]);
            let many = RetryPolicy::new().max_attempts(50).budget(50);
            let error = client_with(&server, |b| b.retry(many)).add().await.unwrap_err();
            assert_eq!((server.attempts(), error.attempts()), (1, 1), "{}", name(&first));
        }
        // Nor when the attempts before it were repeated.
        let server = Server::new([no_connection(), first.answer.clone(), ok()]);
        let result = client(&server).add().await;
        if error.delivery() == Delivery::Unknown {
            assert_eq!(result.unwrap_err().delivery(), Delivery::Unknown);
            assert_eq!(server.attempts(), 2, "{}", name(&first));
        }
    }
    assert!(unknown > 10, "{unknown}");
}

#[test]
fn input_that_is_refused_before_it_is_sent_is_not_worth_another_attempt() {
    let error = Error::invalid_request("test.add", "content", "is empty");
    assert!(error.delivery() == Delivery::NotSent && !error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn every_attempt_sends_the_same_request() {
    let server = Server::new([no_connection(), no_connection(), no_connection(), ok()]);
    client(&server).add().await.unwrap();
    let requests = server.seen().requests;
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| *request == requests[0] && request.contains("{}")), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn no_call_is_repeated_without_a_retry_policy() {
    let server = Server::new([no_connection(), ok()]);
    let error = client_with(&server, |b| b.retry(RetryPolicy::none())).read().await.unwrap_err();
    assert_eq!((server.attempts(), error.attempts()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_error_says_how_many_attempts_were_made_when_there_was_more_than_one() {
    let last_words = |error: &Error| error.to_string().rsplit("; ").next().unwrap().to_owned();
    fastrand::seed(3);
    let server = Server::new([no_connection()]);
    let error = client(&server).add().await.unwrap_err();
    assert_eq!(error.attempts(), 4);
    let took = server.seen().starts[3].as_secs_f32();
    assert_eq!(last_words(&error), format!("4 attempts in {took:.1} s [no-connection]"));

    let error = client(&Server::new([status(500, "")])).add().await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert!(!error.to_string().contains("attempt"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_second_delete_that_finds_nothing_tells_that_the_first_may_have_done_it() {
    let server = Server::new([Answer::Hangs, status(200, NO_SUCH)]);
    let error = client(&server).delete().await.unwrap_err();
    assert_eq!((error.api_code(), error.attempts()), (Some(403), 2));
    assert_eq!(error.delivery(), Delivery::Unknown);

    let server = Server::new([no_connection(), status(200, NO_SUCH)]);
    let error = client(&server).delete().await.unwrap_err();
    assert_eq!((error.attempts(), error.delivery()), (2, Delivery::Delivered));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_been_done_is_not_told_as_unsent() {
    let server = Server::new([Answer::Hangs, no_connection()]);
    let error = client(&server).delete().await.unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Connect, Delivery::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_judged_by_itself_whatever_came_before_it() {
    for call in ["read", "delete"] {
        let server = Server::new([Answer::Hangs, no_connection(), status(503, ""), ok()]);
        let client = client(&server);
        let result = if call == "read" { client.read().await } else { client.delete().await };
        assert!(result.is_ok(), "{call}: {result:?}");
    }
    let server = Server::new([Answer::Hangs, no_connection()]);
    assert!(client(&server).delete().await.unwrap_err().is_retryable());
}

#[tokio::test(start_paused = true)]
async fn the_waits_between_attempts_stay_below_a_ceiling_that_doubles_up_to_the_cap() {
    let mut longest = [Duration::ZERO; 4];
    for seed in 0..100 {
        fastrand::seed(seed);
        let policy = RetryPolicy::new().max_attempts(5).base(ms(1000)).cap(ms(3000));
        let server = Server::new([no_connection()]);
        client_with(&server, |b| b.retry(policy)).read().await.unwrap_err();
        for (longest, gap) in longest.iter_mut().zip(server.gaps_from(0)) {
            *longest = gap.max(*longest);
        }
    }
    for (longest, ceiling) in longest.into_iter().zip([ms(1000), ms(2000), ms(3000), ms(3000)]) {
        assert!(longest <= ceiling + GRAIN && longest > ceiling * 9 / 10, "{longest:?} of {ceiling:?}");
    }
}
