//! The way of one call: an operation becomes a request, goes through the pipeline and a transport, and is read.
//!
//! ```text
//! operation.rs   request() and read(), without I/O
//! pipeline.rs    credentials, limits; attempts.rs the attempts of a call
//! transport.rs   the only async trait; reqwest_transport.rs and tower_transport.rs implement it
//! ```

mod address;
mod attempts;
mod client_builder;
mod credentials;
mod operation;
mod parameters;
mod pipeline;
#[cfg(feature = "reqwest")]
mod proxy_variables;
mod reads;
#[cfg(feature = "reqwest")]
mod reqwest_transport;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tower")]
mod tower_service;
#[cfg(feature = "tower")]
mod tower_transport;
mod transport;

pub use client_builder::{Client, ClientBuilder};
pub use credentials::Credentials;
pub use operation::{Operation, ReadMethod};
pub use parameters::Parameters;
pub use pipeline::Pipeline;
#[cfg(feature = "reqwest")]
pub use reqwest_transport::{ReqwestTransport, ReqwestTransportBuilder};
#[cfg(feature = "tls")]
#[doc(hidden)]
pub use tls::{certificate_advice, tls_config};
#[cfg(feature = "tower")]
pub use tower_transport::TowerTransport;
pub use transport::{BoxFuture, Transport, operation_of};
