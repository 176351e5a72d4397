//! The stream of outcomes: keeps some chunks in flight, and returns their outcomes in the order of the input.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crm_transport::Error;
use futures_core::Stream;

use super::chunk::Chunk;
use super::import_outcome::{ImportOutcome, ImportProgress};
use super::input_reader::ChunkReader;
use super::sender::Sender;

pub(super) type OnProgress = Box<dyn FnMut(&ImportProgress) + Send>;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// The next chunk, with what reads and sends the chunks.
type NextChunk = Result<Option<(Chunk, ChunkReader, Arc<Sender>)>, Error>;
/// The outcomes of a chunk, and the error that ends the import after them.
type ChunkOutcomes = (Vec<ImportOutcome>, Option<Error>);

enum InFlight {
    Sending(BoxFuture<ChunkOutcomes>),
    Finished(ChunkOutcomes),
}

/// The outcomes of an import.
pub(super) struct OutcomeStream {
    /// `None` once nothing more is to be read.
    reading: Option<BoxFuture<NextChunk>>,
    /// Maximum number of chunks in flight.
    concurrency: usize,
    /// In the order of the input.
    chunks: VecDeque<InFlight>,
    ready: VecDeque<Result<ImportOutcome, Error>>,
    progress: ImportProgress,
    on_progress: OnProgress,
}

impl OutcomeStream {
    /// Creates the stream. `start` runs when the first outcome is asked for.
    pub(super) fn new(
        start: impl Future<Output = Result<(ChunkReader, Sender), Error>> + Send + 'static,
        concurrency: usize,
        on_progress: OnProgress,
    ) -> Self {
        let first = async move {
            let (reader, sender) = start.await?;
            next_chunk(reader, Arc::new(sender)).await
        };
        Self {
            reading: Some(Box::pin(first)),
            concurrency,
            chunks: VecDeque::new(),
            ready: VecDeque::new(),
            progress: ImportProgress::default(),
            on_progress,
        }
    }

    /// Reads chunks as long as more may be in flight.
    fn poll_reading(&mut self, cx: &mut Context<'_>) {
        while self.chunks.len() < self.concurrency
            && let Some(reading) = &mut self.reading
            && let Poll::Ready(next) = reading.as_mut().poll(cx)
        {
            self.reading = None;
            match next {
                Ok(Some((chunk, reader, sender))) => {
                    self.reading = Some(Box::pin(next_chunk(reader, Arc::clone(&sender))));
                    let sending = Box::pin(async move { sender.send(chunk).await });
                    self.chunks.push_back(InFlight::Sending(sending));
                }
                Ok(None) => {}
                Err(error) => self.chunks.push_back(InFlight::Finished((Vec::new(), Some(error)))),
            }
        }
    }

    /// Polls all chunks in flight. Returns the outcomes of the first once they are known, or `None` at the end.
    fn poll_sending(&mut self, cx: &mut Context<'_>) -> Poll<Option<ChunkOutcomes>> {
        for chunk in &mut self.chunks {
            if let InFlight::Sending(sending) = chunk
                && let Poll::Ready(outcomes) = sending.as_mut().poll(cx)
            {
                *chunk = InFlight::Finished(outcomes);
            }
        }
        match self.chunks.pop_front() {
            Some(InFlight::Finished(outcomes)) => Poll::Ready(Some(outcomes)),
            Some(sending) => {
                self.chunks.push_front(sending);
                Poll::Pending
            }
            None if self.reading.is_some() => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

async fn next_chunk(mut reader: ChunkReader, sender: Arc<Sender>) -> NextChunk {
    let chunk = reader.next().await?;
    Ok(chunk.map(|chunk| (chunk, reader, sender)))
}

impl Stream for OutcomeStream {
    type Item = Result<ImportOutcome, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.ready.pop_front() {
                return Poll::Ready(Some(item));
            }
            this.poll_reading(cx);
            let Some((outcomes, error)) = ready!(this.poll_sending(cx)) else { return Poll::Ready(None) };
            outcomes.iter().for_each(|outcome| this.progress.count(&outcome.outcome));
            this.ready.extend(outcomes.into_iter().map(Ok));
            if let Some(error) = error {
                // Nothing follows an error, because the journal may not know the chunks behind it.
                (this.reading, this.chunks) = (None, VecDeque::new());
                this.ready.push_back(Err(error));
            }
            // Last, because it may panic, and no outcome may be lost then.
            (this.on_progress)(&this.progress);
        }
    }
}
