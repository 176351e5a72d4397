//! Starts an import.

use std::sync::Arc;

use crm_transport::{Error, Records};

use super::builder::Import;
use super::checks::Checks;
use super::import_outcome::ImportOutcome;
use super::journal::Journal;
use super::known_types::KnownTypes;
use super::logins::Logins;
use super::outcome_stream::OutcomeStream;
use super::report::ImportReport;
use super::run::{Parts, Run};
use crate::engine::{Driver, Earlier, MARKS_AT_ONCE, NoStore, Store};

/// Running it.
impl Import {
    /// Sends nothing more after this future ends, such as `token.cancelled_owned()` or a Ctrl-C. Every wait ends at
    /// once.
    ///
    /// Calls in flight may still get their response, for at most 5 seconds. Activities whose response does not arrive
    /// are [`Unknown`](crm_model::history::AddOutcome::Unknown), and with a journal the next run looks them up.
    /// Activities that were read from the input but not sent become
    /// [`NotSent`](crm_model::history::AddOutcome::NotSent). The rest of the input is not read.
    pub fn cancel(mut self, when: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancel = Box::pin(when);
        self
    }

    /// Returns one outcome for each activity, in the order of the input, in constant memory. Only a changed
    /// input with a [journal](Self::journal) may need more.
    ///
    /// Nothing is sent before the first outcome is requested. Dropping the stream stops the import. The journal then
    /// records what was in flight.
    ///
    /// # Errors
    /// The journal cannot be read or written, or has activities in doubt that the input lacks. The error is the last item.
    /// Every other failure is an outcome.
    ///
    /// # Panics
    /// Requesting an outcome panics outside a tokio runtime with timers enabled, because the journal needs the threads
    /// of a runtime, and waits need its timers.
    pub fn outcomes(self) -> Records<ImportOutcome> {
        let Self {
            client,
            input,
            settings,
            losses,
            check_users,
            check_types,
            adopt_marked,
            journal,
            other_journal,
            retry_refused,
            is_dry_run,
            on_progress,
            cancel,
            ..
        } = self;
        let start = async move {
            let logins = check_users.then(|| Logins::new(client.clone()));
            let types = check_types.then(|| KnownTypes::new(client.clone()));
            let checks = Checks::new(losses, logins, types);
            let mut store: Arc<dyn Store> = Arc::new(NoStore);
            let mut summary = Earlier::default();
            let mut opened = None;
            if let Some(path) = journal {
                let (journal, mut earlier) = Journal::open(path).await?;
                if retry_refused {
                    earlier.forget_refused();
                }
                summary = earlier.summary();
                let journal = Arc::new(journal);
                store = Arc::<Journal>::clone(&journal);
                opened = Some((journal, earlier.into_alignment()));
            }
            let elsewhere = match other_journal {
                Some(path) => Journal::read_other(path).await?,
                None => None,
            };
            let patience = settings.patience;
            // Outcomes are returned in order, so a doubt holds back those behind it. This bounds them.
            let mut most_open = MOST_CHUNKS_OPEN * settings.limits.activities;
            let mut driver = Driver::new(client, store, settings, summary);
            if adopt_marked {
                driver.adopt_marked();
                most_open = most_open.max(2 * MARKS_AT_ONCE);
            }
            let journal = opened;
            Ok(Run::new(Parts {
                input,
                checks,
                journal,
                elsewhere,
                driver,
                is_dry_run,
                most_open,
                on_progress,
                cancel,
                patience,
            }))
        };
        Records::new(OutcomeStream::new(start))
    }

    /// Runs the import to its end and collects the outcomes.
    ///
    /// The report holds all of them in memory. Use [`outcomes`](Self::outcomes) for an input of any length.
    ///
    /// # Errors
    /// See [`outcomes`](Self::outcomes).
    ///
    /// # Panics
    /// See [`outcomes`](Self::outcomes).
    pub async fn run(self) -> Result<ImportReport, Error> {
        let mut outcomes = self.outcomes();
        let mut report = ImportReport::default();
        while let Some(outcome) = outcomes.next().await {
            report.add(outcome?);
        }
        Ok(report)
    }
}

/// How many chunks may be taken from the input before the first of them has its outcomes.
const MOST_CHUNKS_OPEN: usize = 50;
