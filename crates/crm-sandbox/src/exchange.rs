//! A request and its answer, in time: when the answer is there, and how it travels. It sleeps nowhere and has no clock of
//! its own.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use crate::Operation;
use crate::answer::Answer;
use crate::begin::{begin, nothing, ready};
use crate::control;
use crate::faults::{About, AnswerEdit, Asked, Transfer, leave_each_nth};
use crate::request::Request;
use crate::state::State;

/// A request to a sandbox in process, and its outcome, which may not be available yet.
///
/// Dropping it means that the client gives up. The sandbox continues what it has begun.
///
/// ```
/// use std::time::Duration;
/// use bytes::Bytes;
/// use crm_sandbox::{APIKEY, BOSS, Clock as _, Fault, Sandbox, VirtualClock};
///
/// let clock = VirtualClock::new("2024-06-25T11:25:00Z".parse()?);
/// let sandbox = Sandbox::builder().in_process(clock.clone());
/// sandbox.add_fault(Fault::latency(Duration::from_secs(90)).everywhere());
/// let request = http::Request::post(format!("{}/developer/v3/history/add", sandbox.url()))
///     .header("content-type", "application/json")
///     .header("apikey", APIKEY)
///     .header("login", BOSS)
///     .body(Bytes::from(r#"{"content": "a call", "clid": 1}"#))?;
///
/// let mut exchange = sandbox.receive(request);
/// let outcome = loop {
///     match (exchange.outcome(), exchange.ready_at()) {
///         (Some(outcome), _) => break outcome,
///         (None, Some(at)) => clock.advance_to(at), // a simulation lets others run until then
///         (None, None) => panic!("the answer never comes"),
///     }
/// };
/// assert_eq!(outcome?.body(), r#"{"result":"Успешно","data":1}"#);
/// assert_eq!(clock.monotonic(), Duration::from_secs(90));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Exchange {
    state: Arc<Mutex<State>>,
    /// When the answer leaves.
    ready: Duration,
    answer: Arc<OnceLock<Answer>>,
    finish: Finish,
    /// As long as it lives, the request is being answered.
    _busy: Arc<()>,
}

/// Why there is no response.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The connection was refused; the request never arrived.
    Refused,
    /// The connection was closed before the request was read.
    ClosedUnread,
    /// The connection was closed after the request was read, without an answer.
    Closed,
    /// The connection was closed in the middle of the body.
    Cut(Box<Response<Bytes>>),
    /// The body does not end; this is its beginning.
    Endless(Box<Response<Bytes>>),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Failure::Refused => "connection refused",
            Failure::ClosedUnread => "connection closed before the request was read",
            Failure::Closed => "connection closed before the answer",
            Failure::Cut(_) => "connection closed in the middle of the body",
            Failure::Endless(_) => "the body does not end",
        })
    }
}

impl std::error::Error for Failure {}

/// What remains to be done with the answer of the application.
#[derive(Debug)]
pub(crate) struct Finish {
    /// What is answered in its place.
    pub(crate) fixed: Option<Answer>,
    pub(crate) edits: Vec<AnswerEdit>,
    /// The request as it was sent, for the edits.
    pub(crate) request: Option<(Operation, Request)>,
    /// Each item of the request was carried out so many times.
    pub(crate) repeated: usize,
    pub(crate) chance: f64,
    pub(crate) empty_is_bare: bool,
    pub(crate) transfer: Transfer,
}

impl Finish {
    pub(crate) fn whole() -> Finish {
        Finish {
            fixed: None,
            edits: Vec::new(),
            request: None,
            repeated: 1,
            chance: 0.0,
            empty_is_bare: false,
            transfer: Transfer::Whole,
        }
    }
}

/// An answer, and how it travels.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) transfer: Transfer,
}

impl Exchange {
    /// What a request comes to of which only the head is known, if the body need not be read.
    pub(crate) fn from_head(shared: &Arc<Mutex<State>>, request: &Request) -> Option<Exchange> {
        let mut state = lock(shared);
        if state.faults.is_empty() {
            return None;
        }
        let busy = state.begin();
        let (operation, credentials) = request.describe(&state);
        let present = state.present();
        let asked = Asked::new(operation?, request);
        let strike = state.faults.strike_before_reading(&asked, present)?;
        let received = request.received(operation, credentials, Some(strike.fault.clone()));
        state.log.push(received);
        let finish = Finish { transfer: strike.fault.transfer, ..Finish::whole() };
        let ready = ready(present, &strike);
        Some(Exchange { state: Arc::clone(shared), ready, answer: nothing(), finish, _busy: busy })
    }

