//! Tests from the outside, over HTTP.
#![allow(clippy::unwrap_used)]

mod content;
mod support;
