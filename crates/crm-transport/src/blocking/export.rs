//! Every record of a list, with a verdict.

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::path::PathBuf;

use crate::blocking::Runtime;
use crate::{Error, ExportFigures, ExportProgress, ExportSource, HydratedSource, MonthlySource, Verdict};

/// Every record of a list, the smallest id first, each once: [`crm_transport::Export`](crate::Export) as an iterator.
/// After the last one [`verdict`](Self::verdict) tells whether that was all; so iterate over `&mut export`, or by
/// `export.by_ref()`, and ask it then.
///
/// A record that cannot be read is an error, and the next one follows. Any other error ends the export, and the
/// verdict is [`Verdict::Truncated`]. Nothing is fetched before it is asked for; dropping it ends the calls, which go on
/// while the caller is busy with a record.
#[must_use = "nothing is exported before the records are asked for"]
pub struct Export<S: ExportSource> {
    export: crate::Export<S>,
    runtime: Runtime,
}

impl<S: ExportSource> crate::Export<S> {
    /// Turns the export into an iterator that waits on this runtime.
    pub fn blocking(self, runtime: &Runtime) -> Export<S> {
        Export { export: self, runtime: runtime.clone() }
    }
}

impl<S: ExportSource> Export<S> {
    /// How many calls may be in flight at once; see [`Export::concurrency`](crate::Export::concurrency).
    pub fn concurrency(self, calls: usize) -> Self {
        self.with(|export| export.concurrency(calls))
    }

    /// Saves in this file how far it is, and goes on from there; see
    /// [`Export::checkpoint`](crate::Export::checkpoint).
    pub fn checkpoint(self, path: impl Into<PathBuf>) -> Self {
        self.with(|export| export.checkpoint(path))
    }

    /// Is called before a checkpoint is saved, on the thread that asks for the records; see
    /// [`Export::before_checkpoint`](crate::Export::before_checkpoint).
    pub fn before_checkpoint(
        self,
        flush: impl FnMut(&ExportFigures) -> io::Result<u64> + Send + 'static,
    ) -> Self {
        self.with(|export| export.before_checkpoint(flush))
    }

    /// Is called after each page, on the thread that asks for the records; see
    /// [`Export::on_progress`](crate::Export::on_progress).
    pub fn on_progress(self, tell: impl FnMut(&ExportProgress) + Send + 'static) -> Self {
        self.with(|export| export.on_progress(tell))
    }

    /// Where the output stood at the checkpoint from which this export goes on; see
    /// [`Export::mark`](crate::Export::mark).
    ///
    /// # Errors
    /// The query cannot be exported; the checkpoint cannot be read, or belongs to another query.
    pub fn mark(&mut self) -> Result<Option<u64>, Error> {
        self.export.mark()
    }

    /// Whether what was given is all there is. `None` before the end.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        self.export.verdict()
    }

    /// What was done so far.
    #[must_use]
    pub fn figures(&self) -> &ExportFigures {
        self.export.figures()
    }

    fn with(self, set: impl FnOnce(crate::Export<S>) -> crate::Export<S>) -> Self {
        Self { export: set(self.export), runtime: self.runtime }
    }
}

impl<S: HydratedSource> Export<S> {
    /// What is fetched beyond the list, record by record; see [`Export::hydrate`](crate::Export::hydrate).
    pub fn hydrate(self, how: S::Hydrate) -> Self {
        self.with(|export| export.hydrate(how))
    }
}

impl<S: MonthlySource> Export<S> {
    /// Reads the list month by month, the oldest first; see [`Export::by_month`](crate::Export::by_month).
    pub fn by_month(self) -> Self {
        self.with(crate::Export::by_month)
    }
}

impl<S: ExportSource> Iterator for Export<S> {
    type Item = Result<S::Record, Error>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.export.next()).unwrap_or_else(|refused| self.export.refuse(refused))
    }
}

impl<S: ExportSource> FusedIterator for Export<S> {}

impl<S: ExportSource> fmt::Debug for Export<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.export.fmt(f)
    }
}
