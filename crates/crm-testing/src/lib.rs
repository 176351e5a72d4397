//! Test doubles for programs that use the CRM clients: no network, no account, no keys.
//!
//! | you test | with | how it works |
//! |---|---|---|
//! | what your code makes of errors, timeouts and odd responses | [`Script`] | You list the expected calls and the answer to each. Any other call fails the test |
//! | that something that happened with a real account does not happen again | [`Recorder`], then [`Replay`] | The traffic is written to a file once, without keys and, if you like, without personal data. From then on the file answers |
//! | whole flows: add, list, export | the crate `crm-sandbox` | A local server stores what it receives and fails on demand, over real HTTP |
//!
//! A script and a replay are [transports](crm_transport::Transport), so everything above them is the real client: credentials, limits,
//! timeouts, retries, and the [delivery](crm_transport::Error::delivery) of an error. Retries wait, too. Give the client
//! [`RetryPolicy::none()`](crm_transport::RetryPolicy::none), or pause the test's clock
//! (`#[tokio::test(start_paused = true)]`), and the test takes no time.
//!
//! This crate knows no vendor. A client crate says which parts of its API are not personal data
//! (`NON_PERSONAL_DATA`), and [`Scramble::keep_non_personal`] keeps those readable.

mod json_difference;
mod message;
mod recording;
mod request_secrets;
mod scramble;
mod script;

pub use recording::{Recorder, Replay};
pub use scramble::Scramble;
pub use script::{Answer, Call, Script};
