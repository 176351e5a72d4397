//! Many activities, each stored once.
//!
//! The server has no idempotency key and no atomic bulk, and connections break. So an import keeps three rules:
//! - a chunk of which it is not known whether it was stored is never sent again before it was looked for;
//! - what is looked for is matched as the server would have stored it, among the records that are newer than the
//!   chunk: ids only grow (observed), so the highest id before the chunk was sent tells new from old;
//! - what is certainly not there is sent again, what cannot be decided is handed out as
//!   [`AddOutcome::Unknown`].
//!
//! A chunk that got no answer may still be worked on by the server. It counts as not stored only when some time
//! ([`Import::settle`]) has passed since it was sent, and two readings in a row agree.
//!
//! A [journal](Import::journal) says of each chunk, before it is sent, that it will be, and afterwards what became of
//! it. So an import that was killed at any point goes on where it stood.

mod chunk;
mod journal;
mod lookup;
mod outcomes;
mod report;
mod worker;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crm_model::history::{AddOutcome, Loss, NewEntry};
use crm_transport::{Error, Records};

use crate::HistoryClient;
use chunk::Chunks;
use journal::Journal;
use outcomes::Outcomes;
use worker::Worker;

pub use report::{ImportReport, Left};

/// What to do with an activity that the server would change before it stores it; see [`NewEntry::losses`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossPolicy {
    /// It is not sent; its outcome is [`AddOutcome::Rejected`] with the losses as text.
    Reject,
    /// It is sent, and [`Imported::losses`] says what is lost.
    #[default]
    Warn,
    /// It is sent, and nothing is said.
    Allow,
}

/// What became of one activity of an import.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Imported {
    /// Its place in the input, counted from 0.
    pub index: u64,
    /// The activity.
    pub entry: NewEntry,
    /// What became of it.
    pub outcome: AddOutcome,
    /// What the server changed in it, where the policy is [`LossPolicy::Warn`].
    pub losses: Vec<Loss>,
    /// With [`Import::check_users`]: its login is unknown, so that it belongs to nobody.
    pub unknown_user: bool,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Activities with an outcome.
    pub done: u64,
    /// Of these, stored.
    pub created: u64,
    /// Refused.
    pub rejected: u64,
    /// Not sent.
    pub not_sent: u64,
    /// Stored or not, nobody knows.
    pub unknown: u64,
}

impl Progress {
    /// Counts an outcome.
    pub fn count(&mut self, outcome: &AddOutcome) {
        self.done += 1;
        match outcome {
            AddOutcome::Created(_) => self.created += 1,
            AddOutcome::Rejected(_) => self.rejected += 1,
            AddOutcome::NotSent(_) => self.not_sent += 1,
            _ => self.unknown += 1,
        }
    }
}

/// Takes an activity, as [`Stream::poll_next`](futures_core::Stream::poll_next) does.
type Input = Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<NewEntry>> + Send>;
type OnProgress = Box<dyn FnMut(&Progress) + Send>;
type Cancel = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An import: what goes in, and how. Nothing happens before [`outcomes`](Self::outcomes) or [`run`](Self::run).
///
/// ```no_run
/// # async fn run(history: crm_history::HistoryClient) -> Result<(), Box<dyn std::error::Error>> {
/// use crm_history::{ClientId, NewEntry};
///
/// let calls = (1..=10_000).map(|i| NewEntry::new(format!("Звонок {i}")).client(ClientId(1)));
/// let report = history.import(calls).journal("calls.journal").run().await?;
/// println!("{report}");
/// report.write_rejected("rejected.csv")?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Import {
    client: HistoryClient,
    input: Input,
    settings: Settings,
    concurrency: usize,
    journal: Option<PathBuf>,
    on_progress: OnProgress,
    cancel: Cancel,
}

/// What a worker needs to know.
#[derive(Clone, Copy)]
struct Settings {
    chunk: usize,
    chunk_bytes: usize,
    losses: LossPolicy,
    check_users: bool,
    settle: Duration,
}

