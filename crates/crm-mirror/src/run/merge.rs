//! Compares listed records with the rows of the copy, and writes what differs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::NaiveDateTime;
use crm_history::Texts;
use crm_transport::{BoxFuture, Error, Export, ExportSource};
use futures_util::stream::{self, StreamExt};

use super::{NOTED_SHIFT, Run, SHIFT, Step, shift};
use crate::records::Copied;
use crate::row::{self, Key, Row};
use crate::store::{Batch, Head, Missing, RUN, Range, Store};
use crm_history::engine::mutations::breaks;

/// Fetches a record as it is stored. Returns `None` if there is none any more.
pub(super) type Fetch<T> = Arc<dyn Fn(T) -> BoxFuture<'static, Result<Option<T>, Error>> + Send + Sync>;

/// How records of a table are fetched a second time.
#[derive(Clone)]
pub(super) struct Details<T> {
    /// Which of them.
    texts: Texts,
    fetch: Option<Fetch<T>>,
}

impl<T> Details<T> {
    pub(super) fn none() -> Self {
        Self { texts: Texts::AsListed, fetch: None }
    }

    pub(super) fn new(texts: Texts, fetch: Fetch<T>) -> Self {
        Self { texts, fetch: Some(fetch) }
    }

    /// How many records are compared and written at once. Where each may need a call, they are few, because a run that ends
    /// in the middle of them makes these calls again.
    fn together(&self) -> usize {
        let are_fetched = self.fetch.is_some() && self.texts != Texts::AsListed;
        if are_fetched { TOGETHER / 10 } else { TOGETHER }
    }
}

/// Merges a list that is sorted by ID with the rows of its table, both page by page.
pub(super) struct Merge<T> {
    details: Details<T>,
    /// Of activities: the list has those of this time or later only.
    since: Option<NaiveDateTime>,
    /// Records that are not merged yet.
    records: VecDeque<T>,
    rows: Rows,
    /// Everything up to here is compared.
    after: Key,
}

impl<T: Copied> Merge<T> {
    pub(super) fn new(details: Details<T>) -> Self {
        let rows = Rows::new(Range::of_table(T::TABLE, TOGETHER as i64));
        Self { details, since: None, records: VecDeque::new(), rows, after: Key::default() }
    }

    pub(super) fn since(mut self, time: NaiveDateTime) -> Self {
        self.since = Some(time);
        self.rows.range.since = self.since;
        self
    }

    /// Merges an export that is sorted by ID. Returns the highest ID if it is complete, 0 for an empty one. Rows that it
    /// lacks are marked only then.
    pub(super) async fn take<S>(mut self, run: &mut Run<'_>, mut export: Export<S>) -> Step<Option<u64>>
    where
        S: ExportSource<Record = T>,
    {
        let mut highest = 0;
        // Fewer at first, so that the database soon has something to do.
        let most = self.details.together();
        let mut together = most / 4;
        let mut is_over = false;
        let mut batch = run.batch(T::TABLE);
        loop {
            // While a batch is written, the next records are read and compared.
            let prepare = async |run: &mut Run<'_>| {
                while self.listed_up_to().is_none() && !is_over {
                    let next = next_records(&mut export, together).await;
                    is_over = next.len() < together;
                    together = most.min(together * 2);
                    highest = next.last().map_or(highest, Copied::id);
                    self.records.extend(next);
                }
                let Some(up_to) = self.listed_up_to() else { return Ok(None) };
                Ok(Some(self.next_batch(run, up_to).await?.batch))
            };
            match run.commit_while(vec![batch], prepare).await? {
                Some(next) => batch = next,
                None => break,
            }
        }
        match run.take_verdict(&export.finish().await) {
            Ok(false) if !breaks("only-a-complete-list-lacks-rows") => Ok(None),
            Ok(_) => {
                self.finish(run).await?;
                Ok(Some(highest))
            }
            Err(stop) => Err(stop),
        }
    }

    /// Adds a record with a greater ID than all before.
    pub(super) async fn push(&mut self, run: &mut Run<'_>, record: T) -> Step {
        self.records.push_back(record);
        if self.records.len() < self.details.together() {
            return Ok(());
        }
        self.merge_records(run).await
    }

    /// Merges the rest. Rows after the last record are missing in the list.
    pub(super) async fn finish(mut self, run: &mut Run<'_>) -> Step {
        self.merge_up_to(run, Key::MAX).await?;
        Ok(())
    }

    /// Merges a part of a list: all of its records between two keys. Returns whether one has come into the list since the
    /// table was written.
    pub(super) async fn between(
        &mut self,
        run: &mut Run<'_>,
        records: Vec<T>,
        after: Key,
        up_to: Key,
    ) -> Step<bool> {
        (self.records, self.after) = (records.into(), after);
        let all = Range::of_table(T::TABLE, TOGETHER as i64);
        self.rows = Rows::new(Range { after, up_to, since: self.since, ..all });
        self.merge_up_to(run, up_to).await
    }

