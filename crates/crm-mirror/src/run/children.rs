//! What belongs to projects: steps, actions, checklists, goods and payments.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use crm_projects::{ActionQuery, Page, PaymentQuery, ProjectId, ProjectsClient, StepQuery};
use crm_transport::Error;
use futures_util::stream::{self, StreamExt};

use super::missing::IF_GONE;
use super::{DAY, Run, Step, Stop};
use crate::records::{Child, child_row};
use crate::row::{Key, Row};
use crate::store::{Batch, ChildrenRead, Head, Missing, RUN, Range, refill};
use crate::sync::Mode;
use crate::table::Table;
use crm_history::engine::mutations::breaks;

/// The records of one kind that belong to a project.
#[derive(Default)]
struct Answer {
    rows: Vec<Row>,
    /// Why records may be missing.
    fault: Option<String>,
    /// The application itself says that there is no such list. It may say so of an empty one, too.
    is_absent: bool,
}

/// What belongs to a project.
type Answers = Vec<(Table, Answer)>;

/// What a pass over the projects has found.
#[derive(Default)]
struct Pass {
    longest: Longest,
    /// Projects that could not be read, or with something that cannot be decoded. They do not count as read, so that the
    /// next run says so, too.
    faulty: BTreeSet<i64>,
    /// Projects with rows that a whole answer lacks. They count as read when it is decided about these rows.
    lacking: BTreeSet<i64>,
    /// How many rows were compared with whole answers.
    compared: BTreeMap<Table, u64>,
    /// The first failure of a call, and how many projects could not be read one after the other.
    failure: Option<Error>,
    failed_in_a_row: usize,
}

/// The greatest number of records in an answer about actions, and about payments. A shorter answer was not cut by a limit of
/// the server.
#[derive(Default)]
struct Longest {
    actions: AtomicUsize,
    payments: AtomicUsize,
}

