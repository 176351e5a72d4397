//! The client for programs without async: the same names, methods and results, waited for.
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
//! [`HistoryClient`], [`Import`], [`EntryExport`] and [`Records`] are others than those of [`crm_history`](crate), streams
//! are iterators; everything else is the same thing. Of its methods two differ: there is no `import_stream`, and
//! [`Import::cancel`] takes a question in place of a future.
//!
//! Which thread does what, and what happens inside async code: see [`crm_transport::blocking`].

mod client;
mod import;

pub use client::{EntryExport, HistoryClient};
pub use crm_transport::blocking::{ExportBuilder, Records};
pub use import::Import;

#[doc(no_inline)]
pub use crate::*;
