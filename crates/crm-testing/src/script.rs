//! A server that has learnt its part by heart.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use super::call::Fit;
use super::secrets::Secrets;
use super::{Answer, Call, capped, line, operation};
use crate::{Delivery, ErrorKind, Transport, TransportError};

/// The calls that a test expects, in their order, and what each of them is answered.
///
/// Another call than the one that is due gets an error at once, of the kind
/// [`InvalidRequest`](ErrorKind::InvalidRequest), which no client repeats; and so does every call after it.
/// [`finish`](Self::finish) then panics with the whole story, as it does for calls that never came. A script that is
/// dropped without it does the same, unless the test is failing already: then it prints the story.
///
/// ```
/// use crm_transport::testing::{Answer, Call, Script};
/// use serde_json::json;
///
/// let script = Script::new()
///     .expect("history.tips", Answer::raw("<br />\n<b>Fatal error</b>:  Out of memory in <b>/a.php</b>"))
///     .expect(Call::to("history.delete").json(json!({"cid": 7})), Answer::timeout())
///     .always("history.fields", Answer::json(json!({"data": {"cid": "Идентификатор записи"}})));
/// // … HistoryClient::builder("https://crm.example.test").transport(script.transport()) …
/// # std::mem::forget(script);
/// ```
#[must_use = "a script that is dropped at once fails the test"]
pub struct Script {
    part: Arc<Mutex<Part>>,
    told: bool,
}

#[derive(Default)]
struct Part {
    steps: Vec<Step>,
    any_order: bool,
    deviation: Option<Deviation>,
}

struct Step {
    call: Call,
    answer: Answer,
    /// Any number of times at any time.
    always: bool,
    came: bool,
}

/// The first call that was not in the script.
struct Deviation {
    /// The step that was due then.
    due: Option<usize>,
    came: String,
    difference: Option<String>,
}

impl Script {
    /// No calls at all: a test in which the first one fails.
    pub fn new() -> Self {
        Self { part: Arc::default(), told: false }
    }

    /// Then this call comes, and is answered so.
    pub fn expect(self, call: impl Into<Call>, answer: Answer) -> Self {
        self.step(call.into(), answer, false)
    }

    /// This call may come at any time, as often as it likes, or never.
    pub fn always(self, call: impl Into<Call>, answer: Answer) -> Self {
        self.step(call.into(), answer, true)
    }

    /// The expected calls come in any order, each of them once: for code that makes several at a time.
    pub fn in_any_order(self) -> Self {
        self.part().any_order = true;
        self
    }

    /// The transport for the client. It may be cloned: several clients then play in one script.
    #[must_use]
    pub fn transport(&self) -> impl Transport + Clone + use<> {
        Player(Arc::clone(&self.part))
    }

    /// The test is over: every call has come, and no other.
    ///
    /// # Panics
    /// When that is not so, with the whole story.
    #[track_caller]
    pub fn finish(mut self) {
        self.told = true;
        let story = self.part().story();
        if let Some(story) = story {
            panic!("{story}");
        }
    }

    fn step(self, call: Call, answer: Answer, always: bool) -> Self {
        self.part().steps.push(Step { call, answer, always, came: false });
        self
    }

    fn part(&self) -> MutexGuard<'_, Part> {
        lock(&self.part)
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let story = if self.told { None } else { self.part().story() };
        match story {
            // A second panic would end the process, and the first one's message with it.
            Some(story) if std::thread::panicking() => eprintln!("{story}"),
            Some(story) => panic!("{story}"),
            None => {}
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = self.part();
        let calls: Vec<_> = part.steps.iter().map(|step| &step.call).collect();
        f.debug_struct("Script").field("calls", &calls).finish_non_exhaustive()
    }
}

/// The script as the client sees it.
#[derive(Clone)]
struct Player(Arc<Mutex<Part>>);

#[async_trait]
impl Transport for Player {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let answer = lock(&self.0).answer(&request)?;
        answer.give().await
    }
}

/// A check of the test's own may panic while it is asked.
fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Part {
    fn answer(&mut self, request: &Request<Bytes>) -> Result<Answer, TransportError> {
        if self.deviation.is_some() {
            return Err(refused("the script was left by a call before this one".to_owned()));
        }
        let due = self.steps.iter().position(|step| !step.always && !step.came);
        let mut difference = None;
        // The calls that are due come before those that may come at any time.
        for always in [false, true] {
            for (i, step) in self.steps.iter_mut().enumerate().filter(|(_, step)| step.always == always) {
                let open = always || (!step.came && (self.any_order || due == Some(i)));
                match if open { step.call.fit(request) } else { Fit::AnotherCall } {
                    Fit::Fits => {
                        step.came = true;
                        return Ok(step.answer.clone());
                    }
                    Fit::Differs(how) => difference = difference.or(Some(how)),
                    Fit::AnotherCall => {}
                }
            }
        }
        let secrets = Secrets::of(request);
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let body = String::from_utf8_lossy(request.body());
        let came = line(operation(request), request.method().as_str(), target, &body);
        let came = capped(secrets.scrub(came));
        let difference = difference.map(|difference| secrets.scrub(difference));
        let deviation = Deviation { due, came, difference };
        let message = self.message(&deviation);
        self.deviation = Some(deviation);
        Err(refused(message))
    }

    /// In one line what became of the first call that was not in the script.
    fn message(&self, deviation: &Deviation) -> String {
        let expected = match deviation.due.map(|due| &self.steps[due].call) {
            Some(call) if !self.any_order => format!("expects {call}"),
            Some(_) => "expects other calls".to_owned(),
            None => "expects no more calls".to_owned(),
        };
        let difference = deviation.difference.as_ref().map(|how| format!(" ({how})")).unwrap_or_default();
        format!("the script {expected}, and this came: {}{difference}", deviation.came)
    }

    /// What went otherwise than it was to go; nothing where all went well.
    fn story(&self) -> Option<String> {
        let left = self.steps.iter().any(|step| !step.always && !step.came);
        if self.deviation.is_none() && !left {
            return None;
        }
        let mut story = match &self.deviation {
            Some(deviation) => self.message(deviation),
            None => "calls of the script never came".to_owned(),
        };
        story.push_str("\nThe script:");
        for (i, step) in self.steps.iter().enumerate() {
            let due = self.deviation.as_ref().is_some_and(|deviation| deviation.due == Some(i));
            let fate = match (step.always, step.came) {
                (true, _) => "at any time",
                (false, true) => "came",
                (false, false) if due && !self.any_order => "was due",
                (false, false) => "never came",
            };
            let _ = write!(story, "\n{:>4}. {} … {fate}", i + 1, step.call);
        }
        Some(story)
    }
}

/// Nothing was sent, and no client is to try again.
pub(super) fn refused(message: String) -> TransportError {
    TransportError::new(ErrorKind::InvalidRequest, Delivery::NotSent, message)
}
