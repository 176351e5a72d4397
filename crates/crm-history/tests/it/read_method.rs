//! Reads over networks that drop the body of a GET.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::NaiveDate;
use crm_history::transport::{BoxFuture, ErrorKind, Transport, TransportError};
use crm_history::{ApiKey, ClientBuilder, EntryId, EntryQuery, HistoryClient, ReadMethod, RetryPolicy};
use http::{Method, Request, Response, StatusCode};

/// Answers GET and POST differently, and remembers the methods.
struct Network {
    get: &'static str,
    /// `None` where POST is not allowed.
    post: Option<&'static str>,
    methods: Arc<Mutex<Vec<Method>>>,
}

impl Transport for Network {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            self.methods.lock().unwrap().push(request.method().clone());
            let body = if request.method() == Method::GET { Some(self.get) } else { self.post };
            let mut response = Response::new(Bytes::from_static(body.unwrap_or_default().as_bytes()));
            if body.is_none() {
                *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            }
            Ok(response)
        })
    }
}

type Methods = Arc<Mutex<Vec<Method>>>;

fn client(get: &'static str, post: Option<&'static str>) -> (HistoryClient, Methods) {
    client_with(get, post, |builder| builder)
}

fn client_with(
    get: &'static str,
    post: Option<&'static str>,
    change: impl FnOnce(ClientBuilder<HistoryClient>) -> ClientBuilder<HistoryClient>,
) -> (HistoryClient, Methods) {
    let methods = Methods::default();
    let builder = HistoryClient::builder("https://host").credentials(ApiKey::new("key", "login"));
    let builder = builder.transport(Network { get, post, methods: Arc::clone(&methods) });
    (change(builder.retry(RetryPolicy::none())).build().unwrap(), methods)
}

fn methods(methods: &Methods) -> String {
    let methods = std::mem::take(&mut *methods.lock().unwrap());
    methods.iter().map(|method| if method == Method::GET { 'G' } else { 'P' }).collect()
}

fn january() -> EntryQuery {
    let day = |day| NaiveDate::from_ymd_opt(2023, 1, day).unwrap();
    EntryQuery::new().between(day(1), day(31))
}

const TODAY: &str = r#"{"data":[{"cid":15,"datum":"2026-11-26 10:00:00"}]}"#;
const JANUARY: &str =
    r#"{"data":[{"cid":7,"datum":"2023-01-07 10:00:00"},{"cid":8,"datum":"2023-01-08 10:00:00"}]}"#;
const ENTRY_7: &str = r#"{"data":{"cid":7}}"#;
const NO_PARAMETERS: &str = r#"{"result":"Error","error":{"code":405,"text":"Отсутствуют параметры"}}"#;

#[tokio::test]
async fn a_get_that_was_answered_against_its_question_is_sent_again_as_post_and_so_is_every_later_read() {
    let (client, sent) = client(TODAY, Some(JANUARY));
    for expected in ["GP", "P"] {
        assert_eq!(client.list(&january()).await.unwrap().items[0].id, EntryId(7));
        assert_eq!(methods(&sent), expected);
    }
    client.clone().list(&EntryQuery::new()).await.unwrap();
    assert_eq!(methods(&sent), "P", "clones share what was learnt");
}

#[tokio::test]
async fn a_get_that_was_refused_for_missing_parameters_is_sent_again_as_post() {
    let (client, sent) = client(NO_PARAMETERS, Some(ENTRY_7));
    assert_eq!(client.entry(EntryId(7)).await.unwrap().id, EntryId(7));
    assert_eq!(client.entry(EntryId(7)).await.unwrap().id, EntryId(7));
    assert_eq!(methods(&sent), "GPP");
}

