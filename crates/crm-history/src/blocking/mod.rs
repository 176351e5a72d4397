//! The client for programs without async.
//!
//! ```no_run
//! use crm_history::blocking::{ApiKey, EntryQuery, HistoryClient, Texts};
//!
//! # fn main() -> Result<(), crm_history::Error> {
//! let history = HistoryClient::builder("https://crm.example.ru")
//!     .credentials(ApiKey::new("key", "login@example.ru"))
//!     .build()?;
//! let titles = history.fields()?;
//! let mut export = history.export(EntryQuery::new().with_texts(Texts::Changed)).start()?;
//! for entry in &mut export {
//!     println!("{} {}", titles["cid"], entry?.id);
//! }
//! println!("{}", export.finish());
//! # Ok(())
//! # }
//! ```
//!
//! [`HistoryClient`], [`Import`], [`ExportBuilder`], [`EntryExport`] and [`Records`] are the blocking forms of the types in
//! [`crm_history`](crate), and streams are iterators. Everything else is the same type. There are two differences:
//! `import_stream` does not exist, and [`Import::cancel`] takes a closure instead of a future.
//!
//! # Panics
//! Every call panics inside async code. [`crm_transport::blocking`] says more on that, on threads and on `fork`.

mod client;
mod import;

use crm_transport::blocking::{Export, Runtime};

pub use client::HistoryClient;
pub use crm_transport::blocking::{ExportBuilder, Records};

/// An export of activities as an iterator, started with [`HistoryClient::export`].
pub type EntryExport = Export<crate::Entries>;

/// An import without async, created by [`HistoryClient::import`].
///
/// ```no_run
/// # fn run(history: crm_history::blocking::HistoryClient) -> Result<(), Box<dyn std::error::Error>> {
/// use crm_history::blocking::{ClientId, NewEntry};
///
/// let calls = (1..=10_000).map(|i| NewEntry::new(format!("Звонок {i}")).client(ClientId(1)));
/// for outcome in history.import(calls).journal("calls.journal").outcomes() {
///     let outcome = outcome?;
///     println!("{}: {}", outcome.index, outcome.outcome);
/// }
/// # Ok(())
/// # }
/// ```
pub type Import = crate::Import<Runtime>;

#[doc(no_inline)]
pub use crate::*;