impl Run<'_> {
    /// Reads the children of new and changed projects, and of the others in rotation.
    pub(super) async fn children(&mut self, projects: &ProjectsClient) -> Step {
        for table in Table::CHILDREN {
            self.begin_table(table);
        }
        let every = i64::from(self.sync.children_every_days) * DAY;
        let elapsed = self.started_at - self.setting(PASS).unwrap_or(self.started_at);
        let all = i64::try_from(self.store.count(Table::Projects).await?).unwrap_or(i64::MAX);
        // So many are due if the work is spread over the days.
        let mut quota = (all.saturating_mul(elapsed.clamp(0, every)) + every - 1) / every;
        let refills = Table::CHILDREN.into_iter().any(|table| self.refills(table));
        let mut pass = Pass::default();
        // An earlier run may have ended before it could decide.
        let doubtful = self.settle_children(projects, &mut pass).await;
        if let Err(stop @ (Stop::Store(_) | Stop::TimeLimit)) = doubtful {
            return Err(stop);
        }
        // If too many were missing, it is decided again at the end.
        self.too_many_missing = None;
        loop {
            self.check_time()?;
            let unread = pass.faulty.len() + pass.lacking.len();
            let limit = TOGETHER + i64::try_from(unread).unwrap_or(i64::MAX - TOGETHER);
            let mut oldest = self.store.oldest_children(limit).await?;
            oldest.retain(|read| {
                !pass.faulty.contains(&read.project_id) && !pass.lacking.contains(&read.project_id)
            });
            let mut due = Vec::new();
            for ChildrenRead { project_id, at } in oldest {
                let is_due = match at {
                    None => true,
                    Some(at) if at >= self.started_at => false,
                    Some(at) => {
                        quota -= 1;
                        (quota >= 0 && !breaks("children-are-read-in-rotation"))
                            || refills
                            || (self.started_at - at >= every && !breaks("children-are-read-in-rotation"))
                            || self.sync.mode == Mode::Full
                    }
                };
                if is_due {
                    due.push(project_id);
                }
            }
            if due.is_empty() {
                break;
            }
            self.read_children(projects, &due, &mut pass).await?;
            if pass.failed_in_a_row >= self.most_failures() {
                return pass.failure.map_or(Ok(()), |error| Err(error.into()));
            }
        }
        let mut batch = self.batch(Table::Projects);
        batch.settings = vec![(PASS.to_owned(), self.started_at.to_string())];
        let refilled =
            Table::CHILDREN.into_iter().filter(|table| self.refills(*table) && pass.faulty.is_empty());
        batch.settings.extend(refilled.map(|table| (refill(table), "0".to_owned())));
        self.commit(vec![batch]).await?;
        self.settle_children(projects, &mut pass).await?;
        if let Some(error) = pass.failure {
            return Err(error.into());
        }
        for table in Table::CHILDREN {
            let is_complete = !self.unreadable.contains(&table) && self.report(Table::Projects).is_complete;
            self.report(table).is_complete = is_complete;
        }
        Ok(())
    }

    /// After so many failures in a row, the server does not answer at all. Before, it may be one project that fails always.
    fn most_failures(&self) -> usize {
        2 * self.sync.concurrency
    }

    async fn read_children(&mut self, projects: &ProjectsClient, due: &[i64], pass: &mut Pass) -> Step {
        let longest = &pass.longest;
        let read = stream::iter(due)
            .map(async |id| (*id, read_project(projects, *id, longest).await))
            .buffered(self.sync.concurrency);
        let mut read = pin!(read);
        let mut answered = Vec::new();
        let mut end = Ok(());
        while let Some((id, answers)) = read.next().await {
            match answers {
                Ok(answers) => {
                    answered.push((id, answers));
                    pass.failed_in_a_row = 0;
                }
                Err(error) => {
                    pass.faulty.insert(id);
                    pass.failure.get_or_insert(error);
                    pass.failed_in_a_row += 1;
                }
            }
            end = self.check_time();
            if end.is_err() || pass.failed_in_a_row >= self.most_failures() {
                break;
            }
        }
        let mut batches: Vec<Batch> = Table::CHILDREN.into_iter().map(|table| self.batch(table)).collect();
        let mut last = self.batch(Table::Projects);
        for (id, answers) in answered {
            for (at, (table, answer)) in answers.into_iter().enumerate() {
                let found = self.compare_children(id, answer, &mut batches[at]).await?;
                if !found.is_faulty {
                    *pass.compared.entry(table).or_default() += found.known;
                }
                if found.is_faulty && !breaks("unreadable-children-are-read-again") {
                    pass.faulty.insert(id);
                }
                if !found.lacking.is_empty() {
                    pass.lacking.insert(id);
                }
                let mark = |key| Missing { key, run: self.id, since: None };
                batches[at].missing.extend(found.lacking.into_iter().map(mark));
            }
            if !pass.lacking.contains(&id) && !pass.faulty.contains(&id) {
                last.children_read.push(id);
            }
        }
        if breaks("children-and-their-mark-are-one-commit") {
            let mark = std::mem::replace(&mut last, self.batch(Table::Projects));
            self.commit(vec![mark]).await?;
        }
        batches.push(last);
        self.commit(batches).await?;
        end
    }

    /// Deletes the marked rows that a second answer lacks, too. It is read after a pause, because a person may just be saving
    /// the project.
    async fn settle_children(&mut self, projects: &ProjectsClient, pass: &mut Pass) -> Step {
        let mut confirmed = Vec::new();
        let mut has_paused = false;
        for table in Table::CHILDREN {
            let (mut after, mut keys) = (Key { project_id: -1, ..Key::default() }, Vec::new());
            loop {
                self.check_time()?;
                let marks = self.store.missing(table, after, MARKS_TOGETHER).await?;
                let Some(last) = marks.last() else { break };
                after = last.key;
                if !std::mem::replace(&mut has_paused, true) {
                    tokio::time::sleep(self.sync.recheck_after).await;
                }
                let marked = marks.iter().map(|mark| mark.key).collect();
                keys.extend(self.ask_again(projects, table, marked, pass).await?);
            }
            confirmed.push((table, keys));
        }
        for (table, keys) in &confirmed {
            let count = keys.len() as u64;
            self.check_share(*table, count).await?;
            // A run may read few of the projects. If most of what it compares is missing, the rest may follow night by night.
            let of: BTreeSet<i64> = keys.iter().map(|key| key.project_id).collect();
            let compared = pass.compared.get(table).copied().unwrap_or(0).max(count);
            if of.len() >= FEWEST_OF_MANY {
                self.check_share_of(*table, count, compared, MOST_PERCENT_OF_COMPARED)?;
            }
        }
        let removal = self.deleted();
        for (table, keys) in confirmed {
            for some in keys.chunks(REMOVED_TOGETHER) {
                let mut batch = self.batch(table);
                batch.removals = some.iter().map(|key| (*key, removal)).collect();
                self.commit(vec![batch]).await?;
            }
        }
        let mut batch = self.batch(Table::Projects);
        batch.children_read = std::mem::take(&mut pass.lacking).difference(&pass.faulty).copied().collect();
        self.commit(vec![batch]).await
    }

    /// Returns which of the marked rows a second answer lacks, too. The others lose their mark.
    async fn ask_again(
        &mut self,
        projects: &ProjectsClient,
        table: Table,
        marked: BTreeSet<Key>,
        pass: &mut Pass,
    ) -> Step<Vec<Key>> {
        let ids: BTreeSet<i64> = marked.iter().map(|key| key.project_id).collect();
        // What other answers held proves nothing here: the limit of the server may be another one now.
        let read = stream::iter(ids)
            .map(async |id| Ok((id, read_kind(projects, id, table, &Longest::default()).await?)))
            .buffered(self.sync.concurrency);
        let (read, end): (Vec<(i64, Answer)>, Step) = self.until_failure(read).await;
        let mut batch = self.batch(table);
        let mut confirmed = Vec::new();
        for (id, again) in read {
            let found = self.compare_children(id, again, &mut batch).await?;
            if found.is_faulty {
                pass.faulty.insert(id);
                continue;
            }
            for key in marked.iter().filter(|key| key.project_id == id) {
                if found.lacking.contains(key) || breaks("a-child-is-missing-twice") {
                    confirmed.push(*key);
                } else {
                    batch.found.push(*key);
                }
            }
        }
        self.commit(vec![batch]).await?;
        end.map(|()| confirmed)
    }

    /// Compares what belongs to a project with its rows.
    async fn compare_children(&mut self, project: i64, answer: Answer, batch: &mut Batch) -> Step<Compared> {
        let table = batch.shape.table;
        let up_to = Key { project_id: project, ..Key::MAX };
        let heads = self.store.heads(&Range { up_to, ..Range::of_table(table, i64::MAX) }).await?;
        let known: BTreeMap<Key, Head> = heads.iter().map(|head| (head.key, *head)).collect();
        self.report(table).read += answer.rows.len() as u64;
        let is_there = |key: &Key| answer.rows.iter().any(|row| row.key == *key);
        let mut lacking: Vec<Key> = known.keys().copied().filter(|key| !is_there(key)).collect();
        let vanished = answer.is_absent && !known.is_empty() && !self.sync.allow_deletes;
        let is_faulty = vanished || answer.fault.is_some();
        if vanished {
            let fault = "the server no longer finds the list, which had records before";
            let error = Error::incomplete(RUN, format!("{table} of project {project}: {fault}"));
            self.add_unreadable(table, error.hint(IF_GONE));
        } else if let Some(fault) = answer.fault {
            let fault = format!("{table} of project {project}: {fault}");
            self.add_unreadable(table, Error::incomplete(RUN, fault));
        }
        if is_faulty {
            lacking.clear();
        }
        let refills = self.refills(table);
        let differs = |row: &Row| {
            let is_same = |head: &Head| head.fingerprint == row.fingerprint && !head.is_out_of_view;
            refills || !known.get(&row.key).is_some_and(is_same)
        };
        batch.puts.extend(answer.rows.into_iter().filter(differs));
        Ok(Compared { known: known.len() as u64, lacking, is_faulty })
    }
}

