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
//! The vendor's page names no version of this API. This project calls it v2, because the older examples (v1) use another path.
//!
//! The vendor documents nine requests and no response. What the client expects of responses is *assumed*, see [`answer`]:
//! records bare or in an envelope, every field kept by its name.
//!
//! | I want to | see |
//! |---|---|
//! | read, list or filter projects, and what belongs to them | [`ProjectsClient`] |
//! | read everything, and know that it is everything | [`ProjectsClient::export`] and its [`Verdict`] |
//! | read the fields that only my account has | [`Fields`] |
//! | read records as a type of my own | [`operations`] |
//! | call a method of solOS that is not covered | [`Operation`](transport::Operation) and [`answer`] |
//! | know what went wrong | [`Error`] |
//! | use SalesMan CRM, too | the facade, `crm` |
//!
//! # A transport of your own
//!
//! Without the feature `reqwest` no HTTP client is compiled: give the builder a [`Transport`](transport::Transport) of
//! your own. The types in its signature are in [`transport`], which is the crate `crm-transport` under a short name. So
//! this crate is the only one that you depend on.
//!
//! ```
//! use crm_projects::transport::{Bytes, Transport, TransportError, http};
//!
//! struct Tunnel;
//!
//! #[async_trait::async_trait]
//! impl Transport for Tunnel {
//!     async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
//!         Err(TransportError::connect(format!("{} cannot be reached", request.uri())))
//!     }
//! }
//! ```
//!
//! # Features
//!
//! On by default: `reqwest` (the transport) and `rustls` (https for it). Off by default: `native-tls`, `gzip`, `tower`,
//! `tracing`, `metrics`, and `blocking` (the same client without async). [`transport`] says what each of them adds. For
//! tests there is the crate `crm-testing`.

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
/// How a call travels, the crate `crm-transport`: what a transport or an operation of your own is made of.
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
