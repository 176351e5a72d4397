//! Client of the projects API v2 of solOS: projects, their steps, actions, checklists, goods and payments, read and
//! filtered.
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
//! The nine requests are documented by the vendor; not one answer is. What the client takes for an answer is
//! *assumed*, see [`answer`]: records bare or in an envelope, every field kept by its name. Read them as a type of
//! your own with `list_as::<T>()`, `project_as::<T>()` and the like.
//!
//! [`ProjectsClient`] has every call; its [`export`](ProjectsClient::export) gives every project once, with a [`Verdict`].
//! The fields of a record are [`Fields`], those that only your account has among them. A method that is not covered is a
//! type that implements [`Operation`](transport::Operation). What can go wrong is an [`Error`]. With SalesMan CRM
//! beside it, take the facade, `crm`.
//!
//! # A transport of your own
//!
//! Without the feature `reqwest` no HTTP client is compiled: give the builder a [`Transport`](transport::Transport) of
//! your own. What its signature speaks of, and all else that lies between an operation and the server, is in
//! [`transport`], which is the crate `crm-transport` under a short name; so this crate is the only one you depend on.
//!
//! ```
//! use crm_projects::transport::{Bytes, Transport, TransportError, http};
//!
//! struct Tunnel;
//!
//! #[async_trait::async_trait]
//! impl Transport for Tunnel {
//!     async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
//!         Err(TransportError::connect(format!("{} is out of reach", request.uri())))
//!     }
//! }
//! ```
//!
//! # Features
//!
//! `reqwest` (the transport) and `rustls` (its https) are on by default. To be turned on: `native-tls`, `gzip`, `tower`,
//! `tracing`, `metrics`; `testing`, stand-ins for a server ([`transport::testing`]); and `blocking`, the same client
//! without async ([`blocking`]). They are those of [`transport`], which tells what each brings.

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
/// How a call travels, the crate `crm-transport`: what a transport or an operation of your own is made of.
#[doc(no_inline)]
pub use crm_transport as transport;
pub use crm_transport::{
    ClientBuilder, Delivery, Error, ErrorKind, ExportBuilder, ExportFigures, ExportProgress, Pace, Records,
    RetryPolicy, Stats, Verdict,
};
pub use export::{ProjectExport, ProjectSelection, Projects};
pub use operations::{ActionQuery, PaymentQuery, ProjectFilter, ProjectQuery, StepQuery};
pub use token_pair::TokenPair;
