//! Connections and requests.

use std::error::Error as _;
use std::fmt;
use std::future::poll_fn;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Collected};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::answer::{Answer, Body};
use crate::faults::{Fault, fraction};
use crate::received::{Credentials, Received, harmless_body, harmless_headers, harmless_query};
use crate::state::State;
use crate::wire::{Heard, Wire, header_names};
use crate::{Operation, control, history, projects};

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
    let service = service_fn(move |request| {
        let (state, heard) = (Arc::clone(&state), heard.clone());
        let answered: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(async move { answer(&state, &heard, request).await });
        answered
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(wire), service);
    let ended = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut wire = connection.into_parts().io.into_inner();
    if let Err(error) = ended
        && let Some(Unanswerable(raw)) = error.source().and_then(|source| source.downcast_ref())
    {
        let _ = wire.write_all(raw).await;
        let _ = wire.shutdown().await;
    }
}

/// What hyper would not write: the bytes to send before the connection is closed, often none.
#[derive(Debug)]
struct Unanswerable(Vec<u8>);

impl fmt::Display for Unanswerable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault closes the connection")
    }
}

impl std::error::Error for Unanswerable {}

async fn answer(
    state: &Mutex<State>,
    heard: &Heard,
    request: Request<Incoming>,
) -> Result<Response<Body>, Unanswerable> {
    let names = header_names(&heard.take());
    let (head, body) = request.into_parts();
    let path = head.uri.path();

    if let Some(operation) = Operation::of_path(path) {
        let mut state = lock(state);
        if let Some(fault) = state.faults.strike_before_reading(operation) {
            let call = Call { head: &head, names: &names, body: &[] };
            let (.., credentials) = call.describe(&state);
            let received = received(&call, Some(operation), credentials, Some(fault));
            state.log.push(received);
            return Err(Unanswerable(Vec::new()));
        }
    }
    // Who goes away in the middle of a request has asked for nothing.
    let body = body.collect().await.map(Collected::to_bytes).map_err(|_| Unanswerable(Vec::new()))?;
    // What was heard since is the body.
    heard.take();

    let (reply, pause) = {
        let mut state = lock(state);
        if path.starts_with(control::PREFIX) {
            let (status, text) = control::answer(&mut state, &head.method, path, &body);
            return Ok(Answer::json(status, text).whole());
        }
        reply(&mut state, &head, &names, &body)
    };
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    reply
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

type Reply = Result<Response<Body>, Unanswerable>;

/// What is answered, and how late.
fn reply(state: &mut State, head: &Parts, names: &[String], body: &[u8]) -> (Reply, Duration) {
    let call = Call { head, names, body };
    let (operation, later_page, credentials) = call.describe(state);
    let fault = operation.and_then(|operation| state.faults.strike_after_reading(operation, later_page));
    let received = received(&call, operation, credentials, fault.clone());
    state.log.push(received);
    let mut pause = Duration::from_millis(state.settings.latency_ms);
    let status = |status: u16| StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let whole = |answer: Answer| Ok(answer.whole());
    let reply = match fault {
        None | Some(Fault::CloseBeforeReading) => whole(call.carry_out(state)),
        Some(Fault::Latency { millis, jitter_millis }) => {
            let step = state.log.count();
            let jitter = jitter_millis as f64 * fraction(millis, step);
            pause += Duration::from_millis(millis) + Duration::from_secs_f64(jitter / 1_000.0);
            whole(call.carry_out(state))
        }
        Some(Fault::CloseAfterCommit) => {
            call.carry_out(state);
            Err(Unanswerable(Vec::new()))
        }
        Some(Fault::CommitHalf) => {
            if let Some(half) = history::halve(body) {
                Call { body: &half, ..call }.carry_out(state);
            }
            Err(Unanswerable(Vec::new()))
        }
        Some(Fault::CutBody { after }) => {
            let answer = call.carry_out(state);
            let length = answer.body.len();
            Err(Unanswerable(answer.raw(length, after.unwrap_or(length / 2))))
        }
        Some(Fault::WrongContentLength { by }) => {
            let answer = call.carry_out(state);
            let length = answer.body.len();
            let claimed = i64::try_from(length).unwrap_or(i64::MAX).saturating_add(by).max(0);
            Err(Unanswerable(answer.raw(usize::try_from(claimed).unwrap_or(0), length)))
        }
        Some(Fault::GatewayPage { status: code, after_commit }) => {
            if after_commit {
                call.carry_out(state);
            }
            whole(Answer::gateway_page(status(code)))
        }
        Some(Fault::RetryLater { status: code, after }) => whole(Answer::retry_later(status(code), after)),
        Some(Fault::Redirect { to, status: code }) => whole(Answer::redirect(status(code), &to)),
        Some(Fault::ErrorInOk { code, text }) => {
            let is_salesman = operation.is_some_and(Operation::is_salesman);
            let text = if is_salesman { history::error_text(code, text) } else { projects::error_text(text) };
            whole(Answer::json(StatusCode::OK, text))
        }
        Some(Fault::PhpWarning { before, after }) => {
            whole(call.carry_out(state).with_php_warning(before, after))
        }
        Some(Fault::ByteOrderMark) => whole(call.carry_out(state).with_byte_order_mark()),
        Some(Fault::EndlessBody) => Ok(call.carry_out(state).endless()),
        Some(Fault::GzipBomb { mib }) => Ok(call.carry_out(state).gzip_bomb(mib)),
        Some(Fault::SlowDrip { bytes, millis }) => {
            Ok(call.carry_out(state).dripping(bytes, Duration::from_millis(millis)))
        }
        Some(Fault::ChangeBetweenPages { add, delete }) => {
            call.change_first_page(state, add, delete);
            whole(call.carry_out(state))
        }
    };
    (reply, pause)
}

#[derive(Clone, Copy)]
struct Call<'r> {
    head: &'r Parts,
    names: &'r [String],
    body: &'r [u8],
}

