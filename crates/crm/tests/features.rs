//! What the features of the default transport bring, and the clients over tower's.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::raw::Raw;
use crm::history::operations::{Add, List};
use crm::history::{ApiKey, ClientBuilder, ClientId, EntryQuery, HistoryClient, NewEntry};
use crm::projects::{ProjectQuery, ProjectsClient, TokenPair};
use crm::{ErrorKind, RetryPolicy, projects};
use crm_sandbox::{APIKEY, BOSS, Fault, SECRET, Sandbox, TOKEN};
use crm_transport::TowerTransport;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{ServiceBuilder, ServiceExt};

fn history(address: &str) -> ClientBuilder<HistoryClient> {
    HistoryClient::builder(address).credentials(ApiKey::new(APIKEY, BOSS)).retry(RetryPolicy::none())
}

/// `{"data":{"clid":"ID of the client"}}`, packed by gzip.
const PACKED: [u8; 55] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 171, 86, 74, 73, 44, 73, 84, 178, 170, 86, 74, 206, 201, 76, 81, 178,
    82, 242, 116, 81, 200, 79, 83, 40, 201, 72, 85, 0, 10, 164, 230, 149, 40, 213, 214, 2, 0, 228, 244, 168,
    67, 36, 0, 0, 0,
];

// The tests ask reqwest for gzip themselves, so that these hold with and without the feature.
#[tokio::test]
async fn a_packed_answer_is_asked_for_and_unpacked() {
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 55\r\n\r\n";
    let server = Raw::answering([head.as_bytes(), &PACKED].concat());
    let titles = history(&server.url()).build().unwrap().fields().await.unwrap();
    assert_eq!(titles["clid"], "ID of the client");
    assert!(server.requests()[0].contains("\r\naccept-encoding: gzip\r\n"), "{:?}", server.requests());
}

#[tokio::test]
async fn the_default_transport_unpacks_no_more_than_the_limit() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_fault(Fault::gzip_bomb(256).everywhere().always());
    let client = history(sandbox.url()).body_limit(1 << 20).build().unwrap();
    assert_eq!(client.fields().await.unwrap_err().kind(), ErrorKind::BodyTooLarge);
}

/// The words about an unknown authority tell who looked at the certificate.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[tokio::test]
async fn rustls_checks_certificates_and_the_system_where_rustls_is_off() {
    let (server, _) = Raw::answering_tls("HTTP/1.1 200 OK\r\n\r\n");
    let client = history(&format!("https://localhost:{}", server.port)).transport(direct()).build().unwrap();
    let error = client.fields().await.unwrap_err().to_string();
    let by_rustls = error.contains("invalid peer certificate");
    assert_eq!(by_rustls, cfg!(feature = "rustls"), "{error}");
    assert!(server.requests().is_empty());
}

/// The default transport, but past any proxy of the environment.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn direct() -> crm::ReqwestTransport {
    crm::ReqwestTransport::builder().no_proxy().build().unwrap()
}

fn over_hyper() -> impl crm::Transport {
    TowerTransport::new(Client::builder(TokioExecutor::new()).build_http(), 1 << 20)
}

#[tokio::test]
async fn the_clients_work_over_a_tower_service() {
    let sandbox = Sandbox::builder().records(3).start().await.unwrap();
    let history = history(sandbox.url()).transport(over_hyper()).build().unwrap();
    let id = history.add(&NewEntry::new("исх. письмо").client(ClientId(1))).await.unwrap();
    assert_eq!(history.entry(id).await.unwrap().content.as_deref(), Some("исх. письмо"));
    sandbox.add_fault(Fault::endless_body().everywhere().always());
    assert_eq!(history.fields().await.unwrap_err().kind(), ErrorKind::BodyTooLarge);
}

#[tokio::test]
async fn layers_go_around_the_calls_of_a_client() {
    let sandbox = Sandbox::builder().records(3).start().await.unwrap();
    let history = history(sandbox.url()).transport(common::transport()).build().unwrap();
    let calls = ServiceBuilder::new().concurrency_limit(1).service(history.pipeline().clone());
    let id = calls.clone().oneshot(Add::new(NewEntry::new("вх. звонок").client(ClientId(1)))).await.unwrap();
    let page = calls.oneshot(List::new(EntryQuery::new())).await.unwrap();
    assert!(page.items.iter().any(|entry| entry.id == id));

    let projects = ProjectsClient::builder(sandbox.url()).credentials(TokenPair::new(TOKEN, SECRET));
    let projects = projects.transport(common::transport()).build().unwrap();
    let query = ProjectQuery::new().count(1);
    let first = projects::operations::List::<projects::Project>::new(query);
    assert_eq!(projects.pipeline().clone().oneshot(first).await.unwrap().len(), 1);
}
