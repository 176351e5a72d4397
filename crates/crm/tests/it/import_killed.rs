//! Imports resume after their process was killed, or had no room for its journal.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::imports::{
    Scratch, all_created, client_with_timeout, entries, quick, sandbox_with_history, transport,
};
use crm::history::{ApiKey, HistoryClient};
use crm::{BoxFuture, Bytes, ReqwestTransport, Transport, TransportError, http};
use crm_sandbox::{Fault, Operation};

/// Kills its process at one of the calls of an import: before the request or after the response.
struct Killer {
    inner: ReqwestTransport,
    calls: AtomicU64,
    at: u64,
    after: bool,
}

impl Transport for Killer {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let fatal = self.calls.fetch_add(1, Ordering::Relaxed) == self.at;
            if fatal && !self.after {
                std::process::abort();
            }
            let response = self.inner.send(request).await;
            if fatal {
                std::process::abort();
            }
            response
        })
    }
}

/// Runs in a child process: an import that kills itself. Does nothing in the parent.
#[tokio::test]
async fn child() {
    let Ok(task) = std::env::var("IMPORT_CHILD") else { return };
    let [url, journal, at, after] = task.split('|').collect::<Vec<_>>()[..] else { panic!("{task}") };
    let killer = Killer {
        inner: transport(),
        calls: AtomicU64::new(0),
        at: at.parse().unwrap(),
        after: after == "true",
    };
    let client = HistoryClient::builder(url)
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(killer)
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    let mut outcomes =
        quick(client.import(entries(300))).chunk(30).concurrency(2).journal(journal).outcomes();
    while let Some(imported) = outcomes.next().await {
        if let Err(error) = imported {
            assert!(outcomes.next().await.is_none(), "an outcome came after: {error}");
            eprint!("{error}");
            std::process::exit(3);
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_ends_the_import_with_an_error_and_nothing_is_doubled_when_there_is_room_again() {
    let entries = entries(300);
    let mut ended = 0;
    for blocks in 0..12 {
        let sandbox = sandbox_with_history().await;
        let journal = Scratch::new(&format!("full-{blocks}"));
        // No file may grow beyond so many blocks, of 512 bytes or of 1024, by the shell.
        let limited = Command::new("sh")
            .args([
                "-c",
                &format!(
                    "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" import_killed::child --exact --nocapture"
                ),
            ])
            .arg(std::env::current_exe().unwrap())
            .env("IMPORT_CHILD", format!("{}|{}|{}|false", sandbox.url(), journal.0.display(), u64::MAX))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&limited.stderr);
        if !limited.status.success() {
            assert_eq!(limited.status.code(), Some(3), "{blocks} blocks: {told}");
            assert!(told.contains("cannot be written: File too large"), "{told}");
            ended += 1;
        }
        let client = client_with_timeout(sandbox.url(), Duration::from_millis(500));
        let report = quick(client.import(entries.clone())).chunk(30).journal(&journal.0).run().await.unwrap();
        all_created(&report, &sandbox, &entries, &format!("{blocks} blocks"));
    }
    assert!(ended >= 8, "the disk was full only {ended} times");
}

#[tokio::test]
async fn a_killed_import_resumes_and_stores_each_activity_once() {
    let entries = entries(300);
    let mut killed = 0;
    for seed in 0..50_u64 {
        let sandbox = sandbox_with_history().await;
        let journal = Scratch::new(&format!("killed-{seed}"));
        let mut random = fastrand::Rng::with_seed(seed);
        if random.bool() {
            let fault = [Fault::commit_half(), Fault::close_after_commit()][random.usize(..2)].clone();
            sandbox.add_fault(fault.on(Operation::HistoryAddList).with_probability(0.1, seed));
        }
        // It is killed once or twice and then finishes.
        for _ in 0..random.u32(1..3) {
            let task =
                format!("{}|{}|{}|{}", sandbox.url(), journal.0.display(), random.u64(0..14), random.bool());
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["import_killed::child", "--exact", "--quiet"])
                .env("IMPORT_CHILD", task)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .status()
                .unwrap();
            killed += u32::from(!status.success());
        }
        // Nothing else would wait to be sent if the last answer were lost too; see `import_misleading`.
        sandbox.clear_faults();
        // What an earlier process sent may be on its way for as long as a call may take.
        let client = client_with_timeout(sandbox.url(), Duration::from_millis(500));
        let report = quick(client.import(entries.clone())).journal(&journal.0).run().await.unwrap();
        all_created(&report, &sandbox, &entries, &format!("seed {seed}"));
    }
    assert!(killed >= 50, "only {killed} children were killed");
}
