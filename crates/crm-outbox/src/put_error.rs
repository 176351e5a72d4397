//! [`PutError`]: why an activity was not put.

use std::fmt;

use crm_transport::Error;

/// Why an activity was not put. It is not in the outbox, unless a commit succeeded although it reported a failure. Put
/// it again with the same key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PutError {
    /// The key belongs to another activity.
    Conflict(Conflict),
    /// The key or the activity is refused ([`is_invalid_request`](Error::is_invalid_request)), or the store failed.
    Failed(Error),
}

/// A key that belongs to another activity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// The idempotency key.
    pub key: String,
    /// The vendor's names of the fields that differ. Empty if the content of the first activity was removed, so that only
    /// the difference itself is known.
    pub fields: Vec<&'static str>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "outbox.put: the key {:?} belongs to another activity", self.key)?;
        if !self.fields.is_empty() {
            write!(f, ", which differs in {}", self.fields.join(", "))?;
        }
        f.write_str(": use another key, or put the same activity")
    }
}

impl fmt::Display for PutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(conflict) => conflict.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PutError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Conflict(_) => None,
            Self::Failed(error) => error.source(),
        }
    }
}

impl From<Error> for PutError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
