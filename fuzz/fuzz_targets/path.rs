//! A key on its way into a JSON path.
#![no_main]

#[path = "../../crates/crm/tests/common/readers.rs"]
#[allow(dead_code)]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::path(bytes));
