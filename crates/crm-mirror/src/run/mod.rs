//! One run: the steps in their order, and what they share.

mod activities;
mod children;
mod directory;
mod merge;
mod missing;
mod projects;
mod recent;
mod shift;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;

use chrono::NaiveDateTime;
use crm_transport::{Error, ErrorKind, Verdict};
use futures_util::future::{self, TryFutureExt};
use futures_util::stream::{Stream, StreamExt};

use crate::mirror::Clock;
use crate::report::{Outcome, Report, TableReport, TooManyMissing};
use crate::store::{Applied, Batch, RUN, RunEnd, Store, refill};
use crate::sync::{Mode, Sync};
use crate::table::{Shape, Table};
use crate::time::{seconds, to_utc};
use crm_history::engine::mutations::breaks;

/// Ends a run early, or one of its steps.
#[derive(Debug)]
enum Stop {
    /// The store failed: nothing more can be recorded.
    Store(Error),
    /// The time limit has come.
    TimeLimit,
    /// A call failed.
    Failed(Error),
    /// A person must look.
    NeedsPerson(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        if error.kind() == ErrorKind::Storage {
            Self::Store(error)
        } else if error.is_auth() || error.is_invalid_request() || error.is_account_setting() {
            Self::NeedsPerson(error)
        } else {
            Self::Failed(error)
        }
    }
}

type Step<T = ()> = Result<T, Stop>;

/// A run and what it knows.
pub(crate) struct Run<'a> {
    store: &'a dyn Store,
    sync: &'a Sync,
    clock: &'a Clock,
    fence: i64,
    id: i64,
    started_at: i64,
    settings: BTreeMap<String, String>,
    /// By how many hours the login's clock is ahead of what it was at the first run.
    shift: i64,
    /// The part of it that the table of runs has noted. A run that is killed leaves the rest to the next one.
    noted_shift: i64,
    /// Whether records that were there before have shown the shift in this run.
    is_shift_known: bool,
    tables: Vec<TableReport>,
    any_full: bool,
    /// Whose the copy will be once the server has answered: a wrong address or key must not claim it.
    owners: Vec<(String, String)>,
    too_many_missing: Option<TooManyMissing>,
    /// What is not complete although the run went on.
    doubt: Option<Stop>,
    /// Tables with records that cannot be decoded.
    unreadable: BTreeSet<Table>,
}

