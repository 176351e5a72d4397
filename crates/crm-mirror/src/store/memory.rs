//! [`MemoryStore`]: a copy in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crm_transport::{BoxFuture, Error};
use serde_json::Value as Json;

use super::{
    Applied, Batch, ChildrenRead, Head, Missing, PRUNED, Range, Record, Removal, Rewrite, RunEnd, Store,
    replaced,
};
use crate::changes::{Change, ChangeFilter, ChangeKind};
use crate::report::Run;
use crate::row::{Key, Row, Value};
use crate::table::{ColumnKind, Table};
use crate::time::{from_seconds, seconds};
use crm_history::engine::mutations::breaks;

/// A copy in memory, for tests. It does what the databases do, and is gone with the process. Clones share it.
///
/// It has no tables for SQL, and so no telephone numbers.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    settings: BTreeMap<String, String>,
    /// The user's own columns of the projects.
    columns: BTreeSet<String>,
    fence: i64,
    is_locked: bool,
    rows: BTreeMap<(Table, Key), Stored>,
    changes: Vec<Change>,
    last_seq: i64,
    runs: Vec<Run>,
    /// The run and the time of each mark.
    marks: BTreeMap<(Table, Key), (i64, Option<i64>)>,
}

#[derive(Debug)]
struct Stored {
    row: Row,
    children_read_at: Option<i64>,
    out_of_view_at: Option<i64>,
    deleted_at: Option<i64>,
}

impl MemoryStore {
    /// Creates an empty copy.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, fence: i64) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.state();
        if state.fence == fence || breaks("a-later-run-replaces-an-earlier-one") {
            Ok(state)
        } else {
            Err(replaced("memory"))
        }
    }
}

impl State {
    fn range(&self, table: Table, after: Key, up_to: Key) -> impl Iterator<Item = (Key, &Stored)> {
        let bounds = (Bound::Excluded((table, after)), Bound::Included((table, up_to.max(after))));
        self.rows.range(bounds).filter(move |_| up_to > after).map(|((_, key), stored)| (*key, stored))
    }

    fn live(&self, table: Table) -> impl Iterator<Item = (Key, &Stored)> {
        let rows =
            self.rows.iter().filter(move |((of, _), _)| *of == table).map(|((_, key), row)| (*key, row));
        rows.filter(|(_, stored)| stored.deleted_at.is_none())
    }

    fn log(
        &mut self,
        batch: &Batch,
        (table, key): (Table, Key),
        kind: ChangeKind,
        before: Option<String>,
        after: Option<String>,
    ) {
        self.last_seq += 1;
        let (seq, run, seen_at) = (self.last_seq, batch.run, from_seconds(batch.now));
        self.changes.push(Change { seq, run, seen_at, table, key, kind, before, after });
    }

    fn apply(&mut self, batch: &Batch) -> Applied {
        let table = batch.shape.table;
        let mut applied = Applied::default();
        for row in &batch.puts {
            self.put(batch, row, &mut applied);
        }
        for (key, removal) in &batch.removals {
            self.remove(batch, table, *key, *removal, &mut applied);
        }
        for Missing { key, run, since } in &batch.missing {
            let mark = self.marks.entry((table, *key)).or_insert((*run, *since));
            *mark = (*run, mark.1.or(*since));
        }
        for key in &batch.found {
            self.marks.remove(&(table, *key));
        }
        for (key, detail) in &batch.details {
            if let Some(stored) = self.rows.get_mut(&(table, *key)) {
                stored.row.detail = Some(*detail);
            }
        }
        for project in &batch.children_read {
            if let Some(stored) = self.rows.get_mut(&(Table::Projects, Key::new(*project))) {
                stored.children_read_at = Some(batch.now);
            }
        }
        self.settings.extend(batch.settings.iter().cloned());
        applied
    }

