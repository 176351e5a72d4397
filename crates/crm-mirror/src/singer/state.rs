//! [`State`]: how far a target is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The progress of a target: the value of a `STATE` message. Keep the last one that a target has written, and pass it
/// to the next run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// The bookmark of each stream.
    #[serde(default)]
    pub bookmarks: BTreeMap<String, Bookmark>,
    /// Identifies the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// The stream that was being written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currently_syncing: Option<String>,
}

/// The progress of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bookmark {
    /// Everything up to this entry of the change log was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// While all rows are written: the key of the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<[i64; 3]>,
    /// Identifies the columns that were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The version of the last full table that was activated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}
