//! A blocking client in a forked process. This test is alone in its file, so that no other test holds a lock at the fork.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crm::blocking::history::{ApiKey, EntryQuery, HistoryClient};
use crm::{ErrorKind, ReqwestTransport, RetryPolicy};
use crm_sandbox::Sandbox;
use fork::Fork;

fn history(sandbox: &Sandbox) -> HistoryClient {
    HistoryClient::builder(sandbox.url())
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(ReqwestTransport::builder().no_proxy().without_system_certificates().build().unwrap())
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

/// Without dates a server lists only the current day.
fn everything() -> EntryQuery {
    let day = |year| chrono::NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    EntryQuery::new().between(day(1970), day(2100))
}

#[test]
fn in_a_forked_child_a_client_that_was_used_returns_an_error_and_a_new_one_works() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sandbox = runtime.block_on(Sandbox::builder().records(3).start()).unwrap();
    let client = history(&sandbox);
    let mut entries = client.entries(everything());
    assert!(entries.next().unwrap().is_ok());
    let parent = match fork::fork().unwrap() {
        Fork::Parent(child) => child,
        Fork::Child => exit(in_time(|| {
            let error = client.fields().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Runtime);
            assert!(error.to_string().contains("build the client in the child, after the fork"), "{error}");
            assert_eq!(entries.next().unwrap().unwrap_err().kind(), ErrorKind::Runtime);
            assert!(entries.next().is_none());
            drop((client, entries));
            assert_eq!(history(&sandbox).entries(everything()).count(), 3);
        })),
    };
    assert_eq!(fork::waitpid(parent).unwrap(), 0, "the child did not exit with 0");
    assert_eq!(entries.count(), 2, "the parent goes on");
    client.fields().unwrap();
}

/// Returns the exit code of the child. It must not return to the test harness, and must not hang.
fn in_time(child: impl FnOnce()) -> i32 {
    let (done, waiting) = mpsc::channel::<()>();
    thread::spawn(move || {
        if waiting.recv_timeout(Duration::from_secs(30)) == Err(mpsc::RecvTimeoutError::Timeout) {
            exit(2);
        }
    });
    let code = i32::from(catch_unwind(AssertUnwindSafe(child)).is_err());
    drop(done);
    code
}