impl Import {
    pub(crate) fn new(
        client: HistoryClient,
        input: impl FnMut(&mut Context<'_>) -> Poll<Option<NewEntry>> + Send + 'static,
    ) -> Self {
        Self {
            client,
            input: Box::new(input),
            settings: Settings {
                chunk: 100,
                chunk_bytes: 1 << 20,
                losses: LossPolicy::default(),
                check_users: false,
                settle: Duration::from_secs(60),
            },
            concurrency: 2,
            journal: None,
            on_progress: Box::new(|_| ()),
            cancel: Box::pin(std::future::pending()),
        }
    }

    /// At most so many activities in one call, at least 1; 100 unless said.
    pub fn chunk(mut self, activities: usize) -> Self {
        self.settings.chunk = activities.max(1);
        self
    }

    /// At most so many bytes of activities in one call, for a server with a small `post_max_size`; 1 MiB unless
    /// said. A single larger activity is sent by itself.
    pub fn chunk_bytes(mut self, bytes: usize) -> Self {
        self.settings.chunk_bytes = bytes;
        self
    }

    /// At most so many calls at a time, at least 1; 2 unless said. The servers gain nothing from more (observed).
    /// The client's own [`Pace`](crm_transport::Pace) holds too.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Writes down what is sent before it is sent, and what became of it, in a file of JSON Lines. Run the import
    /// again with the same input and the same file, and it goes on where it stood. The file holds no content and no
    /// names, only numbers and hashes. Another input is refused, and so is a file that another import has open.
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// What to do with activities that the server would change; to warn of them unless said.
    pub fn loss_policy(mut self, policy: LossPolicy) -> Self {
        self.settings.losses = policy;
        self
    }

    /// Asks the server for each login once before it is used: an activity of an unknown one would be stored as
    /// nobody's, without an error (observed). With [`LossPolicy::Reject`] such an activity is not sent; else
    /// [`Imported::unknown_user`] says it.
    pub fn check_users(mut self) -> Self {
        self.settings.check_users = true;
        self
    }

    /// How long the server may still work on a chunk that it gave no answer to, counted from its sending; 60
    /// seconds unless said. Shorter than what PHP is given there, a chunk might be stored after it was looked for,
    /// and then be stored twice.
    pub fn settle(mut self, time: Duration) -> Self {
        self.settings.settle = time;
        self
    }

    /// Is told how far the import is, after each chunk.
    pub fn on_progress(mut self, told: impl FnMut(&Progress) + Send + 'static) -> Self {
        self.on_progress = Box::new(told);
        self
    }

    /// Sends no further chunk once this future ends, such as `token.cancelled_owned()` or a ctrl-c. What is in
    /// flight is finished; what was taken from the input and not sent is `NotSent`; the rest is not taken.
    pub fn cancel(mut self, when: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancel = Box::pin(when);
        self
    }

    /// One outcome for each activity, in the order of the input, in constant memory. Nothing is sent before it is
    /// asked for. Dropping it stops the import; the journal knows what was in flight then.
    ///
    /// # Errors
    /// The journal cannot be read or written, or belongs to another input: the last item is that error. Anything
    /// else is an outcome.
    pub fn outcomes(self) -> Records<Imported> {
        let Self { client, input, settings, concurrency, journal, on_progress, cancel } = self;
        let chunks = async move {
            let (journal, recorded) = match journal {
                Some(path) => Journal::open(&path)?,
                None => (Journal::none(), Default::default()),
            };
            let worker = Worker::new(client, settings, journal, &recorded);
            Chunks::new(input, cancel, recorded, settings, Arc::new(worker)).next().await
        };
        Records::new(Outcomes::new(Box::pin(chunks), concurrency, on_progress))
    }

    /// Runs it to its end and gathers the outcomes. The report holds all of them: for an input of any length take
    /// [`outcomes`](Self::outcomes).
    ///
    /// # Errors
    /// See [`outcomes`](Self::outcomes).
    pub async fn run(self) -> Result<ImportReport, Error> {
        let mut outcomes = self.outcomes();
        let mut report = ImportReport::default();
        while let Some(imported) = outcomes.next().await {
            report.add(imported?);
        }
        Ok(report)
    }
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import")
            .field("client", &self.client)
            .field("journal", &self.journal)
            .finish_non_exhaustive()
    }
}

/// The name of an import in errors.
pub(crate) const IMPORT: &str = "history.import";