impl<'r> Call<'r> {
    fn path(&self) -> &'r str {
        self.head.uri.path()
    }

    fn query(&self) -> &'r str {
        self.head.uri.query().unwrap_or_default()
    }

    fn history(&self) -> history::Call<'r> {
        history::Call {
            path: self.path(),
            query: self.query(),
            headers: &self.head.headers,
            header_names: self.names,
            body: self.body,
        }
    }

    fn projects(&self) -> projects::Call<'r> {
        projects::Call {
            method: &self.head.method,
            path: self.path(),
            query: self.query(),
            headers: &self.head.headers,
            body: self.body,
        }
    }

    /// The operation, whether it asks for a page that is not the first, and its credentials.
    fn describe(&self, state: &State) -> (Option<Operation>, bool, Credentials) {
        if self.path().starts_with(history::PREFIX) {
            let params = history::Params::read(&self.history(), state.settings.revision);
            let (method, action) = params.route(self.path());
            let operation = Operation::of_action(&method, &action);
            let later_page = operation == Some(Operation::HistoryList) && params.is_later_page();
            (operation, later_page, history::credentials_seen(&state.accounts, &params))
        } else {
            let call = self.projects();
            (
                Operation::of_path(self.path()),
                projects::is_later_page(&call),
                projects::credentials_seen(&call),
            )
        }
    }

    fn carry_out(&self, state: &mut State) -> Answer {
        let (now, moment) = (state.now(), state.moment());
        if self.path().starts_with(history::PREFIX) {
            let text = state.history.answer(&state.accounts, moment, &self.history());
            Answer::json(StatusCode::OK, text).for_any_origin()
        } else if self.path().starts_with(projects::PREFIX) {
            let form = state.settings.form;
            let (status, text) = projects::answer(&state.projects, form, now.date(), &self.projects());
            Answer::json(status, text)
        } else {
            let text = format!(
                "{{\"error\":\"nothing at {}: SalesMan is under {}/history/, solOS under {}/projects, the sandbox itself \
                 under {}/\"}}",
                self.path(),
                history::PREFIX,
                projects::PREFIX,
                control::PREFIX
            );
            Answer::json(StatusCode::NOT_FOUND, text)
        }
    }

    fn change_first_page(&self, state: &mut State, add: usize, delete: usize) {
        let (now, moment) = (state.now(), state.moment());
        if self.path().starts_with(history::PREFIX) {
            state.history.change_first_page(&state.accounts, moment, &self.history(), add, delete);
        } else {
            projects::change_first_page(&mut state.projects, now.date(), &self.projects(), add, delete);
        }
    }
}

fn received(
    call: &Call<'_>,
    operation: Option<Operation>,
    credentials: Credentials,
    fault: Option<Fault>,
) -> Received {
    Received {
        method: call.head.method.to_string(),
        path: call.path().to_owned(),
        query: harmless_query(call.query()),
        operation,
        headers: harmless_headers(&call.head.headers, call.names),
        credentials: credentials.map(|(name, seen)| (name.to_owned(), seen)).to_vec(),
        body: harmless_body(call.body),
        body_length: call.body.len(),
        fault,
    }
}
