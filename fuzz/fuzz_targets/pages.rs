//! A list that is exported while its pages come in any way.
#![no_main]

#[path = "../../crates/crm/tests/common/readers.rs"]
#[allow(dead_code)]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::pages(bytes));
