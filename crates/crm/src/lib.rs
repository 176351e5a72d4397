//! Clients for SalesMan CRM (history API v3, module [`history`]) and solOS (projects API v2, module [`projects`]).
//! Every documented call has typed requests and responses, and its errors say what to do.
//!
//! | I want to | start with |
//! |---|---|
//! | log one activity | [`HistoryClient::add`](history::HistoryClient::add) |
//! | log calls from a service, each once | `outbox::Outbox`, feature `outbox` |
//! | log a file of activities, each once | [`HistoryClient::import`](history::HistoryClient::import) |
//! | read all activities, with a completeness verdict | [`HistoryClient::export`](history::HistoryClient::export) |
//! | keep a copy in a database | `mirror::Mirror`, feature `mirror` |
//! | find the client behind a telephone number | `directory::DirectoryClient::find_by_phone`, feature `directory` |
//! | read projects of solOS | [`ProjectsClient`](projects::ProjectsClient) |
//! | decide what to do after an error | [`Error::delivery`], [`Error::id`] |
//! | call a method that is not covered | [`Operation`] |
//! | test without a CRM | `testing::Script`, feature `testing`; `sandbox::Sandbox`, feature `sandbox` |
//! | use it without async | `blocking`, feature `blocking` |
//!
//! ```no_run
//! use crm::history::{ApiKey, ClientId, HistoryClient, NewEntry};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), crm::Error> {
//!     let history = HistoryClient::builder("https://crm.example.ru")
//!         .credentials(ApiKey::new("key", "login@example.ru"))
//!         .build()?;
//!     let call = NewEntry::new("Входящий звонок, 2 мин").client(ClientId(1781));
//!     let id = history.add(&call).await?;
//!     println!("logged as {id}");
//!     Ok(())
//! }
//! ```
//!
//! The [`Error`] of a call contains the operation, and the code and text of the API. Its [`delivery`](Error::delivery)
//! says whether the call can be retried.
//!
//! # Every call
//!
//! ```no_run
//! # use chrono::{NaiveDate, NaiveDateTime};
//! # fn main() {}
//! # async fn run(from: NaiveDate, to: NaiveDate, day: NaiveDate, when: NaiveDateTime) -> Result<(), crm::Error> {
//! use crm::history::{
//!     ApiKey, ClientId, ContactId, DealId, EntryId, EntryOrder, EntryQuery, HistoryClient, NewEntry,
//! };
//! use crm::projects::{
//!     ActionId, ActionQuery, Having, PaymentKind, PaymentQuery, ProjectFilter, ProjectId,
//!     ProjectQuery, ProjectsClient, StepQuery, TokenPair,
//! };
//!
//! let history = HistoryClient::builder("https://crm.example.ru")
//!     .credentials(ApiKey::new("key", "login@example.ru"))
//!     .build()?;
//!
//! let titles = history.fields().await?;              // BTreeMap<String, String>
//! let kinds = history.activity_types().await?;       // Vec<ActivityType>
//! let entry = history.entry(EntryId(777)).await?;    // Entry
//! let query = EntryQuery::new().between(from, to).client(ClientId(102));
//! let page = history.list(&query).await?;            // one page
//! let mut all = history.entries(query);              // every page
//! let entry = NewEntry::new("Отправлено КП")
//!     .at(when)
//!     .activity_type("Предложение")
//!     .user("login@example.ru")
//!     .client(ClientId(1781))
//!     .contacts([ContactId(2475), ContactId(2723)])
//!     .deal(DealId(784));
//! let id = history.add(&entry).await?;
//! # let entries = [NewEntry::new("x")];
//! let outcomes = history.add_list(&entries).await?;  // one AddOutcome for each, in order
//! history.delete(id).await?;
//!
//! let projects = ProjectsClient::builder("https://acme.solos.pro")
//!     .credentials(TokenPair::new("token", "secret"))
//!     .build()?;
//!
//! let query = ProjectQuery::new().count(100).offset(0).order_by("id").descending();
//! let page = projects.list(&query).await?;
//! let filter = ProjectFilter::new()
//!     .created(from, to)
//!     .users([2, 4])
//!     .having(Having::ChecklistsExpired)
//!     .field("client_id", [1, 3]);
//! let page = projects.filter(&filter).await?;
//! let mut all = projects.projects(query);            // every page; likewise filtered(filter)
//! let id = ProjectId(1);
//! let project = projects.project(id).await?;
//! let steps = projects.steps(id, &StepQuery::new().date(day).steps([1, 2, 3])).await?;
//! let actions = projects.actions(id, &ActionQuery::new().count(100)).await?;
//! let action = projects.action(ActionId(1)).await?;
//! let lists = projects.checklists(id).await?;
//! let goods = projects.goods(id).await?;
//! let income = PaymentQuery::new().kind(PaymentKind::Income);
//! let paid = projects.payments(id, &income).await?;
//! # let order = EntryQuery::new().order_by(EntryOrder::Id).oldest_first();
//! # Ok(())
//! # }
//! ```
//!
//! For many records, [`import`](history::HistoryClient::import) stores each activity once. The exports of
//! [activities](history::HistoryClient::export) and [projects](projects::ProjectsClient::export) return each record once.
//! To call another method, implement [`Operation`]. To reach the server without `reqwest`, implement [`Transport`].
//!
//! The guide, in English and Russian, is in `docs/guide` of the repository.
//!
//! # Features
//!
//! All features are additive. They have the same names in `crm_history`, `crm_projects` and `crm_transport`.
//!
//! | feature | what it adds |
//! |---|---|
//! | `reqwest` | on by default: the transport over reqwest; without it, pass your own [`Transport`] to the builder |
//! | `rustls` | on by default: https for it, with rustls and ring |
//! | `native-tls` | https for it, with the system's library (OpenSSL, Schannel, Secure Transport); if both are on, rustls is used |
//! | `gzip` | requests compressed responses and decompresses them; the body limit applies to the decompressed size |
//! | `tower` | `TowerTransport`, a transport over any tower service; and [`Pipeline`] is a tower service of operations |
//! | `tracing` | a span for each call and each attempt: [fields](crm_transport#tracing) |
//! | `metrics` | counters, gauges and a histogram: [names](crm_transport#metrics) |
//! | `chrono-tz` | loads a time zone by its name: [`Zone`](history::Zone) |
//! | `blocking` | the module `blocking`: the same clients for programs without async |
//! | `directory` | the module `directory`: users, clients and contacts of SalesMan CRM, to find who called |
//! | `mirror` | the module `mirror`: a copy of both CRMs, with deletions and a change log, in an SQLite file; turns on `directory` |
//! | `mirror-postgres` | the same in PostgreSQL, over TLS if the server offers it |
//! | `outbox` | the module `outbox`: durable delivery of activities with idempotency keys, in an SQLite file |
//! | `outbox-postgres` | the same in PostgreSQL |
//! | `sandbox` | the module `sandbox`: a local server that behaves like both CRMs, for tests and first steps |
//! | `testing` | the module `testing`: a scripted transport, and recording and replay of real traffic |
//!
//! `rustls`, `native-tls` and `gzip` turn on `reqwest`. Without a TLS feature, an https address is
//! refused when the client is built.
//!
//! # In your Cargo.toml
//!
//! The name `crm` on crates.io belongs to another project, so `cargo add crm` adds that one. Take this crate from Git,
//! from a path or from your own registry:
//!
//! ```toml
//! crm = { git = "<the address of the repository>", tag = "v0.2.0" }   # a release
//! crm = { path = "../crm/crates/crm" }                                # a clone beside the service
//! crm = { version = "0.2", registry = "<your registry>" }             # your own registry
//! ```
//!
//! If your dependencies include the other `crm`, rename this one. Your code then uses `solos_salesman::history`:
//!
//! ```toml
//! solos_salesman = { package = "crm", path = "../crm/crates/crm" }
//! ```
//!
//! `docs/publishing.md` explains what a version promises, and how to publish the crates to a registry.
//!
//! The facade contains no logic. You can also use `crm_history` and `crm_projects` alone, or only `crm_model` if
//! nothing is sent.

