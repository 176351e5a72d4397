//! Policies and exports, on tokio's paused clock where they wait: no test does.
#![allow(clippy::unwrap_used, reason = "tests")]

mod budget;
mod deadline;
mod doubles;
mod export;
mod export_checkpoint;
mod export_misleading;
mod pace;
mod rate_limit;
mod retry;
mod retry_after;
mod settings;
mod stats;
#[cfg(feature = "tower")]
mod tower;
