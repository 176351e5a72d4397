//! The client for programs without async.
//!
//! ```no_run
//! use crm_projects::blocking::{ProjectQuery, ProjectsClient, TokenPair};
//!
//! # fn main() -> Result<(), crm_projects::Error> {
//! let projects = ProjectsClient::builder("https://acme.solos.pro")
//!     .credentials(TokenPair::new("token", "secret"))
//!     .build()?;
//! for project in projects.projects(ProjectQuery::new()) {
//!     let project = project?;
//!     println!("{} {:?}", project.id, project.fields.get("contract_date"));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`ProjectsClient`], [`ExportBuilder`], [`ProjectExport`] and [`Records`] are the blocking forms of the types in
//! [`crm_projects`](crate), and streams are iterators. Everything else is the same type.
//!
//! # Panics
//! Every call panics inside async code. [`crm_transport::blocking`] says more on that, on threads and on `fork`.

mod client;

use crm_transport::blocking::Export;

pub use client::ProjectsClient;
pub use crm_transport::blocking::{ExportBuilder, Records};

/// An export of projects as an iterator, started with [`ProjectsClient::export`].
pub type ProjectExport = Export<crate::Projects>;

#[doc(no_inline)]
pub use crate::*;