    /// Merges what has come, because the list was not read to its end.
    pub(super) async fn stop(mut self, run: &mut Run<'_>) -> Step {
        self.merge_records(run).await
    }

    /// Returns the key of the last record that is not merged yet.
    fn listed_up_to(&self) -> Option<Key> {
        self.records.iter().rev().find_map(Copied::key)
    }

    async fn merge_records(&mut self, run: &mut Run<'_>) -> Step {
        if let Some(up_to) = self.listed_up_to() {
            self.merge_up_to(run, up_to).await?;
        }
        Ok(())
    }

    /// Returns whether a record has come into the list: it is written, and its row was not in view or not of this time.
    async fn merge_up_to(&mut self, run: &mut Run<'_>, up_to: Key) -> Step<bool> {
        let mut came_in = false;
        loop {
            let merged = self.next_batch(run, up_to).await?;
            came_in |= merged.came_in;
            run.commit(vec![merged.batch]).await?;
            if self.after == up_to {
                return Ok(came_in);
            }
        }
    }

    /// Compares the records up to this key with their rows, or fewer of them if there are more than [`TOGETHER`] rows.
    async fn next_batch(&mut self, run: &mut Run<'_>, up_to: Key) -> Step<Merged> {
        run.check_time()?;
        let (heads, end) = self.rows.up_to(run.store, up_to).await?;
        let is_here = |record: &T| record.key().is_none_or(|key| key <= end);
        let count = self.records.iter().take_while(|record| is_here(record)).count();
        let here: Vec<T> = self.records.drain(..count).collect();
        let mut known = by_id(&heads);
        if self.since.is_some() {
            // A listed record may have had an earlier time when it was read last.
            known.extend(find_heads(run, &here).await?);
        }
        let listed_ids: Vec<i64> = here.iter().filter_map(Copied::key).map(|key| key.id).collect();
        let mut batch = compare(run, &self.details, here, &known).await?;
        let lacks = |head: &&Head| !head.is_out_of_view && listed_ids.binary_search(&head.key.id).is_err();
        let mark = |head: &Head| Missing { key: head.key, run: run.id, since: None };
        batch.missing = heads.iter().filter(lacks).map(mark).collect();
        let was_listed = |key: Key| {
            let place = heads.binary_search_by_key(&key, |head| head.key);
            place.is_ok_and(|place| !heads[place].is_out_of_view)
        };
        let came_in = batch.puts.iter().any(|row| !was_listed(row.key));
        self.after = end;
        Ok(Merged { batch, came_in })
    }
}

/// What to write for a part of a list.
struct Merged {
    batch: Batch,
    /// Whether a record has come into the list: it is written, and its row was not in view or not of this time.
    came_in: bool,
}

/// The rows of a range in the order of their keys, read ahead. A merge writes only rows at or before its place, so what was
/// read ahead stays true.
struct Rows {
    /// What is not read yet.
    range: Range,
    heads: VecDeque<Head>,
    is_over: bool,
}

impl Rows {
    fn new(range: Range) -> Self {
        Self { range, heads: VecDeque::new(), is_over: false }
    }

    /// Returns the rows up to this key, or at most [`TOGETHER`] of them, and the key up to which no row is left out.
    async fn up_to(&mut self, store: &dyn Store, key: Key) -> Result<(Vec<Head>, Key), Error> {
        if self.heads.is_empty() && !self.is_over {
            self.heads = store.heads(&self.range).await?.into();
            self.is_over = self.heads.len() < TOGETHER;
            self.range.after = self.heads.back().map_or(self.range.after, |last| last.key);
        }
        let read = self.heads.back().filter(|_| !self.is_over).map_or(Key::MAX, |last| last.key);
        let end = key.min(read);
        let count = self.heads.partition_point(|head| head.key <= end);
        Ok((self.heads.drain(..count).collect(), end))
    }
}

/// Merges records that are not sorted, or are only some of a list. Rows that are not among them are left alone.
pub(super) async fn merge_some<T: Copied>(run: &mut Run<'_>, details: &Details<T>, records: Vec<T>) -> Step {
    run.check_time()?;
    let known = find_heads(run, &records).await?;
    let batch = compare(run, details, records, &known).await?;
    run.commit(vec![batch]).await
}

/// Returns the next records of an export. None are left if there is none.
async fn next_records<S: ExportSource>(export: &mut Export<S>, count: usize) -> Vec<S::Record> {
    let mut records = Vec::with_capacity(count);
    while records.len() < count
        && let Some(record) = export.next().await
    {
        let_others_work(records.len()).await;
        // The verdict says what an error means.
        records.extend(record.ok());
    }
    records
}

fn by_id(heads: &[Head]) -> BTreeMap<i64, Head> {
    heads.iter().map(|head| (head.key.id, *head)).collect()
}

