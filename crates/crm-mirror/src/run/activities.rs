//! Activities and their types.

use std::sync::{Arc, Mutex, PoisonError};

use crm_history::engine::mutations::breaks;
use crm_history::{ActivityType, Entry, EntryId, EntryQuery, HistoryClient};
use crm_transport::Error;
use futures_util::FutureExt;

use super::merge::{Details, Merge, merge_some};
use super::missing::{CertainInfo, Fate, Rule, is_gone};
use super::{HIGHEST, Run, Step, contradiction};
use crate::records::Copied;
use crate::row::Key;
use crate::store::{Head, RUN, Range};
use crate::table::Table;

impl Run<'_> {
    /// Copies the types. The server returns all of them at once.
    pub(super) async fn activity_types(&mut self, history: &HistoryClient) -> Step {
        const TABLE: Table = Table::ActivityTypes;
        self.begin_table(TABLE);
        self.check_time()?;
        let types = history.activity_types().await?;
        let heads = self.store.heads(&Range::of_table(TABLE, i64::MAX)).await?;
        let mut gone = lacking(&heads, &types);
        if !gone.is_empty() {
            // One answer may be cut. Two with a pause between do not lack the same types by chance.
            tokio::time::sleep(self.sync.recheck_after).await;
            let again = history.activity_types().await?;
            let also = lacking(&heads, &again);
            gone.retain(|key| also.contains(key));
        }
        let removal = self.deleted();
        merge_some(self, &Details::none(), types).await?;
        self.check_share(TABLE, gone.len() as u64).await?;
        let mut batch = self.batch(TABLE);
        batch.removals = gone.into_iter().map(|key| (key, removal)).collect();
        self.commit(vec![batch]).await?;
        self.complete(TABLE, true, Vec::new()).await
    }

    pub(super) async fn activities(&mut self, history: &HistoryClient) -> Step {
        self.begin_table(Table::Activities);
        let client = history.clone();
        let fetch = move |mut entry: Entry| {
            let client = client.clone();
            async move {
                match client.run(&CertainInfo::new(entry.id)).await {
                    // Only the content, because `info` returns the first of the contacts only (observed).
                    Ok(whole) => {
                        entry.content = whole.content;
                        Ok(Some(entry))
                    }
                    Err(error) if is_gone(&error, GONE) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            .boxed()
        };
        let details = Details::new(self.sync.texts, Arc::new(fetch));
        if self.is_full(Table::Activities) {
            self.all_activities(history, details).await
        } else {
            self.recent_activities(history, details).await
        }
    }

    /// Decides about the rows that the list lacks. The row of an activity that the list of its day holds stays. Returns these
    /// activities.
    pub(super) async fn settle_activities(&mut self, history: &HistoryClient) -> Step<Vec<Entry>> {
        let listed = Mutex::new(Vec::new());
        let ask = |id: i64| {
            let listed = &listed;
            async move {
                match find_listed(history, EntryId(id.unsigned_abs())).await {
                    Ok(Some(entry)) => {
                        listed.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
                        Ok(Fate::Keep)
                    }
                    Ok(None) => Ok(Fate::OutOfView),
                    Err(error) if is_gone(&error, GONE) => Ok(Fate::Deleted),
                    Err(error) => Err(error),
                }
            }
            .boxed()
        };
        self.settle_missing(Table::Activities, &Rule::Ask(&ask)).await?;
        Ok(listed.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    async fn all_activities(&mut self, history: &HistoryClient, details: Details<Entry>) -> Step {
        let export = history.export(EntryQuery::new()).concurrency(self.sync.concurrency).start().await?;
        let Some(highest) = Merge::new(details).take(self, export).await? else { return Ok(()) };
        // Other activities that the list lacks as well may be missing in the copy.
        if !self.settle_activities(history).await?.is_empty() {
            return Err(contradiction("the list of activities lacks some that the list of their day holds"));
        }
        self.complete(Table::Activities, true, vec![(HIGHEST.to_owned(), highest.to_string())]).await
    }
}

/// Finds an activity in the list of its day. Only a list has all contacts, and shows whether the login sees the activity.
///
/// # Errors
/// The server knows no such activity, or a call failed.
async fn find_listed(history: &HistoryClient, id: EntryId) -> Result<Option<Entry>, Error> {
    let mut entry = history.run(&CertainInfo::new(id)).await?;
    for _ in 0..MOST_READINGS {
        let mut query = match entry.at.map(|at| at.date()) {
            None => EntryQuery::new().zero_dated(),
            Some(day) => EntryQuery::new().between(day, day),
        };
        if let Some(client) = entry.client_id {
            query = query.client(client);
        }
        let mut listed = history.entries(query);
        while let Some(record) = listed.next().await {
            let record = record?;
            if record.id == id {
                return Ok(Some(record));
            }
        }
        // It may have been moved between the two calls.
        let again = history.run(&CertainInfo::new(id)).await?;
        let is_same = (again.at, again.client_id) == (entry.at, entry.client_id);
        if is_same || breaks("an-activity-may-move-between-two-calls") {
            return Ok(None);
        }
        entry = again;
    }
    Err(Error::incomplete(RUN, format!("activity {id} keeps moving: run it again")))
}

/// Returns the rows that none of these records has.
fn lacking(heads: &[Head], types: &[ActivityType]) -> Vec<Key> {
    let is_there = |key: &Key| types.iter().any(|kind| kind.key() == Some(*key));
    heads.iter().map(|head| head.key).filter(|key| !is_there(key)).collect()
}

/// What `info` says of an activity that is not there (observed).
const GONE: &[i64] = &[403];
const MOST_READINGS: usize = 5;
