//! A few hundred seeds of imports, outboxes, exports and mirrors with every test run.

mod exports;
mod mirrors;
mod seeds;