    /// What a request comes to.
    pub(crate) fn from_request(shared: &Arc<Mutex<State>>, request: Request) -> Exchange {
        let mut state = lock(shared);
        let busy = state.begin();
        let (ready, answer, finish) = if request.is_for_the_sandbox() {
            (
                state.present().now,
                Arc::new(OnceLock::from(control::answer(&mut state, &request))),
                Finish::whole(),
            )
        } else {
            begin(&mut state, request)
        };
        Exchange { state: Arc::clone(shared), ready, answer, finish, _busy: busy }
    }

    /// Returns the time of [`Clock::monotonic`](crate::Clock::monotonic) at which to poll for the outcome again; `None`
    /// if there will be no outcome.
    pub fn ready_at(&self) -> Option<Duration> {
        let never = matches!(self.finish.transfer, Transfer::Never | Transfer::Interim { .. });
        (!never).then_some(self.ready)
    }

    /// Returns the outcome; `None` if it is not available yet. It is returned once, at [`Exchange::ready_at`] or a
    /// later time that `ready_at` returns then.
    pub fn outcome(&mut self) -> Option<Result<Response<Bytes>, Failure>> {
        self.ready_at()?;
        let reply = self.reply()?;
        if let Transfer::Drip { bytes, millis } = reply.transfer {
            // The last piece of the body is what the client waits for.
            let pieces = reply.answer.body.len().div_ceil(bytes.max(1)) as u64;
            self.ready = self.ready.saturating_add(Duration::from_millis(millis.saturating_mul(pieces)));
            self.finish = Finish::whole();
            self.answer = Arc::new(OnceLock::from(reply.answer));
            return self.outcome();
        }
        Some(reply.outcome())
    }

    /// The answer as it leaves; `None` if it is not there yet.
    pub(crate) fn reply(&self) -> Option<Reply> {
        let mut state = lock(&self.state);
        state.catch_up();
        if state.present().now < self.ready {
            return None;
        }
        let transfer = self.finish.transfer;
        let answer = match (&self.finish.fixed, self.answer.get()) {
            _ if !transfer.brings_the_answer() => return Some(Reply { answer: Answer::empty(), transfer }),
            (Some(fixed), _) => fixed.clone(),
            (None, Some(answer)) => answer.clone(),
            // Somebody started the sandbox over: what would have answered is gone.
            (None, None) if Arc::strong_count(&self.answer) == 1 => {
                return Some(Reply { answer: Answer::empty(), transfer: Transfer::Close });
            }
            (None, None) => return None,
        };
        Some(Reply { answer: self.finish.edited(answer), transfer })
    }

    /// How long until there may be a reply, from now.
    pub(crate) fn wait(&self) -> Duration {
        self.ready.saturating_sub(lock(&self.state).present().now)
    }
}

impl Finish {
    fn edited(&self, mut answer: Answer) -> Answer {
        if self.repeated > 1 {
            leave_each_nth(&mut answer.body, self.repeated);
        }
        let Some((operation, request)) = &self.request else { return answer };
        let about = About {
            items: &request.content().items(),
            body: &request.body,
            operation: *operation,
            empty_is_bare: self.empty_is_bare,
            chance: self.chance,
        };
        for edit in &self.edits {
            edit.apply(&mut answer.body, &about);
        }
        answer
    }
}

impl Reply {
    /// The same as a client sees it that has no socket.
    fn outcome(mut self) -> Result<Response<Bytes>, Failure> {
        let length = self.answer.body.len();
        match self.transfer {
            Transfer::Whole | Transfer::Drip { .. } | Transfer::Interim { .. } | Transfer::Never => {
                Ok(self.answer.response())
            }
            Transfer::Refuse => Err(Failure::Refused),
            Transfer::CloseUnread => Err(Failure::ClosedUnread),
            Transfer::Close => Err(Failure::Closed),
            Transfer::Cut { after, .. } => {
                self.answer.body.truncate(after.unwrap_or(length / 2));
                Err(Failure::Cut(Box::new(self.answer.response())))
            }
            Transfer::WrongLength { by } if by > 0 => Err(Failure::Cut(Box::new(self.answer.response()))),
            Transfer::WrongLength { by } => {
                let missing = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
                self.answer.body.truncate(length.saturating_sub(missing));
                Ok(self.answer.response())
            }
            Transfer::Endless => {
                self.answer.body.pop();
                Err(Failure::Endless(Box::new(self.answer.response())))
            }
            Transfer::GzipBomb { mib } => {
                let (mut answer, pieces) = self.answer.gzip_bomb(mib);
                answer.body = pieces.flatten().collect();
                Ok(answer.response())
            }
        }
    }
}

pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
