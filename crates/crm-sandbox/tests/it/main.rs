//! Tests from the outside, over HTTP.
#![allow(clippy::unwrap_used)]

mod content;
mod control;
mod directory_clients;
mod directory_contacts;
mod directory_events;
mod directory_recordings;
mod directory_search;
mod directory_users;
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
