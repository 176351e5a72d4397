//! That an export needs the same memory for a million activities as for ten thousand:
//! `cargo bench -p crm --bench export_memory` (Linux; a minute or two).
//!
//! Each export runs in a process of its own, against a sandbox in this one; its peak is what Linux calls `VmHWM`.
#![allow(clippy::unwrap_used, reason = "a measurement")]

use std::process::{Command, ExitCode};

use crm::history::{ApiKey, EntryQuery, HistoryClient};
use crm_sandbox::Sandbox;

const FEW: u64 = 10_000;
const MANY: u64 = 1_000_000;
const MOST_MORE_KIB: u64 = 32 * 1024;
const CHILD: &str = "EXPORT_MEMORY_URL";

#[tokio::main]
async fn main() -> ExitCode {
    if let Ok(url) = std::env::var(CHILD) {
        return child(&url).await;
    }
    // cargo test runs benchmarks too.
    if !std::env::args().any(|argument| argument == "--bench") || !cfg!(target_os = "linux") {
        return ExitCode::SUCCESS;
    }
    let (few, many) = (peak_kib(FEW).await, peak_kib(MANY).await);
    let more = many.saturating_sub(few);
    println!("{MANY} activities took {more} KiB more than {FEW}; at most {MOST_MORE_KIB} KiB are allowed");
    if more <= MOST_MORE_KIB { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The peak of a process that exports so many activities.
async fn peak_kib(records: u64) -> u64 {
    let sandbox = Sandbox::builder().records(records).start().await.unwrap();
    let output = Command::new(std::env::current_exe().unwrap()).env(CHILD, sandbox.url()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let (exported, peak) = text.trim().split_once(' ').unwrap();
    assert_eq!(exported, records.to_string());
    println!("{records} activities: peak {peak} KiB");
    peak.parse().unwrap()
}

/// Exports everything and prints the number of records and the peak.
async fn child(url: &str) -> ExitCode {
    let credentials = ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS);
    let history = HistoryClient::builder(url).credentials(credentials).build().unwrap();
    let mut export = history.export(EntryQuery::new()).on_progress(|_| ());
    while let Some(entry) = export.next().await {
        entry.unwrap();
    }
    let verdict = export.verdict().unwrap();
    assert!(verdict.is_complete(), "{verdict}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{} {}", verdict.figures().records, peak.trim().trim_end_matches(" kB"));
    ExitCode::SUCCESS
}
