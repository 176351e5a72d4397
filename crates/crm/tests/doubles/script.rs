//! The scripted transport.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crm::history::{ApiKey, ClientId, EntryId, EntryQuery, HistoryClient, NewEntry};
use crm::projects::{ProjectQuery, ProjectsClient, TokenPair};
use crm::testing::{Answer, Call, Script};
use crm::{Delivery, ErrorKind, RetryPolicy, Transport, operation_of};
use serde_json::json;
use tokio::time::Instant;

const KEY: &str = "Kk5-script-key";

fn client(transport: impl Transport) -> HistoryClient {
    let builder = HistoryClient::builder("https://crm.example.test/crm").transport(transport);
    builder.credentials(ApiKey::new(KEY, "boss@example.test")).build().unwrap()
}

fn once(transport: impl Transport) -> HistoryClient {
    let builder = HistoryClient::builder("https://crm.example.test").transport(transport);
    let builder = builder.retry(RetryPolicy::none()).timeout(Duration::from_secs(5));
    builder.credentials(ApiKey::new(KEY, "boss@example.test")).build().unwrap()
}

fn added(id: u64) -> Answer {
    Answer::json(json!({"result": "Успешно", "data": id}))
}

/// The report with which the script ends the test.
fn report(script: Script) -> Option<String> {
    let end = catch_unwind(AssertUnwindSafe(|| script.finish()));
    end.err().map(|panic| *panic.downcast::<String>().unwrap())
}

#[tokio::test]
async fn calls_in_the_expected_order_are_answered() {
    let script = Script::new()
        .expect("history.tips", Answer::json(json!({"data": [{"title": "Звонок"}]})))
        .expect(
            Call::to("POST /crm/developer/v3/history/add")
                .json(json!({"clid": 7, "content": "Отправлено КП"}))
                .matching("a request with an operation", |request| {
                    operation_of(request) == Some("history.add")
                }),
            added(5),
        )
        .expect("history.delete", Answer::raw("{\"result\":\"Успешно\",\"data\":5}<br />\n<b>Notice</b>:"));
    let history = client(script.transport());
    assert_eq!(history.activity_types().await.unwrap()[0].title, "Звонок");
    let id = history.add(&NewEntry::new("Отправлено КП").client(ClientId(7))).await.unwrap();
    assert_eq!(id, EntryId(5));
    history.delete(id).await.unwrap();
    assert_eq!(report(script), None);
}

#[tokio::test]
async fn an_unexpected_call_is_an_error_at_once_and_a_report_at_the_end() {
    let script = Script::new()
        .expect("history.tips", Answer::json(json!([])))
        .expect(Call::to("history.add").json(json!({"content": "a", "clid": 1})), added(5))
        .expect("history.info", Answer::never());
    let history = client(script.transport());
    history.activity_types().await.unwrap();
    let error = history.delete(EntryId(7)).await.unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::InvalidRequest, Delivery::NotSent));
    assert_eq!((error.is_retryable(), error.attempts()), (false, 1));
    assert_eq!(
        error.to_string(),
        "history.delete: the script expected history.add {\"clid\":1,\"content\":\"a\"}, but received \
         history.delete: POST /crm/developer/v3/history/delete {\"cid\":7} [invalid-request]"
    );
    let later = history.add(&NewEntry::new("a").client(ClientId(1))).await.unwrap_err();
    assert!(later.to_string().contains("an earlier call was not in the script"), "{later}");
    assert_eq!(
        report(script).unwrap(),
        "the script expected history.add {\"clid\":1,\"content\":\"a\"}, but received \
         history.delete: POST /crm/developer/v3/history/delete {\"cid\":7}\n\
         The script:\n   \
         1. history.tips: made\n   \
         2. history.add {\"clid\":1,\"content\":\"a\"}: expected next\n   \
         3. history.info: not made"
    );
}