#![cfg_attr(docsrs, feature(doc_cfg))]

/// SalesMan CRM: activities (calls, emails, meetings) of clients, contacts and deals.
#[allow(hidden_glob_reexports, reason = "what the two modules hold stands elsewhere, see there")]
pub mod history {
    #[doc(inline)]
    pub use crm_history::*;

    /// `crm::blocking::history`.
    #[cfg(feature = "blocking")]
    mod blocking {}
    /// The root of this crate.
    mod transport {}
}

/// SalesMan CRM: users, clients and contacts, read-only. Finds who called.
#[cfg(feature = "directory")]
#[allow(hidden_glob_reexports, reason = "what the two modules hold stands elsewhere, see there")]
pub mod directory {
    #[doc(inline)]
    pub use crm_directory::*;

    /// `crm::blocking::directory`.
    #[cfg(feature = "blocking")]
    mod blocking {}
    /// The root of this crate.
    mod transport {}
}

/// solOS: projects, their steps, actions, checklists, goods and payments.
#[allow(hidden_glob_reexports, reason = "what the two modules hold stands elsewhere, see there")]
pub mod projects {
    #[doc(inline)]
    pub use crm_projects::*;

    /// `crm::blocking::projects`.
    #[cfg(feature = "blocking")]
    mod blocking {}
    /// The root of this crate.
    mod transport {}
}

/// Copies of both CRMs in a database.
#[cfg(any(feature = "mirror", feature = "mirror-postgres"))]
pub mod mirror {
    #[doc(inline)]
    pub use crm_mirror::*;
}