impl<'a> Run<'a> {
    /// Carries out a run. The lock is held by the caller.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn carry_out(
        store: &'a dyn Store,
        sync: &'a Sync,
        clock: &'a Clock,
        fence: i64,
        settings: BTreeMap<String, String>,
        view: Vec<(String, String)>,
        owners: Vec<(String, String)>,
    ) -> Result<Report, Error> {
        let started_at = seconds(clock());
        let hours = |name: &str| settings.get(name).and_then(|hours| hours.parse().ok());
        let shift = hours(SHIFT).unwrap_or(0);
        let noted_shift = hours(NOTED_SHIFT).unwrap_or(shift);
        let id = store.begin_run(fence, started_at, sync.mode.as_str()).await?;
        let mut run = Self {
            store,
            sync,
            clock,
            fence,
            id,
            started_at,
            settings,
            shift,
            noted_shift,
            is_shift_known: false,
            tables: Vec::new(),
            any_full: false,
            owners: Vec::new(),
            too_many_missing: None,
            doubt: None,
            unreadable: BTreeSet::new(),
        };
        let mut begin = run.batch(Table::Activities);
        begin.settings = view;
        run.commit(vec![begin]).await.map_err(store_error)?;
        run.owners = owners;
        let end = run.steps().await;
        let outcome = match end.err().or(run.doubt.take()) {
            None => Outcome::Complete,
            Some(Stop::TimeLimit) => Outcome::Stopped,
            Some(Stop::Failed(error)) => Outcome::RunAgain(error),
            Some(Stop::NeedsPerson(error)) => Outcome::NeedsPerson(error),
            Some(Stop::Store(error)) => return Err(error),
        };
        run.end(outcome).await
    }

    async fn steps(&mut self) -> Step {
        let sync = self.sync;
        if let Some(history) = &sync.history {
            self.activity_types(history).await?;
            self.activities(history).await?;
        }
        if let Some(directory) = &sync.directory {
            self.users(directory).await?;
            self.clients(directory).await?;
            self.contacts(directory).await?;
        }
        if let Some(projects) = &sync.projects {
            self.projects(projects).await?;
            self.children(projects).await?;
        }
        Ok(())
    }

    async fn end(self, outcome: Outcome) -> Result<Report, Error> {
        let was_ever_full = Table::ALL.iter().any(|table| self.setting::<i64>(&last_full(*table)) > Some(0));
        let mode = if self.any_full || !was_ever_full { Mode::Full } else { Mode::Quick };
        let shift: i64 = self.setting(SHIFT).unwrap_or(0);
        let report = Report {
            run: self.id,
            mode,
            tables: self.tables,
            shift_hours: Some(shift - self.noted_shift).filter(|hours| *hours != 0),
            outcome,
            too_many_missing: self.too_many_missing,
        };
        let figures: BTreeMap<&str, BTreeMap<&str, u64>> = report
            .tables
            .iter()
            .map(|table| {
                let figures = [
                    ("read", table.read),
                    ("inserted", table.inserted),
                    ("updated", table.updated),
                    ("deleted", table.deleted),
                    ("out_of_view", table.out_of_view),
                    ("in_view", table.in_view),
                    ("complete", u64::from(table.is_complete)),
                ];
                (table.table.as_str(), figures.into_iter().collect())
            })
            .collect();
        let now = seconds((self.clock)());
        let end = RunEnd {
            run: self.id,
            ended_at: now,
            mode: mode.as_str(),
            verdict: report.outcome.as_str(),
            figures: serde_json::to_string(&figures).unwrap_or_default(),
            error: report.error().map(ToString::to_string),
            shift_hours: report.shift_hours,
            settings: report
                .shift_hours
                .map(|_| (NOTED_SHIFT.to_owned(), shift.to_string()))
                .into_iter()
                .collect(),
            keep_since: now - i64::from(self.sync.keep_changes_days) * DAY,
        };
        self.store.end_run(self.fence, &end).await?;
        Ok(report)
    }

    /// Returns the time of the program's clock, which may be set back meanwhile.
    fn now(&self) -> i64 {
        seconds((self.clock)()).max(self.started_at)
    }

    fn check_time(&self) -> Step {
        match self.sync.until {
            Some(until) if (self.clock)() >= until && !breaks("a-run-ends-at-its-time-limit") => {
                Err(Stop::TimeLimit)
            }
            _ if self.sync.hooks.stops() => Err(Stop::TimeLimit),
            _ => Ok(()),
        }
    }

    /// Waits for calls until one fails or the time limit has come. A server that does not answer is not asked for the rest.
    async fn until_failure<T>(&self, calls: impl Stream<Item = Result<T, Error>>) -> (Vec<T>, Step) {
        let mut calls = pin!(calls);
        let mut done = Vec::new();
        while let Some(call) = calls.next().await {
            match call {
                Ok(one) => done.push(one),
                Err(error) => return (done, Err(error.into())),
            }
            let is_over = calls.size_hint().1 == Some(0);
            if !is_over && let Err(stop) = self.check_time() {
                return (done, Err(stop));
            }
        }
        (done, Ok(()))
    }

    fn batch(&self, table: Table) -> Batch {
        Batch::new(self.id, self.now(), &Arc::new(Shape::new(table, &self.sync.columns)))
    }

    /// Writes batches, and counts what they change.
    async fn commit(&mut self, batches: Vec<Batch>) -> Step {
        self.commit_while(batches, async |_| Ok(())).await
    }

    /// Writes batches while something else is prepared, and counts what they change.
    async fn commit_while<T>(
        &mut self,
        mut batches: Vec<Batch>,
        prepare: impl AsyncFnOnce(&mut Self) -> Step<T>,
    ) -> Step<T> {
        let touched: BTreeSet<Table> = batches.iter().map(|batch| batch.shape.table).collect();
        batches.retain(|batch| !batch.is_empty());
        if batches.is_empty() {
            self.show_progress(touched);
            return prepare(self).await;
        }
        for batch in &mut batches {
            let is_of_project =
                batch.shape.table == Table::Projects || batch.shape.table.belongs_to_project();
            let owner = if is_of_project { TOKEN } else { LOGIN };
            batch.settings.extend(self.owners.extract_if(.., |(name, _)| name == owner));
        }
        let tables: Vec<Table> = batches.iter().map(|batch| batch.shape.table).collect();
        let settings: Vec<_> = batches.iter().flat_map(|batch| batch.settings.clone()).collect();
        let writing = self.store.commit(self.fence, batches).map_err(Stop::from);
        // An error of `prepare` must not cancel the writing, so it is returned after it.
        let preparing = async { Ok(prepare(self).await) };
        let (applied, prepared) = future::try_join(writing, preparing).await?;
        self.settings.extend(settings);
        for (table, applied) in tables.into_iter().zip(applied) {
            let Applied { inserted, updated, deleted, out_of_view, in_view } = applied;
            if applied != Applied::default() {
                let report = self.report(table);
                report.inserted += inserted;
                report.updated += updated;
                report.deleted += deleted;
                report.out_of_view += out_of_view;
                report.in_view += in_view;
            }
        }
        self.show_progress(touched);
        prepared
    }

    fn show_progress(&self, touched: BTreeSet<Table>) {
        for table in touched {
            if let Some(report) = self.tables.iter().find(|report| report.table == table) {
                self.sync.hooks.progress(report);
            }
        }
    }

    fn report(&mut self, table: Table) -> &mut TableReport {
        let at = self.tables.iter().position(|report| report.table == table).unwrap_or_else(|| {
            self.tables.push(TableReport::new(table));
            self.tables.len() - 1
        });
        &mut self.tables[at]
    }

    fn begin_table(&mut self, table: Table) {
        self.report(table);
    }

    fn setting<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.settings.get(name)?.parse().ok()
    }

    /// Returns whether everything of a table is to be read.
    fn is_full(&mut self, table: Table) -> bool {
        let last: Option<i64> = self.setting(&last_full(table)).filter(|last| *last > 0);
        let is_full = match (self.sync.mode, last) {
            (Mode::Full, _) | (_, None) => true,
            _ if self.refills(table) => true,
            (Mode::Quick, Some(_)) => false,
            (Mode::Auto, Some(last)) => {
                !breaks("auto-reads-everything-after-some-days")
                    && self.started_at - last >= i64::from(self.sync.full_every_days) * DAY - TOLERANCE
            }
        };
        self.any_full |= is_full;
        is_full
    }

    /// Notes that a table was read to its end, in full or not, with these settings.
    async fn complete(&mut self, table: Table, is_full: bool, mut settings: Vec<(String, String)>) -> Step {
        if is_full {
            settings.push((last_full(table), self.started_at.to_string()));
            settings.extend(self.refills(table).then(|| (refill(table), "0".to_owned())));
        }
        let mut batch = self.batch(table);
        batch.settings = settings;
        self.commit(vec![batch]).await?;
        self.report(table).is_complete = true;
        Ok(())
    }

    /// Returns whether every row is written again, because a column is new.
    fn refills(&self, table: Table) -> bool {
        self.settings.get(&refill(table)).is_some_and(|value| value == "1")
    }

    /// Takes in the verdict of an export. Returns whether it is complete. An error ends the run.
    fn take_verdict(&mut self, verdict: &Verdict) -> Step<bool> {
        if verdict.is_complete() || breaks("an-incomplete-list-is-in-the-verdict") {
            return Ok(true);
        }
        let Some(error) = verdict.to_error(RUN) else { return Ok(true) };
        match verdict {
            Verdict::Truncated { .. } => Err(error.into()),
            Verdict::Complete { .. } => {
                self.doubt.get_or_insert(Stop::NeedsPerson(error)); // unreadable records
                Ok(false)
            }
            _ => {
                self.doubt.get_or_insert(Stop::Failed(error));
                Ok(false)
            }
        }
    }

    /// Notes that records cannot be decoded, so that a table is not complete.
    fn add_unreadable(&mut self, table: Table, error: Error) {
        self.unreadable.insert(table);
        self.doubt.get_or_insert(Stop::NeedsPerson(error));
    }

    /// Returns the time of day in UTC. The login's own time differs by at most 14 hours and its shift.
    fn utc(&self) -> NaiveDateTime {
        to_utc(self.now())
    }
}

