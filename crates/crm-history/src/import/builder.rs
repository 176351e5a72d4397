//! [`Import`]: the input of an import and its options.

use std::path::PathBuf;
use std::task::{Context, Poll};
use std::time::Duration;

use crm_model::history::NewEntry;
use crm_transport::Async;

use super::checks::LossPolicy;
use super::import_outcome::ImportProgress;
use super::run::{Cancel, Input, OnProgress};
use crate::HistoryClient;
use crate::engine::{Limits, Settings};

/// An import: its input and its options. Nothing happens before [`outcomes`](Self::outcomes) or [`run`](Self::run).
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
///
/// # What one bad row costs
///
/// Most rows that the server refuses cost nothing: it says so for each of them. A firewall or a size limit refuses a whole
/// call without naming the row. The import then halves the chunk until the row is alone. Each level waits once for
/// [`settle`](Self::settle), because the response proves nothing about the other rows. So one such row takes about
/// log2(chunk) × `settle`: 7 minutes with the defaults. Other rows are stored meanwhile, and several bad rows share the
/// waits. A smaller [`chunk`](Self::chunk) makes it cheaper.
///
/// A row is refused only if another row was stored between two equal answers to it. So the last two rows of the input
/// wait until all others are answered. A healthy import sends at most one more request. After a refusal the last eight rows
/// are sent one by one.
///
/// Up to five bad rows are named in this way. If no other row is left, for example because the last rows are all bad, a bad
/// row is sent once more after [`patience`](Self::patience). Then it ends as `Unknown` with the words of the server.
///
/// # Waits in the log
///
/// With the feature `tracing` each wait is one event at level info with the target `crm_history`. Its fields are
/// `crm.wait_reason`, `crm.wait_seconds`, `crm.patience_seconds` (the time until the import stops if nothing becomes
/// certain), `crm.activities_in_doubt` and `crm.activities_queued`. It holds nothing that a user or a server wrote.
///
/// | reason | what the import waits for |
/// |---|---|
/// | `settling` | the server may still work on a call that got no usable response |
/// | `witness` | another activity must be stored before a missing one is sent again |
/// | `reading` | the next of the two readings after that |
/// | `backoff` | a call failed, and is tried again |
/// | `rate-limit` | the server asked to wait |
/// | `patience` | nothing else can be sent; one activity is sent once more at the end |
/// | `checks` | the server does not answer the questions of [`check_users`](Self::check_users) and the like |
///
/// `M` is how the import is waited for. The import of a blocking client is an `Import<blocking::Runtime>`.
#[must_use]
pub struct Import<M = Async> {
    pub(super) client: HistoryClient,
    pub(super) input: Input,
    pub(super) settings: Settings,
    pub(super) losses: LossPolicy,
    pub(super) check_users: bool,
    pub(super) check_types: bool,
    pub(super) adopt_marked: bool,
    pub(super) journal: Option<PathBuf>,
    pub(super) other_journal: Option<PathBuf>,
    pub(super) retry_refused: bool,
    pub(super) is_dry_run: bool,
    pub(super) on_progress: OnProgress,
    pub(super) cancel: Cancel,
    pub(super) mode: M,
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
                limits: Limits { activities: 100, bytes: 1 << 20 },
                concurrency: 2,
                settle: Duration::from_secs(60),
                patience: Duration::from_secs(300),
                flush_after: Duration::from_secs(1),
                sole_writer: false,
            },
            losses: LossPolicy::default(),
            check_users: false,
            check_types: false,
            adopt_marked: false,
            journal: None,
            other_journal: None,
            retry_refused: false,
            is_dry_run: false,
            on_progress: Box::new(|_| ()),
            cancel: Box::pin(std::future::pending()),
            mode: Async,
        }
    }
}

/// The options.
impl<M> Import<M> {
    /// Maximum number of activities per call (default 100, from 1 to 100,000).
    pub fn chunk(mut self, activities: usize) -> Self {
        self.settings.limits.activities = activities;
        self.settings = self.settings.clamped();
        self
    }

    /// Maximum size of the activities of one call in bytes (default 1 MiB). Lower it for a server with a small
    /// `post_max_size`. A single larger activity is sent alone.
    pub fn chunk_bytes(mut self, bytes: usize) -> Self {
        self.settings.limits.bytes = bytes;
        self
    }