/// Durable delivery of activities with idempotency keys.
#[cfg(any(feature = "outbox", feature = "outbox-postgres"))]
pub mod outbox {
    #[doc(inline)]
    pub use crm_outbox::*;
}

#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(inline)]
pub use crm_model::{Extra, FieldError, Fields, InvalidValue, Page, Unreadable};
#[doc(inline)]
pub use crm_transport::{
    Async, BoxFuture, Client, ClientBuilder, Credentials, Delivery, Error, ErrorKind, Export, ExportBuilder,
    ExportFigures, ExportPage, ExportProgress, ExportSource, Idempotency, NonPersonalData, Operation,
    OperationInfo, Pace, Pipeline, ReadMethod, Records, Refusal, RetryPolicy, Stats, Transport,
    TransportError, Verdict, answer, json, operation_of,
};

#[cfg(feature = "tower")]
#[doc(inline)]
pub use crm_transport::TowerTransport;
#[cfg(feature = "reqwest")]
#[doc(inline)]
pub use crm_transport::{ReqwestTransport, ReqwestTransportBuilder};

// Inlined, the three hundred pages of these would stand in the way of whoever searches here.
#[cfg(feature = "reqwest")]
#[doc(no_inline)]
pub use crm_transport::reqwest;
#[doc(no_inline)]
pub use crm_transport::{Bytes, http};

/// The clients for programs without async, in [`history`](blocking::history) and [`projects`](blocking::projects). They
/// have the names, methods and results of the async clients.
///
/// ```
/// # fn main() {}
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use crm::blocking::history::{ApiKey, ClientId, EntryQuery, HistoryClient, NewEntry};
/// use crm::blocking::projects::{ProjectQuery, ProjectsClient, TokenPair};
///
/// let history = HistoryClient::builder("https://crm.example.ru")
///     .credentials(ApiKey::new("key", "login@example.ru"))
///     .build()?;
/// let projects = ProjectsClient::builder("https://acme.solos.pro")
///     .credentials(TokenPair::new("token", "secret"))
///     .build()?;
///
/// let id = history.add(&NewEntry::new("Входящий звонок, 2 мин").client(ClientId(1781)))?;
///
/// for project in projects.projects(ProjectQuery::new()) { // every page
///     println!("{}", project?.id);
/// }
///
/// let mut export = history.export(EntryQuery::new()).checkpoint("entries.checkpoint").start()?;
/// for entry in &mut export {
///     println!("{}", entry?.id);
/// }
/// println!("{}", export.finish());
///
/// let calls = (1..=10_000).map(|i| NewEntry::new(format!("Звонок {i}")).client(ClientId(1)));
/// let report = history.import(calls).journal("calls.journal").run()?;
/// report.write_rejected("rejected.csv")?;
/// # Ok(())
/// # }
/// ```
///
/// To move a program from async, change its `use` lines, and remove `async` and `.await`. Replace `while let Some(entry) =
/// all.next().await` with a `for` loop.
///
/// Many threads can share a client, including its connections and its pace. A call and its callbacks run on the thread
/// that makes the call. Each client has one more thread for connections and timers, which its clones share.
///
/// # Panics
/// A call inside async code panics, and nothing is sent. Use [`crm::history`](crate::history) there, or wrap the blocking
/// code in `tokio::task::spawn_blocking`. The module `blocking` of `crm_transport` has the details, and describes `fork`.
#[cfg(feature = "blocking")]
pub mod blocking {
    /// SalesMan CRM without async: activities (calls, emails, meetings) of clients, contacts and deals. Every item that is
    /// not listed below is the same as in [`crm::history`](crate::history).
    pub mod history {
        #[doc(no_inline)]
        pub use crm_history::blocking::*;
        #[doc(inline)]
        pub use crm_history::blocking::{EntryExport, ExportBuilder, HistoryClient, Import, Records};
    }

    /// SalesMan CRM without async: users, clients and contacts, read-only. Every item that is not listed below is the
    /// same as in [`crm::directory`](crate::directory).
    #[cfg(feature = "directory")]
    pub mod directory {
        #[doc(no_inline)]
        pub use crm_directory::blocking::*;
        #[doc(inline)]
        pub use crm_directory::blocking::{
            ClientExport, ContactExport, DirectoryClient, ExportBuilder, Records,
        };
    }

    /// solOS without async: projects, their steps, actions, checklists, goods and payments. Every item that is not listed
    /// below is the same as in [`crm::projects`](crate::projects).
    pub mod projects {
        #[doc(no_inline)]
        pub use crm_projects::blocking::*;
        #[doc(inline)]
        pub use crm_projects::blocking::{ExportBuilder, ProjectExport, ProjectsClient, Records};
    }

    #[doc(inline)]
    pub use crm_transport::blocking::{Export, ExportBuilder, Records, Runtime};
}
