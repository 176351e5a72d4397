//! The client over a transport of one's own: no HTTP client is compiled for it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use crm_history::transport::{
    BoxFuture, Error, Idempotency, Operation, OperationInfo, Transport, TransportError,
};
use crm_history::{ApiKey, EntryId, EntryQuery, HistoryClient, NewEntry, ReadMethod};
use http::{Method, Request, Response};

/// Answers every call alike, and remembers what it was asked.
struct Script {
    body: &'static str,
    asked: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl Transport for Script {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(request);
            Ok(Response::new(Bytes::from_static(self.body.as_bytes())))
        })
    }
}

fn client(body: &'static str) -> (HistoryClient, Arc<Mutex<Vec<Request<Bytes>>>>) {
    let asked = Arc::default();
    let script = Script { body, asked: Arc::clone(&asked) };
    let client = HistoryClient::builder("https://host/crm").credentials(ApiKey::new("key", "login"));
    (client.transport(script).read_method(ReadMethod::Post).build().unwrap(), asked)
}

#[tokio::test]
async fn a_call_goes_through_a_transport_of_ones_own() {
    let (client, asked) = client(r#"{"data":[{"cid":7}]}"#);
    let page = client.list(&EntryQuery::new()).await.unwrap();
    assert_eq!(page.items[0].id, EntryId(7));
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].uri(), "https://host/crm/developer/v3/history/list");
    assert_eq!((asked[0].method(), &asked[0].headers()["apikey"]), (&Method::POST, &"key".parse().unwrap()));
}

#[tokio::test]
async fn another_account_is_served_over_the_same_transport() {
    let (client, asked) = client("[]");
    let other = client.with_credentials(ApiKey::new("other-key", "other-login")).unwrap();
    client.list(&EntryQuery::new()).await.unwrap();
    other.list(&EntryQuery::new()).await.unwrap();
    let keys: Vec<_> = asked.lock().unwrap().iter().map(|r| r.headers()["apikey"].clone()).collect();
    assert_eq!(keys, ["key", "other-key"]);
}

/// A method that this project does not cover, with a header that tries to be a credential.
struct Clients {
    path: &'static str,
}

impl Operation for Clients {
    type Output = Vec<u64>;
    const INFO: OperationInfo = OperationInfo {
        id: "client.list",
        method: Method::GET,
        path: "/developer/v3/client/list",
        idempotency: Idempotency::Read,
        accepts_post: true,
    };

    fn request(&self) -> Result<Request<Bytes>, Error> {
        let request = Request::get(self.path).header("apikey", "mine").header("APIKEY", "mine too");
        Ok(request.body(Bytes::new()).unwrap())
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        crm_history::answer::data(&Self::INFO, response)
    }
}

#[tokio::test]
async fn an_operation_of_ones_own_goes_the_same_way_and_cannot_replace_a_credential() {
    let (client, asked) = client(r#"{"data":[1,2]}"#);
    assert_eq!(client.run(&Clients { path: Clients::INFO.path }).await.unwrap(), [1, 2]);
    let keys: Vec<_> = asked.lock().unwrap()[0].headers().get_all("apikey").iter().cloned().collect();
    assert_eq!(keys, ["key"]);
}

#[tokio::test]
async fn an_operation_that_points_to_another_server_is_not_sent() {
    let (client, asked) = client(r#"{"data":[]}"#);
    let error = client.run(&Clients { path: "https://evil.example/x" }).await.unwrap_err();
    assert_eq!(error.field(), Some("path"));
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_key_that_the_server_repeats_as_a_name_is_removed_from_an_unreadable_record() {
    for body in
        [r#"{"data":{"Q7-the-key":{"cid":"x"}}}"#, r#"{"data":[{"cid":7,"person":{"Q7-the-key":7}}]}"#]
    {
        let asked = Arc::default();
        let builder = HistoryClient::builder("https://host").credentials(ApiKey::new("Q7-the-key", "login"));
        let client = builder.transport(Script { body, asked }).build().unwrap();
        let page = client.list(&EntryQuery::new()).await.unwrap();
        let unreadable = &page.unreadable[0];
        assert!(unreadable.path.contains("[secret]"), "{unreadable}");
        let error = client.entries(EntryQuery::new()).next().await.unwrap().unwrap_err();
        let mut export = client.export(EntryQuery::new()).start().await.unwrap();
        let exported = export.next().await.unwrap().unwrap_err();
        for text in [unreadable.to_string(), format!("{error} {error:?} {exported} {exported:?}")] {
            assert!(!text.contains("Q7-the-key"), "{text}");
        }
    }
}

#[test]
fn a_panic_of_the_progress_callback_loses_no_outcome() {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    let (client, _) = client("[]");
    // An empty content is refused before anything is sent.
    let import = client.import([NewEntry::new(""), NewEntry::new("")]).chunk(1);
    let mut panicked = false;
    let mut outcomes = import
        .on_progress(move |_| assert!(std::mem::replace(&mut panicked, true), "a callback that panics once"))
        .outcomes();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| runtime.block_on(outcomes.next()))).is_err());
    let indexes = [(); 2].map(|()| runtime.block_on(outcomes.next()).unwrap().unwrap().index);
    assert_eq!(indexes, [0, 1]);
    assert!(runtime.block_on(outcomes.next()).is_none());
}
