//! Writes down what passes.

use std::fmt;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::{Request, Response};
use serde::Serialize;

use super::body::Body;
use super::recording::{Answered, Asked, Exchange, Failed, Head, VERSION, answer_headers, request_headers};
use super::scramble::Rules;
use super::secrets::Secrets;
use super::walk::Walk;
use super::words::Ink;
use super::{Scramble, operation};
use crate::{Transport, TransportError};

/// Passes every call on to another transport and writes it into a file, with its answer or with why none came. A
/// [`Replay`](super::Replay) answers from that file.
///
/// The file is JSON Lines, an exchange in each, made to be looked at before it is given to anybody. It never holds a
/// key: of headers only a few harmless ones are written, and wherever else a key of a request stands (a login in the
/// records it may read, an answer that repeats a token) it is `[secret]`. Known are the spellings that
/// [`Credentials::scrub`](crate::Credentials::scrub) knows, of keys of four characters or more. Neither the host is
/// written, nor anything that is no text (a packed answer). What else is in it is for [`Scramble`] to say.
///
/// ```
/// use crm_transport::testing::{Answer, Recorder, Scramble, Script};
///
/// # fn main() -> std::io::Result<()> {
/// # let file = std::env::temp_dir().join(format!("crm-recorder-{}.jsonl", std::process::id()));
/// # let transport = Script::new().transport(); // yours: ReqwestTransport::new(…)
/// let recorder = Recorder::new(transport, &file, Scramble::contents().keep("currency"))?;
/// // … HistoryClient::builder(address).transport(recorder) …
/// # std::fs::remove_file(file)
/// # }
/// ```
///
/// Each exchange is written when it ends, as a whole, by a blocking write. A call that is dropped before, as by the
/// client's time limit, is written as one that had no answer in time. When a write fails the call goes on as if
/// nothing had happened, for it may have changed something; what came until then stays in the file, nothing more
/// comes into it, and [`check`](Self::check) says so.
pub struct Recorder<T> {
    transport: T,
    path: PathBuf,
    rules: Rules,
    ink: Ink,
    written: Mutex<Written>,
}

struct Written {
    file: File,
    /// Up to the end of the last exchange.
    length: u64,
    secrets: Secrets,
    failure: Option<io::Error>,
    told: bool,
}

impl<T: Transport> Recorder<T> {
    /// Records what goes through this transport into a new file.
    ///
    /// # Errors
    /// The file is there already (a recording is never overwritten: remove it to make it anew), or cannot be
    /// written.
    pub fn new(transport: T, path: impl AsRef<Path>, scramble: Scramble) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let named = |error: io::Error| {
            let hint = match error.kind() {
                io::ErrorKind::AlreadyExists => ": it is never overwritten, remove it to make it anew",
                _ => "",
            };
            io::Error::new(error.kind(), format!("the recording {}: {error}{hint}", path.display()))
        };
        let file = File::create_new(&path).map_err(named)?;
        let Scramble(rules) = scramble;
        let mut written =
            Written { file, length: 0, secrets: Secrets::default(), failure: None, told: false };
        written.line(&Head { recording: VERSION, scramble: rules.clone() });
        match written.failure.take() {
            Some(error) => Err(named(error)),
            None => Ok(Self { transport, path, rules, ink: Ink::keyed(), written: Mutex::new(written) }),
        }
    }

    /// Whether everything that came until now is in the file.
    ///
    /// A recorder that goes into a client is asked by whoever has put it into an [`Arc`](std::sync::Arc) before.
    ///
    /// # Errors
    /// Why a write failed. What came since then is not in the file.
    pub fn check(&self) -> io::Result<()> {
        let mut written = self.written();
        written.told = true;
        let path = self.path.display();
        match &written.failure {
            Some(error) => {
                let message = format!("the recording {path} ends before the last call did: {error}");
                Err(io::Error::new(error.kind(), message))
            }
            None => Ok(()),
        }
    }
}

