//! An activity as it is kept: its JSON, its mark, its fingerprint, and how two of them differ.

use std::hash::Hasher;

use chrono::Days;
use crm_history::NewEntry;
use crm_history::operations::Add;
use crm_transport::{Error, Operation};
use siphasher::sip::SipHasher24;

/// An activity as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredActivity {
    /// The activity as JSON with the vendor's field names.
    pub json: String,
    /// Its mark, which the JSON holds only as the end of the content.
    pub mark: Option<String>,
    /// Why a store could not read it. Then the other fields are empty.
    fault: Option<&'static str>,
}

/// An activity that is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewActivity {
    /// The idempotency key.
    pub key: String,
    /// The activity.
    pub activity: StoredActivity,
    /// Recognizes the activity after its content was removed.
    pub fingerprint: u64,
}

impl StoredActivity {
    /// Creates it from what a store has read.
    #[must_use]
    pub fn new(json: String, mark: Option<String>) -> Self {
        Self { json, mark, fault: None }
    }

    /// Creates one that a store could not read, for this reason.
    #[cfg(feature = "sqlite")]
    pub(crate) fn unreadable(fault: &'static str) -> Self {
        Self { json: String::new(), mark: None, fault: Some(fault) }
    }

    /// Creates it from an activity.
    #[must_use]
    pub fn from_entry(entry: &NewEntry) -> Self {
        Self::new(serde_json::to_string(entry).unwrap_or_default(), entry.mark.clone())
    }

    /// Decodes the activity. On failure returns the reason as a text.
    pub(crate) fn entry(&self) -> Result<NewEntry, String> {
        if let Some(fault) = self.fault {
            return Err(fault.to_owned());
        }
        let mut entry: NewEntry = serde_json::from_str(&self.json)
            .map_err(|error| format!("the activity cannot be decoded: {error}"))?;
        let Some(mark) = &self.mark else { return Ok(entry) };
        // The JSON is what is sent. A hook looks for a phone number in the content, for example.
        if let Some(content) = entry.content.strip_suffix(&format!(" [{mark}]")) {
            entry.content.truncate(content.len());
        }
        Ok(entry.mark(mark))
    }
}

impl NewActivity {
    /// Checks a key and an activity, as [`put`](crate::Outbox::put) does. For tests of your own
    /// [`Store`](crate::Store).
    ///
    /// # Errors
    /// The key or the activity is refused.
    pub fn from_entry(key: &str, entry: &NewEntry) -> Result<Self, Error> {
        Self::new("outbox.put", key, entry)
    }

    pub(crate) fn new(operation: &'static str, key: &str, entry: &NewEntry) -> Result<Self, Error> {
        if let Some(fault) = key_fault(key) {
            return Err(Error::invalid_request(operation, "key", fault));
        }
        check(operation, entry)?;
        Ok(Self {
            key: key.to_owned(),
            activity: StoredActivity::from_entry(entry),
            fingerprint: fingerprint(key, entry),
        })
    }
}

/// Returns an error if the activity could not be sent.
pub(crate) fn check(operation: &'static str, entry: &NewEntry) -> Result<(), Error> {
    // The client that sends an instant knows the time zone. No zone is a whole day from UTC.
    let times = match entry.at_instant {
        None => vec![entry.at],
        Some(instant) => {
            let utc = instant.naive_utc();
            [utc.checked_sub_days(Days::new(1)), utc.checked_add_days(Days::new(1))]
                .map(|at| Some(at.unwrap_or(utc)))
                .to_vec()
        }
    };
    for at in times {
        let mut entry = entry.clone();
        (entry.at, entry.at_instant) = (at, None);
        if let Err(error) = Add::new(entry).request() {
            return Err(match error.field() {
                Some(field) => Error::invalid_request(operation, field, error.message()),
                None => error,
            });
        }
    }
    Ok(())
}

fn key_fault(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        Some("is empty")
    } else if key.len() > LONGEST_KEY {
        Some("is longer than 255 bytes")
    } else if key.chars().any(char::is_control) {
        Some("contains a control character")
    } else {
        None
    }
}

/// Returns the hash by which an activity is recognized after its content was removed. It depends on the key, so that
/// equal activities do not have equal hashes.
pub(crate) fn fingerprint(key: &str, entry: &NewEntry) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write_u64(key.len() as u64);
    hasher.write(key.as_bytes());
    hasher.write(&serde_json::to_vec(entry).unwrap_or_default());
    hasher.finish()
}

/// Returns the vendor's names of the fields in which the two differ.
pub(crate) fn differing_fields(one: &NewEntry, other: &NewEntry) -> Vec<&'static str> {
    let fields = [
        ("user", one.user != other.user),
        ("datum", (one.at, one.at_instant) != (other.at, other.at_instant)),
        ("tip", one.activity_type != other.activity_type),
        ("content", one.sent_content() != other.sent_content()),
        ("clid", one.client != other.client),
        ("pid", one.contacts != other.contacts),
        ("did", one.deal != other.deal),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

const LONGEST_KEY: usize = 255;
