//! Imports: any number of activities, each stored exactly once.
//!
//! The server has no idempotency key and no atomic bulk call, and connections break. An import therefore follows three
//! rules:
//!
//! 1. A chunk that may or may not be stored is never sent again before its activities were looked up.
//! 2. An activity is looked up in the form in which the server would have stored it, and only among the records that
//!    are newer than its chunk. IDs only grow (observed), so the highest ID before the chunk was sent, the *watermark*,
//!    separates new records from old ones.
//! 3. An activity that is certainly not stored is sent again. An activity that cannot be decided is returned as
//!    [`AddOutcome::Unknown`](crm_model::history::AddOutcome::Unknown).
//!
//! The server may still be working on a chunk that got no response. Its activities count as missing only after the time
//! [`Import::settle`] has passed since it was sent, and after two consecutive readings agree.
//!
//! A [journal](Import::journal) records each chunk before it is sent, and its outcomes afterwards. An import that was
//! killed at any point therefore resumes.
//!
//! # How an import works
//!
//! ```text
//! builder → outcome_stream ─┬→ input_reader ─→ checks ─→ logins, known_types
//!                           └→ sender ─┬→ settling ─→ lookup ─→ matching
//!                                      ├→ known_ids
//!                                      └→ journal
//! ```
//!
//! - `outcome_stream` keeps some chunks in flight and returns the outcomes in the order of the input. Chunks are polled
//!   with the stream and are not tasks, so dropping the stream stops the import.
//! - `input_reader` splits the input into chunks. Chunks that the journal knows come first, with their outcomes.
//! - `checks` refuses activities that the server would reject or change. `logins` finds unknown owners, and `known_types`
//!   unknown activity types.
//! - `sender` sends a chunk until every activity has an outcome. If the server fails at a chunk, the sender halves it to
//!   isolate the activity at fault. It stops the import if the server fails again and again.
//! - `settling` decides what happened to activities without a response. `lookup` reads the records that may be theirs, and
//!   `matching` compares them.
//! - `known_ids` separates new records from old ones, and the records of one chunk from those of another.
//! - `journal` is the only part that touches a file. It does so in `tokio::task::spawn_blocking`.
//!
//! All of them share the data types `chunk` and `import_outcome`. `input_reader` and `sender` also share the stop signal `stop`. What the
//! journal knows of earlier runs, `journal::EarlierRun`, is given to `input_reader` and `known_ids` at the start.

mod builder;
mod checks;
mod chunk;
mod import_outcome;
mod input_reader;
mod journal;
mod known_ids;
mod known_types;
mod logins;
mod lookup;
mod matching;
mod outcome_stream;
mod report;
mod sender;
mod settling;
mod stop;

pub use builder::Import;
pub use checks::LossPolicy;
pub use import_outcome::{ImportOutcome, ImportProgress};
pub use report::ImportReport;

/// The operation that the errors of an import name.
const OPERATION: &str = "history.import";
