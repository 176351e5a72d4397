//! Client of the projects API v2 of solOS: projects, their steps, actions, checklists, goods and payments, read and
//! filtered.
//!
//! ```no_run
//! use crm_projects::{ProjectQuery, ProjectsClient, TokenPair};
//!
//! # async fn run() -> Result<(), crm_transport::Error> {
//! let projects = ProjectsClient::builder("https://acme.solos.pro")
//!     .credentials(TokenPair::new("token", "secret"))
//!     .build()?;
//! for project in projects.list(&ProjectQuery::new().count(100)).await? {
//!     println!("{} {:?}", project.id, project.fields.get("contract_date"));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The nine requests are documented by the vendor; not one answer is. What the client takes for an answer is
//! *assumed*, see [`answer`]: records bare or in an envelope, every field kept by its name. Read them as a type of
//! your own with `list_as::<T>()`, `project_as::<T>()` and the like.
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

mod client;
mod export;
mod token_pair;

pub use client::ProjectsClient;
pub use crm_model::projects::*;
pub use crm_model::{FieldError, Fields, Page, Unreadable};
pub use crm_transport::{
    ClientBuilder, Delivery, Error, ErrorKind, ExportFigures, ExportProgress, Pace, Records, RetryPolicy,
    Stats, Verdict,
};
pub use export::{ProjectExport, ProjectSelection, Projects};
pub use operations::{ActionQuery, PaymentQuery, ProjectFilter, ProjectQuery, StepQuery};
pub use token_pair::TokenPair;
