//! Answers from a recording.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use super::body::Body;
use super::capped;
use super::difference::difference;
use super::recording::{Answered, Asked, Exchange, Failed, Head, VERSION};
use super::scramble::Rules;
use super::script::refused;
use super::secrets::Secrets;
use super::walk::Walk;
use super::words::Ink;
use crate::{Transport, TransportError};

/// Answers from the file that a [`Recorder`](super::Recorder) has written: no network, and the same answers, errors
/// and pages in every run.
///
/// A request is answered as the one of the same method, path, query and body was (JSON in whatever order of keys);
/// the same request again as it was answered again, and then no more. Host, headers and keys do not count. In a
/// scrambled recording the texts are those of nobody, so a request fits one that has texts of the same lengths and
/// alphabets in the same places; it is the same one then each time.
///
/// A request that is not in the file gets an error of the kind [`InvalidRequest`](crate::ErrorKind::InvalidRequest),
/// which no client repeats; it shows the nearest one that is. Times are not recorded: every answer comes at once,
/// but a `Retry-After` is waited for as it was.
///
/// ```
/// # use crm_transport::testing::{Recorder, Scramble, Script};
/// use crm_transport::testing::Replay;
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
    rules: Rules,
    requests: Mutex<Vec<Recorded>>,
}

/// A request of the recording, and what it was answered, time after time.
struct Recorded {
    asked: Key,
    shape: Key,
    line: String,
    lines: Vec<usize>,
    answers: VecDeque<Came>,
    /// The request that is answered from here.
    by: Option<Key>,
}

enum Came {
    Answer(Response<Bytes>),
    Failure(Failed),
}

/// What makes a request the same as another.
#[derive(Clone, PartialEq)]
struct Key {
    method: String,
    path: String,
    query: Option<String>,
    body: Said,
}

#[derive(Clone, PartialEq)]
enum Said {
    Json(Value),
    Other(String),
}

impl Replay {
    /// A replay of the recording in this file, which is read once and whole.
    ///
    /// # Errors
    /// The file cannot be read or is no recording; the error names the line.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let at = |line: usize, fault: String| {
            let message = format!("the recording {}, line {line}: {fault}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let file = File::open(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("the recording {}: {error}", path.display()))
        })?;
        let mut lines = BufReader::new(file).lines();
        let head: Head = match lines.next() {
            Some(line) => serde_json::from_str(&line?).map_err(|error| at(1, error.to_string()))?,
            None => return Err(at(1, "it is empty".to_owned())),
        };
        if head.recording != VERSION {
            return Err(at(1, format!("its format is {}, this is format {VERSION}", head.recording)));
        }
        let mut requests: Vec<Recorded> = Vec::new();
        for (line, number) in lines.zip(2..) {
            let line = line?;
            let exchange: Exchange =
                serde_json::from_str(&line).map_err(|error| at(number, error.to_string()))?;
            let Exchange { request, answer, failure } = exchange;
            let came = match (answer, failure) {
                (Some(answer), None) => Came::Answer(response(&answer).map_err(|fault| at(number, fault))?),
                (None, Some(failure)) => Came::Failure(failure),
                _ => return Err(at(number, "it has neither an answer nor a failure, or both".to_owned())),
            };
            let asked = Key::of(&request, &Rules::default());
            match requests.iter_mut().find(|recorded| recorded.asked == asked) {
                Some(recorded) => {
                    recorded.lines.push(number);
                    recorded.answers.push_back(came);
                }
                None => requests.push(Recorded {
                    shape: Key::of(&request, &head.scramble),
                    asked,
                    line: request.line(),
                    lines: vec![number],
                    answers: VecDeque::from([came]),
                    by: None,
                }),
            }
        }
        Ok(Self { path, rules: head.scramble, requests: Mutex::new(requests) })
    }

    /// The recorded calls that were not made, each in one line.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        let requests = self.requests();
        let left = requests.iter().flat_map(|recorded| {
            let made = recorded.lines.len() - recorded.answers.len();
            recorded.lines[made..].iter().map(|number| (number, &recorded.line))
        });
        let mut left: Vec<_> = left.collect();
        left.sort();
        left.into_iter().map(|(number, line)| capped(format!("line {number}: {line}"))).collect()
    }

    fn requests(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recorded request that this one is.
    fn find(&self, requests: &[Recorded], key: &Key, shape: &Key) -> Option<usize> {
        // One and the same request is always the same one, and no two are one.
        let taken = || requests.iter().position(|recorded| recorded.by.as_ref() == Some(key));
        let free = |fits: &dyn Fn(&Recorded) -> bool| {
            requests.iter().position(|recorded| recorded.by.is_none() && fits(recorded))
        };
        taken()
            .or_else(|| free(&|recorded| recorded.asked == *key))
            .or_else(|| free(&|recorded| recorded.shape == *shape))
    }
}

