//! Activities and their types.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveDateTime};
use crm_history::{ActivityType, Entry, EntryId, EntryOrder, EntryQuery, HistoryClient};
use crm_transport::Error;
use futures_util::FutureExt;

use super::merge::{Details, Merge, merge_some};
use super::missing::{Fate, Rule, is_gone};
use super::{HIGHEST, Run, Step};
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
            // One answer may be cut. Two do not lack the same types by chance.
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
                match client.entry(entry.id).await {
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

    async fn all_activities(&mut self, history: &HistoryClient, details: Details<Entry>) -> Step {
        let query = EntryQuery::new();
        let (is_complete, highest) = self.list(history, query, Merge::new(details)).await?;
        if !is_complete {
            return Ok(());
        }
        let ask = |id: i64| {
            async move {
                match history.entry(EntryId(id.unsigned_abs())).await {
                    Ok(_) => Ok(Fate::OutOfView),
                    Err(error) if is_gone(&error, GONE) => Ok(Fate::Deleted),
                    Err(error) => Err(error),
                }
            }
            .boxed()
        };
        self.settle_missing(Table::Activities, &Rule::Ask(&ask)).await?;
        self.complete(Table::Activities, true, vec![(HIGHEST.to_owned(), highest.to_string())]).await
    }

    /// Reads activities above the highest known id, and those of the recent window.
    async fn recent_activities(&mut self, history: &HistoryClient, details: Details<Entry>) -> Step {
        let highest = self.newest_activities(history, &details).await?;
        // The login's day may be another one than that of UTC.
        let first = self.utc().date() - Days::new(u64::from(self.sync.window_days) + 1);
        let since = first.and_time(chrono::NaiveTime::MIN);
        let merge = Merge::new(details.clone()).since(since);
        let (is_complete, _) = self.list(history, EntryQuery::new().since(first), merge).await?;
        if !is_complete {
            return Ok(());
        }
        let moved = std::sync::Mutex::new(Vec::new());
        let ask = |id: i64| {
            let moved = &moved;
            async move {
                let entry = match history.entry(EntryId(id.unsigned_abs())).await {
                    Ok(entry) => entry,
                    Err(error) if is_gone(&error, GONE) => return Ok(Fate::Deleted),
                    Err(error) => return Err(error),
                };
                match find_listed(history, &entry, first).await? {
                    Some(listed) => {
                        moved.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(listed);
                        Ok(Fate::Keep)
                    }
                    None => Ok(Fate::OutOfView),
                }
            }
            .boxed()
        };
        self.settle_missing(Table::Activities, &Rule::Ask(&ask)).await?;
        let moved = moved.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        merge_some(self, &details, moved).await?;
        self.complete(Table::Activities, false, vec![(HIGHEST.to_owned(), highest.to_string())]).await
    }

    /// Reads what lies above the highest known id, and returns the new highest one.
    ///
    /// The newest page comes first. A deletion moves records from a later page to an earlier one, past the reader. So more
    /// than one page is read until a reading finds nothing more.
    async fn newest_activities(&mut self, history: &HistoryClient, details: &Details<Entry>) -> Step<u64> {
        let known: u64 = self.setting(HIGHEST).unwrap_or(0);
        let mut found = BTreeMap::new();
        for _ in 0..MOST_READINGS {
            let before = found.len();
            let mut pages = 0;
            loop {
                self.check_time()?;
                let query = EntryQuery::new().every_day().order_by(EntryOrder::Id).newest_first().page(pages);
                let page = history.list(&query).await?;
                pages += 1;
                if let Some(unreadable) = page.unreadable.first() {
                    self.add_unreadable(Error::incomplete(
                        RUN,
                        format!("an activity cannot be decoded: {unreadable}"),
                    ));
                }
                let is_over = page.is_empty() || page.items.iter().any(|entry| entry.id.0 <= known);
                found.extend(page.items.into_iter().filter(|entry| entry.id.0 > known).map(|e| (e.id.0, e)));
                if is_over {
                    break;
                }
            }
            if pages == 1 || found.len() == before {
                break;
            }
        }
        let highest = found.keys().next_back().copied().unwrap_or(known);
        let mut records = found.into_values();
        loop {
            let some: Vec<Entry> = records.by_ref().take(TOGETHER).collect();
            if some.is_empty() {
                return Ok(highest);
            }
            merge_some(self, details, some).await?;
        }
    }

    /// Merges a list. Returns whether it is complete, and the highest id.
    async fn list(
        &mut self,
        history: &HistoryClient,
        query: EntryQuery,
        mut merge: Merge<Entry>,
    ) -> Step<(bool, u64)> {
        let mut export = history.export(query).concurrency(self.sync.concurrency).start().await?;
        let mut highest = 0;
        while let Some(record) = export.next().await {
            // The verdict says what an error means.
            let Ok(record) = record else { continue };
            highest = record.id.0;
            merge.push(self, record).await?;
        }
        let verdict = export.finish().await;
        match self.take_verdict(&verdict) {
            Ok(true) => {
                merge.finish(self).await?;
                Ok((true, highest))
            }
            Ok(false) => {
                merge.stop(self).await?;
                Ok((false, highest))
            }
            Err(stop) => {
                merge.stop(self).await?;
                Err(stop)
            }
        }
    }
}

/// Returns the rows that none of these records has.
fn lacking(heads: &[Head], types: &[ActivityType]) -> Vec<Key> {
    let is_there = |key: &Key| types.iter().any(|kind| kind.key() == Some(*key));
    heads.iter().map(|head| head.key).filter(|key| !is_there(key)).collect()
}

/// Finds an activity in the list of its day, if that day lies before the window. Only the list has all contacts.
async fn find_listed(
    history: &HistoryClient,
    entry: &Entry,
    first: NaiveDate,
) -> Result<Option<Entry>, Error> {
    let mut query = match entry.at.map(|at: NaiveDateTime| at.date()) {
        None => EntryQuery::new().zero_dated(),
        Some(day) if day < first => EntryQuery::new().between(day, day),
        Some(_) => return Ok(None),
    };
    if let Some(client) = entry.client_id {
        query = query.client(client);
    }
    let mut listed = history.entries(query);
    while let Some(record) = listed.next().await {
        let record = record?;
        if record.id == entry.id {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// What `info` says of an activity that is not there (observed).
const GONE: &[i64] = &[403];
const MOST_READINGS: usize = 5;
const TOGETHER: usize = 1000;
