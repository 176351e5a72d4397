//! The nine operations, one file each: how it is sent and how its response is read, without I/O.
//!
//! The client calls them for you. Use them by themselves to see what would be sent
//! ([`ProjectsClient::prepare`](crate::ProjectsClient::prepare)), or to read records as a serde type of your own:
//!
//! ```no_run
//! # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
//! use crm_projects::operations::{Info, List};
//! use crm_projects::{ProjectId, ProjectQuery};
//!
//! #[derive(serde::Deserialize)]
//! struct Contract {
//!     id: u64,
//!     contract_date: Option<String>,
//! }
//!
//! let page = projects.run(&List::<Contract>::new(ProjectQuery::new())).await?;
//! let one: Contract = projects.run(&Info::new(ProjectId(1))).await?;
//! # Ok(()) }
//! ```
//!
//! An operation owns what it sends. `new` takes it; the type parameter is what each record is read as.
//!
//! # What is checked against the question
//!
//! A record must have the id that was asked for: with `id` in [`Info`] and [`ActionInfo`], with `filter_id` in [`Actions`]
//! and [`Payments`]. Another id is an error that names the parameter
//! ([`Error::is_ignored_parameter`](crate::Error::is_ignored_parameter)).
//!
//! No other condition is checked. solOS documents no responses, so it is not known which field of a record a condition
//! compares, nor how it compares dates. A server that ignores such a condition returns more records than were asked for:
//! compare the fields that matter to you. An export also fails if the list is not sorted by `id`, or if `offset` is
//! ignored.

mod action_info;
mod actions;
pub mod catalog;
mod checklists;
mod filter;
mod goods;
mod info;
mod list;
mod payments;
mod request_parameters;
mod steps;

pub use action_info::ActionInfo;
pub use actions::{ActionQuery, Actions};
pub use checklists::Checklists;
pub use filter::{Filter, ProjectFilter};
pub use goods::Goods;
pub use info::Info;
pub use list::{List, ProjectQuery};
pub use payments::{PaymentQuery, Payments};
pub use steps::{StepQuery, Steps};