fn store_error(stop: Stop) -> Error {
    match stop {
        Stop::Store(error) | Stop::Failed(error) | Stop::NeedsPerson(error) => error,
        Stop::TimeLimit => Error::incomplete(RUN, "stopped at its time limit"),
    }
}

/// A list contradicts itself or another one.
fn contradiction(what: &str) -> Stop {
    Stop::Failed(Error::incomplete(RUN, format!("{what}: records may be missing, so run it again")))
}

/// The setting with the login whose SalesMan CRM was copied, and its server.
pub(crate) const LOGIN: &str = "login";
/// The setting with the token whose solOS was copied, and its server.
pub(crate) const TOKEN: &str = "token";

/// The setting with the time of the last complete full run of a table.
pub(crate) fn last_full(table: Table) -> String {
    format!("full:{table}")
}

/// The setting with the highest ID up to which every activity was read.
pub(crate) const HIGHEST: &str = "highest:activities";
/// The setting with the shift of the login's clock, in hours.
const SHIFT: &str = "shift";
/// The setting with the part of the shift that the table of runs has noted.
const NOTED_SHIFT: &str = "noted_shift";

pub(crate) const DAY: i64 = 24 * 3600;
/// A nightly run may begin a little earlier than the one a week ago.
const TOLERANCE: i64 = 6 * 3600;
