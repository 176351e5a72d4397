//! `times TASK …`: runs a task by the clients and by hand, by turns, and prints the rows of the table.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement ends where it cannot go on")]

mod calls;
mod clients;
mod decode;
mod export;
mod import;
mod sandbox;

use std::time::{Duration, Instant};

use crm_bench::row;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["decode", rounds] => decode::run(number(rounds)),
        ["calls", url, rounds] => calls::run(url, number(rounds)),
        ["export", url, latency, rounds] => export::run(url, latency, number(rounds)),
        ["export-long", url] => export::long(url),
        ["call", who, url, times, in_flight] => calls::some(who, url, number(times), number(in_flight)),
        ["memory", url] => export::memory(url),
        ["clients", url, accounts] => clients::run(url, number(accounts)),
        ["import", url, rounds] => import::run(url, number(rounds)),
        ["import-memory", url, journal, records] => import::memory(url, journal, number(records)),
        ["sandbox", url, rounds] => sandbox::run(url, number(rounds)),
        _ => panic!(
            "times decode ROUNDS | calls URL ROUNDS | call ours|theirs URL TIMES IN_FLIGHT | \
             export URL LATENCY ROUNDS | export-long URL | memory URL | clients URL ACCOUNTS | import URL ROUNDS | \
             import-memory URL JOURNAL RECORDS | sandbox URL ROUNDS"
        ),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number of rounds")
}

/// The peak of this process in KiB, which Linux calls `VmHWM`.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    std::hint::black_box(work());
    started.elapsed()
}

/// What the rounds took, in seconds.
struct Times {
    ours: f64,
    theirs: f64,
    /// Ours by theirs.
    ratio: f64,
}

/// Runs both by turns and takes the median of the ratios: whatever slows the machine down meets both. A tenth of the
/// rounds warm up and do not count.
fn side_by_side<A, B>(rounds: usize, mut ours: impl FnMut() -> A, mut theirs: impl FnMut() -> B) -> Times {
    let (mut all_ours, mut all_theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let warm_up = rounds / 10;
    for round in 0..warm_up + rounds {
        let (a, b) = row::by_turns(round, || timed(&mut ours), || timed(&mut theirs));
        if round >= warm_up {
            all_ours.push(a.as_secs_f64());
            all_theirs.push(b.as_secs_f64());
            ratios.push(a.as_secs_f64() / b.as_secs_f64());
        }
    }
    Times { ours: row::median(all_ours), theirs: row::median(all_theirs), ratio: row::median(ratios) }
}
