//! Stand-ins for a server, for the tests of your own code. Behind the feature `testing`, for your
//! `[dev-dependencies]`.
//!
//! | what you test | with | how |
//! |---|---|---|
//! | what your code makes of errors, timeouts and odd answers | [`Script`] | says which calls come, and what each is answered; another call fails the test |
//! | that something which happened with a real account does not happen again | [`Recorder`], then [`Replay`] | the traffic goes into a file once, without keys and, if you like, without contents; from then on the file answers |
//! | whole flows: add, list, export | the sandbox: feature `sandbox`, [`crm::sandbox`](crate::sandbox) | a server that keeps what it is given and fails on demand, over real HTTP |
//!
//! A script and a replay are [transports](crate::Transport): everything above them is the real thing. Credentials
//! are put in, calls wait for their place, are limited in time and made again, and an error's
//! [delivery](crate::Error::delivery) is the one that a server would have caused. A wait is a wait too: give
//! the client [`RetryPolicy::none()`](crate::RetryPolicy::none), or let the test's clock run by itself
//! (`#[tokio::test(start_paused = true)]`).
//!
//! # A scripted server
//!
//! Your code logs a meeting, and looks for it before it logs it again:
//!
//! ```
//! use crm::history::{ApiKey, ClientId, EntryQuery, HistoryClient, NewEntry};
//! use crm::testing::{Answer, Call, Script};
//! use crm::{Delivery, Error};
//! use serde_json::json;
//!
//! /// The code under test.
//! async fn log_meeting(history: &HistoryClient) -> Result<(), Error> {
//!     let meeting = NewEntry::new("Встреча").client(ClientId(1781));
//!     let Err(error) = history.add(&meeting).await else { return Ok(()) };
//!     if error.delivery() != Delivery::Unknown {
//!         return Err(error);
//!     }
//!     let today = history.list(&EntryQuery::new().client(ClientId(1781))).await?;
//!     match today.items.iter().any(|entry| entry.content.as_deref() == Some("Встреча")) {
//!         true => Ok(()),
//!         false => history.add(&meeting).await.map(drop),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let script = Script::new()
//!     .expect(Call::to("history.add").json(json!({"content": "Встреча", "clid": 1781})), Answer::timeout())
//!     .expect("history.list", Answer::json(json!({"data": [{"cid": 7, "content": "Встреча"}]})));
//! let history = HistoryClient::builder("https://crm.example.test")
//!     .credentials(ApiKey::new("any-key", "any-login"))
//!     .transport(script.transport())
//!     .build()?;
//!
//! log_meeting(&history).await?;
//! script.finish(); // no second add
//! # Ok(())
//! # }
//! ```
//!
//! # Real traffic, once
//!
//! ```no_run
//! # use crm::history::{ApiKey, HistoryClient};
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use crm::testing::{Recorder, Replay, Scramble};
//! use crm::{ReqwestTransport, reqwest};
//!
//! let file = "tests/recordings/odd-dates.jsonl";
//! let client = HistoryClient::builder("https://crm.example.ru").credentials(ApiKey::new("key", "login"));
//! let client = if std::env::var_os("RECORD").is_some() {
//!     let transport = ReqwestTransport::new(reqwest::Client::builder(), 64 << 20)?;
//!     client.transport(Recorder::new(transport, file, Scramble::contents())?)
//! } else {
//!     client.transport(Replay::open(file)?)
//! };
//! let client = client.build()?;
//! // … the test, the same both times …
//! # Ok(())
//! # }
//! ```

#[doc(inline)]
pub use crm_testing::*;
