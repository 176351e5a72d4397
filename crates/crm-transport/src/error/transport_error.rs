//! Why no response arrived.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crm_model::OneLine;

use super::{Delivery, ErrorKind};

/// Why no response arrived. A [`Transport`](crate::Transport) returns it.
#[derive(Clone, Debug)]
pub struct TransportError {
    pub(super) kind: ErrorKind,
    pub(super) delivery: Delivery,
    message: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// No connection could be made: certainly nothing was sent.
    #[must_use]
    pub fn connect(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Connect, Delivery::NotSent, message)
    }

    /// No response arrived in time. The server may have carried out the call.
    #[must_use]
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, Delivery::Unknown, message)
    }

    /// The connection was lost before a response arrived. The server may have carried out the call.
    #[must_use]
    pub fn closed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Closed, Delivery::Unknown, message)
    }

    /// The response began and did not end.
    #[must_use]
    pub fn cut_body(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::CutBody, Delivery::Unknown, message)
    }

    /// The response is larger than the limit, in bytes.
    #[must_use]
    pub fn body_too_large(limit: usize) -> Self {
        let message = format!("the response is larger than the limit of {limit} bytes");
        Self::new(ErrorKind::BodyTooLarge, Delivery::Unknown, message)
    }

    /// The transport refuses to send this request: certainly nothing was sent, and no client retries it.
    ///
    /// For test doubles that meet a request they do not expect.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, Delivery::NotSent, message)
    }

    /// Replaces the message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Adds the cause, which becomes the `source()`.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into().into());
        self
    }

    pub(super) fn change_texts(&mut self, change: &mut dyn FnMut(&mut String)) {
        change(&mut self.message);
    }

    fn new(kind: ErrorKind, delivery: Delivery, message: impl Into<String>) -> Self {
        Self { kind, delivery, message: message.into(), source: None }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OneLine(&self.message).fmt(f)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Returns the message of the innermost cause, because a person can do something about that one.
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Returns the message of an error, and those of its causes after it.
pub fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
