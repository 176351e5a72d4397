//! Running an export without async.

use std::fmt;
use std::iter::FusedIterator;

use super::Runtime;
use crate::async_mode::Async;
use crate::error::Error;
use crate::export::{self, ExportFigures, ExportSource, Verdict};

/// Builds an [`Export`]. It has the options of [`crm_transport::ExportBuilder`](crate::ExportBuilder).
pub type ExportBuilder<S> = export::ExportBuilder<S, Runtime>;

impl<S: ExportSource> export::ExportBuilder<S> {
    /// Lets the export wait on this runtime.
    pub fn blocking(self, runtime: &Runtime) -> ExportBuilder<S> {
        self.with_mode(runtime.clone()).0
    }
}

/// Starting it without async.
impl<S: ExportSource> export::ExportBuilder<S, Runtime> {
    /// Checks the query and opens the checkpoint. Nothing is sent before the first record is requested.
    ///
    /// # Errors
    /// - [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the query cannot be exported, or there is a function
    ///   [`before_checkpoint`](Self::before_checkpoint) and no checkpoint.
    /// - [`Storage`](crate::ErrorKind::Storage): the checkpoint cannot be read, is in use, or belongs to another query.
    ///
    /// # Panics
    /// Inside async code; see [the module](crate::blocking#panics).
    #[track_caller]
    pub fn start(self) -> Result<Export<S>, Error> {
        let (builder, runtime) = self.with_mode(Async);
        let export = runtime.wait(builder.start())??;
        Ok(Export { export, runtime, has_no_runtime: false })
    }
}

/// Every record of a list, the smallest ID first, each once: [`crm_transport::Export`](crate::Export) as an iterator.
///
/// After the last record, [`finish`](Self::finish) returns the verdict, so iterate over `&mut export`.
///
/// # Panics
/// `next` panics inside async code; see [the module](crate::blocking#panics).
#[must_use = "nothing is exported before the records are asked for"]
pub struct Export<S: ExportSource> {
    export: export::Export<S>,
    runtime: Runtime,
    /// An error of the runtime has ended the iteration.
    has_no_runtime: bool,
}

impl<S: ExportSource> Export<S> {
    /// Returns what `before_checkpoint` returned for the checkpoint from which this export resumes. `None` if it starts
    /// from the beginning. See [`Export::resumed_at`](crate::Export::resumed_at).
    #[must_use]
    pub fn resumed_at(&self) -> Option<u64> {
        self.export.resumed_at()
    }

    /// Returns what has been done, with what the runs before it did up to the checkpoint.
    #[must_use]
    pub fn figures(&self) -> &ExportFigures {
        self.export.figures()
    }

    /// Returns whether the export is complete. See [`Export::finish`](crate::Export::finish).
    ///
    /// # Panics
    /// Inside async code.
    #[track_caller]
    pub fn finish(self) -> Verdict {
        let figures = *self.export.figures();
        let verdict = self.runtime.wait(self.export.finish());
        verdict.unwrap_or_else(|cause| Verdict::Truncated { figures, cause })
    }
}

impl<S: ExportSource> Iterator for Export<S> {
    type Item = Result<S::Record, Error>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if self.has_no_runtime {
            return None;
        }
        self.runtime.wait(self.export.next()).unwrap_or_else(|error| {
            self.has_no_runtime = true;
            Some(Err(error))
        })
    }
}

impl<S: ExportSource> FusedIterator for Export<S> {}

impl<S: ExportSource> fmt::Debug for Export<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.export.fmt(f)
    }
}