#[tokio::test]
async fn a_difference_is_shown_without_the_keys() {
    let script =
        Script::new().expect(Call::to("history.add").json(json!({"content": "a", "clid": 1})), added(5));
    let error = client(script.transport()).add(&NewEntry::new(KEY).client(ClientId(1))).await.unwrap_err();
    let report = report(script).unwrap();
    for text in [error.to_string(), report] {
        assert!(text.contains(r#"$.content is "[secret]", expected "a""#), "{text}");
        assert!(!text.contains(KEY), "{text}");
    }
    assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    let want = Call::to("history.list").matching("a search for today", |_| false);
    let script = Script::new().expect(want, Answer::never());
    let error = client(script.transport()).list(&EntryQuery::new()).await.unwrap_err();
    assert!(error.to_string().contains("(not a search for today)"), "{error}");
    assert!(self::report(script).is_some());
}

#[tokio::test]
async fn calls_that_are_not_made_and_calls_too_many_are_reported() {
    let script = Script::new().expect("history.tips", Answer::never());
    assert_eq!(
        report(script).unwrap(),
        "expected calls of the script were not made\nThe script:\n   1. history.tips: not made"
    );
    let script = Script::new().expect("history.delete", added(7));
    let history = client(script.transport());
    history.delete(EntryId(7)).await.unwrap();
    history.delete(EntryId(8)).await.unwrap_err();
    let report = report(script).unwrap();
    assert!(report.starts_with("the script expected no more calls, but received history.delete"), "{report}");
}

#[test]
fn a_script_that_is_dropped_reports_and_never_panics_twice() {
    let end = catch_unwind(|| drop(Script::new().expect("history.tips", Answer::never())));
    assert!(
        end.unwrap_err()
            .downcast::<String>()
            .unwrap()
            .starts_with("expected calls of the script were not made")
    );
    let end = catch_unwind(|| {
        let _script = Script::new().expect("history.tips", Answer::never());
        panic!("the test's own failure");
    });
    assert_eq!(*end.unwrap_err().downcast::<&str>().unwrap(), "the test's own failure");
}

#[tokio::test]
async fn calls_may_be_made_in_any_order_and_some_at_any_time() {
    let script = Script::new()
        .always("history.fields", Answer::json(json!({"data": {"cid": "Номер"}})))
        .expect(Call::to("history.delete").json(json!({"cid": 1})), added(1))
        .expect(Call::to("history.delete").json(json!({"cid": 2})), added(2))
        .expect("projects.list", Answer::json(json!([])))
        .in_any_order();
    let projects = ProjectsClient::builder("https://acme.example.test").transport(script.transport());
    let projects = projects.credentials(TokenPair::new("token", "secret")).build().unwrap();
    let history = client(script.transport());
    projects.list(&ProjectQuery::new()).await.unwrap();
    history.fields().await.unwrap();
    history.delete(EntryId(2)).await.unwrap();
    history.fields().await.unwrap();
    history.delete(EntryId(1)).await.unwrap();
    script.finish();
}

#[tokio::test]
async fn each_failure_has_the_delivery_that_a_server_would_have_caused() {
    for (answer, kind, delivery) in [
        (Answer::connect(), ErrorKind::Connect, Delivery::NotSent),
        (Answer::timeout(), ErrorKind::Timeout, Delivery::Unknown),
        (Answer::closed(), ErrorKind::Closed, Delivery::Unknown),
        (Answer::cut(), ErrorKind::CutBody, Delivery::Unknown),
        (Answer::raw("").status(503).header("retry-after", "7"), ErrorKind::Http, Delivery::Unknown),
        (Answer::raw("").status(429), ErrorKind::RateLimited, Delivery::Delivered),
        (Answer::raw("<html>").status(502), ErrorKind::Gateway, Delivery::Unknown),
        (Answer::raw("<br />\n<b>Fatal error</b>:  x"), ErrorKind::PhpError, Delivery::Unknown),
    ] {
        let script = Script::new().expect("history.add", answer);
        let error = once(script.transport()).add(&NewEntry::new("x").client(ClientId(1))).await.unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (kind, delivery), "{error}");
        script.finish();
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_a_call_and_the_client_waits_between_them() {
    let began = Instant::now();
    let script = Script::new()
        .expect("history.tips", Answer::connect())
        .expect("history.tips", Answer::raw("busy").status(503).header("retry-after", "20"))
        .expect("history.tips", Answer::json(json!([])).after(Duration::from_secs(3)));
    client(script.transport()).activity_types().await.unwrap();
    script.finish();
    assert!(began.elapsed() >= Duration::from_secs(23), "{:?}", began.elapsed());

    let began = Instant::now();
    let script = Script::new().expect("history.add", Answer::never());
    let error = once(script.transport()).add(&NewEntry::new("x").client(ClientId(1))).await.unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Timeout, Delivery::Unknown));
    assert!(began.elapsed() >= Duration::from_secs(5), "{:?}", began.elapsed());
    script.finish();
}

#[tokio::test]
async fn an_impossible_answer_panics_where_it_is_written() {
    assert!(catch_unwind(|| Answer::raw("").status(99)).is_err());
    assert!(catch_unwind(|| Answer::raw("").header("a b", "c")).is_err());
    assert!(catch_unwind(|| Answer::timeout().status(200)).is_err());
}
