//! When a call is made, and when it is made again.
//!
//! [`RetryPolicy`] and [`Pace`] are the settings, `limiter` is the pace at work, and `learned_rate` is what a
//! server that limits its clients adds to it.

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
