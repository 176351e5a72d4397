//! The status of an activity, and what a person decides about it.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crm_history::{EntryId, InvalidValue, NewEntry, Rejection};

/// The status of an activity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It waits to be sent.
    Queued,
    /// It waits until a time, for this reason. See [`Prepared::Hold`](crate::Prepared::Hold).
    Held(String),
    /// It was sent, and its outcome is not yet certain.
    Sending,
    /// It is stored with this ID. `None` if the server did not return the ID.
    Stored(Option<EntryId>),
    /// It is certainly not stored, and is not sent again before [`retry`](crate::Outbox::retry).
    Refused(Rejection),
    /// It may be stored or not. A person decides with [`resolve`](crate::Outbox::resolve).
    Unknown(UnknownOutcome),
}

/// Why an activity may be stored or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownOutcome {
    /// The reason, as a text for a person.
    pub reason: String,
    /// A record that may be this activity.
    pub candidate: Option<EntryId>,
}

/// The name of a [`Status`], without its details. It is also the text in the column `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum State {
    /// `queued`
    Queued,
    /// `held`
    Held,
    /// `sending`
    Sending,
    /// `stored`
    Stored,
    /// `refused`
    Refused,
    /// `unknown`
    Unknown,
}

impl State {
    /// All states, in the order of the life of an activity.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Held, Self::Sending, Self::Stored, Self::Refused, Self::Unknown];

    /// Returns the word in the column `state`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Sending => "sending",
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = InvalidValue;

    fn from_str(word: &str) -> Result<Self, InvalidValue> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == word);
        known.ok_or(InvalidValue::new("State", "one of queued, held, sending, stored, refused, unknown"))
    }
}

impl Status {
    /// Returns its name.
    #[must_use]
    pub fn state(&self) -> State {
        match self {
            Self::Queued => State::Queued,
            Self::Held(_) => State::Held,
            Self::Sending => State::Sending,
            Self::Stored(_) => State::Stored,
            Self::Refused(_) => State::Refused,
            Self::Unknown(_) => State::Unknown,
        }
    }

    /// Returns `true` if it changes only by the decision of a person: stored, refused or unknown.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Stored(_) | Self::Refused(_) | Self::Unknown(_))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued => f.write_str("queued"),
            Self::Held(reason) => write!(f, "held: {reason}"),
            Self::Sending => f.write_str("sending"),
            Self::Stored(Some(id)) => write!(f, "stored, id {id}"),
            Self::Stored(None) => f.write_str("stored, but its id is unknown"),
            Self::Refused(rejection) => write!(f, "refused: {rejection}"),
            Self::Unknown(unknown) => write!(f, "may be stored or not: {}", unknown.reason),
        }
    }
}

impl UnknownOutcome {
    /// Creates it from a reason and the record that may be the activity.
    #[must_use]
    pub fn new(reason: impl Into<String>, candidate: Option<EntryId>) -> Self {
        Self { reason: reason.into(), candidate }
    }
}

/// A person's decision about an activity that is [`Unknown`](Status::Unknown).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// It is stored under this ID.
    StoredAs(EntryId),
    /// It is not stored. It is queued again.
    NotStored,
    /// It is not sent again, for this reason. It becomes [`Refused`](Status::Refused).
    Dropped(String),
}

/// An activity of the outbox, as [`list`](crate::Outbox::list) returns it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OutboxEntry {
    /// Position in the order of `put`. Grows, with gaps.
    pub seq: u64,
    /// The idempotency key.
    pub key: String,
    /// Its status.
    pub status: Status,
    /// The activity. `None` if its content was removed or cannot be decoded.
    pub activity: Option<NewEntry>,
    /// The ID of a second record of it. The CRM holds both.
    pub copy: Option<EntryId>,
    /// When it was put, by the clock of the store.
    pub put_at: SystemTime,
    /// When it was stored, refused or given up, by the clock of the store.
    pub settled_at: Option<SystemTime>,
}

/// Which activities [`list`](crate::Outbox::list) returns (default: the first 100).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Filter {
    pub(crate) state: Option<State>,
    pub(crate) after: u64,
    pub(crate) limit: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self { state: None, after: 0, limit: 100 }
    }
}

impl Filter {
    /// Creates a filter for activities in any state.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those in this state.
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// Only those after this [`OutboxEntry::seq`].
    pub fn after(mut self, seq: u64) -> Self {
        self.after = seq;
        self
    }

    /// Maximum number of activities (default 100).
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the requested state, for your own [`Store`](crate::Store).
    #[must_use]
    pub fn wanted_state(&self) -> Option<State> {
        self.state
    }

    /// Returns the position after which the list begins, for your own [`Store`](crate::Store).
    #[must_use]
    pub fn begins_after(&self) -> u64 {
        self.after
    }

    /// Returns the maximum number of activities, for your own [`Store`](crate::Store).
    #[must_use]
    pub fn most(&self) -> usize {
        self.limit
    }
}

/// Counts of an outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxStats {
    /// Activities that wait to be sent.
    pub queued: u64,
    /// Activities that are held back.
    pub held: u64,
    /// Activities that were sent and are not yet certain.
    pub sending: u64,
    /// Activities that are stored.
    pub stored: u64,
    /// Activities that are refused. A person should look.
    pub refused: u64,
    /// Activities that may be stored or not. A person must look.
    pub unknown: u64,
    /// The age of the oldest one that is queued, held or sent.
    pub oldest: Option<Duration>,
}

impl OutboxStats {
    /// Sets the count of a state.
    pub fn set(&mut self, state: State, count: u64) {
        match state {
            State::Queued => self.queued = count,
            State::Held => self.held = count,
            State::Sending => self.sending = count,
            State::Stored => self.stored = count,
            State::Refused => self.refused = count,
            State::Unknown => self.unknown = count,
        }
    }

    /// Returns the count of a state.
    #[must_use]
    pub fn count(&self, state: State) -> u64 {
        match state {
            State::Queued => self.queued,
            State::Held => self.held,
            State::Sending => self.sending,
            State::Stored => self.stored,
            State::Refused => self.refused,
            State::Unknown => self.unknown,
        }
    }

    /// Sets the age of the oldest activity that is queued, held or sent.
    pub fn set_oldest(&mut self, age: Option<Duration>) {
        self.oldest = age;
    }
}
