//! A page of JSON that may be spoilt in one of its records, and a text as a server spoils it.
#![no_main]

#[path = "../../crates/crm/tests/common/readers.rs"]
#[allow(dead_code)]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::spoilt(bytes));
