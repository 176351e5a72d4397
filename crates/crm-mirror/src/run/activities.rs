//! Activities and their types.

use std::sync::Arc;

use crm_history::{ActivityType, Entry, EntryId, EntryOrder, EntryQuery, HistoryClient};
use futures_util::FutureExt;

use super::merge::{Details, Merge, merge_some};
use super::missing::{CertainInfo, Fate, Rule, is_gone};
use super::{HIGHEST, Run, Step};
use crate::records::Copied;
use crate::row::Key;
use crate::store::{Head, Range};
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
        let client = history.clone();
        let oldest = EntryQuery::new().every_day().order_by(EntryOrder::Id).oldest_first();
        let sample = move || {
            let (client, oldest) = (client.clone(), oldest.clone());
            async move { Ok(client.list(&oldest).await?.items) }.boxed()
        };
        let details = Details::new(self.sync.texts, Arc::new(fetch)).sample(Arc::new(sample));
        if self.is_full(Table::Activities) {
            self.all_activities(history, details).await
        } else {
            self.recent_activities(history, details).await
        }
    }

    async fn all_activities(&mut self, history: &HistoryClient, details: Details<Entry>) -> Step {
        let export = history.export(EntryQuery::new()).concurrency(self.sync.concurrency).start().await?;
        let Some(highest) = Merge::new(details).take(self, export).await? else { return Ok(()) };
        let ask = |id: i64| {
            async move {
                match history.run(&CertainInfo::new(EntryId(id.unsigned_abs()))).await {
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
}

/// Returns the rows that none of these records has.
fn lacking(heads: &[Head], types: &[ActivityType]) -> Vec<Key> {
    let is_there = |key: &Key| types.iter().any(|kind| kind.key() == Some(*key));
    heads.iter().map(|head| head.key).filter(|key| !is_there(key)).collect()
}

/// What `info` says of an activity that is not there (observed).
pub(super) const GONE: &[i64] = &[403];