    fn put(&mut self, batch: &Batch, row: &Row, applied: &mut Applied) {
        let place = (batch.shape.table, row.key);
        let old = self.rows.remove(&place).filter(|old| old.deleted_at.is_none());
        let is_same = old.as_ref().is_some_and(|old| old.row.raw == row.raw);
        let was_out_of_view = old.as_ref().is_some_and(|old| old.out_of_view_at.is_some());
        let read_at = old.as_ref().and_then(|old| old.children_read_at);
        let kind = match &old {
            None => Some(ChangeKind::Insert),
            Some(_) if !is_same => Some(ChangeKind::Update),
            Some(_) => was_out_of_view.then_some(ChangeKind::InView),
        };
        if let Some(kind) = kind {
            self.log(batch, place, kind, old.map(|old| old.row.raw), Some(row.raw.clone()));
            applied.add(kind, 1);
        }
        let is_same = is_same || breaks("children-of-a-changed-project-are-read");
        let children_read_at = read_at.filter(|_| is_same && !was_out_of_view);
        let stored = Stored { row: row.clone(), children_read_at, out_of_view_at: None, deleted_at: None };
        self.rows.insert(place, stored);
    }

    fn remove(&mut self, batch: &Batch, table: Table, key: Key, removal: Removal, applied: &mut Applied) {
        self.marks.remove(&(table, key));
        let stored = self.rows.get_mut(&(table, key)).filter(|stored| stored.deleted_at.is_none());
        let Some(stored) = stored else { return };
        let before = stored.row.raw.clone();
        let (kind, after) = match removal {
            Removal::OutOfView if stored.out_of_view_at.is_some() => return,
            Removal::OutOfView => {
                stored.out_of_view_at = Some(batch.now);
                (ChangeKind::OutOfView, Some(before.clone()))
            }
            Removal::SoftDelete => {
                stored.deleted_at = Some(batch.now);
                (ChangeKind::Delete, None)
            }
            Removal::Delete => {
                self.rows.remove(&(table, key));
                (ChangeKind::Delete, None)
            }
        };
        self.log(batch, (table, key), kind, Some(before), after);
        applied.add(kind, 1);
        if table == Table::Projects {
            let of_it = |(at, child): &&(Table, Key)| at.belongs_to_project() && child.project_id == key.id;
            let children: Vec<(Table, Key)> = self.rows.keys().filter(of_it).copied().collect();
            for (table, child) in children {
                // Counted with the project: the figures are those of its table.
                self.remove(batch, table, child, removal, &mut Applied::default());
            }
        }
    }

    /// Removes what is about this client or contact from the activities that the CRM no longer has.
    fn forget_activities(&mut self, table: Table, id: i64) -> usize {
        let about = |record: &Json| match table {
            Table::Clients => record["clid"].as_i64() == Some(id),
            Table::Contacts => {
                let persons = record["person"].as_array().into_iter().flatten();
                persons.into_iter().any(|person| person["pid"].as_i64() == Some(id))
            }
            _ => false,
        };
        let before = self.rows.len() + self.changes.len();
        self.rows.retain(|(of, _), stored| {
            *of != Table::Activities || stored.deleted_at.is_none() || !about(&json(&stored.row.raw))
        });
        let of_entry = |change: &&Change| {
            let record = change.after.as_deref().or(change.before.as_deref()).unwrap_or_default();
            change.table == Table::Activities && about(&json(record))
        };
        let named: BTreeSet<Key> = self.changes.iter().filter(of_entry).map(|change| change.key).collect();
        let rows = &self.rows;
        self.changes.retain(|change| {
            change.table != Table::Activities
                || !named.contains(&change.key)
                || rows.contains_key(&(Table::Activities, change.key))
        });
        before - self.rows.len() - self.changes.len()
    }
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_default()
}

