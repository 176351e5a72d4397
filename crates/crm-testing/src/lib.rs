//! Stand-ins for a server, for the tests of whoever uses a client. Behind the feature `testing`.
//!
//! - [`Script`]: says which calls come, and what each is answered. For what your code makes of errors.
//! - [`Recorder`], then [`Replay`]: real traffic in a file, which from then on answers in the server's place. For what
//!   has happened and is not to happen again.
//! - For whole flows there is a server in another crate, `crm-sandbox`, which keeps what it is given.
//!
//! A script and a replay are [transports](crate::Transport): everything above them is the real thing. Credentials
//! are put in, calls wait for their place, are limited in time and made again, and an error's
//! [delivery](crate::Error::delivery) is the one that a server would have caused. A wait is a wait too: give
//! the client [`RetryPolicy::none()`](crate::RetryPolicy::none), or let the test's clock run by itself
//! (`#[tokio::test(start_paused = true)]`).

use bytes::Bytes;
use http::Request;

mod answer;
mod body;
mod call;
mod difference;
mod recorder;
mod recording;
mod replay;
mod scramble;
mod script;
mod secrets;
mod walk;
mod words;

pub use answer::Answer;
pub use call::Call;
pub use recorder::Recorder;
pub use replay::Replay;
pub use scramble::Scramble;
pub use script::Script;

/// The operation that a request is of, such as `history.add`. `None` for a request that came by no
/// [`Pipeline`](crate::Pipeline).
///
/// For transports of your own; the client tells it only where the feature `testing` is on.
#[must_use]
pub fn operation(request: &Request<Bytes>) -> Option<&'static str> {
    request.extensions().get::<OperationId>().map(|id| id.0)
}

/// Lets the transport know what it carries.
pub(crate) fn of_operation(mut request: Request<Bytes>, id: &'static str) -> Request<Bytes> {
    request.extensions_mut().insert(OperationId(id));
    request
}

#[derive(Clone)]
struct OperationId(&'static str);

/// A request in one line: what it is, and the beginning of what it says. Its secrets are still in it.
fn line(operation: Option<&str>, method: &str, target: &str, body: &str) -> String {
    let mut line = operation.map(|id| format!("{id}: ")).unwrap_or_default();
    line.push_str(method);
    for part in [target, body] {
        if !part.is_empty() {
            line.push(' ');
            line.push_str(part);
        }
    }
    line
}

/// The beginning of a text, for a message.
fn capped(mut text: String) -> String {
    const SHOWN: usize = 600;
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push('…');
    }
    text
}
