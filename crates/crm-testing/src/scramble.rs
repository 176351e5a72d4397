//! What of a recording is made unreadable.

use serde::{Deserialize, Serialize};

/// What a [`Recorder`](super::Recorder) makes unreadable before it writes, beside the keys, which it never writes.
///
/// [`contents`](Self::contents) replaces, in requests and answers, the letters of every text by others: as many, of
/// the same alphabet, digits by digits. The same word becomes the same other word within a recording, so that what
/// was equal is equal still; the key to that is random and written nowhere. What stays, for bugs to be seen:
///
/// - the JSON as it was spelt: types, order and names of its fields, escapes, blanks, what PHP wrote around it;
/// - numbers of up to six digits, in quotes or not; longer ones may be telephone numbers, unless they are the `data`
///   of an answer, which is the id of what was added;
/// - dates and times, HTML tags (`<br />`) and entities (`&quot;`);
/// - the values of fields that hold no text of anybody's: ids (`id`, `cid`, `clid`, `pid`, `did`, `iduser`, `…_id`,
///   `…_ids`), `tip`, `result`, `code`, `status`, `type`, `color`, `filter`, the paging, and the `text` of an
///   `error`;
/// - the answers of `history.fields` and `history.tips`, which describe the account and nobody in it.
///
/// Field names of letters `A` to `z`, digits, `_`, `-` and `.` stay; another name is a text. Paths stay: the
/// documented calls have nobody's words in them.
///
/// What is scrambled is hard to guess and not impossible: who knows some records may know them again by their
/// dates, ids and lengths.
#[derive(Clone, Debug)]
#[must_use]
pub struct Scramble(pub(super) Rules);

/// The setting as it stands in a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rules {
    pub(super) contents: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keep: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hide: Vec<String>,
}

impl Scramble {
    /// Only the keys are left out.
    pub fn nothing() -> Self {
        Self(Rules::default())
    }

    /// Every text that may be somebody's.
    pub fn contents() -> Self {
        Self(Rules { contents: true, ..Rules::default() })
    }

    /// But not the values of this field, wherever it stands.
    pub fn keep(mut self, field: impl Into<String>) -> Self {
        self.0.keep.push(field.into());
        self
    }

    /// The values of this field too, with all that is in them: short numbers and dates as well, which then are dates
    /// no more.
    pub fn hide(mut self, field: impl Into<String>) -> Self {
        self.0.hide.push(field.into());
        self
    }
}

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    Kept,
    /// Scrambled, unless it is a date or a short number.
    Usual,
    Hidden,
}

impl Rules {
    /// Nothing is to be done.
    pub(super) fn is_nothing(&self) -> bool {
        !self.contents && self.hide.is_empty()
    }

    /// Whether an answer of this operation is written as it is.
    pub(super) fn keeps_answer_of(&self, operation: Option<&str>) -> bool {
        self.is_nothing()
            || (self.hide.is_empty() && operation.is_some_and(|id| IMPERSONAL_OPERATIONS.contains(&id)))
    }

    pub(super) fn hides(&self, field: &str) -> bool {
        self.hide.iter().any(|hidden| hidden == field)
    }

    /// What becomes of a value of this field, which stands in an object that is the value of another.
    pub(super) fn fate(&self, field: Option<&str>, of: Option<&str>) -> Fate {
        let usual = if self.contents { Fate::Usual } else { Fate::Kept };
        let Some(field) = field else { return usual };
        if self.hides(field) {
            Fate::Hidden
        } else if self.keep.iter().any(|kept| kept == field) || is_impersonal(field, of) {
            Fate::Kept
        } else {
            usual
        }
    }
}

const IMPERSONAL_OPERATIONS: [&str; 2] = ["history.fields", "history.tips"];

/// Ids, dates, and words of the API.
const IMPERSONAL: [&str; 20] = [
    "id", "ids", "cid", "clid", "pid", "did", "iduser", "datum", "tip", "result", "code", "status", "type",
    "color", "filter", "order", "order_by", "first", "count", "offset",
];

fn is_impersonal(field: &str, of: Option<&str>) -> bool {
    IMPERSONAL.contains(&field)
        || field.ends_with("_id")
        || field.ends_with("_ids")
        // Sentences of the server, in all recordings there are.
        || (field == "text" && of == Some("error"))
}
