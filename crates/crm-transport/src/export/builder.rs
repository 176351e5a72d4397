//! The options of an export.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::Export;
use super::checkpoint::Checkpoint;
use super::progress::{ExportProgress, OnProgress};
use super::source::ExportSource;
use super::verdict::ExportFigures;
use crate::async_mode::Async;
use crate::error::Error;

/// Called before a checkpoint is saved.
pub(super) type BeforeCheckpoint = Box<dyn FnMut(&ExportFigures) -> io::Result<u64> + Send>;

/// The maximum number of concurrent calls of an export.
const MOST_CALLS: usize = 64;

/// Builds an [`Export`].
///
/// [`start`](Self::start) takes the options, so none of them can be changed later.
///
/// `M` selects async or blocking. The builder of a blocking client is an `ExportBuilder<_, blocking::Runtime>`.
#[must_use = "nothing is exported before `start` is called"]
pub struct ExportBuilder<S, M = Async> {
    source: S,
    concurrency: usize,
    on_progress: Option<OnProgress>,
    checkpoint: Option<PathBuf>,
    before_checkpoint: Option<BeforeCheckpoint>,
    mode: M,
}

impl<S: ExportSource> ExportBuilder<S> {
    /// Creates a builder with the default options.
    pub fn new(source: S) -> Self {
        Self {
            source,
            concurrency: 2,
            on_progress: None,
            checkpoint: None,
            before_checkpoint: None,
            mode: Async,
        }
    }
}

/// The options.
impl<S: ExportSource, M> ExportBuilder<S, M> {
    /// Sets the maximum number of concurrent calls (default 2, minimum 1, maximum 64).
    ///
    /// More calls were not faster on a server with two cores (observed). The client's [`Pace`](crate::Pace), which is
    /// also 2 by default, limits all its calls, so raise both. The export holds 13 pages per call in memory, plus 26.
    /// If IDs have many gaps, it holds up to 256 pages.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.clamp(1, MOST_CALLS);
        self
    }

    /// Saves the progress in this file after each stretch of pages, and resumes from the file if it exists (default:
    /// no checkpoint).
    ///
    /// A stretch is saved when the record after its last one is requested, because the records before it have then
    /// been handled. Use [`before_checkpoint`](Self::before_checkpoint) to write buffered records to the disk.
    /// While the file is being saved, no further record is returned.
    ///
    /// The file holds a hash of the query, and is refused for another query. It holds no secret and no content. It is
    /// replaced as a whole, with mode 0600 on Unix, and removed after the list was read to its end.
    ///
    /// While an export uses the file, it holds a lock on a file next to it (`.lock`). Another export is refused
    /// meanwhile.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some(path.into());
        self
    }

    /// Calls this function before each checkpoint is saved, to write the returned records to the disk.
    ///
    /// Its result, such as the length of the output, is saved with the checkpoint.
    /// [`Export::resumed_at`] returns it in the next run. An error ends the export. The function may block: it runs
    /// on a thread for blocking work. It needs a [`checkpoint`](Self::checkpoint).
    pub fn before_checkpoint(
        mut self,
        flush: impl FnMut(&ExportFigures) -> io::Result<u64> + Send + 'static,
    ) -> Self {
        self.before_checkpoint = Some(Box::new(flush));
        self
    }

    /// Calls this function after each page, in the task that requests the records. It must not block.
    ///
    /// To estimate the length of the list, the export then also requests some pages far ahead: one at a time, about
    /// twenty in total for a million records.
    pub fn on_progress(mut self, report: impl FnMut(&ExportProgress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(report));
        self
    }

    /// Replaces the mode, and returns the former one.
    #[cfg(feature = "blocking")]
    pub(crate) fn with_mode<N>(self, mode: N) -> (ExportBuilder<S, N>, M) {
        let builder = ExportBuilder {
            source: self.source,
            concurrency: self.concurrency,
            on_progress: self.on_progress,
            checkpoint: self.checkpoint,
            before_checkpoint: self.before_checkpoint,
            mode,
        };
        (builder, self.mode)
    }
}

impl<S: ExportSource> ExportBuilder<S> {
    /// Checks the query and opens the checkpoint. Nothing is sent before the first record is requested.
    ///
    /// # Errors
    /// - [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the query cannot be exported, or there is a function
    ///   [`before_checkpoint`](Self::before_checkpoint) and no checkpoint.
    /// - [`Storage`](crate::ErrorKind::Storage): the checkpoint cannot be read, is in use, or belongs to another query.
    ///
    /// # Panics
    /// With a checkpoint, outside a tokio runtime.
    pub async fn start(self) -> Result<Export<S>, Error> {
        let query = self.source.identity()?;
        let checkpoint = match (self.checkpoint, self.before_checkpoint) {
            (Some(path), before_checkpoint) => {
                Checkpoint::open(path, S::NAME, query, S::COUNTS_RECORDS, before_checkpoint).await?
            }
            (None, Some(_)) => {
                let fault = "is never called without a checkpoint: call checkpoint(…) too, or leave it out";
                return Err(Error::invalid_request(S::NAME, "before_checkpoint", fault));
            }
            (None, None) => Checkpoint::default(),
        };
        Ok(Export::new(self.source, self.concurrency, self.on_progress, checkpoint))
    }
}

impl<S, M: fmt::Debug> fmt::Debug for ExportBuilder<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportBuilder")
            .field("concurrency", &self.concurrency)
            .field("checkpoint", &self.checkpoint)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
