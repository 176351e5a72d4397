//! A local server for tests and first steps: SalesMan CRM as observed on a real server, solOS as assumed.
//!
//! ```no_run
//! # async fn run() -> std::io::Result<()> {
//! use crm_sandbox::{Fault, Operation, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! println!("two CRMs to try against: {}", sandbox.url());
//!
//! // The second `add` is stored, but its response never arrives.
//! sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAdd).each(2));
//! // … let the code under test run …
//! assert_eq!(sandbox.record_count(), 2);
//! assert_eq!(sandbox.requests().len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! | I want to | see |
//! |---|---|
//! | start both CRMs in a test | [`Sandbox::start`], [`Sandbox::builder`] |
//! | make requests fail | [`Sandbox::add_fault`], [`Fault`], [`Rule`] |
//! | see what was requested and what is stored | [`Sandbox::requests`], [`Sandbox::records`] |
//! | change records as people do in the CRM | [`Sandbox::add_server_record`], [`Sandbox::delete_client`] |
//! | set users, roles and time zones | [`Builder::accounts`], [`Role`] |
//! | run without a socket and without waiting | [`Builder::in_process`], [`VirtualClock`] |
//!
//! - SalesMan CRM, history v3, is under `/developer/v3/history/`, with the credentials [`APIKEY`] and [`BOSS`] or
//!   [`SELLER`]. Its responses follow a real server that was observed, or the vendor's documentation: see [`Revision`].
//! - Its methods `user`, `client`, `person` and `guides` are read-only, with the data set of the recordings:
//!   [`Sandbox::add_client`], [`Sandbox::add_contact`], [`Builder::clients`], [`Guides`].
//! - solOS, projects v2, is under `/backend/public/projects`, with the credentials [`TOKEN`] and [`SECRET`]. The
//!   parameters of its requests are documented, and all of them work. No response is documented, so every response is
//!   assumed, and its outer form is a setting: [`ProjectsShape`].
//! - A [`Fault`] makes requests fail. A [`Rule`] sets which requests, and how often.
//! - A sandbox has a socket ([`Sandbox::start`], [`Sandbox::start_blocking`]) or runs in process, in virtual time
//!   ([`Builder::in_process`], [`Exchange`]).
//!
//! The feature `cli`, on by default, builds the program of the same name. Turn it off if you use only the library. The
//! README of this crate has a table of all faults, and shows how to control the program over HTTP. The facade
//! re-exports this crate as `crm::sandbox`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod answer;
mod begin;
mod builder;
mod clock;
mod control;
mod directory;
mod events;
mod exchange;
mod faults;
mod history;
mod json;
mod operation;
mod projects;
mod received;
mod request;
mod sandbox;
mod server;
mod state;
mod wire;

pub use crate::account::{Account, Role, SqlMode, User, Zone};
pub use crate::builder::{Builder, UnknownLogin};
pub use crate::clock::{Clock, VirtualClock};
pub use crate::directory::data::{Client, Contact};
pub use crate::directory::guides::{Category, Guides, Relation, Signer, Source, Territory};
pub use crate::directory::{Generated, generated_phone};
pub use crate::exchange::{Exchange, Failure};
pub use crate::faults::{
    AnswerEdit, ApiError, Change, Condition, Fault, FixedAnswer, IdForm, Moment, PageChange, RequestEdit,
    RetryAfter, Rule, Store, Transfer, When,
};
pub use crate::history::Revision;
pub use crate::history::events::ServerEvent;
pub use crate::history::records::Record;
pub use crate::operation::Operation;
pub use crate::projects::data::{Action, Checklist, ChecklistItem, FieldValue, Good, Payment, Project, Step};
pub use crate::projects::shape::ProjectsShape;
pub use crate::received::{Credential, Received};
pub use crate::sandbox::Sandbox;

/// The `apikey` of the built-in account.
pub const APIKEY: &str = "sandbox-key";
/// The login of user 1 of the built-in account, the head of user 2.
pub const BOSS: &str = "boss@example.test";
/// The login of user 2 of the built-in account, who reports to user 1.
pub const SELLER: &str = "seller@example.test";
/// The only valid `X-Crypto-Token` of the projects.
pub const TOKEN: &str = "sandbox-token";
/// The only valid `X-Crypto-Secret` of the projects.
pub const SECRET: &str = "sandbox-secret";

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
