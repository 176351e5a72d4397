//! Every record of a list, page after page.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crm_model::{Page, Unreadable};
use futures_core::Stream;

use crate::error::Error;

/// The records of a list as they come, page after page: a [`Stream`], and a method [`next`](Self::next) for whoever
/// has no use for one.
///
/// An error ends it, except for a record that cannot be read: that one is an error and the next follows. Nothing is
/// fetched before it is asked for; dropping it ends the calls.
#[must_use]
pub struct Records<T> {
    records: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
    ended: bool,
}

impl<T> Records<T> {
    /// A stream of records made otherwise. It may be asked again after its end.
    pub fn new(records: impl Stream<Item = Result<T, Error>> + Send + 'static) -> Self {
        Self { records: Box::pin(records), ended: false }
    }

    /// The next record; `None` after the last.
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

/// The records of all pages that `fetch` brings, until an empty one.
///
/// A page shorter than the others is not taken for the last: a server with a smaller limit would hide the rest. A
/// page with the same ids as the one before it comes from a server that ignores the position. Where that page holds
/// fewer than `asked` records it was all there is; else `stuck` makes the error that says so.
pub fn records<T, F, R>(
    fetch: F,
    asked: usize,
    id: fn(&T) -> u64,
    unreadable: fn(Unreadable) -> Error,
    stuck: fn() -> Error,
) -> Records<T>
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
        asked,
        id,
        unreadable,
        stuck,
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
    asked: usize,
    id: fn(&T) -> u64,
    unreadable: fn(Unreadable) -> Error,
    stuck: fn() -> Error,
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
            pages.take_in(page);
        }
    }
}

impl<T, F, R> Pages<T, F, R> {
    fn take_in(&mut self, page: Result<Page<T>, Error>) {
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
            if page.len() >= self.asked {
                self.ready.push_back(Err((self.stuck)()));
            }
            return;
        }
        self.position.pages += 1;
        self.position.records += page.len() as u64;
        self.last_ids = ids;
        self.ready.extend(page.items.into_iter().map(Ok));
        self.ready.extend(page.unreadable.into_iter().map(|record| Err((self.unreadable)(record))));
    }
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
