//! Running an import without async.

use std::task::Poll;

use crm_transport::blocking::{Records, Runtime};
use crm_transport::{Async, Error};

use crate::{Import, ImportOutcome, ImportReport};

impl Import {
    /// Lets the import wait on this runtime.
    pub(super) fn blocking(self, runtime: &Runtime) -> Import<Runtime> {
        self.with_mode(runtime.clone()).0
    }
}

/// Running it without async.
impl Import<Runtime> {
    /// Sends no further chunk once this closure returns `true`. It is called before each activity is taken.
    ///
    /// Chunks in flight are finished. Activities that were taken from the input and not sent become
    /// [`NotSent`](crm_model::history::AddOutcome::NotSent). The rest of the input is not taken.
    ///
    /// ```no_run
    /// # fn run(history: crm_history::blocking::HistoryClient) -> Result<(), crm_history::Error> {
    /// # use crm_history::blocking::NewEntry;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// static STOP: AtomicBool = AtomicBool::new(false); // set by a signal or a button
    ///
    /// # let calls = [NewEntry::new("x")];
    /// let report = history.import(calls).cancel(|| STOP.load(Ordering::Relaxed)).run()?;
    /// # Ok(()) }
    /// ```
    pub fn cancel(self, mut when: impl FnMut() -> bool + Send + 'static) -> Self {
        let (import, runtime) = self.with_mode(Async);
        let when = std::future::poll_fn(move |_| if when() { Poll::Ready(()) } else { Poll::Pending });
        import.cancel(when).blocking(&runtime)
    }

    /// Returns one outcome for each activity, in the order of the input, in constant memory.
    ///
    /// Nothing is sent before the first outcome is asked for. Dropping the iterator stops the import. The input and the
    /// callbacks run on the thread that asks for the outcomes.
    ///
    /// Chunks in flight make progress only while an outcome is asked for. Handle each outcome in less time than the
    /// [timeout](crm_transport::ClientBuilder::timeout) of a call. Otherwise the import may have to look for a chunk.
    ///
    /// # Errors
    /// The journal cannot be read or written, or belongs to another input. The error is the last item. Every other
    /// failure is an outcome.
    ///
    /// # Panics
    /// `next` panics inside async code.
    pub fn outcomes(self) -> Records<ImportOutcome> {
        let (import, runtime) = self.with_mode(Async);
        import.outcomes().blocking(&runtime)
    }

    /// Runs the import to its end and collects the outcomes.
    ///
    /// The report holds all of them in memory. Use [`outcomes`](Self::outcomes) for an input of any length.
    ///
    /// # Errors
    /// See [`outcomes`](Self::outcomes).
    ///
    /// # Panics
    /// Inside async code.
    #[track_caller]
    pub fn run(self) -> Result<ImportReport, Error> {
        let (import, runtime) = self.with_mode(Async);
        runtime.wait(import.run())?
    }
}
