//! `mirror TASK …`: what a copy costs, as rows of the table.
//!
//! `load`, `quick` and `projects` measure in this process. `fill` and `full` are the two halves of the measurement of a full
//! run: a process of its own compares a copy with a CRM in which nothing has changed, and prints its speed and its peak.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement ends where it cannot go on")]

mod counts;
mod load;
mod unchanged;

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