#[tokio::test]
async fn an_empty_answer_to_a_get_is_confirmed_by_post_unless_one_showed_that_its_body_arrives() {
    let (losing, sent) = client("[]", Some(JANUARY));
    assert_eq!(losing.list(&january()).await.unwrap().len(), 2);
    assert_eq!((methods(&sent), losing.list(&january()).await.unwrap().len()), ("GP".to_owned(), 2));
    assert_eq!(methods(&sent), "P");

    let (empty, sent) = client("[]", Some("[]"));
    assert!(empty.list(&january()).await.unwrap().is_empty());
    assert!(empty.list(&january()).await.unwrap().is_empty());
    assert_eq!(methods(&sent), "GPP");

    let (good, sent) = client(JANUARY, Some("[]"));
    assert_eq!(good.list(&january()).await.unwrap().len(), 2);
    assert_eq!(good.list(&january().page(1)).await.unwrap().len(), 2);
    assert_eq!(methods(&sent), "GG");
}

#[tokio::test]
async fn a_question_without_parameters_is_not_asked_twice() {
    let (client, sent) = client("[]", Some(JANUARY));
    assert!(client.list(&EntryQuery::new()).await.unwrap().is_empty());
    assert_eq!(methods(&sent), "G");
}

#[tokio::test]
async fn where_post_is_not_allowed_an_empty_answer_to_a_get_counts() {
    let (client, sent) = client("[]", None);
    assert!(client.list(&january()).await.unwrap().is_empty());
    assert!(client.list(&january()).await.unwrap().is_empty());
    assert_eq!(methods(&sent), "GPG");
}

#[tokio::test]
async fn an_empty_answer_to_a_get_does_not_count_where_post_was_answered_against_the_question() {
    let (client, sent) = client("[]", Some(TODAY));
    assert!(client.list(&january()).await.unwrap_err().is_ignored_parameter());
    assert_eq!(methods(&sent), "GP");
}

#[tokio::test]
async fn where_post_is_not_allowed_the_error_is_that_of_the_get() {
    for (get, id) in [(NO_PARAMETERS, "server-refused-request"), (TODAY, "ignored-parameter")] {
        let (client, sent) = client(get, None);
        let error = client.list(&january()).await.unwrap_err();
        assert_eq!((error.id(), error.attempts(), methods(&sent)), (id, 2, "GP".to_owned()), "{error}");
    }
}

#[tokio::test]
async fn what_is_answered_against_its_question_by_post_too_is_an_error_that_names_the_parameter() {
    let (client, sent) = client(TODAY, Some(TODAY));
    let error = client.list(&january()).await.unwrap_err();
    assert_eq!((error.kind(), error.id()), (ErrorKind::IgnoredParameter, "ignored-parameter"));
    assert_eq!((error.field(), error.attempts()), (Some("dateEnd"), 2));
    let expected = "history.list: dateEnd was ignored: activity 15 is of 2026-11-26, and 2023-01-31 or earlier was \
                    asked for";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert_eq!(methods(&sent), "GP");
}

#[tokio::test]
async fn a_chosen_method_is_kept() {
    for (method, expected) in [(ReadMethod::Get, "G"), (ReadMethod::Post, "P")] {
        let (client, sent) = client_with(TODAY, Some(TODAY), |builder| builder.read_method(method));
        assert!(client.list(&january()).await.unwrap_err().is_ignored_parameter());
        assert_eq!(methods(&sent), expected);
    }
}

#[tokio::test]
async fn another_activity_than_the_asked_one_is_an_error_that_names_both() {
    let (client, _) = client(ENTRY_7, Some(ENTRY_7));
    let error = client.entry(EntryId(1003)).await.unwrap_err();
    assert!(error.is_ignored_parameter(), "{error}");
    assert!(error.to_string().contains("activity 7 arrived in place of activity 1003"), "{error}");
}

#[tokio::test]
async fn a_stored_letter_code_in_a_single_activity_is_read_exactly() {
    let (client, _) = client(r#"{"data":{"cid":7,"content":"x","tip":"Тип \З"}}"#, None);
    assert_eq!(client.entry(EntryId(7)).await.unwrap().activity_type.as_deref(), Some(r"Тип \u0417"));
}

#[tokio::test]
async fn an_error_of_a_call_has_the_host_and_the_port() {
    let (client, _) = client(TODAY, Some(TODAY));
    assert_eq!(client.list(&january()).await.unwrap_err().host(), Some("host:443"));
}
