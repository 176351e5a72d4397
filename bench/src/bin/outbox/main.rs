//! `outbox TASK …`: what the outbox costs, as rows of the table.
//!
//! `puts`, `deliver`, `idle` and `keys` measure in this process. `fill` and `send` are the two halves of the measurement of
//! memory: a process of its own sends a part of a long queue, and prints the peak of its memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement ends where it cannot go on")]

mod deliver;
mod idle;
mod keys;
mod memory;
mod puts;

use crm_bench::folder::Folder;
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

fn entry(number: usize) -> NewEntry {
    let day = "2024-06-25T10:00:00".parse().unwrap();
    NewEntry::new(format!("вх. звонок {number}, 2 мин 15 с")).at(day).client(ClientId(1))
}

/// An outbox in a file of this folder.
async fn outbox(folder: &Folder) -> Outbox {
    Outbox::open(&format!("sqlite:{}", folder.0.join("outbox.db").display())).await.unwrap()
}
