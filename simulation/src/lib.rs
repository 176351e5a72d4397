//! Seeded simulation of whole imports and outboxes against a faulty server, in virtual time.
//!
//! One seed decides everything: the activities and which of them are equal, who calls and what that user sees, the faults
//! of the server, other writers, clocks, latencies, the settings, and where our process dies. [`simulate`] runs the seed
//! with the real client and the sandbox in process, and compares what was reported with what the server holds.
//!
//! ```text
//! plan ─→ run ─┬→ import_run ─→ lockstep: the import, poll by poll; crashes
//!  │           ├→ outbox_run: several instances of an outbox; crashes and takeovers
//!  │           │  outbox_process: stores that fail, and processes that stand still
//!  │           ├→ network: latencies, other writers, tricks of lists ─→ crm-sandbox
//!  └ groups    └→ oracle: the outcomes and the records
//! ```
//!
//! [`simulate_export`] does the same with an export whose list changes: `export_plan`, `export_run`, `export_world`.

mod activities;
mod campaign;
mod clock;
mod coverage;
mod draw;
mod export_plan;
mod export_run;
mod export_world;
mod faults;
mod groups;
mod import_run;
mod lockstep;
mod network;
mod oracle;
mod outbox_process;
mod outbox_run;
mod outbox_watch;
mod plan;
mod run;
mod scratch;
mod settle_watch;
mod surroundings;
mod trace;
mod tricks;

pub use campaign::{Campaign, Until, report, report_export};
pub use coverage::{Coverage, State};
pub use export_run::simulate_export;
pub use groups::{Group, Job, KNOWN_FAILURES, Selection, Status, all as groups};
pub use run::{Finished, simulate};
