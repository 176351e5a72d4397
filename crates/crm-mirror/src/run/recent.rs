//! The activities of a quick run: what is new, and what lies in a recent window.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDateTime, NaiveTime};
use crm_history::{Entry, EntryOrder, EntryQuery, HistoryClient, Page};
use crm_transport::Error;

use super::merge::{Details, Merge, merge_some};
use super::{HIGHEST, Run, Step, Stop, contradiction};
use crate::records::Copied;
use crate::row::Key;
use crate::store::{RUN, Range};
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
        let (highest, page_size) = self.newest_activities(history, &details).await?;
        // The login's day may be another one than that of UTC.
        let days = if breaks("a-window-is-read-again") { 0 } else { u64::from(self.sync.window_days) + 1 };
        let first = self.utc().date() - Days::new(days);
        let since = first.and_time(NaiveTime::MIN);
        self.window(history, &EntryQuery::new().since(first), &details, since, page_size).await?;
        // One that cannot be decoded may be any of those that the list seems to lack, or a new one.
        if self.unreadable.contains(&TABLE) {
            return Ok(());
        }
        let moved = self.settle_activities(history).await?;
        let belongs_there = moved.iter().any(|entry| entry.at.is_some_and(|at| at >= since));
        merge_some(self, &details, moved).await?;
        // Others that it lacks as well may be missing in the copy.
        if belongs_there {
            return Err(contradiction(
                "the list of the newest days lacks activities that the list of their day holds",
            ));
        }
        self.complete(TABLE, false, vec![(HIGHEST.to_owned(), highest.to_string())]).await
    }

    /// Reads what lies above the highest known id. Returns the new highest one, and the length of the longest page.
    ///
    /// The newest page comes first, down to the one that shows what is known. A deletion meanwhile moves records from a later
    /// page to an earlier one, past the reader. So the pages are read again, the last one first: now a deletion moves records
    /// to a page that is still to be read. What comes into the list meanwhile moves others past the reader, and is seen.
    async fn newest_activities(
        &mut self,
        history: &HistoryClient,
        details: &Details<Entry>,
    ) -> Step<(u64, usize)> {
        let known: u64 = self.setting(HIGHEST).unwrap_or(0);
        let query = EntryQuery::new().every_day().order_by(EntryOrder::Id).newest_first();
        let new = |page: Page<Entry>| page.items.into_iter().filter(|entry| entry.id.0 > known);
        let mut found = BTreeMap::new();
        let mut pages = Pages::default();
        let mut last = 0;
        for reading in 1.. {
            loop {
                let page = self.newest_page(history, &query, last).await?;
                pages.add(&page, last)?;
                let is_over = page.is_empty() || page.items.iter().any(|entry| entry.id.0 <= known);
                found.extend(new(page).map(|entry| (entry.id.0, entry)));
                if is_over {
                    break;
                }
                last += 1;
            }
            let before = found.len();
            let again = if breaks("more-than-one-new-page-is-read-again") { 0 } else { last };
            for number in (0..again).rev() {
                let page = self.newest_page(history, &query, number).await?;
                pages.add_before(&page, number)?;
                found.extend(new(page).map(|entry| (entry.id.0, entry)));
            }
            let is_one_repeated = std::mem::take(&mut pages.is_one_repeated);
            if found.len() == before && !is_one_repeated {
                break;
            }
            if reading == MOST_READINGS {
                return Err(wrong_page("and the pages after it change too quickly", 0));
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
                return Ok((highest, pages.longest));
            }
            merge_some(self, details, some).await?;
        }
    }

    /// Reads a page of the newest activities, which must be sorted.
    async fn newest_page(
        &mut self,
        history: &HistoryClient,
        query: &EntryQuery,
        number: u64,
    ) -> Step<Page<Entry>> {
        let page = self.page(history, query, number).await?;
        if page.is_empty() {
            self.check_end(history, query, number).await?;
        }
        let is_sorted = page.items.is_sorted_by(|one, next| one.id > next.id);
        if !is_sorted && !breaks("the-newest-page-is-sorted") {
            return Err(wrong_page("is not sorted by id, or holds an activity twice", number));
        }
        Ok(page)
    }

    /// Merges the list of the window. It costs its pages, and three more to believe the end.
    ///
    /// The last page comes first: a deletion meanwhile moves records to a page that is still to be read. What comes into the
    /// list meanwhile moves others past the reader, and is seen. So the window is read until nothing comes in.
    async fn window(
        &mut self,
        history: &HistoryClient,
        query: &EntryQuery,
        details: &Details<Entry>,
        since: NaiveDateTime,
        page_size: usize,
    ) -> Step {
        let query = query.clone().order_by(EntryOrder::Id).oldest_first();
        for _ in 0..MOST_READINGS {
            let mut merge = Merge::new(details.clone()).since(since);
            let mut pages = Pages { longest: page_size, ..Pages::default() };
            let mut number = self.find_end(history, &query, since, page_size).await?;
            let mut up_to = Key::MAX;
            let mut came_in = false;
            while number > 0 {
                number -= 1;
                let mut page = self.page(history, &query, number).await?;
                if page.is_empty() && pages.count == 0 {
                    // The list is shorter than the copy.
                    self.check_end(history, &query, number).await?;
                    continue;
                }
                pages.add_before(&page, number)?;
                if !page.items.is_sorted_by(|one, next| one.id < next.id) {
                    return Err(wrong_page("is not sorted by id, or holds an activity twice", number));
                }
                page.items.retain(|entry| entry.key().is_none_or(|key| key <= up_to));
                let Some(first) = page.items.first().and_then(Copied::key) else {
                    if !page.unreadable.is_empty() {
                        continue;
                    }
                    return Err(wrong_page("holds nothing that the pages after it do not hold", number));
                };
                let after = if number == 0 { Key::default() } else { Key::new(first.id - 1) };
                came_in |= merge.between(self, page.items, after, up_to).await?;
                up_to = after;
            }
            if pages.count == 0 {
                merge.between(self, Vec::new(), Key::default(), Key::MAX).await?;
            }
            if !came_in || breaks("a-window-into-which-records-come-is-read-again") {
                return Ok(());
            }
        }
        Err(wrong_page("and the pages after it change too quickly", 0))
    }

    /// Returns the number of the page after the last one. It begins where the copy expects it.
    async fn find_end(
        &mut self,
        history: &HistoryClient,
        query: &EntryQuery,
        since: NaiveDateTime,
        page_size: usize,
    ) -> Step<u64> {
        let rows = self.count_rows(since).await?;
        let mut number = if page_size == 0 { 0 } else { rows.div_ceil(page_size as u64) };
        while !self.page(history, query, number).await?.is_empty() {
            number += 1;
        }
        self.check_end(history, query, number).await?;
        Ok(number)
    }

    /// Counts the rows in view of this time or later.
    async fn count_rows(&self, since: NaiveDateTime) -> Step<u64> {
        let mut range = Range { since: Some(since), ..Range::of_table(Table::Activities, TOGETHER as i64) };
        let mut count = 0;
        loop {
            let heads = self.store.heads(&range).await?;
            count += heads.iter().filter(|head| !head.is_out_of_view).count() as u64;
            match heads.last().filter(|_| heads.len() == TOGETHER) {
                Some(last) => range.after = last.key,
                None => return Ok(count),
            }
        }
    }

    /// An empty page is the end only if it is empty again, and so is one far behind it.
    async fn check_end(&mut self, history: &HistoryClient, query: &EntryQuery, number: u64) -> Step {
        let others =
            if breaks("an-empty-page-is-not-the-end") { [].as_slice() } else { &[number, number * 2 + 7] };
        for &other in others {
            if !self.page(history, query, other).await?.is_empty() {
                return Err(wrong_page("is empty, and another one follows", number));
            }
        }
        Ok(())
    }

    async fn page(&mut self, history: &HistoryClient, query: &EntryQuery, number: u64) -> Step<Page<Entry>> {
        self.check_time()?;
        let page = history.list(&query.clone().page(number)).await?;
        if let Some(unreadable) = page.unreadable.first() {
            let fault = format!("an activity cannot be decoded: {unreadable}");
            self.add_unreadable(Table::Activities, Error::incomplete(RUN, fault));
        }
        Ok(page)
    }
}

