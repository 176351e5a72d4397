//! The client to which a call is logged, and the policy for unknown callers.

use crm_history::NewEntry;
use crm_model::directory::ClientId;

use crate::Match;

/// What to do with a call whose number finds no client or contact. The server requires a client, a contact or a deal
/// for each activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownCallers {
    /// Log it to this client, which represents all unknown callers.
    LogTo(ClientId),
    /// Keep it and look again later, when the client may have been added.
    Hold,
    /// Do not log it.
    Refuse,
}

/// The client to which a call is logged.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
#[non_exhaustive]
pub enum Attribution {
    /// A client or contact has exactly this number. The activity has the client and the contact.
    Found(NewEntry, Match),
    /// Nobody has exactly this number. The activity has the client for unknown callers.
    Unknown(NewEntry),
    /// Nobody has exactly this number, and the activity is to be kept. Look again later.
    Held(NewEntry),
    /// Nobody has exactly this number, and the activity is not to be logged.
    Refused(NewEntry),
}

impl Attribution {
    /// Returns the activity if it can be logged now.
    #[must_use]
    pub fn to_log(&self) -> Option<&NewEntry> {
        match self {
            Self::Found(entry, _) | Self::Unknown(entry) => Some(entry),
            Self::Held(_) | Self::Refused(_) => None,
        }
    }
}

impl UnknownCallers {
    /// Decides whom an activity is logged to. Only an exact match counts: the first, if there are several.
    ///
    /// ```
    /// use crm_directory::{Attribution, ClientId, UnknownCallers};
    /// use crm_history::NewEntry;
    ///
    /// let unknown = UnknownCallers::LogTo(ClientId(1));
    /// let call = NewEntry::new("вх. звонок, 2 мин");
    /// assert!(matches!(unknown.decide(call, &[]), Attribution::Unknown(_)));
    /// ```
    pub fn decide(self, entry: NewEntry, matches: &[Match]) -> Attribution {
        match (matches.iter().find(|found| found.exact), self) {
            (Some(found), _) => Attribution::Found(found.assign(entry), found.clone()),
            (None, Self::LogTo(client)) => Attribution::Unknown(entry.client(client)),
            (None, Self::Hold) => Attribution::Held(entry),
            (None, Self::Refuse) => Attribution::Refused(entry),
        }
    }
}
