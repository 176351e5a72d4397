//! The scripted transport: the calls that a test expects, and the answer to each.

mod answer;
mod call;

pub use answer::Answer;
pub use call::Call;

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crm_transport::http::{Request, Response};
use crm_transport::{BoxFuture, Bytes, Transport, TransportError, operation_of};

use crate::message::{request_line, shortened};
use crate::request_secrets::RequestSecrets;
use call::Comparison;

/// A scripted transport: the calls that a test expects, in order, and the answer to each.
///
/// A call that is not the next one fails at once with [`ErrorKind::InvalidRequest`](crm_transport::ErrorKind), which no
/// client retries. Every later call fails, too. [`finish`](Self::finish) then panics with a report of the whole script,
/// as it does if expected calls were not made. A script that is dropped without `finish` does the same. If the test is
/// panicking already, it prints the report instead.
///
/// ```
/// use crm_testing::{Answer, Call, Script};
/// use serde_json::json;
///
/// let script = Script::new()
///     .expect("history.tips", Answer::raw("<br />\n<b>Fatal error</b>:  Out of memory in <b>/a.php</b>"))
///     .expect(Call::to("history.add").json_partial(json!({"clid": 7})), Answer::timeout())
///     .expect(Call::to("history.delete").json(json!({"cid": 7})), Answer::timeout())
///     .always("history.fields", Answer::json(json!({"data": {"cid": "Идентификатор записи"}})));
/// // … HistoryClient::builder("https://crm.example.test").transport(script.transport()) …
/// # std::mem::forget(script);
/// ```
#[must_use = "a script that is dropped at once fails the test"]
pub struct Script {
    state: Arc<Mutex<State>>,
    is_reported: bool,
}

#[derive(Default)]
struct State {
    steps: Vec<Step>,
    any_order: bool,
    unexpected: Option<UnexpectedCall>,
}

struct Step {
    call: Call,
    answer: Answer,
    /// Allowed at any time, any number of times.
    always: bool,
    is_made: bool,
}

/// The first call that was not in the script.
struct UnexpectedCall {
    /// The index of the step that was expected instead.
    expected: Option<usize>,
    request: String,
    difference: Option<String>,
}

impl Script {
    /// Creates a script without calls, so that the first call fails the test.
    pub fn new() -> Self {
        Self { state: Arc::default(), is_reported: false }
    }

    /// Expects this call next, and answers it.
    pub fn expect(self, call: impl Into<Call>, answer: Answer) -> Self {
        self.step(call.into(), answer, false)
    }

    /// Allows this call at any time and any number of times, and answers it.
    pub fn always(self, call: impl Into<Call>, answer: Answer) -> Self {
        self.step(call.into(), answer, true)
    }

    /// Allows the expected calls in any order, each once. For code that makes concurrent calls.
    pub fn in_any_order(self) -> Self {
        self.state().any_order = true;
        self
    }

    /// Returns the transport for a client. Clones share the script, so several clients can take part in it.
    #[must_use]
    pub fn transport(&self) -> impl Transport + Clone + use<> {
        ScriptedTransport(Arc::clone(&self.state))
    }

    /// Ends the test: every expected call was made, and no other.
    ///
    /// # Panics
    /// If a call is missing or unexpected, with a report of the whole script.
    #[track_caller]
    pub fn finish(mut self) {
        self.is_reported = true;
        let report = self.state().report();
        if let Some(report) = report {
            panic!("{report}");
        }
    }

    fn step(self, call: Call, answer: Answer, always: bool) -> Self {
        self.state().steps.push(Step { call, answer, always, is_made: false });
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let report = if self.is_reported { None } else { self.state().report() };
        match report {
            // A second panic would abort the process and hide the message of the first one.
            Some(report) if std::thread::panicking() => eprintln!("{report}"),
            Some(report) => panic!("{report}"),
            None => {}
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let calls: Vec<_> = state.steps.iter().map(|step| &step.call).collect();
        f.debug_struct("Script").field("calls", &calls).finish_non_exhaustive()
    }
}

/// The script as a client sees it.
#[derive(Clone)]
struct ScriptedTransport(Arc<Mutex<State>>);

impl Transport for ScriptedTransport {
    fn reads_operation(&self) -> bool {
        true
    }

    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let answer = lock(&self.0).answer_to(&request)?;
            answer.respond().await
        })
    }
}

/// Locks the state. It stays usable after a panic, because a check of the test may panic within a call.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn answer_to(&mut self, request: &Request<Bytes>) -> Result<Answer, TransportError> {
        if self.unexpected.is_some() {
            return Err(TransportError::refused("an earlier call was not in the script"));
        }
        let expected = self.steps.iter().position(|step| !step.always && !step.is_made);
        let mut difference = None;
        // Expected calls take precedence over those that are always allowed.
        for always in [false, true] {
            for (i, step) in self.steps.iter_mut().enumerate().filter(|(_, step)| step.always == always) {
                let is_open = always || (!step.is_made && (self.any_order || expected == Some(i)));
                match if is_open { step.call.compare(request) } else { Comparison::AnotherCall } {
                    Comparison::Same => {
                        step.is_made = true;
                        return Ok(step.answer.clone());
                    }
                    Comparison::Differs(how) => difference = difference.or(Some(how)),
                    Comparison::AnotherCall => {}
                }
            }
        }
        let secrets = RequestSecrets::from_request(request);
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let body = String::from_utf8_lossy(request.body());
        let line = request_line(operation_of(request), request.method().as_str(), target, &body);
        let request = shortened(secrets.scrub(line));
        let difference = difference.map(|difference| secrets.scrub(difference));
        let unexpected = UnexpectedCall { expected, request, difference };
        let message = self.message(&unexpected);
        self.unexpected = Some(unexpected);
        Err(TransportError::refused(message))
    }

    /// Describes the first call that was not in the script, in one line.
    fn message(&self, unexpected: &UnexpectedCall) -> String {
        let expected = match unexpected.expected.map(|expected| &self.steps[expected].call) {
            Some(call) if !self.any_order => format!("expected {call}"),
            Some(_) => "expected other calls".to_owned(),
            None => "expected no more calls".to_owned(),
        };
        let difference = unexpected.difference.as_ref().map(|how| format!(" ({how})")).unwrap_or_default();
        format!("the script {expected}, but received {}{difference}", unexpected.request)
    }

    /// Describes what went wrong, step by step. `None` if nothing did.
    fn report(&self) -> Option<String> {
        let is_incomplete = self.steps.iter().any(|step| !step.always && !step.is_made);
        if self.unexpected.is_none() && !is_incomplete {
            return None;
        }
        let mut report = match &self.unexpected {
            Some(unexpected) => self.message(unexpected),
            None => "expected calls of the script were not made".to_owned(),
        };
        report.push_str("\nThe script:");
        for (i, step) in self.steps.iter().enumerate() {
            let was_next = self.unexpected.as_ref().is_some_and(|call| call.expected == Some(i));
            let status = match (step.always, step.is_made) {
                (true, _) => "allowed at any time",
                (false, true) => "made",
                (false, false) if was_next && !self.any_order => "expected next",
                (false, false) => "not made",
            };
            let _ = write!(report, "\n{:>4}. {}: {status}", i + 1, step.call);
        }
        Some(report)
    }
}
