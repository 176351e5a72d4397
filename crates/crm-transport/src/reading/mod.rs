//! From the bytes of a response to typed values: what surrounds the JSON, the JSON itself, records that do not hide
//! each other.

pub mod answer;
mod api_error;
pub mod json;
mod json_entries;
mod members;
mod php_noise;
pub(crate) mod stray_backslash;
