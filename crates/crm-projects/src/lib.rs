//! Client of the projects API v2 of solOS: projects and their steps, actions, checklists, goods and payments.
//!
//! ```no_run
//! use crm_projects::{ProjectQuery, ProjectsClient, TokenPair};
//!
//! # async fn run() -> Result<(), crm_projects::Error> {
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
//! The vendor's page names no version of this API. This project calls it v2, because the older examples (v1) use another
//! path.
//!
//! The vendor documents nine requests and no responses. The form of the responses is *assumed*: records are bare or in
//! an envelope, and every field is kept under its name. See [`answer`].
//!
//! | I want to | see |
//! |---|---|
//! | read, list or filter projects, and what belongs to them | [`ProjectsClient`] |
//! | read everything, with a completeness verdict | [`ProjectsClient::export`] and its [`Verdict`] |
//! | read custom fields of my account | [`Fields`] |
//! | read records as my own type | [`operations`] |
//! | call a method of solOS that is not covered | [`Operation`](transport::Operation) and [`answer`] |
//! | know what went wrong | [`Error`] |
//! | use SalesMan CRM, too | the facade, `crm` |
//!
//! # Your own transport
//!
//! Without the feature `reqwest`, no HTTP client is compiled. Pass your own [`Transport`](transport::Transport) to the
//! builder. The types in its signature are in [`transport`], which re-exports the crate `crm-transport`. So you depend
//! on this crate only.
//!
//! ```
//! use crm_projects::transport::{BoxFuture, Bytes, Transport, TransportError, http};
//!
//! struct Tunnel;
//!
//! impl Transport for Tunnel {
//!     fn send(
//!         &self,
//!         request: http::Request<Bytes>,
//!     ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
//!         Box::pin(async move {
//!             Err(TransportError::connect(format!("{} cannot be reached", request.uri())))
//!         })
//!     }
//! }
//! ```
//!
//! # Features
//!
//! On by default: `reqwest` (the transport) and `rustls` (https for it). Off by default: `native-tls`, `gzip`, `tower`,
//! `tracing`, `metrics`, and `blocking` (the same client without async). [`transport`] describes them. For tests, use
//! the crate `crm-testing`.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod answer;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod operations;

mod client;
mod export;
mod non_personal_data;
mod token_pair;

pub use client::ProjectsClient;
pub use crm_model::projects::*;
pub use crm_model::{FieldError, Fields, InvalidValue, Page, Unreadable};
/// The crate `crm-transport`, re-exported: everything that your own transport or operation needs.
#[doc(no_inline)]
pub use crm_transport as transport;
pub use crm_transport::{
    ClientBuilder, Delivery, Error, ErrorKind, ExportBuilder, ExportFigures, ExportProgress, Pace, Records,
    RetryPolicy, Stats, Verdict,
};
pub use export::{ProjectExport, ProjectSelection, Projects};
pub use non_personal_data::NON_PERSONAL_DATA;
pub use operations::{ActionQuery, PaymentQuery, ProjectFilter, ProjectQuery, StepQuery};
pub use token_pair::TokenPair;
