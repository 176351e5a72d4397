//! Connections: a request goes to its [`Exchange`], and the answer over the wire.

use std::error::Error as _;
use std::fmt;
use std::future::poll_fn;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Collected};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::answer::Body;
use crate::exchange::{Exchange, Reply};
use crate::faults::Transfer;
use crate::request::Request;
use crate::state::State;
use crate::wire::{Heard, Wire, header_names};

/// Serves until `stopped` is sent or dropped.
pub(crate) async fn serve(
    listener: TcpListener,
    state: Arc<Mutex<State>>,
    mut stopped: oneshot::Receiver<()>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            // A finished connection is forgotten.
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(converse(stream, Arc::clone(&state)));
                    }
                    // Out of file descriptors: they come back as connections end.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        }
    }
}

async fn converse(stream: TcpStream, state: Arc<Mutex<State>>) {
    let _ = stream.set_nodelay(true);
    let (wire, heard) = Wire::new(stream);
    let requests = AtomicU64::new(0);
    let service = service_fn(move |request| {
        let reused = requests.fetch_add(1, Ordering::Relaxed) > 0;
        let (state, heard) = (Arc::clone(&state), heard.clone());
        let answered: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(async move { answer(&state, &heard, request, reused).await });
        answered
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(wire), service);
    let ended = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut wire = connection.into_parts().io.into_inner();
    let Err(error) = ended else { return };
    match error.source().and_then(|source| source.downcast_ref()) {
        Some(Unanswerable::Bytes(raw)) => {
            let _ = wire.write_all(raw).await;
            let _ = wire.shutdown().await;
        }
        Some(Unanswerable::Interim(status)) => {
            let interim = format!("HTTP/1.1 {status} Interim\r\n\r\n").repeat(100);
            while wire.write_all(interim.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        None => {}
    }
}

/// What hyper would not write.
#[derive(Debug)]
enum Unanswerable {
    /// The bytes to send before the connection is closed, often none.
    Bytes(Vec<u8>),
    /// Interim answers with this status, until the client goes.
    Interim(u16),
}

impl fmt::Display for Unanswerable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault takes the connection over")
    }
}

impl std::error::Error for Unanswerable {}

const CLOSE: Unanswerable = Unanswerable::Bytes(Vec::new());

async fn answer(
    state: &Arc<Mutex<State>>,
    heard: &Heard,
    request: hyper::Request<Incoming>,
    reused: bool,
) -> Result<Response<Body>, Unanswerable> {
    let names = header_names(&heard.take());
    let (head, body) = request.into_parts();
    let request = Request::new(&head, names, Bytes::new(), reused);
    let exchange = match Exchange::from_head(state, &request) {
        Some(unread) => unread,
        None => {
            // Who goes away in the middle of a request has asked for nothing.
            let body = body.collect().await.map(Collected::to_bytes).map_err(|_| CLOSE)?;
            // What was heard since is the body.
            heard.take();
            Exchange::from_request(state, request.with_body(body))
        }
    };
    loop {
        match exchange.reply() {
            Some(reply) => return sent(reply).await,
            None => tokio::time::sleep(exchange.wait()).await,
        }
    }
}

/// The answer as it goes over the wire.
async fn sent(Reply { answer, transfer }: Reply) -> Result<Response<Body>, Unanswerable> {
    let length = answer.body.len();
    let raw = |length, sent| Err(Unanswerable::Bytes(answer.raw(length, sent)));
    match transfer {
        Transfer::Whole => Ok(answer.whole()),
        Transfer::Refuse | Transfer::CloseUnread | Transfer::Close => Err(CLOSE),
        Transfer::Cut { after, chunked } => raw((!chunked).then_some(length), after.unwrap_or(length / 2)),
        Transfer::WrongLength { by } => {
            let claimed = i64::try_from(length).unwrap_or(i64::MAX).saturating_add(by).max(0);
            raw(Some(usize::try_from(claimed).unwrap_or(0)), length)
        }
        Transfer::Drip { bytes, millis } => Ok(answer.dripping(bytes, Duration::from_millis(millis))),
        Transfer::Endless => Ok(answer.endless()),
        Transfer::GzipBomb { mib } => Ok(answer.streamed_gzip_bomb(mib)),
        Transfer::Interim { status } => Err(Unanswerable::Interim(status)),
        Transfer::Never => std::future::pending().await,
    }
}
