//! Tests of the types over recorded data.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stored;
mod words;
