//! The body of an answer, by every operation.
#![no_main]

#[path = "../../crates/crm/tests/common/readers.rs"]
#[allow(dead_code)]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::answer(bytes));
