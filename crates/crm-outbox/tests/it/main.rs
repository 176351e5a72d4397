//! Tests of the outbox: the contract of its stores, its delivery in virtual time, and real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod chaos;
mod contract;
mod delivery;
mod every_store;
mod observing;
mod postgres;
mod processes;
mod putting;
mod scratch;
mod server;
mod sqlite;
mod wrapped;