#[async_trait]
impl Transport for Replay {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let asked = Asked::new(&request, &Secrets::of(&request), |body| body, |query| query);
        let (key, shape) = (Key::of(&asked, &Rules::default()), Key::of(&asked, &self.rules));
        let mut requests = self.requests();
        let Some(found) = self.find(&requests, &key, &shape) else {
            let nearest = nearest(&requests, &asked, &key);
            return Err(refused(format!(
                "the recording {} has no such call: {}; {nearest}",
                self.path.display(),
                capped(asked.line())
            )));
        };
        let recorded = &mut requests[found];
        recorded.by = Some(key);
        match recorded.answers.pop_front() {
            Some(Came::Answer(response)) => Ok(response),
            Some(Came::Failure(failure)) => Err(failure.error()),
            None => Err(refused(format!(
                "the recording {} has this call {} times (lines {:?}), and this is one more: {}",
                self.path.display(),
                recorded.lines.len(),
                recorded.lines,
                capped(asked.line())
            ))),
        }
    }
}

impl Key {
    /// The key of a request, by shape where the rules scramble.
    fn of(asked: &Asked, rules: &Rules) -> Self {
        let walk = Walk { rules, ink: &Ink::Shape };
        let body = asked.body.as_ref().map(|body| match body {
            Body::NoText { .. } => Said::Other(format!("{body:?}")),
            body => match Body::new(&body.bytes(), |text| walk.text(&text)) {
                Some(Body::Json(raw)) => match serde_json::from_str(raw.get()) {
                    Ok(value) => Said::Json(value),
                    Err(_) => Said::Other(raw.get().to_owned()),
                },
                body => Said::Other(body.map(|body| body.shown()).unwrap_or_default()),
            },
        });
        Self {
            method: asked.method.clone(),
            path: asked.path.clone(),
            query: asked.query.as_ref().map(|query| walk.query(query)),
            body: body.unwrap_or(Said::Other(String::new())),
        }
    }
}

fn response(answered: &Answered) -> Result<Response<Bytes>, String> {
    let mut response = Response::new(answered.body.as_ref().map(Body::bytes).unwrap_or_default());
    *response.status_mut() = StatusCode::from_u16(answered.status)
        .map_err(|_| format!("{} is no HTTP status", answered.status))?;
    for (name, value) in &answered.headers {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(value)) => response.headers_mut().insert(name, value),
            _ => return Err(format!("there is no header {name:?} with this value")),
        };
    }
    Ok(response)
}

/// Says which recorded request is the nearest, and what makes it another.
fn nearest(requests: &[Recorded], asked: &Asked, key: &Key) -> String {
    let nearness = |recorded: &&Recorded| {
        let common = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
        let (same_path, same_query) = (recorded.asked.path == key.path, recorded.asked.query == key.query);
        (same_path, recorded.asked.method == key.method, same_query, common(&recorded.line, &asked.line()))
    };
    let Some(recorded) = requests.iter().rev().max_by_key(nearness) else {
        return "it has none at all".to_owned();
    };
    let parts = match (&recorded.asked.body, &key.body) {
        (Said::Json(recorded), Said::Json(came)) => difference(recorded, came),
        _ => None,
    };
    let difference = parts.map(|difference| format!(" ({difference})")).unwrap_or_default();
    capped(format!("the nearest is line {}: {}{difference}", recorded.lines[0], recorded.line))
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("path", &self.path).finish_non_exhaustive()
    }
}
