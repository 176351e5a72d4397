//! The records of a list, as an iterator.

use std::fmt;
use std::iter::FusedIterator;

use super::Runtime;
use crate::error::Error;
use crate::export;

/// The records of a list, page after page: [`crm_transport::Records`](crate::Records) as an iterator.
///
/// A record that cannot be decoded is an error, and the next record follows. Any other error ends the iteration.
/// Nothing is fetched before the first record is requested. Dropping the iterator cancels its calls.
///
/// # Panics
/// `next` panics inside async code; see [the module](crate::blocking#panics).
#[must_use = "nothing is fetched before the records are asked for"]
pub struct Records<T> {
    /// `None` after an error of the runtime.
    records: Option<export::Records<T>>,
    runtime: Runtime,
}

impl<T> export::Records<T> {
    /// Turns the stream into an iterator that waits on this runtime.
    pub fn blocking(self, runtime: &Runtime) -> Records<T> {
        Records { records: Some(self), runtime: runtime.clone() }
    }
}

impl<T> Iterator for Records<T> {
    type Item = Result<T, Error>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        let records = self.records.as_mut()?;
        self.runtime.wait(records.next()).unwrap_or_else(|error| {
            self.records = None;
            Some(Err(error))
        })
    }
}

/// [`crm_transport::Records`](crate::Records) may be asked again after its end.
impl<T> FusedIterator for Records<T> {}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}
