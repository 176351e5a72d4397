//! Chunks on their way, some at a time, and their outcomes in the order of the input.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crm_transport::Error;
use futures_core::Stream;

use super::chunk::{Chunk, Chunks};
use super::{Imported, OnProgress, Progress};

/// Takes the next chunk out of the input.
pub(super) type Taking = Doing<Result<Option<(Chunk, Chunks)>, Error>>;
type Doing<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The outcomes of a chunk, and the error that ends the import after them.
type Done = (Vec<Imported>, Option<Error>);

enum Work {
    Doing(Doing<Done>),
    Done(Done),
}

/// The outcomes of an import.
pub(super) struct Outcomes {
    /// `None` once there is nothing more to take.
    taking: Option<Taking>,
    /// At most so many chunks, in the order of the input.
    concurrency: usize,
    chunks: VecDeque<Work>,
    ready: VecDeque<Result<Imported, Error>>,
    progress: Progress,
    on_progress: OnProgress,
}

impl Outcomes {
    pub(super) fn new(first: Taking, concurrency: usize, on_progress: OnProgress) -> Self {
        Self {
            taking: Some(first),
            concurrency,
            chunks: VecDeque::new(),
            ready: VecDeque::new(),
            progress: Progress::default(),
            on_progress,
        }
    }

    /// Takes chunks as long as there is room for them.
    fn take(&mut self, cx: &mut Context<'_>) {
        while self.chunks.len() < self.concurrency
            && let Some(taking) = &mut self.taking
            && let Poll::Ready(taken) = taking.as_mut().poll(cx)
        {
            self.taking = None;
            match taken {
                Ok(Some((chunk, chunks))) => {
                    let worker = Arc::clone(&chunks.worker);
                    self.taking = Some(Box::pin(chunks.next()));
                    self.chunks.push_back(Work::Doing(Box::pin(async move { worker.work(chunk).await })));
                }
                Ok(None) => {}
                Err(error) => self.chunks.push_back(Work::Done((Vec::new(), Some(error)))),
            }
        }
    }

    /// Works on all chunks; `None` where there are none, else the outcomes of the first, once they are there.
    fn work(&mut self, cx: &mut Context<'_>) -> Poll<Option<Done>> {
        for work in &mut self.chunks {
            if let Work::Doing(doing) = work
                && let Poll::Ready(done) = doing.as_mut().poll(cx)
            {
                *work = Work::Done(done);
            }
        }
        match self.chunks.pop_front() {
            Some(Work::Done(done)) => Poll::Ready(Some(done)),
            Some(doing) => {
                self.chunks.push_front(doing);
                Poll::Pending
            }
            None if self.taking.is_some() => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

impl Stream for Outcomes {
    type Item = Result<Imported, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.ready.pop_front() {
                return Poll::Ready(Some(item));
            }
            this.take(cx);
            let Some((imported, error)) = ready!(this.work(cx)) else { return Poll::Ready(None) };
            imported.iter().for_each(|imported| this.progress.count(&imported.outcome));
            (this.on_progress)(&this.progress);
            this.ready.extend(imported.into_iter().map(Ok));
            if let Some(error) = error {
                // Nothing after an error: the chunks behind it may not have been written down.
                (this.taking, this.chunks) = (None, VecDeque::new());
                this.ready.push_back(Err(error));
            }
        }
    }
}
