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
//! their own meets [`Operation`], [`answer`] and [`json`].

pub mod answer;
pub mod json;
#[cfg(feature = "testing")]
pub mod testing;

mod address;
mod builder;
mod credentials;
mod error;
mod export;
mod operation;
mod pace;
mod pacer;
mod php_noise;
mod pipeline;
mod retry;
mod retry_after;
mod stats;
mod stream;
mod transport;

#[cfg(feature = "reqwest")]
mod reqwest_transport;

pub use builder::{Client, ClientBuilder};
pub use credentials::Credentials;
pub use error::{Delivery, Error, ErrorKind, Refusal};
pub use export::{Export, ExportFigures, ExportPage, ExportProgress, ExportSource, HydratedSource, Verdict};
pub use operation::{Idempotency, Operation, OperationInfo, ReadMethod, Success};
pub use pace::Pace;
pub use pipeline::Pipeline;
pub use retry::RetryPolicy;
pub use stats::Stats;
pub use stream::{Position, Records, records};
pub use transport::{Transport, TransportError};

#[cfg(feature = "reqwest")]
pub use reqwest_transport::ReqwestTransport;

pub use bytes::Bytes;
pub use http;
#[cfg(feature = "reqwest")]
pub use reqwest;
