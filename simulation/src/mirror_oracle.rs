//! Compares what a mirror did, and what it says, with what was there.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use crm_mirror::{Change, ChangeFilter, ChangeKind, Key, MemoryStore, Mode, Report, Store, Table, Texts};
use serde_json::Value;

use crate::mirror_crm::Crm;
use crate::mirror_shifts::{self, seconds};
use crate::mirror_truth::{Place, Seen, Truth, seen_in_copy};

/// What a run was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) mode: Mode,
    pub(crate) texts: Texts,
    pub(crate) allow_deletes: bool,
    /// Whether an answer about what belongs to a project may have been cut.
    pub(crate) cuts_children: bool,
    /// How many activities are on a page. Pages of the real server have 200.
    pub(crate) page: usize,
}

/// The copy before a run.
pub(crate) struct Oracle {
    asked: Asked,
    last_seq: i64,
    counts: BTreeMap<Table, usize>,
    /// The times of the earlier runs that read everything of a table.
    full_runs: BTreeMap<Table, i64>,
}

/// The rows of a copy that are not deleted, and whether they are in view.
type Rows = BTreeMap<Place, (Value, bool)>;

impl Oracle {
    /// Looks at the copy before a run.
    pub(crate) async fn before(crm: &Crm, store: &MemoryStore, asked: Asked) -> Result<Oracle, String> {
        crm.begin_run();
        let last_seq = changes(store, 0).await?.last().map_or(0, |change| change.seq);
        let mut counts = BTreeMap::new();
        for (table, _) in rows(store).await?.keys() {
            *counts.entry(*table).or_default() += 1;
        }
        let settings = store.settings().await.map_err(|error| error.to_string())?;
        let full = |table: Table| Some((table, settings.get(&format!("full:{table}"))?.parse().ok()?));
        let full_runs = Table::ALL.into_iter().filter_map(full).collect();
        Ok(Oracle { asked, last_seq, counts, full_runs })
    }

    /// Judges what has happened since. `report` is that of a run that ended.
    pub(crate) async fn judge(
        &self,
        crm: &Crm,
        store: &MemoryStore,
        report: Option<&Report>,
    ) -> Result<(), String> {
        let truth = crm.truth();
        let rows = rows(store).await?;
        let log = changes(store, 0).await?;
        replay(&log, &rows)?;
        let new: Vec<&Change> = log.iter().filter(|change| change.seq > self.last_seq).collect();
        self.removals(crm, &truth, &new)?;
        self.shares(&new)?;
        let runs = store.runs(i64::MAX).await.map_err(|error| error.to_string())?;
        // A page shows the shift, unless it is short, or many of its activities were moved.
        if self.asked.page >= 10 && truth.moved.len() * 3 < self.asked.page {
            mirror_shifts::are_no_updates(&truth, &log, self.last_seq, &runs)?;
        }
        if report.is_some() {
            mirror_shifts::are_noted(store).await?;
        }
        match report {
            Some(report) if report.is_complete() => self.complete(crm, &truth, &rows, store, report).await,
            _ => Ok(()),
        }
    }

