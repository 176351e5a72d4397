//! Every record of a list, page after page.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crm_model::{Page, Unreadable};
use futures_core::Stream;
use futures_util::{StreamExt, stream};

use crate::Error;

/// The records of a list as they come, page after page: a [`Stream`], and a method [`next`](Self::next) for whoever
/// has no use for one.
///
/// An error ends it, except for a record that cannot be read: that one is an error and the next follows. Nothing is
/// fetched before it is asked for; dropping it ends the calls.
#[must_use]
pub struct Records<T>(Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>);

impl<T> Records<T> {
    /// A stream of records made otherwise. It may be asked again after its end.
    pub fn new(records: impl Stream<Item = Result<T, Error>> + Send + 'static) -> Self {
        Self(Box::pin(records.fuse()))
    }

    /// The next record; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|cx| self.0.as_mut().poll_next(cx)).await
    }
}

impl<T> Stream for Records<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
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
    mut fetch: F,
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
    struct State<T> {
        ready: VecDeque<Result<T, Error>>,
        position: Position,
        last_ids: Vec<u64>,
        ended: bool,
    }
    let state =
        State { ready: VecDeque::new(), position: Position::default(), last_ids: Vec::new(), ended: false };
    let mut step = move |mut state: State<T>| {
        let fetched = (state.ready.is_empty() && !state.ended).then(|| fetch(state.position));
        async move {
            if let Some(fetched) = fetched {
                match fetched.await {
                    Ok(page) => {
                        let ids: Vec<u64> = page.items.iter().map(id).collect();
                        let repeated = !ids.is_empty() && ids == state.last_ids;
                        state.ended = page.is_empty() || repeated;
                        if repeated && page.len() >= asked {
                            state.ready.push_back(Err(stuck()));
                        } else if !repeated {
                            state.position.pages += 1;
                            state.position.records += page.len() as u64;
                            state.last_ids = ids;
                            state.ready.extend(page.items.into_iter().map(Ok));
                            state
                                .ready
                                .extend(page.unreadable.into_iter().map(|record| Err(unreadable(record))));
                        }
                    }
                    Err(error) => {
                        state.ended = true;
                        state.ready.push_back(Err(error));
                    }
                }
            }
            let record = state.ready.pop_front()?;
            Some((record, state))
        }
    };
    Records::new(stream::unfold(state, move |state| step(state)))
}
