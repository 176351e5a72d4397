//! The file of a recorder, without a client above it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crm_testing::{Answer, Recorder, Replay, Scramble, Script};
use crm_transport::http::Request;
use crm_transport::{Bytes, ErrorKind, NonPersonalData, Transport};
use serde_json::json;

/// A path that is free, and free again after the test.
struct FreePath(PathBuf);

impl FreePath {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }
}

impl Drop for FreePath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn get(target: &str) -> Request<Bytes> {
    Request::get(target).body(Bytes::new()).unwrap()
}

#[cfg(unix)]
#[test]
fn a_recording_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let path = FreePath::new("mode");
    let _recorder = Recorder::new(Script::new().transport(), &path.0, Scramble::nothing()).unwrap();
    assert_eq!(std::fs::metadata(&path.0).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_second_recorder_of_the_same_file_is_refused_until_the_first_is_gone() {
    let path = FreePath::new("lock");
    let new = || Recorder::new(Script::new().transport(), &path.0, Scramble::nothing());
    let first = new().unwrap();
    // Even where somebody removed the file meanwhile.
    std::fs::remove_file(&path.0).unwrap();
    let error = new().unwrap_err().to_string();
    assert!(error.contains("another recorder is writing it"), "{error}");
    drop(first);
    let second = new().unwrap();
    drop(second);
    let error = new().unwrap_err().to_string();
    assert!(error.contains("the file exists and is never overwritten"), "{error}");
}

#[tokio::test]
async fn an_exchange_is_in_the_file_when_its_call_returns() {
    let path = FreePath::new("returned");
    let script = Script::new().always("GET /a", Answer::raw("{}"));
    let recorder = Recorder::new(script.transport(), &path.0, Scramble::nothing()).unwrap();
    for lines in 2..10 {
        recorder.send(get("/a")).await.unwrap();
        assert_eq!(path.text().lines().count(), lines);
    }
}

#[test]
fn a_call_that_is_dropped_with_its_runtime_is_recorded_as_a_timeout() {
    let path = FreePath::new("dropped");
    let script = Script::new().always("GET /a", Answer::never());
    let recorder = Arc::new(Recorder::new(script.transport(), &path.0, Scramble::nothing()).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let called = Arc::clone(&recorder);
    runtime.spawn(async move { called.send(get("/a")).await });
    runtime.block_on(tokio::task::yield_now());
    drop(runtime);
    recorder.check().unwrap();
    assert!(path.text().contains(r#""failure":{"kind":"timeout""#), "{}", path.text());
}

#[test]
fn a_recorder_works_outside_a_tokio_runtime() {
    let path = FreePath::new("no-runtime");
    let script = Script::new().always("GET /a", Answer::raw("{}"));
    let recorder = Recorder::new(script.transport(), &path.0, Scramble::nothing()).unwrap();
    let mut call = recorder.send(get("/a"));
    let waker = std::task::Waker::noop();
    assert!(call.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_ready());
    assert_eq!(path.text().lines().count(), 2);
}

/// What a client of a made-up API declares.
const API: NonPersonalData =
    NonPersonalData { fields: &["kind"], numbers: &["data"], operations: &["api.kinds"] };

#[tokio::test]
async fn words_that_an_api_declares_stay_in_requests_and_responses_and_a_replay_knows_them() {
    let declared = FreePath::new("declared");
    let undeclared = FreePath::new("undeclared");
    for (path, scramble) in
        [(&declared, Scramble::contents().keep_non_personal(API)), (&undeclared, Scramble::contents())]
    {
        let answer = || Answer::json(json!({"kind": "Meeting", "name": "Watson", "data": 12345678}));
        let script = Script::new().expect("GET /a?kind=Call", answer()).expect("GET /a?kind=Mail", answer());
        let recorder = Recorder::new(script.transport(), &path.0, scramble).unwrap();
        recorder.send(get("/a?kind=Call")).await.unwrap();
        recorder.send(get("/a?kind=Mail")).await.unwrap();
    }
    let (kept, scrambled) = (declared.text(), undeclared.text());
    for word in ["kind=Call", "Meeting", "12345678"] {
        assert!(kept.contains(word) && !scrambled.contains(word), "{word}: {kept} {scrambled}");
    }
    assert!(!kept.contains("Watson") && !scrambled.contains("Watson"), "{kept} {scrambled}");

    // A declared word is compared as it is. Another one is compared by its shape, which Fuel and Call share.
    let replay = Replay::open(&declared.0).unwrap();
    replay.send(get("/a?kind=Mail")).await.unwrap();
    assert_eq!(replay.send(get("/a?kind=Fuel")).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert_eq!(replay.left().len(), 1);
    let replay = Replay::open(&undeclared.0).unwrap();
    replay.send(get("/a?kind=Fuel")).await.unwrap();
}
