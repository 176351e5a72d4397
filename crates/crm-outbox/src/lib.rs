//! An outbox for SalesMan CRM: stores each activity once, whatever crashes, restarts or is put twice.
//!
//! ```no_run
//! # async fn run(history: crm_history::HistoryClient) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use crm_history::{ClientId, NewEntry};
//! use crm_outbox::Outbox;
//!
//! let outbox = Outbox::open("sqlite:calls.db").await?;
//! let entry = NewEntry::new("вх. звонок, 2 мин").client(ClientId(1781));
//! outbox.put("call-1700000000.42", &entry).await?;           // durable when it returns
//! outbox.put("call-1700000000.42", &entry).await?;           // the same key again changes nothing
//! let delivery = outbox.deliver(history).start();
//! println!("{:?}", outbox.wait("call-1700000000.42").await?);
//! delivery.shutdown(Duration::from_secs(10)).await?;
//! # Ok(()) }
//! ```
//!
//! | I want to | see |
//! |---|---|
//! | keep an activity until the CRM has it | [`Outbox::put`], or [`Outbox::put_in`] in my own transaction |
//! | send what was put | [`Outbox::deliver`] |
//! | find the client, change or hold an activity before it is sent | [`Deliver::prepare`] |
//! | know what became of an activity | [`Outbox::status`], [`Outbox::wait`] |
//! | see what waits and why | [`Outbox::list`], [`Outbox::stats`], [`Delivery::watch_health`] |
//! | decide about an activity that may be stored or not | [`Outbox::resolve`] |
//! | send a refused activity again | [`Outbox::retry`] |
//! | continue after a restored backup | [`Outbox::reconcile_since`] |
//! | remove old keys | [`Outbox::purge`] |
//! | use another database | [`Store`] |
//!
//! # Guarantees
//!
//! After [`put`](Outbox::put) has returned, the activity is stored in the CRM once, or its [`Status`] says why a person
//! must look. This is true whatever crashes, restarts, is delivered twice or runs twice. Any number of instances may
//! put and deliver. One of them is the sender, and the others are on standby.
//!
//! # What is not guaranteed
//!
//! - The CRM cannot check the lease. A process can be paused between its last check of the lease and the first byte of
//!   a call. If the pause is longer than the lease, one chunk can be stored twice. [Marks](crm_history::NewEntry::mark)
//!   find such records.
//! - If the server stores a call later than [`settle`](Deliver::settle) after the connection ended, the call can be
//!   stored twice.
//! - The outbox does not know of such a second record. Until a list has shown an activity whose ID the CRM returned, it
//!   does not know the clock shift of the login either, and can take the second record for an activity that differs only
//!   by whole hours. That activity is then missing from the CRM.
//! - An activity without a time and without a mark is [`Unknown`](Status::Unknown) if its response is lost and a single
//!   equal record appears. See [`sole_writer`](Deliver::sole_writer).
//!
//! # The table
//!
//! Any program, in any language, can put activities in its own transaction. The table `crm_outbox_activities` and
//! these columns are a stable interface, in SQLite and in PostgreSQL:
//!
//! | column | type | |
//! |---|---|---|
//! | `key` | text | the idempotency key, unique |
//! | `activity` | text | the activity as JSON with the vendor's field names: `user datum tip content clid pid did`. `at_instant` (RFC 3339) instead of `datum` needs a [zone](crm_history::Zone) |
//! | `mark` | text or null | its [mark](crm_history::NewEntry::mark), if the content does not have it yet |
//! | `state` | text | read-only: `queued held sending stored refused unknown` |
//! | `record_id` | integer or null | read-only: the ID in the CRM |
//!
//! ```sql
//! INSERT INTO crm_outbox_activities (key, activity)
//! VALUES ('call-1700000000.42', '{"datum":"2024-06-25 10:00:00","content":"вх. звонок","clid":1781}')
//! ON CONFLICT (key) DO NOTHING;
//! ```
//!
//! An activity that cannot be decoded becomes [`Refused`](Status::Refused).
//!
//! A key is kept forever, or until [`purge`](Outbox::purge). Without its content, a row takes 138 bytes in SQLite and
//! 236 bytes in PostgreSQL, including indexes (measured with 26-byte keys by `cargo xtask bench outbox`). So ten
//! million keys take 1.4 or 2.4 GB. They do not slow down delivery or counting.
//!
//! # Choosing `settle` and `lease`
//!
//! [`settle`](Deliver::settle) must be longer than PHP may continue with a call after its connection has ended: the
//! `max_execution_time` of the server, plus the time for which a proxy may delay a request. A [`lease`](Deliver::lease)
//! must be longer than any pause of a process that is not a crash: a suspended virtual machine, swapping, a debugger.
//! After a crash, the other instances wait until the lease expires. For calls in flight, they then also wait for the
//! time limit of a call and `settle`.
//!
//! # Monitoring
//!
//! With the feature `metrics`, there are the counters `crm_outbox_puts_total`, `crm_outbox_put_commits_total`,
//! `crm_outbox_batches_total`, `crm_outbox_takeovers_total` and `crm_outbox_settled_total` (label `status`), and the gauges
//! `crm_outbox_depth` (label `status`) and `crm_outbox_oldest_seconds`. The sender sets the gauges every 15 s. In the
//! other instances they are zero.
//!
//! With the feature `tracing`, each `put` opens a span `outbox.activity` (fields `key` and `status`) inside the current
//! span. It ends when the sender in the same process has settled the activity. At most 10,000 of these spans are open.
//!
//! # Features
//!
//! On by default: `sqlite`. Off by default: `postgres`, `postgres-tls`, `tracing`, `metrics`. SQLite is compiled in. It
//! conflicts with a crate that links another version of SQLite. In that case use PostgreSQL, the table, or your own
//! [`Store`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod activity;
mod delivery;
mod group_commit;
mod observe;
mod outbox;
mod put_error;
mod status;
mod store;
mod transaction;

pub use activity::{NewActivity, StoredActivity};
pub use crm_transport::BoxFuture;
pub use delivery::{Deliver, Delivery, Health, Prepared, Role};
pub use outbox::Outbox;
pub use put_error::{Conflict, PutError};
#[cfg(feature = "sqlite")]
pub use rusqlite;
pub use status::{Filter, OutboxEntry, OutboxStats, Resolution, State, Status, UnknownOutcome};
#[cfg(feature = "postgres")]
pub use store::PostgresStore;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{Change, MemoryStore, Request, Row, SentIn, Store, is_temporary};
#[cfg(feature = "postgres")]
pub use tokio_postgres;
pub use transaction::UserTransaction;
