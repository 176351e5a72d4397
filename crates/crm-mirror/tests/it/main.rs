//! Tests of copies over a sandbox in process.
#![allow(clippy::unwrap_used, reason = "tests")]

mod activities;
mod cluster;
mod contract;
mod directory;
mod projects;
mod scratch;
mod world;
