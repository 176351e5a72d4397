//! The outcome of adding one activity.

use std::fmt;

use super::EntryId;
use crate::OneLine;

/// The outcome of adding one activity of several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddOutcome {
    /// The activity is stored and has this ID.
    Created(EntryId),
    /// The activity is stored, but the server did not return its ID. Never send it again.
    StoredWithoutId,
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
    /// `true` if the account's settings are wrong, such as its time zone. The server then refuses every activity until a
    /// person fixes the account (observed).
    pub is_account_setting: bool,
}

impl Rejection {
    /// Creates a rejection with this code and text.
    #[must_use]
    pub fn new(code: Option<i64>, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), is_account_setting: false }
    }

    /// Marks the rejection as caused by the account's settings.
    #[must_use]
    pub fn account_setting(mut self) -> Self {
        self.is_account_setting = true;
        self
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{code} «{}»", OneLine(&self.text))?,
            None => write!(f, "«{}»", OneLine(&self.text))?,
        }
        if self.is_account_setting {
            f.write_str("; this is a fault of the account's settings, which a person must fix")?;
        }
        Ok(())
    }
}

impl AddOutcome {
    /// Returns `true` if the activity is stored, with a known ID or without one.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        matches!(self, Self::Created(_) | Self::StoredWithoutId)
    }

    /// Returns the ID of a stored activity, if the server returned it.
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
            Self::StoredWithoutId => f.write_str("stored, but its id is unknown: do not send it again"),
            Self::Rejected(rejection) => write!(f, "refused, not stored: {rejection}"),
            Self::NotSent(why) => write!(f, "not sent: {}", OneLine(why)),
            Self::Unknown(why) => write!(f, "may be stored or not: {}", OneLine(why)),
        }
    }
}
