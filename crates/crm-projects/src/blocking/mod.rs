//! The client for programs without async: the same names, methods and results, waited for.
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
//! [`ProjectsClient`], [`ProjectExport`] and [`Records`] are others than those of [`crm_projects`](crate), streams are
//! iterators; everything else is the same thing.
//!
//! Which thread does what, and what happens inside async code: see [`crm_transport::blocking`].

mod client;

pub use client::{ProjectExport, ProjectsClient};
pub use crm_transport::blocking::{ExportBuilder, Records};

#[doc(no_inline)]
pub use crate::*;
