//! Retry, deadline, budget and pace, on tokio's paused clock: no test waits.

#![allow(clippy::unwrap_used)] // outside of the test functions too, in what they share

mod budget;
mod deadline;
mod doubles;
mod pace;
mod rate_limit;
mod retry;
mod retry_after;
mod settings;
mod stats;
