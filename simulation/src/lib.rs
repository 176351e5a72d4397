//! Seeded simulation of whole imports, outboxes and mirrors against a faulty server, in virtual time.
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
//!
//! [`simulate_mirror`] does it with a copy of a CRM that people edit: `mirror_plan`, `mirror_run`, `mirror_crm` and
//! `mirror_people` (the server and the people), `mirror_tricks` (what happens at one moment), `mirror_store` (a database that
//! fails), `mirror_truth` and `mirror_oracle`.

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
mod mirror_acts;
mod mirror_crm;
mod mirror_oracle;
mod mirror_people;
mod mirror_plan;
mod mirror_run;
mod mirror_scenes;
mod mirror_shifts;
mod mirror_store;
mod mirror_tricks;
mod mirror_truth;
mod network;
mod oracle;
mod outbox_process;
mod outbox_run;
mod outbox_watch;
mod plan;
mod rules;
mod run;
mod scratch;
mod settle_watch;
mod surroundings;
mod trace;
mod tricks;
mod wire;

pub use campaign::{Campaign, Until, report, report_export, report_mirror};
pub use coverage::{Coverage, State};
pub use export_run::simulate_export;
pub use groups::{Group, Job, KNOWN_FAILURES, Selection, Status, all as groups};
pub use mirror_run::simulate_mirror;
pub use run::{Finished, simulate};
