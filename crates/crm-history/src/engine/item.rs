//! An activity in the engine.

use std::collections::HashMap;
use std::sync::Arc;

use crm_model::history::{EntryId, NewEntry, Rejection};
use crm_transport::Error;
use crm_transport::durable::IdentityHash;
use tokio::time::Instant;

use super::ranges::Ranges;
use super::reasons::{NotSentReason, UnknownReason};

/// Identifies an activity. The import uses its position in the input.
pub type Key = u64;

/// An activity that is handed to the engine.
#[derive(Debug)]
pub struct Activity {
    pub key: Key,
    pub entry: NewEntry,
    /// Set if an earlier process sent it and did not learn the outcome.
    pub sent_before: Option<SentBefore>,
}

/// What the store knows about a request without an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentBefore {
    /// Number of the request.
    pub request: u64,
    pub floor: Floor,
}

/// Separates the records of a request from those that were there before: these have an ID at or below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The highest ID that was known before the request was sent.
    pub id: u64,
    /// Every older record is at or below it. If not, a record above it may be an older one that no list had shown.
    pub is_certain: bool,
}

/// What a store knows of earlier processes, all in all.
#[derive(Debug)]
pub struct Earlier {
    /// The IDs of the activities that they settled.
    pub claimed: Ranges,
    /// Each ID was above the floor of its request.
    pub ids_grow: bool,
    /// One of these floors was another one of these IDs, or above it. So IDs have grown from request to request.
    pub has_grown: bool,
    /// The highest number of their requests.
    pub last_request: u64,
    /// How many activities they left in doubt. They come back one by one.
    pub in_doubt: usize,
    /// Activities are stored whose IDs are not known, or may be.
    pub has_unknown_ids: bool,
    /// The lowest floor of what they left in doubt.
    pub lowest_floor: Option<u64>,
    /// The lowest floor of all their requests. 0 if it is not known.
    pub oldest_floor: u64,
    /// The floors of the activities that they stored without learning an ID, by the key of each equal one in doubt.
    pub without_id: HashMap<Key, Vec<u64>>,
}

impl Default for Earlier {
    /// Nothing.
    fn default() -> Self {
        let without_id = HashMap::new();
        Self {
            claimed: Ranges::default(),
            ids_grow: true,
            has_grown: false,
            last_request: 0,
            in_doubt: 0,
            has_unknown_ids: false,
            lowest_floor: None,
            oldest_floor: 0,
            without_id,
        }
    }
}

/// How the engine ends with an activity.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// It is stored under this ID. `copy` is the ID of a second record of it.
    Stored { id: EntryId, copy: Option<EntryId> },
    /// It is stored, and the server did not say under which ID.
    StoredWithoutId,
    /// The server refused it.
    Refused(Rejection),
    /// It is certainly not stored.
    NotSent(NotSentReason),
    /// It is stored or not.
    Unknown(UnknownReason),
}

/// Whose records a list shows: those of the caller (`None`), or those of this login, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct View(pub(super) Option<String>);

impl View {
    pub(super) fn new(entry: &NewEntry) -> Self {
        // The server ignores case and the spaces at the end (observed).
        Self(entry.user.as_deref().map(|login| login.trim_end().to_lowercase()))
    }
}

/// An activity, with what the engine derives from it.
pub(super) struct Item {
    pub(super) key: Key,
    pub(super) entry: NewEntry,
    pub(super) view: View,
    /// The same for activities that are equal in everything that is written.
    pub(super) identity: u64,
    /// Size of its JSON.
    pub(super) bytes: usize,
}

/// An activity that waits to be sent, or that is in a request.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) item: Arc<Item>,
    /// Maximum number of activities in its request. It halves when a request fails.
    pub(super) piece: usize,
    /// The piece to which it belongs; 0 before it is first sent. Pieces do not mix.
    pub(super) group: u64,
    pub(super) since: Instant,
    /// How often it was sent.
    pub(super) sent: u32,
    /// Its mark must be looked for before it is sent.
    pub(super) mark_unknown: bool,
}

/// What the server said in place of an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: Option<i64>,
    pub(super) status: Option<u16>,
    pub(super) text: String,
}

impl Item {
    /// `is_caller` recognizes the login of the caller.
    pub(super) fn new(key: Key, entry: NewEntry, is_caller: impl Fn(&str) -> bool) -> Self {
        let view = View::new(&entry);
        let json = serde_json::to_vec(&entry).unwrap_or_default();
        let bytes = json.len() + 1;
        // The server stores the same record however a login is spelled, and whether the caller is named or not.
        let json = match &view.0 {
            None => json,
            Some(login) => {
                let mut written = entry.clone();
                written.user = Some(login.clone()).filter(|login| !is_caller(login));
                serde_json::to_vec(&written).unwrap_or_default()
            }
        };
        let identity = IdentityHash::new().with(&json).value();
        Self { key, view, entry, identity, bytes }
    }
}

impl Waiting {
    /// `is_caller` recognizes the login of the caller.
    pub(super) fn new(key: Key, entry: NewEntry, is_caller: impl Fn(&str) -> bool) -> Self {
        let item = Arc::new(Item::new(key, entry, is_caller));
        Self { item, piece: usize::MAX, group: 0, since: Instant::now(), sent: 0, mark_unknown: false }
    }
}

impl Answer {
    /// Returns the answer of a failed request, or `None` if there was none.
    pub(super) fn of_error(error: &Error) -> Option<Self> {
        let status = error.http_status()?;
        Some(Self { code: error.api_code(), status: Some(status), text: error.to_string() })
    }
}
