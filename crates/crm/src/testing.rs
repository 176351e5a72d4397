//! Test doubles for your own code: no network, no account, no keys. Behind the feature `testing`, for your
//! `[dev-dependencies]`.
//!
//! | you test | with | how it works |
//! |---|---|---|
//! | what your code makes of errors, timeouts and odd responses | [`Script`] | You list the expected calls and the answer to each. Any other call fails the test |
//! | that something that happened with a real account does not happen again | [`Recorder`], then [`Replay`] | The traffic is written to a file once, without keys and, if you like, without personal data. From then on the file answers |
//! | whole flows: add, list, export | the sandbox: feature `sandbox`, [`crm::sandbox`](crate::sandbox) | A local server stores what it receives and fails on demand, over real HTTP |
//!
//! A script and a replay are [transports](crate::Transport), so everything above them is the real client: credentials,
//! limits, timeouts, retries, and the [delivery](crate::Error::delivery) of an error. Retries wait, too. Give the client
//! [`RetryPolicy::none()`](crate::RetryPolicy::none), or pause the test's clock
//! (`#[tokio::test(start_paused = true)]`), and the test takes no time.
//!
//! # A scripted transport
//!
//! Your code logs a meeting. After an unclear result it looks for the meeting before it logs it again:
//!
//! ```
//! use crm::history::{ApiKey, ClientId, EntryQuery, HistoryClient, NewEntry};
//! use crm::testing::{Answer, Call, Script};
//! use crm::{Delivery, Error, ReadMethod};
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
//!     .expect(Call::to("history.add").json_partial(json!({"clid": 1781})), Answer::timeout())
//!     .expect("history.list", Answer::json(json!({"data": [{"cid": 7, "clid": 1781, "content": "Встреча"}]})));
//! let history = HistoryClient::builder("https://crm.example.test")
//!     .credentials(ApiKey::new("any-key", "any-login"))
//!     .transport(script.transport())
//!     .read_method(ReadMethod::Get) // by default a client learns whether a GET keeps its body
//!     .build()?;
//!
//! log_meeting(&history).await?;
//! script.finish(); // no second add
//! # Ok(())
//! # }
//! ```
//!
//! # A recording of real traffic
//!
//! The scrambler knows no vendor. `NON_PERSONAL_DATA` of each client lists the words of its API that stay readable.
//!
//! ```no_run
//! # use crm::history::{ApiKey, HistoryClient};
//! # #[cfg(feature = "reqwest")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use crm::testing::{Recorder, Replay, Scramble};
//! use crm::{ReqwestTransport, history};
//!
//! let file = "tests/recordings/odd-dates.jsonl";
//! let client = HistoryClient::builder("https://crm.example.ru").credentials(ApiKey::new("key", "login"));
//! let client = if std::env::var_os("RECORD").is_some() {
//!     let scramble = Scramble::contents().keep_non_personal(history::NON_PERSONAL_DATA);
//!     client.transport(Recorder::new(ReqwestTransport::builder().build()?, file, scramble)?)
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
