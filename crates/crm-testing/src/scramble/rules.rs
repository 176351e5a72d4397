//! The rules of a recording: what happens to the values of each field.

use serde::{Deserialize, Serialize};

/// The setting as it is written into a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScrambleRules {
    pub(super) contents: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keep: Vec<String>,
    /// Fields whose numbers are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keep_numbers: Vec<String>,
    /// Operations whose responses are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keep_responses: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) hide: Vec<String>,
}

/// What happens to a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Treatment {
    Keep,
    /// Scramble it, unless it is a date or a short number.
    ScrambleTexts,
    ScrambleAll,
}

impl ScrambleRules {
    /// Whether everything stays as it is.
    pub(super) fn keep_everything(&self) -> bool {
        !self.contents && self.hide.is_empty()
    }

    /// Whether a response of this operation stays as it is.
    pub(crate) fn keep_response_of(&self, operation: Option<&str>) -> bool {
        let is_kept = |id| self.keep_responses.iter().any(|kept| kept == id);
        self.keep_everything() || (self.hide.is_empty() && operation.is_some_and(is_kept))
    }

    /// Returns what happens to the value of this field. `parent` is the field whose value the surrounding object is.
    pub(super) fn treatment(&self, field: Option<&str>, parent: Option<&str>) -> Treatment {
        let default = if self.contents { Treatment::ScrambleTexts } else { Treatment::Keep };
        let Some(field) = field else { return default };
        if lists(&self.hide, field, parent) {
            Treatment::ScrambleAll
        } else if lists(&self.keep, field, parent) || is_id_or_paging(field) {
            Treatment::Keep
        } else {
            default
        }
    }

    /// Returns what happens to a number that is the value of this field.
    pub(super) fn treatment_of_number(&self, field: &str, parent: Option<&str>) -> Treatment {
        match self.treatment(Some(field), parent) {
            Treatment::ScrambleTexts if lists(&self.keep_numbers, field, parent) => Treatment::Keep,
            treatment => treatment,
        }
    }
}

/// Whether the names hold this field, alone or as `parent.field`.
fn lists(names: &[String], field: &str, parent: Option<&str>) -> bool {
    names.iter().any(|name| {
        name == field || name.split_once('.').is_some_and(|(of, name)| Some(of) == parent && name == field)
    })
}

/// Fields that hold IDs and paging in any API.
fn is_id_or_paging(field: &str) -> bool {
    ["id", "ids", "code", "count", "offset", "limit", "page"].contains(&field)
        || field.ends_with("_id")
        || field.ends_with("_ids")
}