    /// Maximum number of concurrent calls (default 2, from 1 to 64). More are not faster (observed).
    ///
    /// The [`Pace`](crm_transport::Pace) of the client applies as well.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.settings.concurrency = calls;
        self.settings = self.settings.clamped();
        self
    }

    /// Keeps a journal in this file, so that a killed import resumes. Default: none.
    ///
    /// The file records what is sent before it is sent, and the outcomes afterwards, as JSON Lines. To resume, run the
    /// import again with the same input and the same file. The file is created with mode 0600. It holds no content and
    /// no logins, only numbers, hashes, and the reasons of activities that are not stored.
    ///
    /// The input may have changed since. An activity is known by its content: new ones are sent wherever they are, and an
    /// activity that was refused may be fixed. If the input lacks activities that were sent earlier, one that the journal
    /// does not know may be one of them, changed since. It ends as
    /// [`NotSentReason::PerhapsChanged`](crate::NotSentReason::PerhapsChanged), unless it is in front of everything that
    /// the journal knows, or behind it. Until the end of the input it is held, and so are the outcomes behind it. A stream
    /// that pauses for longer than [`patience`](Self::patience) counts as ended for this.
    ///
    /// The import ends with an error if the file is not a journal, is in use by another import, or has activities in doubt
    /// that are missing from the input. A file that is not a journal is not changed.
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// Does not send activities that another import has stored, as its journal says. Default: none.
    ///
    /// Use it for an input of which some activities may have been imported from another file, such as a file of refused
    /// ones. They are known by their whole content, as in the [journal](Self::journal) of this import. Activities without
    /// a time and a mark are sent, because equal ones may be different calls.
    ///
    /// The import ends with an error if the other one is at work, or has activities in doubt. Nothing is added to its
    /// journal. A file that does not exist says nothing.
    pub fn other_journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.other_journal = Some(path.into());
        self
    }

    /// Sends activities again that the journal knows as refused. Default: off.
    ///
    /// A refused activity is not stored, so this stores nothing twice. Use it after the cause was fixed in the CRM,
    /// such as an unknown user. An activity that was changed since is always sent again.
    pub fn retry_refused(mut self) -> Self {
        self.retry_refused = true;
        self
    }

    /// Checks everything, and sends nothing. Default: off.
    ///
    /// An activity that would be sent ends as [`NotSent`](crm_model::history::AddOutcome::NotSent) with
    /// [`NotSentReason::DryRun`](crate::NotSentReason::DryRun). One that would be refused before it is sent is
    /// [`Rejected`](crm_model::history::AddOutcome::Rejected). The checks of users and types still call the server. A
    /// [journal](Self::journal) is read, and nothing is added to it.
    pub fn dry_run(mut self) -> Self {
        self.is_dry_run = true;
        self
    }

    /// What to do with activities that the server would change (default: [`LossPolicy::Warn`]).
    pub fn loss_policy(mut self, policy: LossPolicy) -> Self {
        self.losses = policy;
        self
    }

    /// Looks up each login once before it is used. Default: off.
    ///
    /// The server stores an activity with an unknown login without an owner, and returns no error (observed). With
    /// [`LossPolicy::Reject`] such an activity is not sent. Otherwise [`ImportOutcome::unknown_user`](crate::ImportOutcome::unknown_user) is set.
    ///
    /// The server returns the same error for a wrong key and for an unknown login (observed). So the client's own key
    /// is checked first, and again after each login that the server refuses. If the server refuses the key, the import
    /// stops. Any other failure says nothing about a login.
    pub fn check_users(mut self) -> Self {
        self.check_users = true;
        self
    }

    /// Reads the activity types of the account once (`tips`). Default: off.
    ///
    /// The server stores an unknown type as text. Such a record belongs to no type of the account, and `tips` does not
    /// list it (observed). With [`LossPolicy::Reject`] such an activity is not sent. Otherwise
    /// [`ImportOutcome::unknown_type`](crate::ImportOutcome::unknown_type) is set. Titles are compared as the server
    /// compares them: only the first 50 characters, regardless of case, `ё` or spaces at the end.
    pub fn check_types(mut self) -> Self {
        self.check_types = true;
        self
    }

    /// How long the server may keep working on a call that got no usable response, counted from the moment when the call
    /// ended (default 60 s, at most a year).
    ///
    /// Do not set it below the time that PHP may run on the server. A resumed import waits for the
    /// [timeout](crm_transport::ClientBuilder::timeout) of a call as well, counted from its start.
    pub fn settle(mut self, time: Duration) -> Self {
        self.settings.settle = time;
        self.settings = self.settings.clamped();
        self
    }

    /// How long the import continues although nothing becomes certain: nothing is stored, refused or found (default 5
    /// minutes, at most a year).
    ///
    /// Then it stops, and another run can send the rest. If something is still in doubt and nothing else
    /// waits to be sent, one activity is sent once more before that, because the import needs a sign that the server
    /// stores anything. If both copies appear, [`ImportOutcome::reason`](crate::ImportOutcome::reason) names the second
    /// one.
    pub fn patience(mut self, time: Duration) -> Self {
        self.settings.patience = time;
        self.settings = self.settings.clamped();
        self
    }

    /// How long an activity waits for others before a chunk is sent that is not full (default 1 s, at most a year).
    ///
    /// It matters for [streams](HistoryClient::import_stream) that wait for an outcome before they continue.
    pub fn flush_after(mut self, time: Duration) -> Self {
        self.settings.flush_after = time;
        self.settings = self.settings.clamped();
        self
    }

    /// Declares that nobody else adds activities that are equal to those of this import, or equal except for whole hours, while
    /// it runs.
    ///
    /// An activity without a time is then recognized by everything else that was written. Without this declaration, a
    /// single such record does not count as the import's own, because another user may have added it.
    pub fn sole_writer(mut self) -> Self {
        self.settings.sole_writer = true;
        self
    }

    /// Looks for the [mark](NewEntry::mark) of each activity before it is first sent. Default: off.
    ///
    /// An activity whose mark is found counts as stored under the ID of that record, and is not sent. So an import can
    /// be repeated after its journal is lost, and files may overlap. If several activities of the input have the same
    /// mark, one of them is sent, and the others get its ID. Activities without a mark are sent as usual.
    ///
    /// The list is searched for the common prefix of the marks, within the days of the activities (plus two days on
    /// each side), for each `user` that they name. Up to 1,000 activities are read before each search. If a stream
    /// yields nothing for [`flush_after`](Self::flush_after), the search starts with fewer. A search takes one request
    /// for each 200 matching records. If a mark is missing, three more requests prove the end of the list, and the list
    /// is searched from its other end, too. The first search for a `user` takes one more request. Use marks with a common
    /// prefix, and give activities a time. Without a time, all days are searched.
    ///
    /// A mark counts as missing only if the list is sorted and paged as requested, shows records that are known to
    /// exist, and shows the same records from both ends. Otherwise nothing is sent, and the outcome is [`UnknownReason::MarkNotSearchable`](crate::UnknownReason).
    /// If a list showed nothing at all, one activity is sent first. The others follow after the list shows it. So if
    /// the lists hide records from this login, each run may store one activity of each `user` twice.
    ///
    /// [`NotSent`](crm_model::history::AddOutcome::NotSent) then means that this import did not send the activity.
    /// An earlier one may have stored it. That `word` finds marks is observed.
    pub fn adopt_marked(mut self) -> Self {
        self.adopt_marked = true;
        self
    }

    /// Called with the progress whenever outcomes become known, which is about once for each chunk.
    pub fn on_progress(mut self, callback: impl FnMut(&ImportProgress) + Send + 'static) -> Self {
        self.on_progress = Box::new(callback);
        self
    }

    /// Replaces the mode, and returns the former one.
    #[cfg(feature = "blocking")]
    pub(crate) fn with_mode<N>(self, mode: N) -> (Import<N>, M) {
        let import = Import {
            client: self.client,
            input: self.input,
            settings: self.settings,
            losses: self.losses,
            check_users: self.check_users,
            check_types: self.check_types,
            adopt_marked: self.adopt_marked,
            journal: self.journal,
            other_journal: self.other_journal,
            retry_refused: self.retry_refused,
            is_dry_run: self.is_dry_run,
            on_progress: self.on_progress,
            cancel: self.cancel,
            mode,
        };
        (import, self.mode)
    }
}

impl<M: std::fmt::Debug> std::fmt::Debug for Import<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import")
            .field("client", &self.client)
            .field("journal", &self.journal)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
