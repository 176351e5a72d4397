//! The nine operations, one file each: how a request is built and how its response is decoded, without I/O.
//!
//! The client uses them for you. Use them directly to see a request without sending it
//! ([`ProjectsClient::prepare`](crate::ProjectsClient::prepare)), or to decode records as your own serde type:
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
//! An operation owns its input, which `new` takes. The type parameter is the type of each record.
//!
//! # What is checked against the question
//!
//! A record must have the requested ID: `id` in [`Info`] and [`ActionInfo`], `filter_id` in [`Actions`]
//! and [`Payments`]. Another ID is an error that names the parameter
//! ([`Error::is_ignored_parameter`](crate::Error::is_ignored_parameter)).
//!
//! No other condition is checked. solOS documents no responses, so it is not known which field of a record a condition
//! compares, or how it compares dates. A server that ignores such a condition returns more records than requested.
//! Compare the fields that matter to you. An export also fails if the list is not sorted by `id`, or if `offset` is
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
