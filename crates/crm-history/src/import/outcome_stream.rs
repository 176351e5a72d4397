//! The stream of outcomes: starts the import when the first outcome is requested, and returns them in the order of the
//! input.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crm_transport::Error;
use futures_core::Stream;

use super::import_outcome::ImportOutcome;
use super::run::Run;

/// The outcomes of an import.
pub(super) struct OutcomeStream(State);

enum State {
    Starting(Pin<Box<dyn Future<Output = Result<Run, Error>> + Send>>),
    Running(Box<Run>),
    Ended,
}

impl OutcomeStream {
    /// Creates the stream. `start` runs when the first outcome is requested.
    pub(super) fn new(start: impl Future<Output = Result<Run, Error>> + Send + 'static) -> Self {
        Self(State::Starting(Box::pin(start)))
    }
}

impl Stream for OutcomeStream {
    type Item = Result<ImportOutcome, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.0 {
                State::Starting(start) => match ready!(start.as_mut().poll(cx)) {
                    Ok(run) => self.0 = State::Running(Box::new(run)),
                    Err(error) => {
                        self.0 = State::Ended;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Running(run) => {
                    let item = ready!(run.poll_next(cx));
                    if !matches!(item, Some(Ok(_))) {
                        self.0 = State::Ended; // nothing follows an error
                    }
                    return Poll::Ready(item);
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}
