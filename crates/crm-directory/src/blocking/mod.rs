//! The client for programs without async.
//!
//! ```no_run
//! use crm_directory::blocking::{ApiKey, ClientQuery, DirectoryClient};
//!
//! # fn main() -> Result<(), crm_directory::Error> {
//! let directory = DirectoryClient::builder("https://crm.example.ru")
//!     .credentials(ApiKey::new("key", "login@example.ru"))
//!     .build()?;
//! let matches = directory.find_by_phone("+7 (342) 206-72-01")?;
//! let mut export = directory.export_clients(ClientQuery::new());
//! for client in &mut export {
//!     println!("{}", client?.id);
//! }
//! println!("{}", export.finish());
//! # Ok(())
//! # }
//! ```
//!
//! [`DirectoryClient`], [`ExportBuilder`], [`ContactExport`], [`ClientExport`] and [`Records`] are the blocking forms of
//! the types in [`crm_directory`](crate), and streams are iterators. Everything else is the same type.
//!
//! # Panics
//! Every call panics inside async code. [`crm_transport::blocking`] says more on that, on threads and on `fork`.

mod client;
mod client_export;

use crm_transport::Client as _;
use crm_transport::blocking::Export;

pub use client::DirectoryClient;
pub use client_export::ClientExport;
pub use crm_transport::blocking::{ExportBuilder, Records};

/// An export of contacts as an iterator, started with [`DirectoryClient::export_contacts`].
pub type ContactExport = Export<crate::Contacts>;

#[doc(no_inline)]
pub use crate::*;

impl From<&crm_history::blocking::HistoryClient> for DirectoryClient {
    /// Creates a client over the connections and with the limits and credentials of this one.
    fn from(history: &crm_history::blocking::HistoryClient) -> Self {
        Self::over(history.pipeline().clone())
    }
}
