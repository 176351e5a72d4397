//! Client of the history API v3 of SalesMan CRM: activities (calls, letters, meetings) of clients, contacts and
//! deals, read, listed, logged and deleted.
//!
//! ```no_run
//! use crm_history::{ApiKey, ClientId, HistoryClient, NewEntry};
//!
//! # async fn run() -> Result<(), crm_transport::Error> {
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
//! Features: `reqwest` (the transport) and `rustls` are on by default. To be turned on: `native-tls`, `gzip`, `tower`,
//! `tracing`, `metrics`, `testing`, and `blocking`, the same client without async. They are those of
//! [`crm_transport`], which tells what each brings. Without `reqwest`, give the builder a
//! [`Transport`](crm_transport::Transport) of your own.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod answer;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod operations;

mod api_key;
mod client;
mod export;
mod import;
mod months;

pub use api_key::ApiKey;
pub use client::HistoryClient;
pub use crm_model::history::*;
pub use crm_model::{Extra, Page, Unreadable};
pub use crm_transport::{
    ClientBuilder, Delivery, Error, ErrorKind, ExportFigures, ExportProgress, Pace, ReadMethod, Records,
    RetryPolicy, Stats, Verdict,
};
pub use export::{Entries, EntryExport, Hydrate};
pub use import::{Import, ImportReport, Imported, Left, LossPolicy, Progress};
pub use operations::EntryQuery;
