//! The recorder: passes calls on to another transport and writes them down.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crm_transport::http::{Request, Response};
use crm_transport::{BoxFuture, Bytes, Transport, TransportError};

use super::format::{Exchange, Head, RecordedFailure, RecordedRequest, RecordedResponse, VERSION};
use super::recording_file::RecordingFile;
use crate::request_secrets::RequestSecrets;
use crate::scramble::{Scramble, ScrambleRules, TextScrambler, WordReplacer};

/// Passes every call to another transport and writes it to a file, with its response or the reason why there was none.
/// A [`Replay`](crate::Replay) responds from that file.
///
/// The file is JSON Lines, one exchange per line, so that you can read it before you share it. It never
/// contains a key. Only a few harmless headers are written. If a key of a request occurs anywhere else (a login in a
/// record, a token that a response repeats), the file has `[secret]` in its place. The recorder finds the spellings
/// that [`Credentials::scrub`](crm_transport::Credentials::scrub) finds, of keys of at least four characters. It writes
/// neither the host nor a body that is not text, such as a compressed one. [`Scramble`] decides about everything else.
///
/// ```
/// use crm_testing::{Answer, Recorder, Scramble, Script};
///
/// # fn main() -> std::io::Result<()> {
/// # let file = std::env::temp_dir().join(format!("crm-recorder-{}.jsonl", std::process::id()));
/// # let transport = Script::new().transport(); // yours: ReqwestTransport::builder().build()?
/// let recorder = Recorder::new(transport, &file, Scramble::contents().keep("currency"))?;
/// // … HistoryClient::builder(address).transport(recorder) …
/// # std::fs::remove_file(file)
/// # }
/// ```
///
/// The file is readable by its owner alone (mode 0600 on Unix), because it may hold personal data. While the recorder
/// exists, a lock (`.lock` next to the file) keeps other recorders out.
///
/// An exchange is in the file when its call returns. It is written as a whole, on a thread for blocking work, and the
/// write is part of the time of the call. A call that is dropped earlier, for example by the client's timeout, is recorded
/// as a timeout in the background. [`check`](Self::check) and dropping the recorder wait for these and flush the file to
/// the disk.
///
/// If a write fails, the calls continue, because a call may have changed something. The file keeps its contents,
/// nothing is added, and `check` returns the error.
pub struct Recorder<T> {
    transport: T,
    rules: ScrambleRules,
    words: WordReplacer,
    secrets: Mutex<RequestSecrets>,
    file: Arc<RecordingFile>,
}

impl<T: Transport> Recorder<T> {
    /// Records the calls of this transport into a new file. Blocks while it creates the file.
    ///
    /// # Errors
    /// - The file exists. A recording is never overwritten, so remove it to record again.
    /// - Another recorder is writing the file, or it cannot be created.
    pub fn new(transport: T, path: impl AsRef<Path>, scramble: Scramble) -> io::Result<Self> {
        let Scramble(rules) = scramble;
        let head = Head { recording: VERSION, scramble: rules };
        let file = Arc::new(RecordingFile::create(path.as_ref(), &head)?);
        let words = WordReplacer::with_random_key();
        Ok(Self { transport, rules: head.scramble, words, secrets: Mutex::default(), file })
    }
}

impl<T> Recorder<T> {
    /// Checks that every call that ended is in the file, and flushes the file to the disk. Blocks meanwhile.
    ///
    /// To ask a recorder that a client owns, put it into an [`Arc`] first and give the client a clone.
    ///
    /// # Errors
    /// Why a write failed. Later calls are not in the file.
    pub fn check(&self) -> io::Result<()> {
        self.file.check()
    }

    fn secrets(&self) -> MutexGuard<'_, RequestSecrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scrambler(&self) -> TextScrambler<'_> {
        TextScrambler { rules: &self.rules, words: &self.words }
    }

    fn recorded_request(&self, request: &Request<Bytes>) -> RecordedRequest {
        let (mut secrets, scrambler) = (self.secrets(), self.scrambler());
        secrets.learn(request);
        RecordedRequest::new(request, &secrets, |text| scrambler.text(&text), |query| scrambler.query(&query))
    }

    fn exchange(
        &self,
        request: RecordedRequest,
        result: Result<&Response<Bytes>, &TransportError>,
    ) -> Exchange {
        let (secrets, scrambler) = (self.secrets(), self.scrambler());
        let (mut response, mut failure) = (None, None);
        match result {
            Ok(received) => {
                let is_kept = self.rules.keep_response_of(request.operation.as_deref());
                let edit = |text: String| if is_kept { text } else { scrambler.text(&text) };
                response = Some(RecordedResponse::new(received, &secrets, edit));
            }
            Err(error) => failure = Some(RecordedFailure::new(error, &secrets)),
        }
        Exchange { request, response, failure }
    }
}

impl<T: Transport> Transport for Recorder<T> {
    fn reads_operation(&self) -> bool {
        true
    }

    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let mut unfinished =
                UnfinishedCall { file: &self.file, request: Some(self.recorded_request(&request)) };
            let result = self.transport.send(request).await;
            if let Some(request) = unfinished.request.take() {
                self.file.queue(&self.exchange(request, result.as_ref()));
                if let Some(writing) = self.file.start_writing() {
                    // If the runtime shuts down, the line stays in the queue.
                    let _ = writing.await;
                }
            }
            result
        })
    }
}

/// A call without a result yet. If it is dropped, it is recorded as a timeout.
struct UnfinishedCall<'a> {
    file: &'a Arc<RecordingFile>,
    request: Option<RecordedRequest>,
}

impl Drop for UnfinishedCall<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            let failure = Some(RecordedFailure::dropped());
            self.file.queue(&Exchange { request, response: None, failure });
            self.file.start_writing();
        }
    }
}

impl<T> Drop for Recorder<T> {
    fn drop(&mut self) {
        self.file.close();
    }
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("path", &self.file.path()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;
    use crate::{Answer, Script};

    #[tokio::test]
    async fn a_failed_write_ends_the_recording_and_not_the_calls() {
        let path = std::env::temp_dir().join(format!("crm-recorder-failure-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let script = Script::new().always("GET /", Answer::raw("{}"));
        let recorder = Recorder::new(script.transport(), &path, Scramble::nothing()).unwrap();
        recorder.send(Request::new(Bytes::new())).await.unwrap();
        recorder.check().unwrap();
        // Open for reading only, so that every write fails.
        let writable = recorder.file.replace_handle(File::open(&path).unwrap());
        recorder.send(Request::new(Bytes::new())).await.unwrap();
        recorder.file.replace_handle(writable);
        recorder.send(Request::new(Bytes::new())).await.unwrap();
        let error = recorder.check().unwrap_err().to_string();
        assert!(error.contains("ends before the last call: "), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
        fs::remove_file(path).unwrap();
    }
}
