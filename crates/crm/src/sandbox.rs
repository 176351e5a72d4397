//! A local server for tests: SalesMan CRM as it was observed, solOS as we guess. Crate `crm-sandbox`, feature `sandbox`.
//!
//! It stores what it receives, knows the quirks of SalesMan CRM and fails on demand. Its client is the real one,
//! over real HTTP; what was received can be looked at afterwards:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use crm::history::{ApiKey, ClientId, HistoryClient, NewEntry};
//! use crm::sandbox::{APIKEY, Fault, Operation, SELLER, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! let history = HistoryClient::builder(sandbox.url()).credentials(ApiKey::new(APIKEY, SELLER)).build()?;
//!
//! let id = history.add(&NewEntry::new("Отправлено КП").client(ClientId(1))).await?;
//!
//! assert_eq!(sandbox.record(id.0).and_then(|record| record.content).as_deref(), Some("Отправлено КП"));
//! assert_eq!(sandbox.requests()[0].operation, Some(Operation::HistoryAdd));
//!
//! // The next one is stored, and nobody is told so.
//! sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAdd));
//! let error = history.add(&NewEntry::new("Встреча").client(ClientId(1))).await.unwrap_err();
//!
//! assert_eq!(error.delivery(), crm::Delivery::Unknown);
//! assert_eq!(sandbox.record_count(), 2);
//! # Ok(())
//! # }
//! ```

#[doc(inline)]
pub use crm_sandbox::*;
