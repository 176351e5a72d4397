//! The outcome of adding one activity.

use std::fmt;

use super::EntryId;

/// The outcome of adding one activity of several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddOutcome {
    /// The activity is stored and has this id.
    Created(EntryId),
    /// The activity was refused and is not stored. Without a code it was refused before sending. Fix it and send it again.
    Rejected(Rejection),
    /// The activity was never sent, for this reason. It can be sent again.
    NotSent(String),
    /// The activity may or may not be stored, for this reason. Check before you send it again.
    Unknown(String),
}

/// Why an activity was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The server's `code`, such as 405 for missing parameters.
    pub code: Option<i64>,
    /// The server's `text`, unchanged, or the reason why the activity was not sent.
    pub text: String,
}

impl Rejection {
    /// Creates a rejection with this code and text.
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
    /// Returns the id of a stored activity.
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
