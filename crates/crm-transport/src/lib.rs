//! How a call to solOS or SalesMan CRM travels.
//!
//! ```text
//! Operation::request()   a plain http::Request<Bytes>, no I/O
//!   → Pipeline           credentials for one origin only, pace, deadline, retry by the operation's idempotency
//!   → Transport::send()  the only async trait: reqwest, or your own
//!   → Operation::read()  http::Response<Bytes> → typed output, or an Error that says what happened
//! ```
//!
//! Users of the clients meet [`Error`], [`ClientBuilder`] and [`Transport`] here. Whoever adds an operation of
//! their own meets [`Operation`], [`answer`] and [`json`]; for a client of a third API that is all it takes:
//!
//! ```no_run
//! use std::collections::BTreeMap;
//!
//! use crm_transport::http::{HeaderName, Method, Request, Response};
//! use crm_transport::{
//!     Bytes, Client, ClientBuilder, Credentials, Error, Idempotency, Operation, OperationInfo, Pipeline, answer, json,
//! };
//!
//! struct Warehouse(Pipeline);
//!
//! impl Client for Warehouse {
//!     type Credentials = Credentials;
//!
//!     fn over(pipeline: Pipeline) -> Self {
//!         Self(pipeline)
//!     }
//! }
//!
//! struct Stock;
//!
//! impl Operation for Stock {
//!     type Output = BTreeMap<String, u64>;
//!     const INFO: OperationInfo = OperationInfo {
//!         id: "warehouse.stock",
//!         method: Method::GET,
//!         path: "/api/stock",
//!         idempotency: Idempotency::Read,
//!         accepts_post: false,
//!     };
//!
//!     fn request(&self) -> Result<Request<Bytes>, Error> {
//!         Self::INFO.request(&[], Bytes::new())
//!     }
//!
//!     fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
//!         let body = answer::json(&Self::INFO, response)?;
//!         json::decode(body, "$").map_err(|error| Error::undecodable(&Self::INFO, error))
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let key = Credentials::secret("the key");
//!     let warehouse: Warehouse = ClientBuilder::new("https://warehouse.example.ru")
//!         .credentials(Credentials::new().header(HeaderName::from_static("x-key"), "key", key))
//!         .build()?;
//!     println!("{:?}", warehouse.0.run(&Stock).await?);
//!     Ok(())
//! }
//! ```
//!
//! # Features
//!
//! On by default: `reqwest` ([`ReqwestTransport`]) and `rustls` (its https). To be turned on: `native-tls` (its https by
//! what the system has; rustls is taken where both are on), `gzip` (packed answers), `tower` ([`TowerTransport`], and
//! [`Pipeline`] as a tower service), `tracing` and `metrics` (below), `blocking` (what clients without async are made
//! of: [`blocking`]), `testing` (stand-ins for a server: [`testing`]). Each only adds; `rustls`, `native-tls` and `gzip`
//! bring `reqwest` along.
//!
//! # Tracing
//!
//! With the feature `tracing` each call is a span `crm.call`, and each attempt a span `crm.attempt` within it, both of
//! level info and target `crm_transport`. Their fields follow OpenTelemetry's conventions for HTTP clients.
//!
//! | field | on | value |
//! |---|---|---|
//! | `otel.name`, `otel.kind` | both | `history.add`, `internal`; `POST /developer/v3/history/add`, `client` |
//! | `otel.status_code` | both | `ERROR` where it failed |
//! | `crm.operation` | both | `history.add` |
//! | `crm.delivery` | both | `delivered`, `not_sent` or `unknown`: see [`Delivery`] |
//! | `crm.api_code` | both | the API's own code, where it refused |
//! | `error.type` | both | what failed: `connect`, `timeout`, `closed`, `api`, … by [`ErrorKind`], an HTTP status such as `503`, or `cancelled` where the call was dropped |
//! | `crm.attempts` | call | how many there were |
//! | `http.request.method` | attempt | |
//! | `http.request.resend_count` | attempt | from the second one on |
//! | `http.response.status_code` | attempt | where an answer came |
//! | `server.address`, `server.port` | attempt | of the CRM |
//! | `url.template` | attempt | the path without its query |
//!
//! Events: info before a call is repeated, with `crm.wait_seconds`, `crm.attempt` and `error.type`; warn where it would
//! have been but for the [budget](RetryPolicy::budget), and where the client [slows down](Pace). A failed call is no
//! event: its error is the caller's to log.
//!
//! Nothing that a user or a server wrote is in any of them: no body, no header, no query and so no id, no words of an
//! error. That is why `url.full` is left out.
//!
//! # Metrics
//!
//! With the feature `metrics` these go to the recorder of the `metrics` crate:
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `crm_calls_total` | counter | `operation`, `outcome`, `server` | calls that ended |
//! | `crm_attempts_total` | counter | `operation`, `outcome`, `server` | requests given to the transport, when they ended |
//! | `crm_attempt_duration_seconds` | histogram | `operation`, `outcome`, `server` | how long they took |
//! | `crm_retries_total` | counter | `operation`, `server` | attempts after the first one of a call |
//! | `crm_retries_denied_total` | counter | `operation`, `server` | calls not repeated because the [budget](RetryPolicy::budget) was spent |
//! | `crm_unknown_deliveries_total` | counter | `operation`, `server` | changes that failed, or were dropped in flight, and that the server may have made |
//! | `crm_slowdowns_total` | counter | `operation`, `server` | how often the client [slowed down](Pace) |
//! | `crm_in_flight` | gauge | `server` | attempts in flight |
//! | `crm_waiting` | gauge | `server` | calls that wait for a place |
//!
//! `operation` is `history.add` and the like, `server` is host and port, `outcome` is `ok` or what `error.type` says
//! above. [`Stats`] has the same figures of one client, without labels and without a feature.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod call;
pub mod durable;
mod error;
mod export;
mod mode;
mod observe;
mod operation_info;
mod policy;
mod reading;

#[cfg(feature = "blocking")]
pub mod blocking;

#[cfg(feature = "tower")]
pub use call::TowerTransport;
pub use call::{
    Client, ClientBuilder, Credentials, Operation, Pipeline, ReadMethod, Transport, operation_of,
};
#[cfg(feature = "reqwest")]
pub use call::{ReqwestTransport, ReqwestTransportBuilder};
pub use error::{Delivery, Error, ErrorKind, Refusal, TransportError};
pub use export::{
    Export, ExportBuilder, ExportFigures, ExportPage, ExportProgress, ExportSource, Position, Records,
    Verdict, records,
};
pub use mode::Async;
pub use observe::Stats;
pub use operation_info::{Idempotency, OperationInfo};
pub use policy::{Pace, RetryPolicy};
pub use reading::{answer, json};

pub use bytes::Bytes;
pub use http;
#[cfg(feature = "reqwest")]
pub use reqwest;
