//! Typed clients of two CRMs whose APIs are badly documented: [`history`] for SalesMan CRM (history API v3) and
//! [`projects`] for solOS (projects API v2). Every documented call, with typed requests and typed answers, and
//! errors that say what happened and whether it may be done again.
//!
//! ```no_run
//! # use chrono::{NaiveDate, NaiveDateTime};
//! # fn main() {}
//! # async fn run(from: NaiveDate, to: NaiveDate, day: NaiveDate, when: NaiveDateTime) -> Result<(), crm::Error> {
//! use crm::history::{ApiKey, ClientId, ContactId, DealId, EntryId, EntryOrder, EntryQuery, HistoryClient, NewEntry};
//! use crm::projects::{ActionId, ActionQuery, Having, PaymentKind, PaymentQuery, ProjectFilter, ProjectId,
//!     ProjectQuery, ProjectsClient, StepQuery, TokenPair};
//!
//! let history = HistoryClient::builder("https://crm.example.ru")
//!     .credentials(ApiKey::new("key", "login@example.ru"))
//!     .build()?;
//!
//! let titles = history.fields().await?;                       // BTreeMap<String, String>
//! let kinds  = history.activity_types().await?;               // Vec<ActivityType { title, color, filter, .. }>
//! let entry  = history.entry(EntryId(777)).await?;            // Entry
//! let page   = history.list(&EntryQuery::new().between(from, to).client(ClientId(102)).page(0)).await?;
//! let mut all = history.entries(EntryQuery::new().between(from, to));   // every page
//! let id     = history.add(&NewEntry::new("Отправлено КП").at(when).activity("Предложение")
//!                  .user("login@example.ru").client(ClientId(1781)).contacts([ContactId(2475), ContactId(2723)])
//!                  .deal(DealId(784))).await?;
//! # let entries = [NewEntry::new("x")];
//! let outcomes = history.add_list(&entries).await?;           // Vec<AddOutcome>, one for each entry, in order
//! history.delete(id).await?;
//!
//! let projects = ProjectsClient::builder("https://acme.solos.pro")
//!     .credentials(TokenPair::new("token", "secret"))
//!     .build()?;
//!
//! let page    = projects.list(&ProjectQuery::new().count(100).offset(0).order_by("id").descending().deleted(false)).await?;
//! let page    = projects.filter(&ProjectFilter::new().created(from, to).users([2, 4]).having(Having::ChecklistsExpired)
//!                   .field("client_id", [1, 3])).await?;
//! let mut all = projects.projects(ProjectQuery::new());       // Stream; projects.filtered(filter) likewise
//! let project = projects.project(ProjectId(1)).await?;
//! let steps   = projects.steps(ProjectId(1), &StepQuery::new().date(day).steps([1, 2, 3])).await?;
//! let actions = projects.actions(ProjectId(1), &ActionQuery::new().count(100)).await?;
//! let action  = projects.action(ActionId(1)).await?;
//! let lists   = projects.checklists(ProjectId(1)).await?;
//! let goods   = projects.goods(ProjectId(1)).await?;
//! let paid    = projects.payments(ProjectId(1), &PaymentQuery::new().kind(PaymentKind::Income)).await?;
//! # let order = EntryQuery::new().order_by(EntryOrder::Id).oldest_first();
//! # Ok(())
//! # }
//! ```
//!
//! The [`Error`] of every call says what was called, the API's own code and text, and by
//! [`delivery`](Error::delivery) whether the call may be made again.
//!
//! # Features
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `reqwest` | yes | the transport over reqwest with rustls; without it, give the builder a [`Transport`] of your own |
//! | `sandbox` | | `crm::sandbox`: a local server that behaves like both CRMs, for tests and first steps |
//! | `testing` | | `crm::testing`: a scripted server, and recordings of real traffic that answer in its place |
//!
//! The facade holds no logic. `crm-history` and `crm-projects` can be used by themselves, and `crm-model` alone
//! where nothing is sent.

/// SalesMan CRM: activities (calls, letters, meetings) of clients, contacts and deals.
pub mod history {
    #[doc(inline)]
    pub use crm_history::*;
}

/// solOS: projects, their steps, actions, checklists, goods and payments.
pub mod projects {
    #[doc(inline)]
    pub use crm_projects::*;
}

#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(inline)]
pub use crm_model::{Extra, FieldError, Fields, Page, Unreadable};
#[doc(inline)]
pub use crm_transport::{
    Bytes, ClientBuilder, Credentials, Delivery, Error, ErrorKind, Export, ExportFigures, ExportPage,
    ExportProgress, ExportSource, HydratedSource, Idempotency, Operation, OperationInfo, Pipeline,
    ReadMethod, Records, Refusal, RetryPolicy, Stats, Success, Transport, TransportError, Verdict, answer,
    http, json,
};

#[cfg(feature = "reqwest")]
#[doc(inline)]
pub use crm_transport::{ReqwestTransport, reqwest};
