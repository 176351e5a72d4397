//! Every record of a list, with a verdict.

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::path::PathBuf;

use crate::blocking::Runtime;
use crate::{Error, ExportFigures, ExportProgress, ExportSource, Verdict};

/// Builds an [`Export`]; see [`crm_transport::ExportBuilder`](crate::ExportBuilder).
#[derive(Debug)]
#[must_use = "nothing is exported before `start` is called"]
pub struct ExportBuilder<S> {
    builder: crate::ExportBuilder<S>,
    runtime: Runtime,
}

impl<S: ExportSource> ExportBuilder<S> {
    /// Creates a builder whose export is waited for on this runtime.
    pub fn new(builder: crate::ExportBuilder<S>, runtime: &Runtime) -> Self {
        Self { builder, runtime: runtime.clone() }
    }

    /// See [`ExportBuilder::concurrency`](crate::ExportBuilder::concurrency).
    pub fn concurrency(self, calls: usize) -> Self {
        Self { builder: self.builder.concurrency(calls), ..self }
    }

    /// See [`ExportBuilder::checkpoint`](crate::ExportBuilder::checkpoint).
    pub fn checkpoint(self, path: impl Into<PathBuf>) -> Self {
        Self { builder: self.builder.checkpoint(path), ..self }
    }

    /// See [`ExportBuilder::before_checkpoint`](crate::ExportBuilder::before_checkpoint).
    pub fn before_checkpoint(
        self,
        flush: impl FnMut(&ExportFigures) -> io::Result<u64> + Send + 'static,
    ) -> Self {
        Self { builder: self.builder.before_checkpoint(flush), ..self }
    }

    /// See [`ExportBuilder::on_progress`](crate::ExportBuilder::on_progress). The function is called on the thread that
    /// asks for the records.
    pub fn on_progress(self, report: impl FnMut(&ExportProgress) + Send + 'static) -> Self {
        Self { builder: self.builder.on_progress(report), ..self }
    }

    /// See [`ExportBuilder::start`](crate::ExportBuilder::start).
    ///
    /// # Errors
    /// The query cannot be exported, or the checkpoint cannot be used.
    pub fn start(self) -> Result<Export<S>, Error> {
        let export = self.runtime.wait(self.builder.start())??;
        Ok(Export { export, runtime: self.runtime, is_refused: false })
    }
}

/// Every record of a list, the smallest id first, each once: [`crm_transport::Export`](crate::Export) as an iterator.
/// After the last record, [`finish`](Self::finish) returns the verdict, so iterate over `&mut export`.
#[must_use = "nothing is exported before the records are asked for"]
pub struct Export<S: ExportSource> {
    export: crate::Export<S>,
    runtime: Runtime,
    /// It could not be waited for.
    is_refused: bool,
}

impl<S: ExportSource> Export<S> {
    /// See [`Export::resumed_at`](crate::Export::resumed_at).
    #[must_use]
    pub fn resumed_at(&self) -> Option<u64> {
        self.export.resumed_at()
    }

    /// See [`Export::figures`](crate::Export::figures).
    #[must_use]
    pub fn figures(&self) -> &ExportFigures {
        self.export.figures()
    }

    /// See [`Export::finish`](crate::Export::finish).
    pub fn finish(self) -> Verdict {
        let figures = *self.export.figures();
        let verdict = self.runtime.wait(self.export.finish());
        verdict.unwrap_or_else(|cause| Verdict::Truncated { figures, cause })
    }
}

impl<S: ExportSource> Iterator for Export<S> {
    type Item = Result<S::Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_refused {
            return None;
        }
        self.runtime.wait(self.export.next()).unwrap_or_else(|refused| {
            self.is_refused = true;
            Some(Err(refused))
        })
    }
}

impl<S: ExportSource> FusedIterator for Export<S> {}

impl<S: ExportSource> fmt::Debug for Export<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.export.fmt(f)
    }
}
