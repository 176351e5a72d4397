//! Connections and requests.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::state::State;
use crate::{history, projects};

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
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                let state = Arc::clone(&state);
                connections.spawn(async move {
                    let service = service_fn(|request| answer(&state, request));
                    // A client that went away is no concern of ours.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }
    }
}

async fn answer(
    state: &Mutex<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let path = head.uri.path();
    let query = head.uri.query().unwrap_or_default();
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let now = state.now();
    let (status, text) = if path.starts_with(history::PREFIX) {
        let call = history::Call { path, query, headers: &head.headers, body: &body };
        (StatusCode::OK, history::answer(&mut state.records, now, &call))
    } else if path.starts_with(projects::PREFIX) {
        let call = projects::Call { method: &head.method, path, query, headers: &head.headers, body: &body };
        projects::answer(&state.projects, state.settings.form, now.date(), &call)
    } else {
        (StatusCode::NOT_FOUND, String::new())
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json; charset=utf-8"));
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
