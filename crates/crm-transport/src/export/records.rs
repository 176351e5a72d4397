//! The records of a list, page after page.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crm_model::{Page, Unreadable};
use futures_core::Stream;

use super::record_pages::RecordPages;
use crate::error::{Error, JsonError};
use crate::operation_info::OperationInfo;

/// The records of a list, page after page. It is a `futures_core::Stream`, and has the method [`next`](Self::next).
///
/// A record that cannot be decoded is an error, and the next record follows. Any other error ends the stream. Nothing
/// is fetched before it is requested. Dropping the stream cancels its calls.
///
/// # Panics
/// The records of a client can be requested only inside a tokio runtime with timers (`enable_time` or `enable_all`).
#[must_use]
pub struct Records<T> {
    records: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
    ended: bool,
}

impl<T> Records<T> {
    /// Creates records from any stream. Unlike that stream, they can be polled again after the end.
    pub fn new(records: impl Stream<Item = Result<T, Error>> + Send + 'static) -> Self {
        Self { records: Box::pin(records), ended: false }
    }

    /// Returns the next record; `None` after the last.
    ///
    /// Dropping the returned future loses no record.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<T> Stream for Records<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let record = ready!(self.records.as_mut().poll_next(cx));
        self.ended = record.is_none();
        Poll::Ready(record)
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// Pages before it.
    pub pages: u64,
    /// Records before it.
    pub records: u64,
}

/// Returns the records of all pages that `fetch` returns, from a list whose offset counts pages.
///
/// `info` is the operation that fetches a page, `page_size` the number of records that it requests, and `id` returns
/// the ID of a record.
///
/// The end is accepted only if the page after it and one far beyond it are empty, each read twice. That takes four or
/// five calls. A page that is empty or short although others follow is read again. If it stays so, the others are
/// returned, and the last item is an [`Incomplete`](crate::ErrorKind::Incomplete) error. So is it if a page holds a
/// record twice.
///
/// A page that came before comes from a server that ignores the position. If it has fewer than `page_size` records, it
/// was the last one. Otherwise the stream ends with an error.
///
/// Records that are deleted while the list is read move others, which are then missed. An [`Export`](crate::Export)
/// misses none.
pub fn records<T, F, R>(info: OperationInfo, page_size: usize, id: fn(&T) -> u64, fetch: F) -> Records<T>
where
    T: Send + 'static,
    F: FnMut(Position) -> R + Send + 'static,
    R: Future<Output = Result<Page<T>, Error>> + Send + 'static,
{
    Records::new(RecordPages::new(info, page_size, id, fetch))
}

/// Returns the records of all pages like [`records`], from a list whose offset counts records. A short page then hides
/// none, because the next one begins after its last record.
pub fn records_by_offset<T, F, R>(
    info: OperationInfo,
    page_size: usize,
    id: fn(&T) -> u64,
    fetch: F,
) -> Records<T>
where
    T: Send + 'static,
    F: FnMut(Position) -> R + Send + 'static,
    R: Future<Output = Result<Page<T>, Error>> + Send + 'static,
{
    Records::new(RecordPages::new(info, page_size, id, fetch).counting_records())
}

/// Creates the error about a record that cannot be decoded.
pub(super) fn unreadable_record(info: &OperationInfo, record: Unreadable) -> Error {
    Error::undecodable(info, JsonError::new(record.path, record.reason))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn it_may_be_asked_again_after_its_end() {
        // This one panics when it is.
        let mut records =
            Records::new(stream::unfold(0, |n| async move { (n < 2).then_some((Ok(n), n + 1)) }));
        assert_eq!([records.next().await.unwrap().unwrap(), records.next().await.unwrap().unwrap()], [0, 1]);
        assert!(records.next().await.is_none());
        assert!(records.next().await.is_none());
    }
}
