//! Tests from the outside, over HTTP.
#![allow(clippy::unwrap_used)]

mod content;
mod control;
mod directory_recordings;
mod documented;
mod faults;
mod history_list;
mod history_read;
mod history_transport;
mod history_write;
mod library;
#[cfg(feature = "cli")]
mod program;
mod projects;
mod projects_filter;
mod recordings;
mod support;
