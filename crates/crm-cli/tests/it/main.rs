//! The program `crm`, run as a process against a sandbox.
#![allow(clippy::unwrap_used, reason = "clippy takes only the #[test] functions of this file for tests")]

mod check;
mod check_tls;
mod discover;
mod exits;
mod export;
mod files;
mod find;
mod help;
mod import;
#[cfg(feature = "mirror")]
mod mirror;
#[cfg(feature = "outbox")]
mod outbox;
#[cfg(feature = "outbox")]
mod outbox_serve;
mod profile;
mod program;
mod report;
mod russian;
mod sandbox;
#[cfg(feature = "mirror")]
mod tap;
mod tour;
