//! `outbox TASK …`: what the outbox costs, as rows of the table.
//!
//! `puts`, `deliver`, `idle` and `keys` measure in this process. `fill` and `send` are the two halves of the measurement of
//! memory: a process of its own sends a part of a long queue, and prints the peak of its memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement ends where it cannot go on")]

mod deliver;
mod idle;
mod keys;
mod memory;
mod postgres;
mod puts;

use std::path::PathBuf;

use crm_history::{ClientId, NewEntry};
use crm_outbox::Outbox;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["puts", rounds] => puts::run(rounds.parse().expect("a number of rounds")),
        ["deliver", url, rounds] => deliver::run(url, rounds.parse().expect("a number of rounds")),
        ["idle", url] => idle::run(url),
        ["keys"] => keys::run(),
        ["fill", file, count] => memory::fill(file, count.parse().expect("a number")),
        ["send", url, file] => memory::send(url, file),
        _ => {
            panic!("outbox puts ROUNDS | deliver URL ROUNDS | idle URL | keys | fill FILE N | send URL FILE")
        }
    }
}

/// A runtime like that of a service.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn entry(number: usize) -> NewEntry {
    let day = "2024-06-25T10:00:00".parse().unwrap();
    NewEntry::new(format!("вх. звонок {number}, 2 мин 15 с")).at(day).client(ClientId(1))
}

/// A folder for the files of a measurement, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!(
            "crm-bench-outbox-{}-{}",
            std::process::id(),
            fastrand::u64(..)
        ));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    async fn outbox(&self) -> Outbox {
        Outbox::open(&format!("sqlite:{}", self.0.join("outbox.db").display())).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
