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