impl Store for MemoryStore {
    fn add_columns<'a>(&'a self, columns: &'a [(String, ColumnKind)]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let mut state = self.state();
            let before = state.columns.len();
            state.columns.extend(columns.iter().map(|(name, _)| name.to_lowercase()));
            Ok(state.columns.len() > before)
        })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Option<i64>, Error>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.is_locked && !breaks("one-run-at-a-time") {
                return Ok(None);
            }
            state.is_locked = true;
            state.fence += 1;
            Ok(Some(state.fence))
        })
    }

    fn unlock(&self, fence: i64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.abandon(fence);
            Ok(())
        })
    }

    fn abandon(&self, fence: i64) {
        let mut state = self.state();
        if state.fence == fence {
            state.is_locked = false;
        }
    }

    fn settings(&self) -> BoxFuture<'_, Result<BTreeMap<String, String>, Error>> {
        Box::pin(async move { Ok(self.state().settings.clone()) })
    }

    fn begin_run<'a>(
        &'a self,
        fence: i64,
        started_at: i64,
        mode: &'a str,
    ) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(async move {
            let mut state = self.write(fence)?;
            let id = state.runs.len() as i64 + 1;
            state.runs.push(Run {
                id,
                started_at: from_seconds(started_at),
                ended_at: None,
                mode: mode.to_owned(),
                verdict: None,
                figures: None,
                error: None,
                shift_hours: None,
            });
            Ok(id)
        })
    }

    fn end_run<'a>(&'a self, fence: i64, end: &'a RunEnd) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut state = self.write(fence)?;
            if let Some(run) = state.runs.iter_mut().find(|run| run.id == end.run) {
                run.ended_at = Some(from_seconds(end.ended_at));
                run.mode = end.mode.to_owned();
                run.verdict = Some(end.verdict.to_owned());
                run.figures = Some(end.figures.clone());
                run.error.clone_from(&end.error);
                run.shift_hours = end.shift_hours;
            }
            state.settings.extend(end.settings.iter().cloned());
            let is_young = |change: &Change| seconds(change.seen_at) >= end.keep_since;
            let pruned = state.changes.iter().position(is_young).unwrap_or(state.changes.len());
            let last = state.changes.drain(..pruned).next_back();
            if let Some(last) = last {
                state.settings.insert(PRUNED.to_owned(), last.seq.to_string());
            }
            Ok(())
        })
    }

    fn heads<'a>(&'a self, range: &'a Range) -> BoxFuture<'a, Result<Vec<Head>, Error>> {
        Box::pin(async move {
            let state = self.state();
            let (after, up_to) = if range.table.belongs_to_project() {
                let project_id = range.up_to.project_id;
                (Key { project_id, id: -1, occurrence: -1 }, Key { project_id, ..Key::MAX })
            } else {
                (Key::new(range.after.id), Key::new(range.up_to.id))
            };
            let since = range.since.map(|at| Value::time(Some(at)));
            // The time is the first column of the activities.
            let is_late = |stored: &Stored| match (&since, stored.row.values.first()) {
                (None, _) => true,
                (Some(Value::Text(since)), Some(Value::Text(at))) => at >= since,
                _ => false,
            };
            let is_asked = |key: Key| range.ids.is_empty() || range.ids.contains(&key.id);
            let found = state.range(range.table, after, up_to);
            let found = found
                .filter(|(key, stored)| stored.deleted_at.is_none() && is_late(stored) && is_asked(*key));
            let head = |(key, stored): (Key, &Stored)| Head {
                key,
                fingerprint: stored.row.fingerprint,
                detail: stored.row.detail,
                is_out_of_view: stored.out_of_view_at.is_some(),
            };
            Ok(found.map(head).take(usize::try_from(range.limit).unwrap_or(usize::MAX)).collect())
        })
    }

    fn commit(&self, fence: i64, batches: Vec<Batch>) -> BoxFuture<'_, Result<Vec<Applied>, Error>> {
        Box::pin(async move {
            let mut state = self.write(fence)?;
            Ok(batches.iter().map(|batch| state.apply(batch)).collect())
        })
    }

    fn missing(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Missing>, Error>> {
        Box::pin(async move {
            let state = self.state();
            let bounds = (Bound::Excluded((table, after)), Bound::Included((table, Key::MAX)));
            let found = state.marks.range(bounds);
            let found = found.map(|((_, key), (run, since))| Missing { key: *key, run: *run, since: *since });
            Ok(found.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
        })
    }

    fn count_missing(&self, table: Table, run: i64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let state = self.state();
            let marks = state.marks.iter();
            Ok(marks.filter(|((of, _), (by, _))| *of == table && *by == run).count() as u64)
        })
    }

    fn count(&self, table: Table) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let state = self.state();
            let in_view = state.live(table).filter(|(_, stored)| stored.out_of_view_at.is_none());
            Ok(in_view.count() as u64)
        })
    }

    fn oldest_children(&self, limit: i64) -> BoxFuture<'_, Result<Vec<ChildrenRead>, Error>> {
        Box::pin(async move {
            let state = self.state();
            let in_view = state.live(Table::Projects).filter(|(_, stored)| stored.out_of_view_at.is_none());
            let mut found: Vec<_> = in_view
                .map(|(key, stored)| ChildrenRead { project_id: key.id, at: stored.children_read_at })
                .collect();
            found.sort_by_key(|read| (read.at, read.project_id));
            found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(found)
        })
    }

    fn records(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        Box::pin(async move {
            let state = self.state();
            let record = |(key, stored): (Key, &Stored)| Record {
                key,
                raw: stored.row.raw.clone(),
                deleted_at: stored.deleted_at,
                out_of_view_at: stored.out_of_view_at,
            };
            let found = state.range(table, after, Key::MAX).map(record);
            Ok(found.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
        })
    }

    fn changes<'a>(&'a self, filter: &'a ChangeFilter) -> BoxFuture<'a, Result<Vec<Change>, Error>> {
        Box::pin(async move {
            let state = self.state();
            let fits = |change: &&Change| {
                change.seq > filter.after
                    && filter.table.is_none_or(|table| change.table == table)
                    && filter.since.is_none_or(|since| change.seen_at >= from_seconds(seconds(since)))
            };
            Ok(state.changes.iter().filter(fits).take(filter.limit as usize).cloned().collect())
        })
    }

    fn runs(&self, limit: i64) -> BoxFuture<'_, Result<Vec<Run>, Error>> {
        Box::pin(async move {
            let runs = self.state().runs.clone();
            Ok(runs.into_iter().rev().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
        })
    }

    fn forget(&self, fence: i64, table: Table, id: i64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let mut state = self.write(fence)?;
            let is_of_it = |of: Table, key: Key| {
                (of == table && key.id == id)
                    || (table == Table::Projects && of.belongs_to_project() && key.project_id == id)
            };
            let count = |state: &State| state.rows.len() + state.changes.len() + state.marks.len();
            let before = count(&state);
            state.rows.retain(|(of, key), _| !is_of_it(*of, *key));
            state.changes.retain(|change| !is_of_it(change.table, change.key));
            state.marks.retain(|(of, key), _| !is_of_it(*of, *key));
            let removed = before - count(&state) + state.forget_activities(table, id);
            Ok(removed as u64)
        })
    }

    fn rewrite(&self, fence: i64, table: Table, rewrite: Rewrite) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let mut state = self.write(fence)?;
            let mut replaced = 0;
            let mut in_text = |text: &mut String| {
                if let Some(other) = rewrite(text) {
                    *text = other;
                    replaced += 1;
                }
            };
            let rows = state.rows.iter_mut().filter(|((of, _), _)| *of == table);
            rows.for_each(|(_, stored)| in_text(&mut stored.row.raw));
            let changes = state.changes.iter_mut().filter(|change| change.table == table);
            changes.flat_map(|change| change.before.iter_mut().chain(&mut change.after)).for_each(in_text);
            Ok(replaced)
        })
    }
}
