//! Tests from the outside, over HTTP.
#![allow(clippy::unwrap_used)]

mod accounts;
mod clocks;
mod content;
mod control;
mod dates;
mod directory_clients;
mod directory_contacts;
mod directory_events;
mod directory_recordings;
mod directory_search;
mod directory_users;
mod documented;
mod events;
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
mod sql;
mod strict;
mod support;
mod values;
mod world;
