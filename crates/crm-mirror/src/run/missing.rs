//! Decides what becomes of rows that a complete list lacks.

use crm_history::operations::Info;
use crm_history::{Entry, EntryId};
use crm_transport::{BoxFuture, Bytes, Error, ErrorKind, Operation, OperationInfo, answer, http};
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;

use super::{Run, Step, Stop};
use crate::report::TooManyMissing;
use crate::row::Key;
use crate::store::{Missing, RUN, Removal};
use crate::table::Table;
use crm_history::engine::mutations::breaks;

/// What is known of a record that a list lacks.
pub(super) enum Fate {
    /// It was deleted, as the application itself says.
    Deleted,
    /// The login no longer sees it.
    OutOfView,
    /// It is there. Its row stays.
    Keep,
}

/// How the fate of a record is found out.
pub(super) enum Rule<'f> {
    /// By a call for each.
    Ask(&'f (dyn Fn(i64) -> BoxFuture<'f, Result<Fate, Error>> + Send + Sync)),
    /// A second complete list, at least an hour later, lacks it too: it is out of view.
    TwoLists,
}

impl Run<'_> {
    /// Decides about the rows of a table that this run has marked. Its list was complete.
    pub(super) async fn settle_missing(&mut self, table: Table, rule: &Rule<'_>) -> Step {
        let count = self.store.count_missing(table, self.id).await?;
        self.check_share(table, count).await?;
        let removal = self.deleted();
        let run = self.id;
        let mut after = Key { project_id: -1, ..Key::default() };
        loop {
            self.check_time()?;
            let marks = self.store.missing(table, after, TOGETHER).await?;
            let Some(last) = marks.last() else { return Ok(()) };
            after = last.key;
            let mut batch = self.batch(table);
            let (marks, stale): (Vec<Missing>, Vec<Missing>) = marks
                .into_iter()
                .partition(|mark| mark.run == run || breaks("a-list-that-shows-a-row-clears-its-mark"));
            batch.found = stale.into_iter().map(|mark| mark.key).collect();
            let mut end = Ok(());
            match rule {
                Rule::Ask(ask) => {
                    let asked = stream::iter(&marks)
                        .map(|mark| async {
                            if breaks("a-missing-record-is-asked-for") {
                                return Ok((mark.key, Fate::Deleted));
                            }
                            Ok::<_, Error>((mark.key, ask(mark.key.id).await?))
                        })
                        .buffered(self.sync.concurrency);
                    let fates;
                    (fates, end) = self.until_failure(asked).await;
                    for fate in fates {
                        match fate {
                            (key, Fate::Deleted) => batch.removals.push((key, removal)),
                            (key, Fate::OutOfView) => batch.removals.push((key, Removal::OutOfView)),
                            (key, Fate::Keep) => batch.found.push(key),
                        }
                    }
                }
                Rule::TwoLists => {
                    for mark in marks {
                        match mark.since {
                            None if breaks("two-lists-decide") => {
                                batch.removals.push((mark.key, Removal::OutOfView));
                            }
                            None => batch.missing.push(Missing { since: Some(self.now()), ..mark }),
                            Some(since)
                                if self.started_at - since >= HOUR
                                    || breaks("the-lists-are-an-hour-apart") =>
                            {
                                batch.removals.push((mark.key, Removal::OutOfView));
                            }
                            Some(_) => {}
                        }
                    }
                }
            }
            self.commit(vec![batch]).await?;
            end?;
        }
    }

    /// Stops the run if too large a part of a table is missing at once.
    pub(super) async fn check_share(&mut self, table: Table, count: u64) -> Step {
        if count <= LEAST_REFUSED {
            return Ok(());
        }
        let all = self.store.count(table).await?;
        self.check_share_of(table, count, all, MOST_PERCENT)
    }

    /// Stops the run if more than this part of some rows of a table is missing at once.
    pub(super) fn check_share_of(&mut self, table: Table, count: u64, all: u64, most_percent: u64) -> Step {
        if self.sync.allow_deletes || count <= LEAST_REFUSED || breaks("too-many-missing-rows-stop-the-run") {
            return Ok(());
        }
        if count.saturating_mul(100) <= all.saturating_mul(most_percent) {
            return Ok(());
        }
        let fault =
            format!("{count} of {all} rows of {table} are missing in the CRM at once, so none was removed");
        self.too_many_missing = Some(TooManyMissing { table, missing: count, rows: all });
        Err(Stop::NeedsPerson(Error::incomplete(RUN, fault).hint(IF_GONE)))
    }

    /// How rows of deleted records are removed.
    pub(super) fn deleted(&self) -> Removal {
        if self.sync.soft_deletes { Removal::SoftDelete } else { Removal::Delete }
    }
}

/// Returns whether the application itself says that there is no such record. A page of something in between does not.
pub(super) fn is_gone(error: &Error, codes: &[i64]) -> bool {
    let is_own = error.kind() == ErrorKind::Api && error.http_status().is_none_or(|status| status == 200);
    if breaks("a-page-on-the-way-proves-nothing") {
        return error.http_status().is_some_and(|status| codes.contains(&i64::from(status))) || is_own;
    }
    is_own && error.api_code().is_some_and(|code| codes.contains(&code))
}

/// `info` of an activity, whose error counts only in SalesMan's own form, `{"result": "Error", "error": …}`. JSON of
/// something in between may hold the same code.
pub(super) struct CertainInfo(Info);

impl CertainInfo {
    pub(super) fn new(id: EntryId) -> Self {
        Self(Info::new(id))
    }
}

impl Operation for CertainInfo {
    type Output = Entry;

    const INFO: OperationInfo = Info::INFO;

    fn request(&self) -> Result<http::Request<Bytes>, Error> {
        self.0.request()
    }

    fn read(&self, response: &http::Response<Bytes>) -> Result<Entry, Error> {
        let read = self.0.read(response);
        let Err(error) = read else { return read };
        let json = answer::json(&Self::INFO, response)?;
        let own: Option<OwnError> = serde_json::from_slice(json).ok();
        if error.kind() != ErrorKind::Api
            || own.is_some_and(|own| own.result == "Error")
            || breaks("foreign-json-proves-nothing")
        {
            return Err(error);
        }
        Err(Error::foreign_answer(&Self::INFO, error))
    }

    fn parameters_received(&self, output: &Entry) -> Option<bool> {
        self.0.parameters_received(output)
    }
}

#[derive(Deserialize)]
struct OwnError {
    result: String,
}

pub(super) const IF_GONE: &str = "check that the login still sees them; if they are gone, run it once with allow_deletes (--allow-deletes)";
const TOGETHER: i64 = 500;
const HOUR: i64 = 3600;
/// So many rows may always be missing.
const LEAST_REFUSED: u64 = 20;
/// So large a part of a table may be missing.
const MOST_PERCENT: u64 = 5;
