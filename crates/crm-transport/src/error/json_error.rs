//! Why a JSON text cannot be decoded as a type.

use std::fmt;

use crm_model::OneLine;

/// Why a JSON text cannot be decoded as a type. It quotes no value, because a value may be personal data.
#[derive(Clone, Debug)]
pub struct JsonError {
    path: String,
    reason: String,
    cut: bool,
}

impl JsonError {
    /// Creates an error about the value at this path.
    #[must_use]
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into(), cut: false }
    }

    /// Marks whether the text ends in the middle of the JSON.
    pub(crate) fn with_cut(mut self, cut: bool) -> Self {
        self.cut = cut;
        self
    }

    /// Returns the JSON path of the value, from the root of the response: `$.data[3].datum`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what was expected there and what was found.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns `true` if the text ends in the middle of the JSON.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    pub(super) fn change_texts(&mut self, change: &mut dyn FnMut(&mut String)) {
        change(&mut self.path);
        change(&mut self.reason);
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", OneLine(&self.reason), OneLine(&self.path))
    }
}

impl std::error::Error for JsonError {}
