//! Users, clients and contacts of SalesMan CRM, read-only. Finds who called.
//!
//! `add` of the history needs a client, a contact or a deal, but a PBX knows only a telephone number. This crate finds
//! the client or contact by the number.
//!
//! ```no_run
//! use crm_directory::{Attribution, DirectoryClient, UnknownCallers};
//! use crm_history::{ApiKey, HistoryClient, NewEntry};
//!
//! # async fn run() -> Result<(), crm_directory::Error> {
//! let history = HistoryClient::builder("https://crm.example.ru")
//!     .credentials(ApiKey::new("key", "login@example.ru"))
//!     .build()?;
//! let directory = DirectoryClient::from(&history); // the same connections and limits
//!
//! let call = NewEntry::new("вх. звонок, 2 мин").activity_type("вх.Звонок");
//! match directory.attribute(call, "+7 (342) 206-72-01", UnknownCallers::Refuse).await? {
//!     Attribution::Found(call, found) => {
//!         let id = history.add(&call).await?;
//!         println!("logged as {id} for {:?}", found.client_name);
//!     }
//!     other => println!("nobody has this number: {other:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Everything here was observed on a real server (2026-06), unless an item says otherwise.
//!
//! | I want to | see |
//! |---|---|
//! | find who called or wrote | [`find_by_phone`](DirectoryClient::find_by_phone), [`find_by_email`](DirectoryClient::find_by_email) |
//! | find the user of an internal number | [`find_users_by_extension`](DirectoryClient::find_users_by_extension) |
//! | decide what to do with calls of unknown callers | [`attribute`](DirectoryClient::attribute) and [`UnknownCallers`] |
//! | read one record, or one page | [`user`](DirectoryClient::user), [`client`](DirectoryClient::client), [`contact`](DirectoryClient::contact), [`ClientQuery`], [`ContactQuery`] |
//! | read everything, with a completeness verdict | [`export_clients`](DirectoryClient::export_clients), [`export_contacts`](DirectoryClient::export_contacts) |
//! | read what has changed | [`changed`](DirectoryClient::changed), for clients only |
//!
//! # Features
//!
//! On by default: `reqwest` (the transport) and `rustls` (https for it). Off by default: `native-tls`, `gzip`, `tower`,
//! `tracing`, `metrics`, and `blocking` (the same client without async). [`transport`] describes them.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "blocking")]
pub mod blocking;
pub mod operations;

mod answer;
mod cache;
mod callers;
mod client;
mod email;
mod export;
mod find;
mod non_personal_data;
mod phone;

pub use cache::CachePolicy;
pub use callers::{Attribution, UnknownCallers};
pub use client::DirectoryClient;
pub use crm_history::ApiKey;
pub use crm_model::directory::*;
pub use crm_model::{Extra, InvalidValue, Page, Unreadable};
/// The crate `crm-transport`, re-exported: everything that your own transport or operation needs.
#[doc(no_inline)]
pub use crm_transport as transport;
pub use crm_transport::{
    ClientBuilder, Delivery, Error, ErrorKind, ExportBuilder, ExportFigures, ExportProgress, Pace,
    ReadMethod, Records, RetryPolicy, Stats, Verdict,
};
pub use export::{ClientExport, ContactExport, Contacts};
pub use find::{Match, MatchField};
pub use non_personal_data::NON_PERSONAL_DATA;
pub use operations::{ClientQuery, ContactQuery, UserKey};
pub use phone::{WrittenPhoneNumber, phone_numbers_in};
