//! Seeded simulation of whole imports and outboxes against a faulty server, in virtual time.
//!
//! One seed decides everything: the activities and which of them are equal, who calls and what that user sees, the faults
//! of the server, other writers, clocks, latencies, the settings, and where our process dies. [`simulate`] runs the seed
//! with the real client and the sandbox in process, and compares what was reported with what the server holds.
//!
//! ```text
//! plan ─→ run ─┬→ lockstep: the import, poll by poll; crashes
//!  │           ├→ outbox_run: several instances of an outbox; crashes and takeovers
//!  │           ├→ network: latencies, other writers ─→ crm-sandbox
//!  └ groups    └→ oracle: the outcomes and the records
//! ```

mod activities;
mod campaign;
mod clock;
mod coverage;
mod draw;
mod faults;
mod groups;
mod lockstep;
mod network;
mod oracle;
mod outbox_run;
mod plan;
mod run;
mod scratch;
mod trace;

pub use campaign::{Campaign, Until, report};
pub use coverage::{Coverage, State};
pub use groups::{Group, Job, KNOWN_FAILURES, Selection, Status, all as groups};
pub use run::{Finished, simulate};
