//! Client of the history API v3 of SalesMan CRM: activities (calls, emails, meetings) of clients, contacts and deals.
//!
//! ```no_run
//! use crm_history::{ApiKey, ClientId, HistoryClient, NewEntry};
//!
//! # async fn run() -> Result<(), crm_history::Error> {
//! let history = HistoryClient::builder("https://crm.example.ru")
//!     .credentials(ApiKey::new("key", "login@example.ru"))
//!     .build()?;
//! let id = history.add(&NewEntry::new("Отправлено КП").client(ClientId(1781))).await?;
//! println!("logged as {id}");
//! # Ok(())
//! # }
//! ```
//!
//! The vendor documents all requests, and the responses of `fields`, `tips`, `info`, `add`, `add.list` and `delete`.
//! Where a real server (2026-06) differs, the item is marked *observed*.
//!
//! | I want to | see |
//! |---|---|
//! | log, read, list or delete activities | [`HistoryClient`] |
//! | log many activities, each once | [`HistoryClient::import`] |
//! | read everything, with a completeness verdict | [`HistoryClient::export`] and its [`Verdict`] |
//! | call a method of the CRM that is not covered | [`Operation`](transport::Operation) and [`answer`] |
//! | write and read times as instants | [`HistoryClient::with_zone`] and [`Zone`] |
//! | know what went wrong | [`Error`] |
//! | use solOS, too | the facade, `crm` |
//!
//! # Your own transport
//!
//! Without the feature `reqwest`, no HTTP client is compiled. Pass your own [`Transport`](transport::Transport) to the
//! builder. The types in its signature are in [`transport`], which re-exports the crate `crm-transport`. So
//! you depend on this crate only.
//!
//! ```
//! use crm_history::transport::{BoxFuture, Bytes, Transport, TransportError, http};
//!
//! struct Tunnel;
//!
//! impl Transport for Tunnel {
//!     fn send(
//!         &self,
//!         request: http::Request<Bytes>,
//!     ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
//!         Box::pin(async move {
//!             Err(TransportError::connect(format!("{} cannot be reached", request.uri())))
//!         })
//!     }
//! }
//! ```
//!
//! # Features
//!
//! On by default: `reqwest` (the transport) and `rustls` (https for it). Off by default: `native-tls`, `gzip`, `tower`,
//! `tracing`, `metrics`, and `blocking` (the same client without async). [`transport`] describes them.
//! `chrono-tz`, off by default, loads a [`Zone`] by its name. For tests, use the crate `crm-testing`.
//!
//! With the feature `metrics`, an import also counts `crm_import_outcomes_total`. Its label `outcome` is `created`,
//! `stored_without_id`, `rejected`, `not_sent` or `unknown`. Each activity is counted once per run.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod answer;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod collation;
pub mod operations;
pub mod sql_safety;

mod api_key;
mod client;
/// The engine, for the crates of this project that send activities. Not a stable API.
#[doc(hidden)]
pub mod engine;
mod export;
mod import;
mod non_personal_data;
mod observe;
mod zone;

pub use api_key::ApiKey;
pub use client::HistoryClient;
pub use crm_model::history::*;
pub use crm_model::{Extra, InvalidValue, Page, Unreadable};
/// How a call travels, the crate `crm-transport`: what a transport or your own operation is made of.
#[doc(no_inline)]
pub use crm_transport as transport;
pub use crm_transport::{
    ClientBuilder, Delivery, Error, ErrorKind, ExportBuilder, ExportFigures, ExportProgress, Pace,
    ReadMethod, Records, RetryPolicy, Stats, Verdict,
};
pub use engine::{NotSentReason, UnknownReason};
pub use export::{Entries, EntryExport, EntrySelection, Texts};
pub use import::{Import, ImportOutcome, ImportProgress, ImportReport, LossPolicy, OutcomeReason};
pub use non_personal_data::NON_PERSONAL_DATA;
pub use operations::EntryQuery;
pub use zone::Zone;
