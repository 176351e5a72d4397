//! The lines of a journal. `json` is how they are written.

mod json;

use crm_model::history::{EntryId, Rejection};

use super::row::RowHash;
use crate::engine::{Floor, Key, Sending, Settled, UnknownReason};

/// The first line.
#[derive(Default)]
pub(super) struct Header {
    journal: String,
    pub(super) version: u32,
    /// The key of the hashes, 32 hexadecimal digits.
    pub(super) key: String,
}

/// The first line up to its key.
pub(super) const HEADER_START: &str = "{\"journal\":\"crm history import\",\"version\":2,\"key\":\"";
const VERSION: u32 = 2;

impl Header {
    pub(super) fn new(key: String) -> Self {
        Self { journal: "crm history import".to_owned(), version: VERSION, key }
    }

    /// Returns `true` if this is the first line of a journal, of whichever version.
    pub(super) fn is_journal(&self) -> bool {
        self.journal == "crm history import"
    }

    /// Returns `true` if this version can read and continue the file.
    pub(super) fn is_known(&self) -> bool {
        self.is_journal() && self.version == VERSION
    }
}

/// Every other line.
pub(super) enum Line {
    Send(SendLine),
    /// Rows that were inserted or moved, each with the row in front of it.
    Placed(Vec<(Key, Option<Key>)>),
    Done(Vec<(Key, RowHash, RecordedOutcome)>),
}

#[derive(Default)]
pub(super) struct SendLine {
    pub(super) request: u64,
    pub(super) floor: u64,
    /// No list had shown what was there before.
    pub(super) uncertain: bool,
    pub(super) rows: Vec<(Key, RowHash)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum RecordedOutcome {
    Stored(u64),
    /// Stored twice.
    StoredTwice(u64, u64),
    StoredWithoutId,
    /// The code of the server, if it was the server.
    Refused(Option<i64>),
    /// Certainly not stored. The next run sends it.
    Missing,
    /// This record may be it.
    EqualWithoutTime(u64),
    /// This record may be it.
    PerhapsOlder(u64),
    /// This record may be it.
    Similar(u64),
}

impl Line {
    pub(super) fn send(sending: &Sending, hash: impl Fn(Key) -> RowHash) -> Self {
        let rows = sending.keys.iter().map(|&key| (key, hash(key)));
        let Floor { id: floor, is_certain } = sending.floor;
        Self::Send(SendLine { request: sending.request, floor, uncertain: !is_certain, rows: rows.collect() })
    }

    /// Returns the line about these activities. Those that the next run shall look up again are left out.
    pub(super) fn done(settled: &[(Key, Settled)], hash: impl Fn(Key) -> RowHash) -> Self {
        let rows = settled
            .iter()
            .filter_map(|(key, settled)| Some((*key, hash(*key), RecordedOutcome::new(settled)?)));
        Self::Done(rows.collect())
    }
}

impl RecordedOutcome {
    fn new(settled: &Settled) -> Option<Self> {
        Some(match settled {
            Settled::Stored(id, None) => Self::Stored(id.0),
            Settled::Stored(id, Some(copy)) => Self::StoredTwice(id.0, copy.0),
            Settled::StoredWithoutId => Self::StoredWithoutId,
            Settled::Refused(rejection) => Self::Refused(rejection.code),
            Settled::Missing => Self::Missing,
            Settled::Undecidable(UnknownReason::EqualWithoutTime(id)) => Self::EqualWithoutTime(id.0),
            Settled::Undecidable(UnknownReason::PerhapsOlder(id)) => Self::PerhapsOlder(id.0),
            Settled::Undecidable(UnknownReason::Similar(id)) => Self::Similar(id.0),
            Settled::Undecidable(_) => return None,
        })
    }

    /// Returns the IDs of the records that belong to the activity.
    pub(super) fn ids(&self) -> impl Iterator<Item = u64> + use<> {
        let (id, copy) = match *self {
            Self::Stored(id) => (Some(id), None),
            Self::StoredTwice(id, copy) => (Some(id), Some(copy)),
            _ => (None, None),
        };
        id.into_iter().chain(copy)
    }

    pub(super) fn settled(&self) -> Settled {
        match *self {
            Self::Stored(id) => Settled::Stored(EntryId(id), None),
            Self::StoredTwice(id, copy) => Settled::Stored(EntryId(id), Some(EntryId(copy))),
            Self::StoredWithoutId => Settled::StoredWithoutId,
            Self::Refused(code) => {
                Settled::Refused(Rejection::new(code, "refused in an earlier run of this import"))
            }
            Self::Missing => Settled::Missing,
            Self::EqualWithoutTime(id) => Settled::Undecidable(UnknownReason::EqualWithoutTime(EntryId(id))),
            Self::PerhapsOlder(id) => Settled::Undecidable(UnknownReason::PerhapsOlder(EntryId(id))),
            Self::Similar(id) => Settled::Undecidable(UnknownReason::Similar(EntryId(id))),
        }
    }
}
