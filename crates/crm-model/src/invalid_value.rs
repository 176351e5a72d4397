//! The error of every conversion from a text or a number.

use std::fmt;

/// A text or a number that is not a value of the requested type.
///
/// `Display` names the type and what it accepts. It never quotes the input, because the input may be personal data.
///
/// ```
/// use crm_model::history::{EntryId, EntryOrder};
///
/// let error = "12a".parse::<EntryId>().unwrap_err();
/// assert_eq!(error.to_string(), "invalid EntryId: expected a whole number from 1 to 18446744073709551615");
/// let error = "title".parse::<EntryOrder>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid EntryOrder: expected one of cid, datum, des, tip, iduser, clid, pid, did",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    type_name: &'static str,
    expected: &'static str,
}

impl InvalidValue {
    /// Creates the error for a type, and what it accepts.
    #[must_use]
    pub fn new(type_name: &'static str, expected: &'static str) -> Self {
        Self { type_name, expected }
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid {}: expected {}", self.type_name, self.expected)
    }
}

impl std::error::Error for InvalidValue {}
