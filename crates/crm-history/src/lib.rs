//! Client of the history API v3 of SalesMan CRM: activities (calls, letters, meetings) of clients, contacts and
//! deals, read, listed, logged and deleted.
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
//! All requests, and the answers of `fields`, `tips`, `info`, `add`, `add.list` and `delete`, are documented by the
//! vendor. What a server of 2026-06 was seen to do differently is marked *observed*.
//!
//! [`HistoryClient`] has every call. Many at once go by [`import`](HistoryClient::import), which stores each activity
//! once, and [`export`](HistoryClient::export), which gives each once, with a [`Verdict`]. A method of the CRM that is not
//! covered is a type that implements [`Operation`](transport::Operation); [`answer`] reads its answer. What can go wrong
//! is an [`Error`]. With solOS beside it, take the facade, `crm`.
//!
//! # A transport of your own
//!
//! Without the feature `reqwest` no HTTP client is compiled: give the builder a [`Transport`](transport::Transport) of
//! your own. What its signature speaks of, and all else that lies between an operation and the server, is in
//! [`transport`], which is the crate `crm-transport` under a short name; so this crate is the only one you depend on.
//!
//! ```
//! use crm_history::transport::{Bytes, Transport, TransportError, http};
//!
//! struct Tunnel;
//!
//! #[async_trait::async_trait]
//! impl Transport for Tunnel {
//!     async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
//!         Err(TransportError::connect(format!("{} is out of reach", request.uri())))
//!     }
//! }
//! ```
//!
//! # Features
//!
//! `reqwest` (the transport) and `rustls` (its https) are on by default. To be turned on: `native-tls`, `gzip`, `tower`,
//! `tracing`, `metrics`; `testing`, stand-ins for a server ([`transport::testing`]); and `blocking`, the same client
//! without async ([`blocking`]). They are those of [`transport`], which tells what each brings.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod answer;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod operations;

mod api_key;
mod client;
mod export;
mod import;

pub use api_key::ApiKey;
pub use client::HistoryClient;
pub use crm_model::history::*;
pub use crm_model::{Extra, Page, Unreadable};
/// How a call travels, the crate `crm-transport`: what a transport or an operation of your own is made of.
#[doc(no_inline)]
pub use crm_transport as transport;
pub use crm_transport::{
    ClientBuilder, Delivery, Error, ErrorKind, ExportBuilder, ExportFigures, ExportProgress, Pace,
    ReadMethod, Records, RetryPolicy, Stats, Verdict,
};
pub use export::{Entries, EntryExport, EntrySelection, Texts};
pub use import::{Import, ImportOutcome, ImportProgress, ImportReport, LossPolicy};
pub use operations::EntryQuery;