/// Returns the rows of these records.
pub(super) async fn find_heads<T: Copied>(run: &Run<'_>, records: &[T]) -> Step<BTreeMap<i64, Head>> {
    let ids: Vec<i64> = records.iter().filter_map(Copied::key).map(|key| key.id).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let range = Range { ids, ..Range::of_table(T::TABLE, limit) };
    Ok(by_id(&run.store.heads(&range).await?))
}

/// Returns what to write for records whose rows are known.
async fn compare<T: Copied>(
    run: &mut Run<'_>,
    details: &Details<T>,
    records: Vec<T>,
    known: &BTreeMap<i64, Head>,
) -> Step<Batch> {
    run.report(T::TABLE).read += records.len() as u64;
    let mut batch = run.batch(T::TABLE);
    let mut keys = BTreeSet::new();
    let records: Vec<(Key, T)> = records
        .into_iter()
        .filter_map(|record| {
            let key = record.key();
            if key.is_none() {
                let fault = format!("{} {} has an id that no database can store", T::TABLE, record.id());
                run.add_unreadable(T::TABLE, Error::incomplete(RUN, fault));
            }
            // A list may hold a record twice.
            keys.insert(key?).then_some((key?, record))
        })
        .collect();
    let has_times = T::HAS_TIMES && records.iter().any(|(_, record)| record.has_time());
    if has_times && !breaks("a-shift-is-noted-once") {
        let pairs = shift::pairs(records.iter().map(|(_, record)| record), known);
        if let Some(hours) = run.find_shift(&pairs).await? {
            run.shift = hours;
            batch.settings.push((SHIFT.to_owned(), hours.to_string()));
            batch.settings.push((NOTED_SHIFT.to_owned(), run.noted_shift.to_string()));
        }
    }
    let mut candidates = Vec::new();
    for (at, (key, record)) in records.into_iter().enumerate() {
        let_others_work(at).await;
        let json = row::json(&record);
        let listed = record.fingerprint(&json, run.shift);
        let head = known.get(&key.id);
        let is_new = run.refills(T::TABLE)
            || head.is_none_or(|head| {
                head.fingerprint != listed
                    || (head.is_out_of_view && !breaks("a-listed-row-is-in-view-again"))
            });
        let wants_details = match details.texts {
            Texts::All => true,
            Texts::Changed => {
                record.may_be_changed_by_list()
                    && !breaks("spoilt-texts-are-fetched")
                    && (is_new || head.is_some_and(|head| head.detail.is_none()))
            }
            _ => false,
        };
        if is_new || wants_details {
            let unchanged = head.filter(|_| !is_new).copied();
            candidates.push(Candidate { key, record, json, listed, wants_details, unchanged });
        }
    }
    let wanted: Vec<T> =
        candidates.iter().filter(|it| it.wants_details).map(|it| it.record.clone()).collect();
    let mut fetched = Vec::new();
    if let Some(fetch) = &details.fetch {
        let calls = stream::iter(wanted).map(&**fetch).buffered(run.sync.concurrency);
        let end;
        (fetched, end) = run.until_failure(calls).await;
        end?;
    }
    let mut fetched = fetched.into_iter();
    for (at, candidate) in candidates.into_iter().enumerate() {
        let_others_work(at).await;
        let Candidate { key, record, json, listed, wants_details, unchanged } = candidate;
        let whole = if wants_details { fetched.next().flatten() } else { None };
        let (record, raw, detail) = match whole {
            None => (record, json, None),
            Some(whole) => {
                let raw = row::json(&whole);
                let detail = whole.fingerprint(&raw, run.shift);
                (whole, raw, Some(detail))
            }
        };
        let is_same =
            |head: Head| detail.is_none() || head.detail == detail || breaks("a-text-may-change-alone");
        if unchanged.is_some_and(is_same) {
            continue;
        }
        // The row holds the record as it was listed, and that is what the call has returned. Its time may be that of an
        // earlier clock, so it is not written again.
        if let (Some(Head { detail: None, .. }), Some(detail)) =
            (unchanged, detail.filter(|it| *it == listed))
        {
            batch.details.push((key, detail));
            continue;
        }
        let (values, phones) = (record.values(&run.sync.columns), record.phones(key.id));
        batch.puts.push(Row { key, values, raw, fingerprint: listed, detail, phones });
    }
    Ok(batch)
}

/// A record that differs from its row, or whose text the list may have spoilt.
struct Candidate<T> {
    key: Key,
    record: T,
    json: String,
    /// The fingerprint of the record as it was listed.
    listed: i64,
    wants_details: bool,
    /// The row, if it is as the record was listed.
    unchanged: Option<Head>,
}

/// Comparing takes time, and the batch before is written in the same task, so let it go on.
async fn let_others_work(at: usize) {
    if at % 100 == 99 {
        tokio::task::yield_now().await;
    }
}

/// How many records and rows are compared at once.
const TOGETHER: usize = 2000;