    /// Nothing that was there was deleted, or said to be out of view.
    fn removals(&self, crm: &Crm, truth: &Truth, new: &[&Change]) -> Result<(), String> {
        for change in new {
            let (table, key) = (change.table, change.key);
            let place = (table, key);
            let was_there = truth.throughout.contains_key(&place);
            match change.kind {
                ChangeKind::Delete => {
                    let exists = match table {
                        Table::Activities => crm.sandbox().record(key.id.unsigned_abs()).is_some(),
                        Table::Clients | Table::Contacts | Table::ActivityTypes => true,
                        Table::Projects => !truth.deleted_projects.contains(&key.id),
                        _ => was_there,
                    };
                    if exists {
                        return Err(format!("{table} {key:?} was deleted in the copy and exists"));
                    }
                }
                ChangeKind::OutOfView if was_there => {
                    return Err(format!("{table} {key:?} is out of view in the copy and was listed"));
                }
                ChangeKind::OutOfView if has_two_lists(table) => {
                    let hidden = truth.first_hidden.get(&place).copied().unwrap_or(i64::MAX);
                    let now = seconds(change.seen_at);
                    if hidden > now - HOUR {
                        return Err(format!(
                            "{table} {key:?} is out of view, and was listed within the hour"
                        ));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// No run removed too much of a table at once.
    fn shares(&self, new: &[&Change]) -> Result<(), String> {
        if self.asked.allow_deletes {
            return Ok(());
        }
        let mut counts = self.counts.clone();
        // Another process may have taken over, and then it is another run.
        for changes in new.chunk_by(|one, next| one.run == next.run) {
            let (mut removed, mut deleted) = (BTreeMap::<_, usize>::new(), BTreeMap::<_, usize>::new());
            let is_removal =
                |change: &&&Change| matches!(change.kind, ChangeKind::Delete | ChangeKind::OutOfView);
            let gone: BTreeSet<i64> = changes
                .iter()
                .filter(|change| change.table == Table::Projects && is_removal(change))
                .map(|change| change.key.id)
                .collect();
            for change in changes {
                match change.kind {
                    ChangeKind::Insert => *counts.entry(change.table).or_default() += 1,
                    ChangeKind::Delete => *deleted.entry(change.table).or_default() += 1,
                    _ => {}
                }
                let is_with_project =
                    change.table.belongs_to_project() && gone.contains(&change.key.project_id);
                if is_removal(&change) && !is_with_project {
                    *removed.entry(change.table).or_default() += 1;
                }
            }
            for (table, removed) in removed {
                let all = counts.get(&table).copied().unwrap_or(0);
                if removed > 20 && removed * 100 > all * 5 {
                    return Err(format!("{removed} of {all} rows of {table} were removed at once"));
                }
            }
            for (table, deleted) in deleted {
                counts.entry(table).and_modify(|count: &mut usize| *count = count.saturating_sub(deleted));
            }
        }
        Ok(())
    }

    /// A run that says that it is complete is complete.
    async fn complete(
        &self,
        crm: &Crm,
        truth: &Truth,
        rows: &Rows,
        store: &MemoryStore,
        report: &Report,
    ) -> Result<(), String> {
        let settings = store.settings().await.map_err(|error| error.to_string())?;
        let runs = store.runs(i64::MAX).await.map_err(|error| error.to_string())?;
        let run =
            runs.iter().find(|run| run.id == report.run).ok_or("the run is not in the table of runs")?;
        if run.verdict.as_deref() != Some("complete") {
            return Err(format!("the report is complete, and the table of runs says {:?}", run.verdict));
        }
        let started = seconds(run.started_at);
        let number = |name: &str| settings.get(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        for table in report.tables.iter().map(|table| table.table) {
            if table.belongs_to_project() || table == Table::ActivityTypes {
                continue;
            }
            let last_full = number(&format!("full:{table}"));
            if self.asked.mode == Mode::Auto && started - last_full >= 7 * DAY - 6 * HOUR {
                return Err(format!("{table} was not read in full for 7 days, and Auto did not"));
            }
            let is_full = last_full == started;
            self.nothing_lacks(crm, truth, rows, table, is_full, started)?;
            if is_full {
                self.nothing_is_left(truth, rows, table, started)?;
            }
        }
        if report.tables.iter().any(|table| table.table == Table::Projects) {
            let read = children_read(truth, store, started).await?;
            if !self.asked.cuts_children {
                children(truth, rows, &runs, &read)?;
            }
        }
        Ok(())
    }

    /// Everything that the run had to read is in the copy.
    fn nothing_lacks(
        &self,
        crm: &Crm,
        truth: &Truth,
        rows: &Rows,
        table: Table,
        is_full: bool,
        started: i64,
    ) -> Result<(), String> {
        let window = time_of(started) - TimeDelta::days(13);
        for (place, unchanged) in truth.throughout.iter().filter(|(place, _)| place.0 == table) {
            let Some(seen) = truth.now.get(place) else { continue };
            let is_recent = seen.at.is_some_and(|at| at >= window);
            let (must_be_there, must_be_equal) = match table {
                Table::Activities if is_full && truth.may_have_moved(place.1.id) => (false, *unchanged),
                _ if is_full => (true, *unchanged),
                Table::Activities => {
                    let is_new = truth.seen_from_birth.contains(&place.1.id) && !truth.is_newest_hidden;
                    // It may have come into the window after the run has read that.
                    let is_recent = is_recent && *unchanged;
                    (is_new || is_recent, is_recent)
                }
                _ => (true, *unchanged),
            };
            match rows.get(place) {
                Some((raw, true)) if must_be_equal => {
                    // A quick run does not ask for details of what the list shows unchanged.
                    let texts = if is_full { self.asked.texts } else { Texts::AsListed };
                    differs(truth, place, seen, raw, texts)?;
                }
                Some((_, true)) => {}
                Some((_, false)) if must_be_there && *unchanged => {
                    return Err(format!("complete, and {place:?} is out of view though it is listed"));
                }
                None if must_be_there => return Err(format!("complete, and {place:?} is not in the copy")),
                None if is_full && table == Table::Activities => crm.excuse(place.1.id),
                _ => {}
            }
        }
        Ok(())
    }

    /// What is gone is not in the copy any more.
    fn nothing_is_left(&self, truth: &Truth, rows: &Rows, table: Table, started: i64) -> Result<(), String> {
        for (place, _) in rows.iter().filter(|(place, (_, in_view))| place.0 == table && *in_view) {
            if truth.ever.contains(place) {
                continue;
            }
            let earlier = self.full_runs.get(&table).copied().filter(|earlier| started - earlier > 2 * HOUR);
            let hidden = truth.hidden_since.get(place).copied().unwrap_or(i64::MAX);
            // The earlier run may have been longer than an hour.
            if !has_two_lists(table) || earlier.is_some_and(|earlier| hidden < earlier) {
                return Err(format!("complete, and {place:?} is in view though it is not listed"));
            }
        }
        Ok(())
    }
}

/// The children of each project were read within 7 days, and at once where the project has changed. Returns when they were
/// read.
async fn children_read(truth: &Truth, store: &MemoryStore, started: i64) -> Result<Vec<(i64, i64)>, String> {
    let mut read = Vec::new();
    for one in store.oldest_children(i64::MAX).await.map_err(|error| error.to_string())? {
        let id = one.project_id;
        if !truth.throughout.contains_key(&(Table::Projects, Key::new(id))) {
            continue;
        }
        let at = one.at.ok_or(format!("complete, and the children of project {id} were never read"))?;
        if at <= started - 7 * DAY {
            return Err(format!("complete, and the children of project {id} were not read for 7 days"));
        }
        if truth.projects_changed.get(&id).is_some_and(|changed| *changed > at && *changed < started) {
            return Err(format!("complete, and the children of project {id} were not read after it changed"));
        }
        read.push((id, at));
    }
    Ok(read)
}

/// The children of a project are those that were there when they were read.
fn children(truth: &Truth, rows: &Rows, runs: &[crm_mirror::Run], read: &[(i64, i64)]) -> Result<(), String> {
    for (id, at) in read {
        let began = runs.iter().map(|run| seconds(run.started_at)).filter(|began| began <= at).max();
        let began = began.unwrap_or(0);
        if truth.children_changed.get(id).is_some_and(|changed| *changed >= began) {
            continue;
        }
        let of_it = |place: &Place| place.0.belongs_to_project() && place.1.project_id == *id;
        for (place, seen) in truth.now.iter().filter(|(place, _)| of_it(place)) {
            match rows.get(place) {
                Some((raw, true)) => differs(truth, place, seen, raw, Texts::AsListed)?,
                _ => return Err(format!("complete, and {place:?} is not in the copy")),
            }
        }
        if let Some(place) = rows.keys().find(|place| of_it(place) && !truth.now.contains_key(place)) {
            return Err(format!("complete, and {place:?} is in the copy though it is not there"));
        }
    }
    Ok(())
}

/// The copy is what the login sees. Nothing fails and nothing changes any more.
pub(crate) async fn is_right(crm: &Crm, store: &MemoryStore, texts: Texts) -> Result<(), String> {
    let truth = crm.truth();
    let rows = rows(store).await?;
    let tables: BTreeSet<Table> = rows.keys().map(|(table, _)| *table).collect();
    for (place, (raw, in_view)) in rows.iter().filter(|(place, _)| place.0 != Table::ActivityTypes) {
        match (truth.now.get(place), in_view) {
            (Some(seen), true) => differs(&truth, place, seen, raw, texts)?,
            (None, false) => {}
            (None, true) => return Err(format!("in the end {place:?} is in view though it is not listed")),
            (Some(_), false) => {
                return Err(format!("in the end {place:?} is out of view though it is listed"));
            }
        }
    }
    let lacks = truth.now.keys().find(|place| tables.contains(&place.0) && !rows.contains_key(place));
    lacks.map_or(Ok(()), |place| Err(format!("in the end {place:?} is not in the copy")))
}

/// Fails if a row does not hold what was there.
fn differs(truth: &Truth, place: &Place, seen: &Seen, raw: &Value, texts: Texts) -> Result<(), String> {
    let copy = seen_in_copy(place.0, raw);
    // The list of users lacks telephone numbers, and that of activities spoils some characters.
    let is_spoilt = place.0 == Table::Users || seen.detail.contains(['/', '-']);
    let has_detail = match texts {
        Texts::AsListed => !is_spoilt,
        _ => true,
    };
    let is_same_time = match (seen.at, copy.at) {
        (None, None) => true,
        (Some(stored), Some(read)) => {
            truth.shifts.iter().any(|hours| stored + TimeDelta::hours(*hours) == read)
        }
        _ => false,
    };
    if copy.text == seen.text && is_same_time && (!has_detail || copy.detail == seen.detail) {
        return Ok(());
    }
    Err(format!("{place:?} is {copy:?} in the copy, and {seen:?} in the CRM"))
}

/// The change log gives the copy.
fn replay(log: &[Change], rows: &Rows) -> Result<(), String> {
    let mut replayed: BTreeMap<Place, (&str, bool)> = BTreeMap::new();
    for change in log {
        let place = (change.table, change.key);
        let before = replayed.remove(&place).map(|(raw, _)| raw);
        if before != change.before.as_deref() {
            return Err(format!(
                "entry {} of the change log does not follow from those before it",
                change.seq
            ));
        }
        if let Some(after) = &change.after {
            replayed.insert(place, (after, change.kind != ChangeKind::OutOfView));
        }
    }
    let replayed: Rows = replayed
        .into_iter()
        .map(|(place, (raw, in_view))| (place, (serde_json::from_str(raw).unwrap_or_default(), in_view)))
        .collect();
    if replayed == *rows { Ok(()) } else { Err("the change log does not give the copy".to_owned()) }
}

async fn rows(store: &MemoryStore) -> Result<Rows, String> {
    let mut rows = Rows::new();
    for table in Table::ALL {
        let records = store.records(table, Key { project_id: -1, ..Key::default() }, i64::MAX).await;
        for record in records.map_err(|error| error.to_string())? {
            if record.deleted_at.is_none() {
                let raw = serde_json::from_str(&record.raw).unwrap_or_default();
                rows.insert((table, record.key), (raw, record.out_of_view_at.is_none()));
            }
        }
    }
    Ok(rows)
}

async fn changes(store: &MemoryStore, after: i64) -> Result<Vec<Change>, String> {
    let filter = ChangeFilter::new().after(after).limit(u32::MAX);
    store.changes(&filter).await.map_err(|error| error.to_string())
}

fn time_of(seconds: i64) -> chrono::NaiveDateTime {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default().naive_utc()
}

/// Whether two complete lists decide that a record is out of view.
fn has_two_lists(table: Table) -> bool {
    matches!(table, Table::Clients | Table::Contacts | Table::Projects)
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