/// What the pages of a list show. Only the last one may be shorter than others.
#[derive(Default)]
struct Pages {
    count: u64,
    longest: usize,
    /// The length of the page that was read before, and the first activity on it.
    before: usize,
    first: Option<u64>,
    /// Whether one began like the page that was read before. It came in place of another, or a whole page was deleted.
    is_one_repeated: bool,
    /// The shortest one of those that another one follows.
    shortest: Option<usize>,
}

impl Pages {
    /// Adds the page of this number. The one before it was read before it.
    fn add(&mut self, page: &Page<Entry>, number: u64) -> Step {
        let is_followed = self.count > 0 && !page.is_empty();
        self.add_length(page, is_followed.then_some(self.before), number.saturating_sub(1))
    }

    /// Adds the page before, which is the last one at first.
    fn add_before(&mut self, page: &Page<Entry>, number: u64) -> Step {
        self.add_length(page, (self.before > 0).then_some(page.len()), number)
    }

    /// `followed` is the length of the page of this number, if it is known now that another one follows.
    fn add_length(&mut self, page: &Page<Entry>, followed: Option<usize>, number: u64) -> Step {
        self.count += 1;
        self.before = page.len();
        let first = page.items.first().map(|entry| entry.id.0);
        self.is_one_repeated |= first.is_some() && self.first == first;
        self.first = first;
        self.longest = self.longest.max(page.len());
        self.shortest = self.shortest.into_iter().chain(followed).min();
        if self.shortest.is_some_and(|shortest| shortest < self.longest) && !breaks("no-page-is-short") {
            return Err(wrong_page("is shorter than another one, and another one follows", number));
        }
        Ok(())
    }
}

fn wrong_page(what: &str, page: u64) -> Stop {
    contradiction(&format!("page {page} of the activities {what}"))
}

const MOST_READINGS: usize = 5;
/// So many new activities are compared and written at once, and so many rows counted. Each activity may need a call.
const TOGETHER: usize = 200;
