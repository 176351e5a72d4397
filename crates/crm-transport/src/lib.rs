//! The pipeline of a call to solOS or SalesMan CRM: operations, transports, credentials, retries and errors.
//!
//! ```text
//! Operation::request()   a plain http::Request<Bytes>, no I/O
//!   → Pipeline           credentials for one origin, pace, deadline, retries by the operation's idempotency
//!   → Transport::send()  the only async trait: reqwest, or your own
//!   → Operation::read()  http::Response<Bytes> → typed output, or an Error that says what happened
//! ```
//!
//! | I want to | see |
//! |---|---|
//! | know what went wrong, and whether the server did it | [`Error`], [`Delivery`] |
//! | set addresses, keys and time limits | [`ClientBuilder`] |
//! | set a proxy, a private CA or a client certificate | `ReqwestTransport::builder()`, with the feature `reqwest` |
//! | send through my own HTTP client | [`Transport`] |
//! | limit the load and the retries | [`Pace`], [`RetryPolicy`] |
//! | call a method that is not covered | [`Operation`], [`answer`], [`json`] |
//! | export a list of my own operation | [`ExportSource`], [`records`] |
//! | know how many calls were made | [`Stats`] |
//!
//! This is a complete client of a third API:
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
//! Calls need a tokio runtime with timers (`enable_time`). Without one they panic.
//!
//! # Layers
//!
//! A layer uses only layers above it in this list. `cargo xtask layering` checks this.
//!
//! | layer | holds |
//! |---|---|
//! | `operation_info`, `non_personal_data`, `async_mode` | plain data: an operation, the keys and values of an API that are not personal, the marker [`Async`] |
//! | `error/` | [`Error`], [`ErrorKind`], [`Delivery`] |
//! | `durable` | [files](durable) that survive a crash |
//! | `reading/` | [`answer`] finds the JSON in a response, [`json`] decodes it |
//! | `observe/` | [`Stats`], spans, metrics |
//! | `policy/` | [`RetryPolicy`], [`Pace`] |
//! | `call/` | [`Operation`], [`Pipeline`], [`Transport`], [`Credentials`], [`ClientBuilder`] |
//! | `export/` | whole lists: [`Records`], [`Export`] and its [`Verdict`] |
//! | `blocking/` | the same without async |
//!
//! # Features
//!
//! On by default: `reqwest` ([`ReqwestTransport`]) and `rustls` (https for it). Off by default: `native-tls` (https with
//! the system's library; if both are on, rustls is used), `gzip` (compressed responses), `tower` (`TowerTransport`,
//! and [`Pipeline`] as a tower service), `tracing` and `metrics` (below), and `blocking` (clients without async). All
//! features are additive. `rustls`, `native-tls` and `gzip` include `reqwest`.
//!
//! # Tracing
//!
//! With the feature `tracing`, each call is a span `crm.call`, and each attempt is a span `crm.attempt` inside it, both
//! at level info with the target `crm_transport`. The fields follow OpenTelemetry's conventions for HTTP clients.
//!
//! | field | on | value |
//! |---|---|---|
//! | `otel.name`, `otel.kind` | both | `history.add`, `internal`; `POST /developer/v3/history/add`, `client` |
//! | `otel.status_code` | both | `ERROR` after a failure |
//! | `crm.operation` | both | `history.add` |
//! | `crm.delivery` | both | `delivered`, `not_sent` or `unknown`: see [`Delivery`] |
//! | `crm.api_code` | both | the API's own code, if it refused |
//! | `error.type` | both | the [`id`](Error::id) of the error, such as `no-connection`; an HTTP status such as `503`, if that is all there is; or `cancelled` if the call was dropped |
//! | `crm.attempts` | call | the number of attempts |
//! | `http.request.method` | attempt | |
//! | `http.request.resend_count` | attempt | from the second attempt on |
//! | `http.response.status_code` | attempt | if there was a response |
//! | `server.address`, `server.port` | attempt | of the CRM |
//! | `url.template` | attempt | the path without its query |
//!
//! An event at level info precedes each retry, with `crm.wait_seconds`, `crm.attempt` and `error.type`. There is an
//! event at level warn if the [budget](RetryPolicy::budget) prevents a retry, and when the client [slows down](Pace). A
//! failed call is not an event, because the caller logs its error.
//!
//! Spans and events contain no text from users or servers: no bodies, headers, queries or error texts. So they contain
//! no IDs either, and `url.full` is left out.
//!
//! # Metrics
//!
//! With the feature `metrics`, these metrics go to the recorder of the `metrics` crate:
//!
//! | name | kind | labels | meaning |
//! |---|---|---|---|
//! | `crm_calls_total` | counter | `operation`, `outcome`, `server` | calls that ended |
//! | `crm_attempts_total` | counter | `operation`, `outcome`, `server` | requests sent, counted when they ended |
//! | `crm_attempt_duration_seconds` | histogram | `operation`, `outcome`, `server` | duration of an attempt |
//! | `crm_retries_total` | counter | `operation`, `server` | attempts after the first of a call |
//! | `crm_retries_denied_total` | counter | `operation`, `server` | calls not retried because the [budget](RetryPolicy::budget) was spent |
//! | `crm_unknown_deliveries_total` | counter | `operation`, `server` | writes that failed or were dropped, and that the server may have carried out |
//! | `crm_slowdowns_total` | counter | `operation`, `server` | how often the client [slowed down](Pace) |
//! | `crm_in_flight` | gauge | `server` | attempts in flight |
//! | `crm_in_flight_limit` | gauge | `server` | maximum number of attempts in flight; falls while the server is overloaded |
//! | `crm_waiting` | gauge | `server` | calls that wait for a permit |
//!
//! `operation` is an ID such as `history.add`, `server` is host and port, and `outcome` is `ok` or a value of
//! `error.type` above. The gauges add up all clients of this program for a server. [`Stats`] has the same figures for
//! one client, without labels, and needs no feature.
//!
//! A recorder needs buckets for the histogram. Most attempts take 10 to 500 ms, and none takes longer than the
//! [time limit](ClientBuilder::timeout) (default: 30 s). Recommended buckets in seconds: 0.01, 0.025, 0.05, 0.1, 0.25,
//! 0.5, 1, 2.5, 5, 10, 30. With the crate `metrics-exporter-prometheus`, pass them to `set_buckets_for_metric` for
//! `Matcher::Full("crm_attempt_duration_seconds".to_owned())`. Without buckets it exports quantiles, which cannot be
//! added up over several instances.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod async_mode;
mod call;
pub mod durable;
mod error;
mod export;
mod non_personal_data;
mod observe;
mod operation_info;
mod policy;
mod reading;

#[cfg(feature = "blocking")]
pub mod blocking;

pub use async_mode::Async;
#[doc(hidden)]
pub use call::Parameters;
#[cfg(feature = "tower")]
pub use call::TowerTransport;
pub use call::{
    BoxFuture, Client, ClientBuilder, Credentials, Operation, Pipeline, ReadMethod, Transport, operation_of,
};
#[cfg(feature = "reqwest")]
pub use call::{ReqwestTransport, ReqwestTransportBuilder};
#[cfg(feature = "tls")]
#[doc(hidden)]
pub use call::{certificate_advice, tls_config};
#[doc(hidden)]
pub use error::with_causes;
pub use error::{Delivery, Error, ErrorKind, Refusal, TransportError};
pub use export::{
    Export, ExportBuilder, ExportFigures, ExportPage, ExportProgress, ExportSource, Position, Records,
    Verdict, records, records_by_offset,
};
pub use non_personal_data::NonPersonalData;
pub use observe::Stats;
pub use operation_info::{Idempotency, OperationInfo};
pub use policy::{Pace, RetryPolicy};
pub use reading::{answer, json};

pub use bytes::Bytes;
pub use http;
#[cfg(feature = "reqwest")]
pub use reqwest;
