//! The outcome of one activity, and counts of outcomes.

use crm_model::history::{AddOutcome, EntryId, Loss, NewEntry};

use crate::engine::{NotSentReason, UnknownReason};

/// The outcome of one activity of an import.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ImportOutcome {
    /// Position in the input, counted from 0.
    pub index: u64,
    /// The activity.
    pub entry: NewEntry,
    /// Whether it is stored.
    pub outcome: AddOutcome,
    /// An earlier run stored it, or an import with the [other journal](super::Import::other_journal). This run sent nothing.
    pub stored_before: bool,
    /// Why it is not stored, may be stored or not, or is stored twice.
    pub reason: Option<OutcomeReason>,
    /// What the server changes in it. Filled with [`LossPolicy::Warn`](super::LossPolicy::Warn) and
    /// [`LossPolicy::Reject`](super::LossPolicy::Reject).
    pub losses: Vec<Loss>,
    /// With [`Import::check_users`](super::Import::check_users): the CRM does not know the login of the activity, so
    /// that the record has no owner.
    pub unknown_user: bool,
    /// With [`Import::check_types`](super::Import::check_types): the account has no activity type with this title. The
    /// record has the title as text and belongs to no type.
    pub unknown_type: bool,
}

/// The reason of an outcome, for code. [`AddOutcome`] has it as text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutcomeReason {
    /// Why it was not sent.
    NotSent(NotSentReason),
    /// Why it may be stored or not.
    Unknown(UnknownReason),
    /// The outcome is the first record, and this is the ID of a second one. The server had not shown the activity for
    /// the whole [patience](super::Import::patience), so it was sent once more, and then both appeared.
    StoredTwice(EntryId),
}

/// The progress of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportProgress {
    /// Activities with an outcome.
    pub done: u64,
    /// Activities that are stored.
    pub created: u64,
    /// Activities that were refused.
    pub rejected: u64,
    /// Activities that are not stored and can be sent by another run.
    pub not_sent: u64,
    /// Activities that may be stored or not. A person must look them up.
    pub unknown: u64,
}

impl ImportProgress {
    /// Counts one outcome.
    pub fn count(&mut self, outcome: &AddOutcome) {
        self.done += 1;
        match outcome {
            AddOutcome::Created(_) | AddOutcome::StoredWithoutId => self.created += 1,
            AddOutcome::Rejected(_) => self.rejected += 1,
            AddOutcome::NotSent(_) => self.not_sent += 1,
            _ => self.unknown += 1,
        }
    }
}
