//! Running an import without async.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

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
    /// Sends nothing more once this closure returns `true`. It is called before each activity is taken, and about every 50
    /// ms while the import waits.
    ///
    /// Calls in flight may still get their response, for at most 5 seconds. Activities that were read from the input
    /// but not sent become [`NotSent`](crm_model::history::AddOutcome::NotSent). The rest of the input is not read.
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
        let mut again: Option<Pin<Box<tokio::time::Sleep>>> = None;
        let when = std::future::poll_fn(move |cx| {
            if when() {
                return Poll::Ready(());
            }
            // Nothing wakes the import when the closure would return `true`, so it is asked from time to time.
            let again = again.get_or_insert_with(|| Box::pin(tokio::time::sleep(ASK_AGAIN)));
            while again.as_mut().poll(cx).is_ready() {
                again.as_mut().reset(tokio::time::Instant::now() + ASK_AGAIN);
            }
            Poll::Pending
        });
        import.cancel(when).blocking(&runtime)
    }

    /// Returns one outcome for each activity, in the order of the input, in constant memory.
    ///
    /// Nothing is sent before the first outcome is requested. Dropping the iterator stops the import. The input and the
    /// callbacks run on the thread that requests the outcomes.
    ///
    /// Calls in flight continue while an outcome is handled, and nothing new is sent meanwhile.
    ///
    /// # Errors
    /// The journal cannot be read or written, or has activities in doubt that the input lacks. The error is the last
    /// item. Every other failure is an outcome.
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

/// The time between two calls of the closure that cancels.
const ASK_AGAIN: Duration = Duration::from_millis(50);
