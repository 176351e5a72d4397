//! Imports: any number of activities, each stored exactly once.
//!
//! An import is the [engine](crate::engine) with a file as its store, the [journal](Import::journal). A killed import
//! resumes with it.
//!
//! ```text
//! builder → starting → outcome_stream → run ─┬→ checks ─→ logins, known_types
//!                                            ├→ changed_input
//!                                            ├→ journal
//!                                            └→ engine
//! ```
//!
//! - `starting` takes the options. `outcome_stream` starts the import when the first outcome is requested.
//! - `run` takes activities from the input, lets them be checked, hands them to the engine, and returns the outcomes in the
//!   order of the input. It is polled with the stream. So dropping the stream stops the import.
//! - `checks` refuses activities that the server would reject or change. `logins` and `known_types` ask the server.
//! - `changed_input` holds activities back where the input has changed since the journal was written.
//! - `journal` is the only part that touches a file. It does so in `tokio::task::spawn_blocking`.

mod builder;
mod changed_input;
mod checking;
mod checks;
mod import_outcome;
mod journal;
mod known_types;
mod logins;
mod outcome_stream;
mod report;
mod run;
mod starting;

pub use builder::Import;
pub use checks::LossPolicy;
pub use import_outcome::{ImportOutcome, ImportProgress, OutcomeReason};
pub use report::ImportReport;

/// The operation that the errors of an import name.
const OPERATION: &str = "history.import";
