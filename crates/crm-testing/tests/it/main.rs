//! Tests of the transports without a client above them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod recorder;
mod script;
