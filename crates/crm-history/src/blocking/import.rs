//! Many activities, each stored once.

use std::path::PathBuf;
use std::task::Poll;
use std::time::Duration;

use crm_transport::Error;
use crm_transport::blocking::{Records, Runtime};

use crate::{ImportOutcome, ImportProgress, ImportReport, LossPolicy};

/// An import without async: [`crm_history::Import`](crate::Import), waited for. Nothing happens before
/// [`outcomes`](Self::outcomes) or [`run`](Self::run).
///
/// ```no_run
/// # fn run(history: crm_history::blocking::HistoryClient) -> Result<(), Box<dyn std::error::Error>> {
/// use crm_history::blocking::{ClientId, NewEntry};
///
/// let calls = (1..=10_000).map(|i| NewEntry::new(format!("Звонок {i}")).client(ClientId(1)));
/// for imported in history.import(calls).journal("calls.journal").outcomes() {
///     let imported = imported?;
///     println!("{}: {}", imported.index, imported.outcome);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Import {
    import: crate::Import,
    runtime: Runtime,
}

impl Import {
    pub(super) fn new(import: crate::Import, runtime: &Runtime) -> Self {
        Self { import, runtime: runtime.clone() }
    }

    /// At most so many activities in one call; see [`Import::chunk`](crate::Import::chunk).
    pub fn chunk(self, activities: usize) -> Self {
        self.with(|import| import.chunk(activities))
    }

    /// At most so many bytes of activities in one call; see [`Import::chunk_bytes`](crate::Import::chunk_bytes).
    pub fn chunk_bytes(self, bytes: usize) -> Self {
        self.with(|import| import.chunk_bytes(bytes))
    }

    /// At most so many calls at a time; see [`Import::concurrency`](crate::Import::concurrency).
    pub fn concurrency(self, calls: usize) -> Self {
        self.with(|import| import.concurrency(calls))
    }

    /// Writes down what is sent, and goes on where it stood; see [`Import::journal`](crate::Import::journal).
    pub fn journal(self, path: impl Into<PathBuf>) -> Self {
        self.with(|import| import.journal(path))
    }

    /// What to do with activities that the server would change; see
    /// [`Import::loss_policy`](crate::Import::loss_policy).
    pub fn loss_policy(self, policy: LossPolicy) -> Self {
        self.with(|import| import.loss_policy(policy))
    }

    /// Asks the server for each login once before it is used; see
    /// [`Import::check_users`](crate::Import::check_users).
    pub fn check_users(self) -> Self {
        self.with(crate::Import::check_users)
    }

    /// How long the server may still work on a chunk that it gave no answer to; see
    /// [`Import::settle`](crate::Import::settle).
    pub fn settle(self, time: Duration) -> Self {
        self.with(|import| import.settle(time))
    }

    /// Is told how far the import is, after each chunk, on the thread that asks for the outcomes.
    pub fn on_progress(self, callback: impl FnMut(&ImportProgress) + Send + 'static) -> Self {
        self.with(|import| import.on_progress(callback))
    }

    /// Sends no further chunk once this says `true`; it is asked before each activity is taken. Otherwise as
    /// [`Import::cancel`](crate::Import::cancel), which takes a future.
    ///
    /// ```no_run
    /// # fn run(history: crm_history::blocking::HistoryClient) -> Result<(), crm_history::Error> {
    /// # use crm_history::blocking::NewEntry;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// static STOP: AtomicBool = AtomicBool::new(false); // set by a signal, a button
    ///
    /// # let calls = [NewEntry::new("x")];
    /// let report = history.import(calls).cancel(|| STOP.load(Ordering::Relaxed)).run()?;
    /// # Ok(()) }
    /// ```
    pub fn cancel(self, mut when: impl FnMut() -> bool + Send + 'static) -> Self {
        let when = std::future::poll_fn(move |_| if when() { Poll::Ready(()) } else { Poll::Pending });
        self.with(|import| import.cancel(when))
    }

    /// One outcome for each activity, in the order of the input, in constant memory:
    /// [`Import::outcomes`](crate::Import::outcomes) as an iterator. Dropping it stops the import.
    ///
    /// What is in flight is worked on while an outcome is asked for, and not while the caller is busy with one: be
    /// done with it sooner than the [timeout](crm_transport::ClientBuilder::timeout) of a call, or a chunk may have to
    /// be looked for.
    ///
    /// # Errors
    /// The journal cannot be read or written, or belongs to another input: the last item is that error. Anything
    /// else is an outcome.
    pub fn outcomes(self) -> Records<ImportOutcome> {
        Records::new(self.import.outcomes(), &self.runtime)
    }

    /// Runs it to its end and gathers the outcomes: [`Import::run`](crate::Import::run).
    ///
    /// # Errors
    /// See [`outcomes`](Self::outcomes).
    pub fn run(self) -> Result<ImportReport, Error> {
        self.runtime.wait(self.import.run())?
    }

    fn with(self, set: impl FnOnce(crate::Import) -> crate::Import) -> Self {
        Self { import: set(self.import), runtime: self.runtime }
    }
}
