//! Tests of copies over a sandbox in process.
#![allow(clippy::unwrap_used, reason = "tests")]

mod activities;
mod scratch;
mod world;
