//! What the clients cost beside what a user would write instead: a loop over reqwest and serde.
//!
//! Three programs, run by `cargo xtask bench`: `times` (its rows are told in `docs/performance.md`), `allocations`, and
//! `instructions`, which runs under valgrind. The last two are also what `cargo xtask bench --gate` counts; they need
//! no HTTP client, and are quick to build. `times` knows no counting allocator, which would slow down whoever allocates.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement ends where it cannot go on")]

pub mod by_hand;
pub mod canned;
pub mod counted;
pub mod folder;
pub mod pages;
pub mod row;

#[cfg(feature = "clients")]
pub mod clients;
#[cfg(any(feature = "mirror", feature = "outbox"))]
pub mod postgres;
