//! Tests of copies over a sandbox in process.
#![allow(clippy::unwrap_used, reason = "tests")]

mod activities;
mod chaos;
mod cluster;
mod contract;
mod directory;
mod failing_store;
mod guide;
mod killed;
mod log;
mod processes;
mod projects;
mod schema;
mod scratch;
mod singer;
mod tls;
mod world;