impl<T> Recorder<T> {
    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request as it is written.
    fn asked(&self, request: &Request<Bytes>) -> Asked {
        let mut written = self.written();
        written.secrets.learn(request);
        let secrets = &written.secrets;
        let walk = Walk { rules: &self.rules, ink: &self.ink };
        Asked::new(request, secrets, |text| walk.text(&text), |query| walk.query(&query))
    }

    /// The answer as it is written, and then written.
    fn end(&self, request: Asked, came: Result<&Response<Bytes>, &TransportError>) {
        let mut written = self.written();
        let secrets = &written.secrets;
        let (mut answer, mut failure) = (None, None);
        match came {
            Ok(response) => {
                let whole = self.rules.keeps_answer_of(request.operation.as_deref());
                let walk = Walk { rules: &self.rules, ink: &self.ink };
                let edit = |text| {
                    let text = secrets.scrub(text);
                    if whole { text } else { walk.text(&text) }
                };
                let packed =
                    response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
                let body = response.body();
                answer = Some(Answered {
                    status: response.status().as_u16(),
                    headers: answer_headers(response.headers(), |text| secrets.scrub(text)),
                    body: if packed { Body::packed(body) } else { Body::new(body, edit) },
                });
            }
            Err(error) => failure = Some(Failed::new(error, |text| secrets.scrub(text))),
        }
        written.line(&Exchange { request, answer, failure });
    }
}

impl Asked {
    /// The request without its secrets, and edited.
    pub(super) fn new(
        request: &Request<Bytes>,
        secrets: &Secrets,
        body: impl Fn(String) -> String,
        query: impl Fn(String) -> String,
    ) -> Self {
        let (uri, scrub) = (request.uri(), |text: &str| secrets.scrub(text.to_owned()));
        Self {
            operation: operation(request).map(str::to_owned),
            method: request.method().to_string(),
            path: scrub(uri.path()),
            query: uri.query().map(|text| query(scrub(text))),
            headers: request_headers(request.headers(), |text| secrets.scrub(text)),
            body: Body::new(request.body(), |text| body(secrets.scrub(text))),
        }
    }
}

impl Written {
    /// Writes a line, or nothing: half a one is taken back.
    fn line(&mut self, line: &impl Serialize) {
        if self.failure.is_some() {
            return;
        }
        let result = serde_json::to_vec(line).map_err(io::Error::other).and_then(|mut line| {
            line.push(b'\n');
            self.file.write_all(&line).map(|()| line.len())
        });
        match result {
            Ok(length) => self.length += length as u64,
            Err(error) => {
                let _ = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::End(0)));
                self.failure = Some(error);
            }
        }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if let (Some(error), false) = (&self.failure, self.told) {
            eprintln!("a recording ends before the last call did: {error}");
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut pending = Pending { recorder: self, request: Some(self.asked(&request)) };
        let result = self.transport.send(request).await;
        if let Some(request) = pending.request.take() {
            self.end(request, result.as_ref());
        }
        result
    }
}

/// A call that has no answer yet.
struct Pending<'a, T> {
    recorder: &'a Recorder<T>,
    request: Option<Asked>,
}

impl<T> Drop for Pending<'_, T> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            let failure = Some(Failed::given_up());
            self.recorder.written().line(&Exchange { request, answer: None, failure });
        }
    }
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::{Answer, Script};

    #[tokio::test]
    async fn a_write_that_fails_stops_the_recording_and_not_the_calls() {
        let path = std::env::temp_dir().join(format!("crm-recorder-test-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let script = Script::new().always("GET /", Answer::raw("{}"));
        let recorder = Arc::new(Recorder::new(script.transport(), &path, Scramble::nothing()).unwrap());
        recorder.send(Request::new(Bytes::new())).await.unwrap();
        recorder.check().unwrap();
        // Open for reading alone: no write succeeds.
        let file = std::mem::replace(&mut recorder.written().file, File::open(&path).unwrap());
        recorder.send(Request::new(Bytes::new())).await.unwrap();
        recorder.written().file = file;
        recorder.send(Request::new(Bytes::new())).await.unwrap();
        let error = recorder.check().unwrap_err().to_string();
        assert!(error.contains("ends before the last call did: "), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
        std::fs::remove_file(path).unwrap();
    }
}
