//! The lines of a journal, as JSON.

use crm_model::history::{AddOutcome, EntryId, Rejection};
use serde::{Deserialize, Serialize};

use crate::import::chunk::{Chunk, Sent};

/// The first line.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    journal: String,
    version: u32,
}

impl Header {
    pub(super) fn new() -> Self {
        Self { journal: "crm history import".to_owned(), version: 1 }
    }

    /// Returns `true` if this version can read and continue the file.
    pub(super) fn is_known(&self) -> bool {
        let Self { journal, version } = Self::new();
        (&self.journal, self.version) == (&journal, version)
    }
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Send(SendLine),
    Done(DoneLine),
}

#[derive(Serialize, Deserialize)]
pub(super) struct SendLine {
    pub(super) first: u64,
    pub(super) count: u64,
    pub(super) hash: String,
    pub(super) items: Vec<usize>,
    pub(super) watermark: u64,
    pub(super) at: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DoneLine {
    pub(super) first: u64,
    pub(super) outcomes: Vec<(usize, RecordedOutcome)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordedOutcome {
    Created(u64),
    StoredWithoutId,
    Rejected(Option<i64>, String),
    /// Certainly not stored. The next run sends it.
    Missing,
    Unknown(String),
}

impl Line {
    pub(super) fn send(chunk: &Chunk, sent: &Sent) -> Self {
        let Sent { items, watermark, at } = sent.clone();
        let (first, count) = (chunk.first, chunk.items.len() as u64);
        Self::Send(SendLine {
            first,
            count,
            hash: format!("{:016x}", chunk.hash.value()),
            items,
            watermark,
            at,
        })
    }

    pub(super) fn done(first: u64, outcomes: &[(usize, AddOutcome)]) -> Self {
        let outcomes = outcomes.iter().map(|(item, outcome)| (*item, RecordedOutcome::from(outcome)));
        Self::Done(DoneLine { first, outcomes: outcomes.collect() })
    }
}

impl From<&AddOutcome> for RecordedOutcome {
    fn from(outcome: &AddOutcome) -> Self {
        match outcome {
            AddOutcome::Created(id) => Self::Created(id.0),
            AddOutcome::StoredWithoutId => Self::StoredWithoutId,
            AddOutcome::Rejected(Rejection { code, text, .. }) => Self::Rejected(*code, text.clone()),
            AddOutcome::NotSent(_) => Self::Missing,
            AddOutcome::Unknown(reason) => Self::Unknown(reason.clone()),
            other => Self::Unknown(other.to_string()),
        }
    }
}

impl RecordedOutcome {
    /// Returns the outcome, or `None` if the activity is to be sent.
    pub(super) fn into_final(self) -> Option<AddOutcome> {
        match self {
            Self::Created(id) => Some(AddOutcome::Created(EntryId(id))),
            Self::StoredWithoutId => Some(AddOutcome::StoredWithoutId),
            Self::Rejected(code, text) => Some(AddOutcome::Rejected(Rejection::new(code, text))),
            Self::Missing => None,
            Self::Unknown(reason) => Some(AddOutcome::Unknown(reason)),
        }
    }
}
