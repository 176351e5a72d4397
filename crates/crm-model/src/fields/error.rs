//! The error of a typed field access.

use std::fmt;

use serde_json::Value;

use crate::OneLine;
use crate::php::Scalar;

/// A field whose value has another type than the requested one.
///
/// `Display` names the field, what was expected and what was found. It leaves out the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    name: String,
    expected: &'static str,
    found: String,
}

impl FieldError {
    pub(crate) fn new(name: &str, expected: &'static str, value: &Value) -> Self {
        let found = match (value, Scalar::from_value(value)) {
            (_, Some(scalar)) => scalar.found(),
            (Value::Array(items), None) => format!("a list of {}", items.len()),
            (_, None) => "an object".to_owned(),
        };
        Self { name: name.to_owned(), expected, found }
    }

    /// Returns the name of the field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, found) = (OneLine(&self.name), OneLine(&self.found));
        write!(f, "field \"{name}\": expected {}, found {found}", self.expected)
    }
}

impl std::error::Error for FieldError {}
