//! [`Health`]: how a delivery does.

use crm_history::NotSentReason;

/// The health of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// What this instance does.
    pub role: Role,
    /// The problem that prevents sending, also of some activities alone, as a text for a person. `None` if there is no
    /// problem.
    pub problem: Option<String>,
    /// Why the engine stopped, if it waits before it starts again. [`problem`](Self::problem) says the same as a text.
    pub stopped: Option<NotSentReason>,
    /// How often this instance became the sender.
    pub takeovers: u64,
    /// How many activities this instance has stored.
    pub stored: u64,
}

/// What an instance does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// It has not asked for the lease yet.
    #[default]
    Starting,
    /// Another instance sends. This one takes over when that one ends.
    Standby,
    /// It sends.
    Sender,
    /// It has ended.
    Ended,
}

impl Health {
    /// Returns `true` if the instance sends or is on standby without a problem.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.problem.is_none() && matches!(self.role, Role::Standby | Role::Sender)
    }
}
