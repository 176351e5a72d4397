//! A page of a list, with the records that could not be read.

use std::fmt;

use crate::OneLine;

/// One page of a list.
///
/// A record that cannot be decoded never hides the others: it is in [`unreadable`](Self::unreadable).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The decoded records, in the server's order.
    pub items: Vec<T>,
    /// The records that could not be decoded.
    pub unreadable: Vec<Unreadable>,
    /// The number of records on all pages, if the server returns it. SalesMan never does. For solOS a key `total` next
    /// to the records is *assumed*.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// Creates a page of decoded records.
    #[must_use]
    pub fn new(items: Vec<T>) -> Self {
        Self { items, unreadable: Vec::new(), total: None }
    }

    /// Returns the number of records on the page, decoded or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len() + self.unreadable.len()
    }

    /// Returns whether the server sent no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    /// Iterates over the readable records.
    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Page<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    /// Iterates over the readable records.
    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

/// A record that could not be decoded. `Debug` and `Display` leave out its raw value, because it may be personal data.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreadable {
    /// The JSON path of the value that could not be decoded, from the root of the response: `$.data[3].datum`.
    pub path: String,
    /// What was expected there, and what was found.
    pub reason: String,
    /// The whole record as received: JSON text.
    pub raw: String,
}

impl Unreadable {
    /// Creates the description of a record that could not be decoded.
    #[must_use]
    pub fn new(path: impl Into<String>, reason: impl Into<String>, raw: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into(), raw: raw.into() }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", OneLine(&self.path), OneLine(&self.reason))
    }
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unreadable")
            .field("path", &self.path)
            .field("reason", &self.reason)
            .field("raw", &format_args!("<{} bytes>", self.raw.len()))
            .finish()
    }
}
