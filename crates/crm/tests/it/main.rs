//! The facade against the sandbox, recordings and servers that mislead. These tests are one program, because linking takes long.
#![allow(clippy::unwrap_used, reason = "tests")]

mod bad_input;
mod blocking;
mod corpus;
mod delivery;
mod documented_requests;
mod export;
mod hostile;
mod import;
mod import_checks;
mod import_journal;
mod import_killed;
mod import_marks;
mod import_misleading;
mod import_misleading_lists;
mod import_misleading_logins;
mod import_misleading_rows;
mod import_pacing;
mod import_properties;
mod misleading_exports;
mod misleading_reads;
mod over_http;
mod properties;
mod recorded_answers;
mod redirects;
mod time_zones;

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/imports.rs"]
mod imports;
#[path = "../common/in_process.rs"]
mod in_process;
#[path = "../common/misleading.rs"]
mod misleading;
#[path = "../common/readers.rs"]
mod readers;
