//! What became of an activity that was handed in.

use std::fmt;

use super::EntryId;

/// What became of one activity of many.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddOutcome {
    /// Stored, with this id.
    Created(EntryId),
    /// Refused and not stored: by the server, or, without a code, before anything was sent. Mend it and send it again.
    Rejected(Rejection),
    /// Never sent, for this reason. It can be sent again.
    NotSent(String),
    /// It may be stored or not, for this reason. Look before it is sent again.
    Unknown(String),
}

/// Why an activity was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The server's `code`, such as 405 for missing parameters.
    pub code: Option<i64>,
    /// The server's `text`, word for word, or what is wrong with an activity that was not even sent.
    pub text: String,
}

impl Rejection {
    /// A refusal with this code and text.
    #[must_use]
    pub fn new(code: Option<i64>, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{code} «{}»", self.text),
            None => write!(f, "«{}»", self.text),
        }
    }
}

impl AddOutcome {
    /// The id, where it was stored.
    #[must_use]
    pub fn id(&self) -> Option<EntryId> {
        match self {
            Self::Created(id) => Some(*id),
            _ => None,
        }
    }
}

impl fmt::Display for AddOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created(id) => write!(f, "created, id {id}"),
            Self::Rejected(rejection) => write!(f, "refused, not stored: {rejection}"),
            Self::NotSent(why) => write!(f, "not sent: {why}"),
            Self::Unknown(why) => write!(f, "may be stored or not: {why}"),
        }
    }
}
