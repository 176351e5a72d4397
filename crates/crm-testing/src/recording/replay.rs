//! The replay: answers calls from a recording.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crm_transport::http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use crm_transport::{BoxFuture, Bytes, Transport, TransportError};
use serde_json::Value;

use super::format::{Exchange, Head, RecordedFailure, RecordedRequest, RecordedResponse, VERSION};
use super::recorded_body::RecordedBody;
use crate::json_difference::{Extent, json_difference};
use crate::message::shortened;
use crate::request_secrets::RequestSecrets;
use crate::scramble::{ScrambleRules, TextScrambler, WordReplacer};

/// Responds from a file that a [`Recorder`](crate::Recorder) wrote: without a network, and with the same responses,
/// errors and pages in every run.
///
/// A request gets the response that the same request got in the recording. Requests are the same if method, path, query
/// and body are; the order of JSON keys, the host, the headers and the keys do not matter. A request that was recorded
/// several times is answered as often, in order. In a scrambled recording the texts are different ones. There a request
/// matches a recorded one whose texts have the same lengths and alphabets in the same places, and it keeps matching that
/// one.
///
/// A request that is not in the file fails with [`ErrorKind::InvalidRequest`](crm_transport::ErrorKind), which no client
/// retries. The message shows the nearest recorded request. Times are not recorded, so every response arrives at once. A
/// client waits for a `Retry-After` as it did before.
///
/// ```
/// # use crm_testing::{Recorder, Scramble, Script};
/// use crm_testing::Replay;
///
/// # fn main() -> std::io::Result<()> {
/// # let file = std::env::temp_dir().join(format!("crm-replay-{}.jsonl", std::process::id()));
/// # Recorder::new(Script::new().transport(), &file, Scramble::nothing())?;
/// let replay = Replay::open(&file)?;
/// // … HistoryClient::builder("https://crm.example.test").transport(replay) …
/// # std::fs::remove_file(file)
/// # }
/// ```
pub struct Replay {
    path: PathBuf,
    rules: ScrambleRules,
    calls: Mutex<Vec<RecordedCall>>,
}

/// A request of the recording and its results, in order.
struct RecordedCall {
    request: RequestIdentity,
    shape: RequestIdentity,
    line: String,
    line_numbers: Vec<usize>,
    results: VecDeque<RecordedResult>,
    /// The request that is answered from here. `None` until there is one.
    answers: Option<RequestIdentity>,
}

enum RecordedResult {
    Response(Response<Bytes>),
    Failure(RecordedFailure),
}

/// What makes two requests the same.
#[derive(Clone, PartialEq)]
struct RequestIdentity {
    method: String,
    path: String,
    query: Option<String>,
    body: BodyIdentity,
}

#[derive(Clone, PartialEq)]
enum BodyIdentity {
    Json(Value),
    Other(String),
}

impl Replay {
    /// Reads the whole recording in this file. Blocks.
    ///
    /// # Errors
    /// The file cannot be read, or is not a recording. The error names the line.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let invalid = |line: usize, fault: String| {
            let message = format!("the recording {}, line {line}: {fault}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let file = File::open(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("the recording {}: {error}", path.display()))
        })?;
        let mut lines = BufReader::new(file).lines();
        let head: Head = match lines.next() {
            Some(line) => serde_json::from_str(&line?).map_err(|error| invalid(1, error.to_string()))?,
            None => return Err(invalid(1, "the file is empty".to_owned())),
        };
        if head.recording != VERSION {
            let fault = format!("format {} is unknown, expected format {VERSION}", head.recording);
            return Err(invalid(1, fault));
        }
        let mut calls: Vec<RecordedCall> = Vec::new();
        for (line, number) in lines.zip(2..) {
            let Exchange { request, response, failure } =
                serde_json::from_str(&line?).map_err(|error| invalid(number, error.to_string()))?;
            let result = match (response, failure) {
                (Some(recorded), None) => {
                    RecordedResult::Response(response_of(&recorded).map_err(|fault| invalid(number, fault))?)
                }
                (None, Some(failure)) => RecordedResult::Failure(failure),
                _ => return Err(invalid(number, "it needs either an answer or a failure".to_owned())),
            };
            let identity = RequestIdentity::new(&request, &ScrambleRules::default());
            match calls.iter_mut().find(|call| call.request == identity) {
                Some(call) => {
                    call.line_numbers.push(number);
                    call.results.push_back(result);
                }
                None => calls.push(RecordedCall {
                    shape: RequestIdentity::new(&request, &head.scramble),
                    request: identity,
                    line: request.line(),
                    line_numbers: vec![number],
                    results: VecDeque::from([result]),
                    answers: None,
                }),
            }
        }
        Ok(Self { path, rules: head.scramble, calls: Mutex::new(calls) })
    }

    /// Returns the recorded calls that were not made, each in one line.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        let calls = self.calls();
        let left = calls.iter().flat_map(|call| {
            let made = call.line_numbers.len() - call.results.len();
            call.line_numbers[made..].iter().map(|number| (number, &call.line))
        });
        let mut left: Vec<_> = left.collect();
        left.sort();
        left.into_iter().map(|(number, line)| shortened(format!("line {number}: {line}"))).collect()
    }

    fn calls(&self) -> MutexGuard<'_, Vec<RecordedCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds the recorded call that answers this request. A recorded call answers one request only.
