//! When a call is made, and when it is made again.
//!
//! [`RetryPolicy`] and [`Pace`] are the settings, `limiter` is the pace at work.

mod limiter;
mod pace;
mod retry;
mod retry_after;

pub(crate) use limiter::{Limiter, Permit};
pub use pace::Pace;
pub use retry::RetryPolicy;
pub(crate) use retry::{Next, Retries};
pub(crate) use retry_after::requested_wait;