/// What comes of comparing an answer with the rows.
struct Compared {
    /// How many rows there were.
    known: u64,
    /// The rows that a whole answer lacks.
    lacking: Vec<Key>,
    /// Whether records may be missing in the answer.
    is_faulty: bool,
}

/// Reads everything that belongs to a project, and nothing of one that is not there any more.
async fn read_project(projects: &ProjectsClient, id: i64, longest: &Longest) -> Result<Answers, Error> {
    let mut answers = Vec::new();
    for table in Table::CHILDREN {
        answers.push((table, read_kind(projects, id, table, longest).await?));
    }
    if answers.iter().all(|(_, answer)| answer.is_absent) {
        match projects.project(ProjectId(id.unsigned_abs())).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => answers.clear(),
            Err(error) => return Err(error),
        }
    }
    Ok(answers)
}

async fn read_kind(
    projects: &ProjectsClient,
    project: i64,
    table: Table,
    longest: &Longest,
) -> Result<Answer, Error> {
    match read_list(projects, project, table, longest).await {
        Err(error) if error.is_not_found() => Ok(Answer { is_absent: true, ..Answer::default() }),
        answer => answer,
    }
}

async fn read_list(
    projects: &ProjectsClient,
    project: i64,
    table: Table,
    longest: &Longest,
) -> Result<Answer, Error> {
    let id = ProjectId(project.unsigned_abs());
    Ok(match table {
        Table::ProjectSteps => answer(project, vec![projects.steps(id, &StepQuery::new()).await?]),
        Table::Checklists => answer(project, vec![projects.checklists(id).await?]),
        Table::Goods => answer(project, vec![projects.goods(id).await?]),
        Table::ProjectActions => {
            let page =
                async |offset| projects.actions(id, &ActionQuery::new().count(PAGE).offset(offset)).await;
            answer(project, every_page(page, &longest.actions).await?)
        }
        _ => {
            let page =
                async |offset| projects.payments(id, &PaymentQuery::new().count(PAGE).offset(offset)).await;
            answer(project, every_page(page, &longest.payments).await?)
        }
    })
}

