//! What clients without async are made of; `crm-history` and `crm-projects` have such a client each, with the methods
//! of the async one.
//!
//! Whoever calls waits, and works on the call meanwhile: callbacks and iterators that were handed in run on the
//! caller's own thread. A thread of the client's keeps its connections and its time, see [`Runtime`].
//!
//! **Inside async code** every call is an error, and nothing is sent: waiting there would hold up all that runs on that
//! thread. The async client is the one to use there; code that has none goes into `tokio::task::spawn_blocking`. Building,
//! cloning and dropping are allowed anywhere. (To find out where it is called, tokio is asked in a way that prints its
//! own words about the mistake too; where a panic aborts the program, it ends there.)
//!
//! A process that forks has to make its first call after that: the thread stays with the parent.

mod export;
mod records;
mod runtime;

pub use export::{Export, ExportBuilder};
pub use records::Records;
pub use runtime::Runtime;
