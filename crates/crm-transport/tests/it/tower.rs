//! The adapters of the feature `tower`: a transport over a service, and the pipeline as a service.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::doubles::{Server, client, client_with, no_connection, ok, status};
use crm_transport::http::{Method, Request, Response};
use crm_transport::{
    Bytes, Delivery, Error, ErrorKind, Idempotency, Operation, OperationInfo, RetryPolicy, TowerTransport,
    Transport, TransportError,
};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::TokioExecutor;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

fn hyper() -> Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn post(url: &str) -> Request<Bytes> {
    Request::builder().method(Method::POST).uri(url).body(Bytes::from_static(b"{\"a\":1}")).unwrap()
}

/// A server that gives this answer to one connection, and the address to find it at.
fn answering(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let (mut request, mut byte) = (Vec::new(), [0]);
        while !request.ends_with(b"{\"a\":1}") {
            socket.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        socket.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, server)
}

#[tokio::test]
async fn a_request_goes_out_and_its_whole_answer_comes_back_by_hypers_client() {
    let answer =
        "HTTP/1.1 207 x\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n3\r\n123\r\n0\r\n\r\n";
    let (url, server) = answering(answer);
    let response = TowerTransport::new(hyper(), 5).send(post(&url)).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["x-a"]), (207, &"b".parse().unwrap()));
    assert_eq!(response.body(), "[]123");
    let request = server.join().unwrap();
    assert!(request.starts_with("POST /x HTTP/1.1\r\n") && request.ends_with("{\"a\":1}"), "{request}");
}

#[tokio::test]
async fn an_answer_that_is_cut_is_told() {
    let (url, server) = answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[]");
    let error = TowerTransport::new(hyper(), 100).send(post(&url)).await.unwrap_err();
    assert!(error.to_string().contains("in the middle of the response"), "{error}");
    server.join().unwrap();
}

/// A body without an end that counts how often it was asked.
struct Endless(Arc<AtomicUsize>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 10])))))
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_and_not_read_on() {
    let asked = Arc::new(AtomicUsize::new(0));
    let body = Arc::clone(&asked);
    let service = service_fn(move |_: Request<Full<Bytes>>| {
        let body = Endless(Arc::clone(&body));
        async { Ok::<_, Infallible>(Response::new(body)) }
    });
    let error = TowerTransport::new(service, 35).send(post("http://x")).await.unwrap_err();
    assert_eq!(error.to_string(), "the response is larger than the limit of 35 bytes");
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    let exactly = |limit| {
        let service = service_fn(|_: Request<Full<Bytes>>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"12345"))))
        });
        TowerTransport::new(service, limit)
    };
    assert_eq!(exactly(5).send(post("http://x")).await.unwrap().body(), "12345");
    exactly(4).send(post("http://x")).await.unwrap_err();
}

/// Fails before it is ready, or after.
#[derive(Clone)]
struct Failing {
    when_ready: bool,
}

impl Service<Request<Full<Bytes>>> for Failing {
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<Full<Bytes>>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(if self.when_ready { Err("worker is gone".into()) } else { Ok(()) })
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        std::future::ready(Err("broken pipe".into()))
    }
}

/// The delivery of a write over a transport.
async fn error_of_a_write(transport: impl Transport) -> Error {
    let builder = crm_transport::ClientBuilder::<crate::doubles::Calls>::new("https://crm.example.test");
    let builder = builder.credentials(crm_transport::Credentials::new()).retry(RetryPolicy::none());
    builder.transport(transport).build().unwrap().add().await.unwrap_err()
}

#[tokio::test]
async fn a_service_that_is_not_ready_was_sent_nothing() {
    let error = error_of_a_write(TowerTransport::new(Failing { when_ready: true }, 1)).await;
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Connect, Delivery::NotSent));
    let expected = "test.add: nothing can be sent: worker is gone; nothing was sent; \
                    check the address and the network, or try again later [no-connection]";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_service_that_fails_leaves_a_write_unknown() {
    let error = error_of_a_write(TowerTransport::new(Failing { when_ready: false }, 1)).await;
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Closed, Delivery::Unknown));
    assert!(
        error.to_string().starts_with("test.add: no response arrived: broken pipe; it is not known"),
        "{error}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_classifier_may_know_better() {
    let transport = || {
        TowerTransport::new(hyper(), 100).classify(|error| {
            match error.downcast_ref::<ClientError>() {
                Some(client) if client.is_connect() => TransportError::connect("no connection to the server"),
                _ => TransportError::closed("the connection was lost"),
            }
            .because(error)
        })
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/x", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(transport().send(post(&nobody)).await.unwrap_err().to_string(), "no connection to the server");
    let (url, server) = answering("HTTP/1.1 ");
    assert_eq!(transport().send(post(&url)).await.unwrap_err().to_string(), "the connection was lost");
    server.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn layers_below_the_client_do_their_work() {
    let at_once = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&at_once), Arc::clone(&most));
    let slow = service_fn(move |request: Request<Full<Bytes>>| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            let length = request.into_body().collect().await.unwrap().to_bytes().len();
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(format!("{{\"data\":{length}}}")))))
        }
    });
    let limited = ServiceBuilder::new().concurrency_limit(2).service(slow.clone());
    let transport = Arc::new(TowerTransport::new(limited, 100));
    let calls = (0..6).map(|_| transport.send(post("http://x")));
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(most.load(Ordering::SeqCst), 2);

    let hurried = ServiceBuilder::new().timeout(Duration::from_millis(500)).service(slow);
    let error = error_of_a_write(TowerTransport::new(hurried, 100)).await;
    assert_eq!(error.delivery(), Delivery::Unknown);
}

/// A call that owns what it says.
struct Ask(u64);

impl Operation for Ask {
    type Output = (u64, String);

    const INFO: OperationInfo = OperationInfo {
        id: "test.ask",
        method: Method::GET,
        path: "/ask",
        idempotency: Idempotency::Read,
        accepts_post: false,
    };

    fn request(&self) -> Result<Request<Bytes>, Error> {
        Self::INFO.request(&[], Bytes::new())
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        crm_transport::answer::json(&Self::INFO, response)?;
        Ok((self.0, String::from_utf8_lossy(response.body()).into_owned()))
    }
}

#[tokio::test(start_paused = true)]
async fn the_pipeline_is_a_service_of_operations() {
    let server = Server::new([no_connection(), ok()]);
    let mut calls = client(&server).0;
    let answer = ServiceExt::<Ask>::ready(&mut calls).await.unwrap().call(Ask(7)).await.unwrap();
    assert_eq!((answer, server.attempts()), ((7, "{}".to_owned()), 2));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_call_comes_through_the_layers_around_it() {
    let server = Server::new([status(401, "{}")]);
    let calls = client_with(&server, |b| b.retry(RetryPolicy::none())).0;
    let calls = ServiceBuilder::new().buffer(4).rate_limit(1, Duration::from_secs(1)).service(calls);
    let error = calls.oneshot(Ask(1)).await.unwrap_err();
    assert!(error.downcast_ref::<Error>().unwrap().is_auth(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn load_can_be_shed_in_front_of_the_calls() {
    let server = Server::new([ok().after(1000)]);
    let calls = ServiceBuilder::new().load_shed().concurrency_limit(2).service(client(&server).0);
    let all = futures_util::future::join_all((0..5).map(|i| calls.clone().oneshot(Ask(i)))).await;
    assert_eq!(all.iter().filter(|outcome| outcome.is_ok()).count(), 2);
    assert_eq!(server.attempts(), 2);
}