/// Reads the pages of a list that may be cut by a limit of the server. An answer that is very short, or shorter than another
/// one, was not cut.
/// A page with the same IDs as one before comes from a server that ignores the offset, so it is the end, too. Single IDs may
/// come again: several rows of one good have one.
async fn every_page<T: Child>(
    page: impl AsyncFn(u64) -> Result<Page<T>, Error>,
    longest: &AtomicUsize,
) -> Result<Vec<Page<T>>, Error> {
    let mut pages: Vec<Page<T>> = Vec::new();
    let mut records = 0;
    loop {
        let next = page(records).await?;
        let len = next.len();
        let has_come = |before: &Page<T>| before.items.iter().map(T::id).eq(next.items.iter().map(T::id));
        if len == 0 || (!next.items.is_empty() && pages.iter().any(has_come)) {
            return Ok(pages);
        }
        records += len as u64;
        let is_total = next.total == Some(records);
        let other = longest.fetch_max(len, Ordering::Relaxed);
        pages.push(next);
        if is_total || len < other.max(SMALLEST_LIMIT) {
            return Ok(pages);
        }
    }
}

fn answer<T: Child>(project: i64, pages: Vec<Page<T>>) -> Answer {
    let mut fault = None;
    let mut rows: Vec<Row> = Vec::new();
    let mut counts: BTreeMap<u64, i64> = BTreeMap::new();
    for page in pages {
        if let Some(unreadable) = page.unreadable.first() {
            fault.get_or_insert(format!("a record cannot be decoded: {unreadable}"));
        }
        for record in page.items {
            let count = counts.entry(record.id()).or_default();
            match child_row(project, &record, *count) {
                Some(row) => rows.push(row),
                None => fault = Some(format!("the id {} is too large for a database", record.id())),
            }
            *count += 1;
        }
    }
    Answer { rows, fault, is_absent: false }
}

/// The setting with the time of the last run that reached the children.
const PASS: &str = "pass:children";
/// So many projects are read and written at once.
const TOGETHER: i64 = 20;
/// So many missing rows are decided about at once.
const MARKS_TOGETHER: i64 = 100;
/// So many rows are removed at once.
const REMOVED_TOGETHER: usize = 500;
/// So large a part of the rows that a run compares may be missing, unless they belong to fewer projects than this. A person
/// may have replaced everything in one or two.
const MOST_PERCENT_OF_COMPARED: u64 = 50;
const FEWEST_OF_MANY: usize = 3;
/// No server returns fewer records than this at once, if there are more (assumed).
const SMALLEST_LIMIT: usize = 10;
/// So many actions or payments are asked for at once.
const PAGE: u64 = 500;
