//! The nine operations, one file each: how it is sent and how its answer is read, without I/O.
//!
//! The client calls them for you. Use them by themselves to see what would be sent
//! ([`ProjectsClient::prepare`](crate::ProjectsClient::prepare)) or over another pipeline. Their type parameter is
//! what a record is read as.

mod action_info;
mod actions;
mod checklists;
mod filter;
mod goods;
mod info;
mod list;
mod parameters;
mod payments;
mod steps;
pub mod table;

pub use action_info::ActionInfo;
pub use actions::{ActionQuery, Actions};
pub use checklists::Checklists;
pub use filter::{Filter, ProjectFilter};
pub use goods::Goods;
pub use info::Info;
pub use list::{List, ProjectQuery};
pub use payments::{PaymentQuery, Payments};
pub use steps::{StepQuery, Steps};
