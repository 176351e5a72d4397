//! Building blocks of the clients without async. `crm-history` and `crm-projects` each have such a client, with the
//! methods of the async one.
//!
//! The calling thread waits for the call and runs its callbacks and iterators. A second thread, which the client owns,
//! serves connections and timers; see [`Runtime`].
//!
//! # Panics
//! A call inside async code of tokio panics, as in `reqwest::blocking`, and nothing is sent. Waiting there would stop
//! every other task of that thread. Use the async client there, or wrap the blocking code in
//! `tokio::task::spawn_blocking`. Clients and iterators can be built, cloned and dropped anywhere.
//!
//! # Forks
//! If a client was used before a `fork`, every call in the child process is an error of the kind
//! [`Runtime`](crate::ErrorKind::Runtime), because the client's thread stays in the parent. Build the client in the
//! child.

mod export;
mod records;
mod runtime;

pub use export::{Export, ExportBuilder};
pub use records::Records;
pub use runtime::Runtime;
