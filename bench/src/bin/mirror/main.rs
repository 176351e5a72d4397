//! `mirror TASK …`: what a copy costs, as rows of the table.
//!
//! `load`, `quick` and `projects` measure in this process. `fill` and `full` are the two halves of the measurement of a full
//! run: a process of its own compares a copy with a CRM in which nothing has changed, and prints its speed and its peak.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement ends where it cannot go on")]

mod canned;
#[path = "../outbox/postgres.rs"]
mod cluster;
mod counts;
mod load;
mod unchanged;

use std::path::PathBuf;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["load", url, python, script, rounds] => {
            load::run(url, python, script, rounds.parse().expect("a number of rounds"));
        }
        ["fill", file, count] => unchanged::fill(file, count.parse().expect("a number")),
        ["full", file, count] => unchanged::full(file, count.parse().expect("a number")),
        ["quick"] => counts::quick(),
        ["projects", count] => counts::projects(count.parse().expect("a number")),
        _ => panic!("mirror load URL PYTHON SCRIPT ROUNDS | fill FILE N | full FILE N | quick | projects N"),
    }
}

/// A runtime like that of a program.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

/// A folder for the files of a measurement, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("crm-bench-mirror-{}-{}", std::process::id(), fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
