//! The records of a list, page after page.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crm_model::{Page, Unreadable};
use futures_core::Stream;

use crate::error::{Error, JsonError};
use crate::operation_info::OperationInfo;

/// The records of a list, page after page. It is a [`Stream`], and has the method [`next`](Self::next).
///
/// A record that cannot be decoded is an error, and the next record follows. Any other error ends the stream. Nothing is
/// fetched before it is asked for. Dropping the stream cancels its calls.
///
/// # Panics
/// The records of a client can only be asked for inside a tokio runtime with timers (`enable_time` or `enable_all`).
#[must_use]
pub struct Records<T> {
    records: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
    ended: bool,
}

impl<T> Records<T> {
    /// Creates records from any stream. Unlike that stream, they may be asked for again after the end.
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

/// Where the next page begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// Pages before it.
    pub pages: u64,
    /// Records before it.
    pub records: u64,
}

/// Returns the records of all pages that `fetch` returns, until an empty page.
///
/// `info` is the operation that fetches a page, `page_size` the number of records that it asks for, and `id` returns the
/// id of a record.
///
/// A short page is not taken for the last one, because a server with a lower limit would hide the rest. A page with the
/// same ids as the one before it comes from a server that ignores the position. If that page has fewer than `page_size`
/// records, it was the only one. Otherwise the stream ends with an error.
pub fn records<T, F, R>(info: OperationInfo, page_size: usize, id: fn(&T) -> u64, fetch: F) -> Records<T>
where
    T: Send + 'static,
    F: FnMut(Position) -> R + Send + 'static,
    R: Future<Output = Result<Page<T>, Error>> + Send + 'static,
{
    Records::new(Pages {
        fetch,
        in_flight: None,
        ready: VecDeque::new(),
        position: Position::default(),
        last_ids: Vec::new(),
        ended: false,
        info,
        page_size,
        id,
    })
}

/// The pages of a list, one after the other.
struct Pages<T, F, R> {
    fetch: F,
    in_flight: Option<Pin<Box<R>>>,
    ready: VecDeque<Result<T, Error>>,
    position: Position,
    last_ids: Vec<u64>,
    ended: bool,
    info: OperationInfo,
    page_size: usize,
    id: fn(&T) -> u64,
}

/// Nothing in it is pinned where it stands.
impl<T, F, R> Unpin for Pages<T, F, R> {}

impl<T, F, R> Stream for Pages<T, F, R>
where
    F: FnMut(Position) -> R,
    R: Future<Output = Result<Page<T>, Error>>,
{
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let pages = &mut *self;
        loop {
            if let Some(record) = pages.ready.pop_front() {
                return Poll::Ready(Some(record));
            }
            if pages.ended {
                return Poll::Ready(None);
            }
            let call = pages.in_flight.get_or_insert_with(|| Box::pin((pages.fetch)(pages.position)));
            let page = ready!(call.as_mut().poll(cx));
            pages.in_flight = None;
            pages.add(page);
        }
    }
}

impl<T, F, R> Pages<T, F, R> {
    fn add(&mut self, page: Result<Page<T>, Error>) {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                self.ended = true;
                return self.ready.push_back(Err(error));
            }
        };
        let ids: Vec<u64> = page.items.iter().map(self.id).collect();
        let repeated = !ids.is_empty() && ids == self.last_ids;
        self.ended = page.is_empty() || repeated;
        if repeated {
            if page.len() >= self.page_size {
                let fault = "the server returned the same page again: it ignores the offset, so the rest cannot be read";
                self.ready.push_back(Err(Error::undecodable(&self.info, JsonError::new("$", fault))));
            }
            return;
        }
        self.position.pages += 1;
        self.position.records += page.len() as u64;
        self.last_ids = ids;
        self.ready.extend(page.items.into_iter().map(Ok));
        let unreadable = page.unreadable.into_iter();
        self.ready.extend(unreadable.map(|record| Err(unreadable_record(&self.info, record))));
    }
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
