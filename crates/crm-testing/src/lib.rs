//! Test doubles for programs that use the CRM clients: no network, no account, no keys.
//!
//! | you test | with | how it works |
//! |---|---|---|
//! | how your code handles errors, timeouts and odd responses | [`Script`] | You list the expected calls and the answer to each. Any other call fails the test |
//! | a case that happened with a real account | [`Recorder`], then [`Replay`] | The traffic is recorded to a file once, without keys and, on request, without personal data. Then the file provides the responses |
//! | whole flows: add, list, export | the crate `crm-sandbox` | A local server stores what it receives and fails on demand, over real HTTP |
//!
//! A script and a replay are [transports](crm_transport::Transport), so everything above them is the real client: credentials, limits,
//! timeouts, retries, and the [delivery](crm_transport::Error::delivery) of an error. Retries also wait. To avoid the
//! wait, set [`RetryPolicy::none()`](crm_transport::RetryPolicy::none) on the client, or pause the test's clock
//! (`#[tokio::test(start_paused = true)]`).
//!
//! This crate does not depend on a vendor. A client crate declares which parts of its API are not personal data
//! (`NON_PERSONAL_DATA`), and [`Scramble::keep_non_personal`] keeps them readable.

mod json_difference;
mod message;
mod recording;
mod request_secrets;
mod scramble;
mod script;

pub use recording::{Recorder, Replay};
pub use scramble::Scramble;
pub use script::{Answer, Call, Script};
