//! The test doubles under the real clients.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
mod recording;
mod script;
