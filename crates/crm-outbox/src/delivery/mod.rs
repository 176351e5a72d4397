//! Delivers what is in an outbox.
//!
//! ```text
//! Deliver → sender ─┬→ lease      one sender at a time
//!                   └→ session ─┬→ feed      takes queued activities and prepares them
//!                               └→ the engine of crm-history, over `LeasedStore`
//! ```

mod builder;
mod feed;
mod handle;
mod health;
mod lease;
mod outage;
mod prepare;
mod sender;
mod session;

pub use builder::Deliver;
pub use handle::Delivery;
pub use health::{Health, Role};
pub use prepare::Prepared;
