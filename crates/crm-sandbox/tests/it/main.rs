//! Tests from the outside, over HTTP.
#![allow(clippy::unwrap_used)]

mod content;
mod control;
mod documented;
mod faults;
mod faults_answers;
mod faults_lists;
mod faults_rules;
mod faults_stores;
mod history_list;
mod history_read;
mod history_transport;
mod history_write;
mod library;
mod misleading_servers;
#[cfg(feature = "cli")]
mod program;
mod projects;
mod projects_filter;
mod readme;
mod recordings;
mod support;
mod world;
