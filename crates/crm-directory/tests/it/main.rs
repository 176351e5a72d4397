//! The directory client against the recordings of a real server, and against the sandbox in process.
#![allow(clippy::unwrap_used, reason = "clippy takes only the #[test] functions of this file for tests")]

#[cfg(feature = "blocking")]
mod blocking;
mod cache;
mod changed;
mod conformance;
mod export;
mod find;
mod find_everybody;
mod queries;
mod questions;
mod recordings;
mod support;
