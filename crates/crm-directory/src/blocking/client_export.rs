//! Running an export of clients without async.

use std::iter::FusedIterator;

use crm_model::directory::Client;
use crm_transport::blocking::Runtime;

use crate::{Error, ExportFigures, Verdict};

/// Every client of a query, each once, newest first: [`crate::ClientExport`] as an iterator.
///
/// After the last client, [`finish`](Self::finish) returns the verdict, so iterate over `&mut export`.
///
/// # Panics
/// `next` panics inside async code; see [the module](crm_transport::blocking#panics).
#[derive(Debug)]
#[must_use = "nothing is exported before the records are asked for"]
pub struct ClientExport {
    export: crate::ClientExport,
    runtime: Runtime,
    /// An error of the runtime has ended the iteration.
    has_no_runtime: bool,
}

impl crate::ClientExport {
    /// Turns the stream into an iterator that waits on this runtime.
    pub fn blocking(self, runtime: &Runtime) -> ClientExport {
        ClientExport { export: self, runtime: runtime.clone(), has_no_runtime: false }
    }
}

impl ClientExport {
    /// Returns what has been done so far.
    #[must_use]
    pub fn figures(&self) -> ExportFigures {
        self.export.figures()
    }

    /// Returns whether the export is complete. Before the end it returns [`Verdict::Truncated`].
    pub fn finish(self) -> Verdict {
        self.export.finish()
    }
}

impl Iterator for ClientExport {
    type Item = Result<Client, Error>;

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

impl FusedIterator for ClientExport {}
