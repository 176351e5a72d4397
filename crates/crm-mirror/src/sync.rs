//! [`Sync`]: what a run copies, and how.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crm_directory::DirectoryClient;
use crm_history::{HistoryClient, InvalidValue, Texts};
use crm_projects::ProjectsClient;

use crate::report::TableReport;
use crate::table::ColumnKind;

/// What a run copies, and how. Each method sets an option.
#[derive(Clone, Debug)]
#[must_use]
pub struct Sync {
    pub(crate) history: Option<HistoryClient>,
    pub(crate) directory: Option<DirectoryClient>,
    pub(crate) projects: Option<ProjectsClient>,
    pub(crate) mode: Mode,
    pub(crate) texts: Texts,
    pub(crate) window_days: u32,
    pub(crate) full_every_days: u32,
    pub(crate) children_every_days: u32,
    pub(crate) keep_changes_days: u32,
    pub(crate) soft_deletes: bool,
    pub(crate) allow_deletes: bool,
    pub(crate) new_view: bool,
    pub(crate) until: Option<SystemTime>,
    pub(crate) recheck_after: Duration,
    pub(crate) concurrency: usize,
    pub(crate) columns: Vec<(String, ColumnKind)>,
    pub(crate) hooks: Hooks,
}

impl Sync {
    /// Creates a run that copies nothing yet.
    pub fn new() -> Self {
        Self {
            history: None,
            directory: None,
            projects: None,
            mode: Mode::Auto,
            texts: Texts::Changed,
            window_days: 14,
            full_every_days: 7,
            children_every_days: 7,
            keep_changes_days: 400,
            soft_deletes: false,
            allow_deletes: false,
            new_view: false,
            until: None,
            recheck_after: Duration::from_secs(5),
            concurrency: 2,
            columns: Vec::new(),
            hooks: Hooks::default(),
        }
    }

    /// Copies `activities` and `activity_types`.
    pub fn history(mut self, client: &HistoryClient) -> Self {
        self.history = Some(client.clone());
        self
    }

    /// Copies `users`, `clients` and `contacts`, and the numbers in `phones`.
    pub fn directory(mut self, client: &DirectoryClient) -> Self {
        self.directory = Some(client.clone());
        self
    }

    /// Copies `projects`, and what belongs to them.
    pub fn projects(mut self, client: &ProjectsClient) -> Self {
        self.projects = Some(client.clone());
        self
    }

    /// Sets what is read (default: [`Mode::Auto`]).
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets which contents of activities are fetched as they are stored (default: [`Texts::Changed`]). The list alters
    /// some texts. `Changed` makes one call for each new or changed activity whose listed content may be altered, `All`
    /// one for each activity that is read.
    pub fn texts(mut self, texts: Texts) -> Self {
        self.texts = texts;
        self
    }

    /// Sets how many past days of activities a quick run reads again (default: 14). All future ones are always read.
    pub fn window_days(mut self, days: u32) -> Self {
        self.window_days = days;
        self
    }

    /// Sets after how many days [`Mode::Auto`] reads everything (default: 7).
    pub fn full_every_days(mut self, days: u32) -> Self {
        self.full_every_days = days;
        self
    }

    /// Sets within how many days the children of each project are read at least once (default: 7). Those of a new or
    /// changed project are read in the same run.
    pub fn children_every_days(mut self, days: u32) -> Self {
        self.children_every_days = days.max(1);
        self
    }

    /// Sets how many days entries of the change log are kept (default: 400).
    pub fn keep_changes_days(mut self, days: u32) -> Self {
        self.keep_changes_days = days;
        self
    }

    /// Keeps the rows of deleted records, with the time in `deleted_at` (default: they are removed).
    pub fn soft_deletes(mut self) -> Self {
        self.soft_deletes = true;
        self
    }

    /// Allows more than 5 % of a table (and more than 20 rows) to be deleted or out of view at once (default: the run stops
    /// and says so).
    pub fn allow_deletes(mut self) -> Self {
        self.allow_deletes = true;
        self
    }

    /// Sets how long a run waits before it reads records of a project, or activity types, a second time if a response
    /// lacks them (default: 5 s). They are deleted only if the second response lacks them, too. While a person saves a
    /// project, they may be missing for a moment.
    pub fn recheck_after(mut self, pause: Duration) -> Self {
        self.recheck_after = pause;
        self
    }

    /// Switches the copy to another login, server or token (default: it is refused). Rows that the new login does not
    /// see become out of view, which may need [`allow_deletes`](Self::allow_deletes), too.
    pub fn new_view(mut self) -> Self {
        self.new_view = true;
        self
    }

    /// Sets a time after which the run stops cleanly (default: none). The next run resumes.
    pub fn until(mut self, time: SystemTime) -> Self {
        self.until = Some(time);
        self
    }

    /// Sets the maximum number of concurrent calls (default 2, minimum 1, maximum 64). The pace of a client limits them,
    /// too.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.clamp(1, 64);
        self
    }

    /// Also copies a custom field of projects into its own column. The name has letters, digits and `_` only. A
    /// column stays: later runs fill it, whether they name it or not.
    pub fn column(mut self, field: impl Into<String>, kind: ColumnKind) -> Self {
        self.columns.push((field.into(), kind));
        self
    }

    /// Calls this with the figures of a table each time some of its records were read and written. The number of those that
    /// were read may be ahead of the others. It must not block.
    pub fn on_progress(mut self, call: impl Fn(&TableReport) + Send + std::marker::Sync + 'static) -> Self {
        self.hooks.on_progress = Some(Arc::new(call));
        self
    }

    /// Calls this periodically, and stops cleanly after it returns `true`, as with [`until`](Self::until): after a
    /// signal, for example. It must not block.
    pub fn stop_when(mut self, call: impl Fn() -> bool + Send + std::marker::Sync + 'static) -> Self {
        self.hooks.stop_when = Some(Arc::new(call));
        self
    }
}

impl Default for Sync {
    fn default() -> Self {
        Self::new()
    }
}

type OnProgress = dyn Fn(&TableReport) + Send + std::marker::Sync;
type StopWhen = dyn Fn() -> bool + Send + std::marker::Sync;

/// What a run calls.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    on_progress: Option<Arc<OnProgress>>,
    stop_when: Option<Arc<StopWhen>>,
}

impl Hooks {
    pub(crate) fn progress(&self, report: &TableReport) {
        if let Some(call) = &self.on_progress {
            call(report);
        }
    }

    pub(crate) fn stops(&self) -> bool {
        self.stop_when.as_ref().is_some_and(|call| call())
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

/// What a run reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// `Full` for each table whose last complete full run is too old, otherwise `Quick`.
    #[default]
    Auto,
    /// New records, and a recent window. A table that was never read in full is read in full.
    Quick,
    /// Everything.
    Full,
}

impl Mode {
    /// Returns the word for it: `auto`, `quick` or `full`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = InvalidValue;

    /// Reads one of the words that `Display` writes.
    fn from_str(word: &str) -> Result<Self, InvalidValue> {
        let mode = [Self::Auto, Self::Quick, Self::Full].into_iter().find(|mode| mode.as_str() == word);
        mode.ok_or_else(|| InvalidValue::new("Mode", "one of auto, quick, full"))
    }
}
