//! A copy of SalesMan CRM and solOS in a database, for reports, accounting and search.
//!
//! ```no_run
//! # async fn run(
//! #     history: crm_history::HistoryClient,
//! #     projects: crm_projects::ProjectsClient,
//! #     directory: crm_directory::DirectoryClient,
//! # ) -> Result<(), crm_mirror::Error> {
//! use crm_mirror::{Mirror, Sync};
//!
//! let mirror = Mirror::open("sqlite:crm.db").await?; // or postgres://…
//! let sync = Sync::new().history(&history).projects(&projects).directory(&directory);
//! let report = mirror.run(sync).await?;
//! println!("{report}");
//! assert!(report.is_complete());
//! # Ok(()) }
//! ```
//!
//! | I want to | see |
//! |---|---|
//! | create or open a copy | [`Mirror::open`] |
//! | update it | [`Mirror::run`] |
//! | choose what is read, and how much | [`Sync`], [`Mode`] |
//! | know whether the copy is complete | [`Report`], [`Outcome`] |
//! | list what has changed | [`Mirror::changes`] |
//! | see the latest runs | [`Mirror::status`] |
//! | remove the data of a person | [`Mirror::forget`] |
//! | pass the copy on to another database | [`singer`] |
//! | keep it elsewhere | [`Store`] |
//!
//! # Tables
//!
//! `activities`, `activity_types`, `users`, `clients`, `contacts`, `phones`, `projects`, `project_steps`,
//! `project_actions`, `checklists`, `goods`, `payments`: [`Table::columns`] lists their columns. Every table of records also
//! has `id`, `raw` (the whole record as JSON), `out_of_view_at` and `deleted_at`. The columns `fingerprint` and `detail`
//! and the tables `mirror_…` belong to the mirror.
//!
//! - A record that belongs to a project has the key `project_id`, `id` and `occurrence`. Steps and goods have the IDs
//!   of the account's catalog, so several projects share them, and one project may have a good twice.
//! - An activity type has no ID in the CRM. Its `id` here is a hash of its `title`, to which `activities.type` refers.
//! - Money is `numeric` in PostgreSQL, and decimal digits as text in SQLite. It is never stored as a float. The view in
//!   SQLite sums whole hundredths.
//! - Times are the account's local time as the login reads it. See *The clock of the login*.
//! - `phones` holds the numbers of clients and contacts as digits. `tail` is the last ten of them. To find who called:
//!   `SELECT client_id, contact_id FROM phones WHERE tail = '3422067201'`. [`crm_directory::phone_numbers_in`] normalizes
//!   the number that you search.
//! - `changes`, a view, has one entry for each change: run, table, key, `insert`, `update`, `delete`, `out_of_view` or
//!   `in_view`, the record before and after, and when it was seen (UTC). Replaying it from an empty copy reproduces the copy.
//! - `runs` has each run with its verdict, figures and error.
//! - Views: `calls_by_day`, `payments_by_month`.
//!
//! # How a copy stays correct
//!
//! **A full run** merges the whole list with the rows of the table, both sorted by ID. Both are read page by page,
//! in constant memory. Clients are the exception, because the server lists them by time: the run keeps 8 bytes for each
//! ID. Only differences are written.
//!
//! **A quick run** reads the activities above the highest known ID, and, to find edits, those of the last 14 days and
//! of the future. It reads the clients and contacts that were created or changed since the last run. If the list of
//! changed contacts lacks the last change that is known, it reads all contacts. The list of projects has no filter for
//! changes, so it is always read completely. The children of a project are read when the project has changed, and in
//! rotation, each at least every 7 days. [`Mode::Auto`] makes a full run if the last full run is older than 7 days. Even
//! then, it reads the children in rotation.
//!
//! **Only certain deletions are applied.** A row counts as missing only if a complete list lacks it.
//!
//! | rows | are deleted when | are out of view when |
//! |---|---|---|
//! | activities | `info` says 403 in the application's own JSON | the list and the list of their day lack them, and `info` returns them |
//! | users | `user/info` says 404 in the application's own JSON | two lists lack them, and `user/info` returns them |
//! | clients, contacts | never: the CRM cannot tell "gone" from "not yours" | two complete lists at least an hour apart lack them |
//! | projects | the server lists them as deleted | two complete lists at least an hour apart lack them |
//! | children of projects, activity types | two complete responses lack them, with a [pause](Sync::recheck_after) in between | |
//!
//! A row that is out of view stays, with the time in `out_of_view_at`, until it is listed again. The children of a project
//! are out of view with it.
//!
//! If more than 5 % of a table (and more than 20 rows) is missing at once, the run stops before it looks up any of
//! these rows, and requires [`allow_deletes`](Sync::allow_deletes). A run often reads the children of few projects only. So
//! it also stops if more than half of the children that it compares (and more than 20) are missing, in three projects or
//! more. A run that is cut before it can ask a second time leaves that to the next one.
//!
//! If the application says that a project has no such list (404), the list counts as empty, and deletes nothing. If the copy
//! holds rows of it, the run is not complete, until one with [`allow_deletes`](Sync::allow_deletes) removes them.
//!
//! **A run may end at any point.** Rows, change log and settings are committed together. The next run compares the
//! unfinished part again, and writes nothing twice. Only one run is active at a time.
//!
//! # The clock of the login
//!
//! Each user of SalesMan CRM has a shift in whole hours, which the server adds to every time that the user reads. A change to
//! or from summer time moves all records (observed). If all known records have moved by the same hours, a mirror notes it
//! once in `runs.shift_hours`, and updates no record for it. If the run is killed, the next one notes it. So a row keeps the
//! time as it was read when the row was last written. The copy's times may differ from the CRM's by the sum of the later
//! shifts.
//!
//! # What it cannot see
//!
//! - A quick run does not see edits of activities before the window, edits of contacts that do not change `date_edit`,
//!   or records that went out of view. The next full run does.
//! - What belongs to a project, such as a payment, may be up to 7 days old
//!   ([`children_every_days`](Sync::children_every_days)) if the record of the project has not changed. This is so after
//!   a complete run, too, and after a full run of [`Mode::Auto`]. [`Mode::Full`] reads all of it.
//! - The list alters texts. [`Texts::Changed`] fetches the texts that look altered. Removed tags leave no trace. An
//!   edit that changes only the altered parts is seen with [`Texts::All`] only.
//! - A record that is deleted after it went out of view stays out of view.
//!
//! # Design
//!
//! Both databases behave the same, because all decisions are in `run/`. A [`Store`] only reads rows without their
//! contents ([`heads`](Store::heads)), and writes a [`Batch`](store::Batch) in one transaction: rows to put, rows to
//! remove, marks of missing rows, settings. It compares the JSON before and after, and writes the change log itself.
//! The store receives a record as a [`Row`]: key, typed columns, raw JSON, and a fingerprint of the listed record that
//! does not depend on the clock shift. `records/` converts records to rows. `run/merge.rs` finds the differences, and
//! `run/missing.rs` decides about missing rows. [`singer`] writes a copy for pipelines.
//!
//! # Features
//!
//! On by default: `sqlite`. Off by default: `postgres`, and `postgres-tls` for TLS to PostgreSQL with rustls. SQLite is
//! compiled in. It conflicts with a crate that links another version of SQLite. In that case use PostgreSQL, or your
//! own [`Store`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod changes;
mod mirror;
mod records;
mod report;
mod row;
mod run;
pub mod singer;
pub mod store;
mod sync;
mod table;
mod time;

pub use changes::{Change, ChangeFilter, ChangeKind};
pub use crm_history::Texts;
pub use crm_transport::Error;
pub use mirror::Mirror;
pub use report::{Outcome, Report, Run, TableReport, TooManyMissing};
pub use row::{Key, Phone, Row, Value};
#[cfg(feature = "postgres")]
pub use store::PostgresStore;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{MemoryStore, Record, Store, is_temporary};
pub use sync::{Mode, Sync};
pub use table::{ColumnKind, Shape, Table};
