//! Every record of a list, one after the other.

use std::fmt;
use std::iter::FusedIterator;

use crate::blocking::Runtime;
use crate::error::Error;

/// The records of a list as they come, page after page: [`crm_transport::Records`](crate::Records) as an iterator.
///
/// An error ends it, except for a record that cannot be read: that one is an error and the next follows. Nothing is
/// fetched before it is asked for; dropping it ends the calls.
#[must_use = "nothing is fetched before the records are asked for"]
pub struct Records<T> {
    /// `None` after it was asked where nobody may wait.
    records: Option<crate::Records<T>>,
    runtime: Runtime,
}

impl<T> Records<T> {
    /// These records, waited for on this runtime.
    pub fn new(records: crate::Records<T>, runtime: &Runtime) -> Self {
        Self { records: Some(records), runtime: runtime.clone() }
    }
}

impl<T> Iterator for Records<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let records = self.records.as_mut()?;
        self.runtime.wait(records.next()).unwrap_or_else(|refused| {
            self.records = None;
            Some(Err(refused))
        })
    }
}

/// The records themselves may be asked again after their end.
impl<T> FusedIterator for Records<T> {}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}
