//! When a call is sent, and when it is retried.
//!
//! [`RetryPolicy`] and [`Pace`] are the settings. `limiter` applies the pace, and `learned_rate` is the rate that the
//! client derives from a server that limits it.

mod learned_rate;
mod limiter;
mod pace;
mod retry;
mod retry_after;

pub(crate) use limiter::{Limiter, Permit, PermitError};
pub use pace::Pace;
pub use retry::RetryPolicy;
pub(crate) use retry::{Next, Retries};
pub(crate) use retry_after::requested_wait;
