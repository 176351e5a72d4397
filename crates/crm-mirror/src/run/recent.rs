//! The activities of a quick run: what is new, and what lies in a recent window.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{Days, NaiveTime};
use crm_history::{Entry, EntryId, EntryOrder, EntryQuery, HistoryClient, Page};
use crm_transport::Error;
use futures_util::FutureExt;

use super::activities::GONE;
use super::merge::{Details, Merge, merge_some};
use super::missing::{CertainInfo, Fate, Rule, is_gone};
use super::{HIGHEST, Run, Step, Stop};
use crate::store::RUN;
use crate::table::Table;
use crm_history::engine::mutations::breaks;

impl Run<'_> {
    /// Reads activities above the highest known ID, and those of the recent window.
    pub(super) async fn recent_activities(
        &mut self,
        history: &HistoryClient,
        details: Details<Entry>,
    ) -> Step {
        const TABLE: Table = Table::Activities;
        let highest = self.newest_activities(history, &details).await?;
        // The login's day may be another one than that of UTC.
        let days = if breaks("a-window-is-read-again") { 0 } else { u64::from(self.sync.window_days) + 1 };
        let first = self.utc().date() - Days::new(days);
        let merge = Merge::new(details.clone()).since(first.and_time(NaiveTime::MIN));
        self.window(history, &EntryQuery::new().since(first), merge).await?;
        let moved = Mutex::new(Vec::new());
        let ask = |id: i64| {
            let moved = &moved;
            async move {
                match find_listed(history, EntryId(id.unsigned_abs())).await {
                    Ok(Some(listed)) => {
                        moved.lock().unwrap_or_else(PoisonError::into_inner).push(listed);
                        Ok(Fate::Keep)
                    }
                    Ok(None) => Ok(Fate::OutOfView),
                    Err(error) if is_gone(&error, GONE) => Ok(Fate::Deleted),
                    Err(error) => Err(error),
                }
            }
            .boxed()
        };
        self.settle_missing(TABLE, &Rule::Ask(&ask)).await?;
        let moved = moved.into_inner().unwrap_or_else(PoisonError::into_inner);
        merge_some(self, &details, moved).await?;
        self.complete(TABLE, false, vec![(HIGHEST.to_owned(), highest.to_string())]).await
    }

    /// Reads what lies above the highest known ID, and returns the new highest one.
    ///
    /// The newest page comes first. A deletion moves records from a later page to an earlier one, past the reader. So more
    /// than one page is read until a reading finds nothing more.
    async fn newest_activities(&mut self, history: &HistoryClient, details: &Details<Entry>) -> Step<u64> {
        let known: u64 = self.setting(HIGHEST).unwrap_or(0);
        let query = EntryQuery::new().every_day().order_by(EntryOrder::Id).newest_first();
        let mut found = BTreeMap::new();
        for _ in 0..MOST_READINGS {
            let before = found.len();
            let mut pages = Lengths::default();
            loop {
                let number = pages.count;
                let page = self.page(history, &query, number).await?;
                pages.add(&page)?;
                if page.is_empty() {
                    self.check_end(history, &query, number).await?;
                    break;
                }
                let is_sorted = page.items.is_sorted_by(|one, next| one.id > next.id);
                if !is_sorted && !breaks("the-newest-page-is-sorted") {
                    return Err(contradiction("is not sorted by id, or holds an activity twice", number));
                }
                let is_over = page.items.iter().any(|entry| entry.id.0 <= known);
                found.extend(page.items.into_iter().filter(|entry| entry.id.0 > known).map(|e| (e.id.0, e)));
                if is_over {
                    break;
                }
            }
            let is_over = pages.count == 1 || found.len() == before;
            if is_over || breaks("more-than-one-new-page-is-read-again") {
                break;
            }
        }
        let highest = found.keys().next_back().copied().unwrap_or(known);
        if breaks("progress-comes-last") {
            self.complete(Table::Activities, false, vec![(HIGHEST.to_owned(), highest.to_string())]).await?;
        }
        let mut records = found.into_values();
        loop {
            let some: Vec<Entry> = records.by_ref().take(TOGETHER).collect();
            if some.is_empty() {
                return Ok(highest);
            }
            merge_some(self, details, some).await?;
        }
    }

    /// Merges the list of the window. It costs its pages, and three more to believe the end.
    ///
    /// An export would need more. It would also make up for deletions meanwhile, which move records past the reader. Here such
    /// a record counts as missing, and is requested like all of those.
    async fn window(&mut self, history: &HistoryClient, query: &EntryQuery, mut merge: Merge<Entry>) -> Step {
        let query = query.clone().order_by(EntryOrder::Id).oldest_first();
        let mut pages = Lengths::default();
        let mut highest = 0;
        loop {
            let number = pages.count;
            let page = self.page(history, &query, number).await?;
            if page.is_empty() {
                self.check_end(history, &query, number).await?;
                return merge.finish(self).await;
            }
            pages.add(&page)?;
            if !page.items.is_sorted_by(|one, next| one.id < next.id) {
                return Err(contradiction("is not sorted by id, or holds an activity twice", number));
            }
            let before = highest;
            for entry in page.items {
                // What was deleted meanwhile may move records to the page before, but never to the one after it.
                if entry.id.0 > highest {
                    highest = entry.id.0;
                    merge.push(self, entry).await?;
                }
            }
            if highest == before {
                return Err(contradiction("contains only records of the pages before it", number));
            }
        }
    }

    /// An empty page is the end only if it is empty again, and so is one far behind it.
    async fn check_end(&mut self, history: &HistoryClient, query: &EntryQuery, number: u64) -> Step {
        let others =
            if breaks("an-empty-page-is-not-the-end") { [].as_slice() } else { &[number, number * 2 + 7] };
        for &other in others {
            if !self.page(history, query, other).await?.is_empty() {
                return Err(contradiction("is empty, and another one follows", number));
            }
        }
        Ok(())
    }

    async fn page(&mut self, history: &HistoryClient, query: &EntryQuery, number: u64) -> Step<Page<Entry>> {
        self.check_time()?;
        let page = history.list(&query.clone().page(number)).await?;
        if let Some(unreadable) = page.unreadable.first() {
            let fault = format!("an activity cannot be decoded: {unreadable}");
            return Err(Stop::NeedsPerson(Error::incomplete(RUN, fault)));
        }
        Ok(page)
    }
}

/// The lengths of the pages of a list. Only the last one may be shorter.
#[derive(Default)]
struct Lengths {
    count: u64,
    longest: usize,
    /// The length of the page before.
    last: usize,
}

impl Lengths {
    fn add(&mut self, page: &Page<Entry>) -> Step {
        self.longest = self.longest.max(page.len());
        let is_short = self.count > 0 && self.last < self.longest;
        if !page.is_empty() && is_short && !breaks("no-page-is-short") {
            return Err(contradiction("is short, and another one follows", self.count - 1));
        }
        self.last = page.len();
        self.count += 1;
        Ok(())
    }
}

fn contradiction(what: &str, page: u64) -> Stop {
    let fault = format!("page {page} of the activities {what}: records may be missing, so run it again");
    Stop::Failed(Error::incomplete(RUN, fault))
}

/// Finds an activity in the list of its day. Only a list has all contacts, and shows whether the login sees the activity.
///
/// # Errors
/// There is no such activity, or a call failed.
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

const MOST_READINGS: usize = 5;
const TOGETHER: usize = 1000;
