//! A fault and its parts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer_edit::AnswerEdit;
use super::change::Change;
use super::condition::Condition;
use super::request_edit::RequestEdit;
use super::{Rule, is_default, millis};
use crate::Operation;

/// A fault of the server or the network.
///
/// A fault has independent parts, and any of them can be combined:
///
/// | part | what it sets | default |
/// |---|---|---|
/// | [`store`](Fault::store) | whether and when the request is carried out | at once |
/// | [`edit_request`](Fault::edit_request) | how the request arrives | as sent |
/// | [`change`](Fault::change) | what other users do to the records | nothing |
/// | [`answer`](Fault::answer) | the response that replaces the application's own | the application's |
/// | [`edit_answer`](Fault::edit_answer) | how the response is changed | not at all |
/// | [`delay`](Fault::delay) | when the response is sent | at once |
/// | [`transfer`](Fault::transfer) | how the response is transferred | whole |
///
/// The famous ones have constructors of their own:
///
/// ```
/// use std::time::Duration;
/// use crm_sandbox::{Condition, Fault, Operation, Store, Transfer};
///
/// // Varnish gives up, and the record is stored three seconds later.
/// let late = Fault::varnish_503(Some(1)).store(Store::Later(Duration::from_secs(3)));
/// let rule = late.on(Operation::HistoryAdd).only_if(Condition::Text("Иванов".into())).times(2);
/// # assert_eq!(rule.fault().name(), "varnish_503");
/// // The connection stays open for a second and is closed without an answer; the record is stored after four.
/// Fault::new().store(Store::Later(Duration::from_secs(4))).delay(Duration::from_secs(1)).transfer(Transfer::Close);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[must_use]
pub struct Fault {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(rename = "if", skip_serializing_if = "Vec::is_empty")]
    pub(super) conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) store: Store,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) edit_request: Vec<RequestEdit>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) change: Vec<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<FixedAnswer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) edit_answer: Vec<AnswerEdit>,
    #[serde(rename = "delay_millis", with = "millis", skip_serializing_if = "is_default")]
    pub(crate) delay: Duration,
    #[serde(rename = "jitter_millis", with = "millis", skip_serializing_if = "is_default")]
    pub(crate) jitter: Duration,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) transfer: Transfer,
}

/// Whether and when a request is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Store {
    /// At once.
    #[default]
    Now,
    /// Never. If the answer is the application's own, it looks as if the request had been carried out.
    Not,
    /// The first half of the items of an `add.list`, rounded down. Half of a single record is nothing.
    Half,
    /// This long after the request arrived, whether the client waits or not. The response is sent then, unless the
    /// fault has a [`FixedAnswer`] or another [`Transfer`] than the whole response.
    #[serde(rename = "later_millis", with = "millis")]
    Later(Duration),
    /// When the time of [`When::During`](crate::When::During) is over, in the order in which the requests came, whether the
    /// clients wait or not; at once with any other `When`. The answer comes then, as with `Later`.
    Held,
}

/// A response that does not come from the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FixedAnswer {
    /// The HTTP status, from 200 to 999; any other is 502.
    #[serde(default = "ok")]
    pub status: u16,
    /// The headers. Left out are those that HTTP does not allow, and `Content-Length`, `Transfer-Encoding` and `Connection`:
    /// the [`Transfer`] decides about them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The header `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// An error in the form of the API that was called, in place of the body. The form of solOS is a guess.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_error: Option<ApiError>,
    /// So many copies of [`unit`](FixedAnswer::unit) come in the body where it contains `{units}`, up to 1 GiB.
    #[serde(default, skip_serializing_if = "is_default")]
    pub units: usize,
    /// The text that is repeated.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Whether the body is packed with gzip.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gzip: bool,
}

impl FixedAnswer {
    /// Creates a response with a status and nothing else.
    pub fn new(status: u16) -> FixedAnswer {
        FixedAnswer {
            status,
            headers: BTreeMap::new(),
            retry_after: None,
            body: String::new(),
            api_error: None,
            units: 0,
            unit: String::new(),
            gzip: false,
        }
    }

    /// Adds a header, which replaces one with the same name.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> FixedAnswer {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Sets a body and its `Content-Type`.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<String>) -> FixedAnswer {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// Sets `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, after: RetryAfter) -> FixedAnswer {
        self.retry_after = Some(after);
        self
    }

    /// The body as it is before it is packed.
    pub(crate) fn whole_body(&self) -> String {
        if self.unit.is_empty() {
            self.body.clone()
        } else {
            let most = (1 << 30) / self.unit.len();
            self.body.replace("{units}", &self.unit.repeat(self.units.min(most)))
        }
    }
}

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiError {
    /// The code.
    pub code: i32,
    /// The text.
    pub text: String,
}

