//! A copy of SalesMan CRM and solOS in a database: right, every night.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod changes;
mod mirror;
mod records;
mod report;
mod row;
mod run;
pub mod store;
mod sync;
mod table;
mod time;

pub use changes::{Change, ChangeFilter, ChangeKind};
pub use crm_history::Texts;
pub use crm_transport::Error;
pub use mirror::Mirror;
pub use report::{Outcome, Report, Run, TableReport};
pub use row::{Key, Phone, Row, Value};
#[cfg(feature = "postgres")]
pub use store::PostgresStore;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{Record, Store};
pub use sync::{Mode, Sync};
pub use table::{ColumnKind, Shape, Table};