fn find(calls: &[RecordedCall], request: &RequestIdentity, shape: &RequestIdentity) -> Option<usize> {
    let taken = || calls.iter().position(|call| call.answers.as_ref() == Some(request));
    let free = |matches: &dyn Fn(&RecordedCall) -> bool| {
        calls.iter().position(|call| call.answers.is_none() && matches(call))
    };
    taken().or_else(|| free(&|call| call.request == *request)).or_else(|| free(&|call| call.shape == *shape))
}

impl Transport for Replay {
    fn reads_operation(&self) -> bool {
        true
    }

    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let secrets = RequestSecrets::from_request(&request);
            let request = RecordedRequest::new(&request, &secrets, |body| body, |query| query);
            let identity = RequestIdentity::new(&request, &ScrambleRules::default());
            let shape = RequestIdentity::new(&request, &self.rules);
            let mut calls = self.calls();
            let Some(found) = find(&calls, &identity, &shape) else {
                let nearest = describe_nearest(&calls, &request, &identity);
                return Err(TransportError::refused(format!(
                    "the recording {} has no such call: {}; {nearest}",
                    self.path.display(),
                    shortened(request.line())
                )));
            };
            let call = &mut calls[found];
            call.answers = Some(identity);
            match call.results.pop_front() {
                Some(RecordedResult::Response(response)) => Ok(response),
                Some(RecordedResult::Failure(failure)) => Err(failure.error()),
                None => Err(TransportError::refused(format!(
                    "the recording {} has this call {} times (lines {:?}), and this is one more: {}",
                    self.path.display(),
                    call.line_numbers.len(),
                    call.line_numbers,
                    shortened(request.line())
                ))),
            }
        })
    }
}

impl RequestIdentity {
    /// Creates the identity of a request. What the rules scramble is compared by its shape.
    fn new(request: &RecordedRequest, rules: &ScrambleRules) -> Self {
        let scrambler = TextScrambler { rules, words: &WordReplacer::Shape };
        let body = request.body.as_ref().map(|body| match body {
            RecordedBody::NoText { .. } => BodyIdentity::Other(format!("{body:?}")),
            body => match RecordedBody::new(&body.bytes(), |text| scrambler.text(&text)) {
                Some(RecordedBody::Json(raw)) => match serde_json::from_str(raw.get()) {
                    Ok(value) => BodyIdentity::Json(value),
                    Err(_) => BodyIdentity::Other(raw.get().to_owned()),
                },
                body => BodyIdentity::Other(body.map(|body| body.shown()).unwrap_or_default()),
            },
        });
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.as_ref().map(|query| scrambler.query(query)),
            body: body.unwrap_or(BodyIdentity::Other(String::new())),
        }
    }
}

fn response_of(recorded: &RecordedResponse) -> Result<Response<Bytes>, String> {
    let mut response = Response::new(recorded.body.as_ref().map(RecordedBody::bytes).unwrap_or_default());
    *response.status_mut() = StatusCode::from_u16(recorded.status)
        .map_err(|_| format!("{} is not an HTTP status", recorded.status))?;
    for (name, value) in &recorded.headers {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(value)) => response.headers_mut().insert(name, value),
            _ => return Err(format!("the header {name:?} or its value is invalid")),
        };
    }
    Ok(response)
}

/// Describes the recorded request that is the nearest, and how it differs.
fn describe_nearest(calls: &[RecordedCall], request: &RecordedRequest, identity: &RequestIdentity) -> String {
    let nearness = |call: &&RecordedCall| {
        let common = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
        let (same_path, same_query) =
            (call.request.path == identity.path, call.request.query == identity.query);
        let same_method = call.request.method == identity.method;
        (same_path, same_method, same_query, common(&call.line, &request.line()))
    };
    let Some(call) = calls.iter().rev().max_by_key(nearness) else {
        return "it has no calls".to_owned();
    };
    let difference = match (&call.request.body, &identity.body) {
        (BodyIdentity::Json(recorded), BodyIdentity::Json(received)) => {
            json_difference(recorded, received, Extent::Whole)
        }
        _ => None,
    };
    let difference = difference.map(|difference| format!(" ({difference})")).unwrap_or_default();
    shortened(format!("the nearest is line {}: {}{difference}", call.line_numbers[0], call.line))
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("path", &self.path).finish_non_exhaustive()
    }
}