/// The value of the header `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP date this many seconds from now.
    DateInSeconds(u64),
    /// A number of seconds that no number type holds.
    Absurd,
    /// The seconds until the rule lets a request through, at least 1: the rest of
    /// [`When::During`](crate::When::During), or until [`When::OverRate`](crate::When::OverRate) has room again. 1 with any
    /// other `When`.
    Accurate,
}

/// How a response is transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Transfer {
    /// Whole.
    #[default]
    Whole,
    /// The connection is refused: the request never arrives. Over a socket the same as `CloseUnread`.
    Refuse,
    /// The connection is closed when the head of the request is there. Nothing is carried out, whatever
    /// [`Store`] says. With a [`Condition`] about the body, the body is read first.
    CloseUnread,
    /// The request is read, and the connection closed without an answer.
    Close,
    /// The body ends early, and the connection is closed.
    Cut {
        /// How many bytes of the body are sent; half of them where this is absent.
        #[serde(default)]
        after: Option<usize>,
        /// Whether the body is chunked. Otherwise `Content-Length` is that of the whole body.
        #[serde(default)]
        chunked: bool,
    },
    /// `Content-Length` is wrong by this many bytes. The connection is closed after the body.
    WrongLength {
        /// What is added to the right length.
        by: i64,
    },
    /// The body is sent in pieces.
    Drip {
        /// The size of a piece.
        bytes: usize,
        /// The pause before each piece.
        millis: u64,
    },
    /// The body never ends.
    Endless,
    /// The body is compressed with gzip and decompresses to this size.
    GzipBomb {
        /// In MiB.
        mib: u32,
    },
    /// Endless interim responses, such as `102 Processing`, and never the final response.
    Interim {
        /// The HTTP status, from 100 to 199.
        status: u16,
    },
    /// The connection stays open, and the answer never comes.
    Never,
}

impl Fault {
    /// Creates a fault without any effect yet.
    pub fn new() -> Fault {
        Fault::default()
    }

    /// Names the fault, for [`Received::fault`](crate::Received::fault) and messages of tests.
    pub fn named(mut self, name: impl Into<String>) -> Fault {
        self.name = name.into();
        self
    }

    /// Returns the name: that of the constructor, the same as in JSON, or the one given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets whether and when the request is carried out.
    pub fn store(mut self, store: Store) -> Fault {
        self.store = store;
        self
    }

    /// Adds a change to the request on its way to the application.
    pub fn edit_request(mut self, edit: RequestEdit) -> Fault {
        self.edit_request.push(edit);
        self
    }

    /// Adds a change by other users.
    pub fn change(mut self, change: Change) -> Fault {
        self.change.push(change);
        self
    }

    /// Sets a response that replaces the application's own.
    pub fn answer(mut self, answer: FixedAnswer) -> Fault {
        self.answer = Some(answer);
        self
    }

    /// Sets `Retry-After` of the fixed response; does nothing to a fault without one.
    pub fn retry_after(mut self, after: RetryAfter) -> Fault {
        self.answer = self.answer.map(|answer| answer.retry_after(after));
        self
    }

    /// Adds a change to the response.
    pub fn edit_answer(mut self, edit: AnswerEdit) -> Fault {
        self.edit_answer.push(edit);
        self
    }

    /// Sets the delay of the response, or of whatever replaces it.
    pub fn delay(mut self, delay: Duration) -> Fault {
        self.delay = delay;
        self
    }

    /// Adds a random time up to this one to the delay, different for each request.
    pub fn jitter(mut self, jitter: Duration) -> Fault {
        self.jitter = jitter;
        self
    }

    /// Sets how the response is transferred.
    pub fn transfer(mut self, transfer: Transfer) -> Fault {
        self.transfer = transfer;
        self
    }

    /// Applies only to requests that match this condition. If several are set, all must match.
    pub fn only_if(mut self, condition: Condition) -> Fault {
        self.conditions.push(condition);
        self
    }

    /// Returns a rule with this fault for one operation, once.
    pub fn on(self, operation: Operation) -> Rule {
        self.on_each([operation])
    }

    /// Returns a rule with this fault for these operations, such as [`Operation::writes`], once in total.
    pub fn on_each(self, operations: impl IntoIterator<Item = Operation>) -> Rule {
        Rule::new(self, operations.into_iter().collect())
    }

    /// Returns a rule with this fault for every operation, once.
    pub fn everywhere(self) -> Rule {
        Rule::new(self, Vec::new())
    }

    /// Whether the request is not read at all.
    pub(crate) fn leaves_unread(&self) -> bool {
        matches!(self.transfer, Transfer::Refuse | Transfer::CloseUnread)
    }
}

fn ok() -> u16 {
    200
}

impl Transfer {
    /// Whether anything of the answer reaches the client.
    pub(crate) fn brings_the_answer(self) -> bool {
        use Transfer::{Close, CloseUnread, Interim, Never, Refuse};
        !matches!(self, Refuse | CloseUnread | Close | Interim { .. } | Never)
    }
}
