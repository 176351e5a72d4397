//! A store that fails, or stops for ever, at a chosen step.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use crm_mirror::store::{Applied, Batch, ChildrenRead, Head, Missing, Range, Record, Rewrite, RunEnd, Store};
use crm_mirror::{Change, ChangeFilter, ColumnKind, Error, Key, Run, SqliteStore, Table};
use tokio::sync::Notify;

/// What happens at the chosen step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It fails, and nothing is done.
    Before,
    /// It is done, and fails, as if the connection were lost.
    After,
    /// It is not done, and the process is killed.
    KilledBefore,
    /// It is done, and the process is killed.
    KilledAfter,
}

/// A store whose n-th step fails.
#[derive(Clone, Debug)]
pub(crate) struct FailingStore {
    store: SqliteStore,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    failure: Failure,
    steps_left: AtomicUsize,
    failed: AtomicBool,
    killed: Notify,
}

impl FailingStore {
    pub(crate) fn new(store: SqliteStore, step: usize, failure: Failure) -> Self {
        let plan = Plan {
            failure,
            steps_left: AtomicUsize::new(step),
            failed: AtomicBool::new(false),
            killed: Notify::new(),
        };
        Self { store, plan: Arc::new(plan) }
    }

    /// Whether the step was reached.
    pub(crate) fn has_failed(&self) -> bool {
        self.plan.failed.load(Ordering::Relaxed)
    }

    /// Ends when the process is to be killed.
    pub(crate) async fn killed(&self) {
        self.plan.killed.notified().await;
    }

    async fn step<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let left = self.plan.steps_left.fetch_sub(1, Ordering::Relaxed);
        if left != 1 {
            if left == 0 {
                self.plan.steps_left.store(0, Ordering::Relaxed);
            }
            return work.await;
        }
        self.plan.failed.store(true, Ordering::Relaxed);
        if matches!(self.plan.failure, Failure::After | Failure::KilledAfter) {
            work.await?;
        }
        if matches!(self.plan.failure, Failure::KilledBefore | Failure::KilledAfter) {
            self.plan.killed.notify_one();
            pending::<()>().await;
        }
        let cause = std::io::Error::other("the disk is full");
        Err(Error::storage("mirror.run", "copy", std::path::Path::new("test"), "fails", Some(cause)))
    }
}

#[async_trait]
impl Store for FailingStore {
    async fn add_columns(&self, columns: &[(String, ColumnKind)]) -> Result<bool, Error> {
        self.step(self.store.add_columns(columns)).await
    }

    async fn lock(&self) -> Result<Option<i64>, Error> {
        self.store.lock().await
    }

    async fn unlock(&self, fence: i64) -> Result<(), Error> {
        self.store.unlock(fence).await
    }

    fn abandon(&self, fence: i64) {
        self.store.abandon(fence);
    }

    async fn settings(&self) -> Result<BTreeMap<String, String>, Error> {
        self.step(self.store.settings()).await
    }

    async fn begin_run(&self, fence: i64, started_at: i64, mode: &str) -> Result<i64, Error> {
        self.step(self.store.begin_run(fence, started_at, mode)).await
    }

    async fn end_run(&self, fence: i64, end: &RunEnd) -> Result<(), Error> {
        self.step(self.store.end_run(fence, end)).await
    }

    async fn heads(&self, range: &Range) -> Result<Vec<Head>, Error> {
        self.step(self.store.heads(range)).await
    }

    async fn commit(&self, fence: i64, batches: Vec<Batch>) -> Result<Vec<Applied>, Error> {
        self.step(self.store.commit(fence, batches)).await
    }

    async fn missing(&self, table: Table, after: Key, limit: i64) -> Result<Vec<Missing>, Error> {
        self.step(self.store.missing(table, after, limit)).await
    }

    async fn count_missing(&self, table: Table, run: i64) -> Result<u64, Error> {
        self.step(self.store.count_missing(table, run)).await
    }

    async fn count(&self, table: Table) -> Result<u64, Error> {
        self.step(self.store.count(table)).await
    }

    async fn oldest_children(&self, limit: i64) -> Result<Vec<ChildrenRead>, Error> {
        self.step(self.store.oldest_children(limit)).await
    }

    async fn records(&self, table: Table, after: Key, limit: i64) -> Result<Vec<Record>, Error> {
        self.store.records(table, after, limit).await
    }

    async fn changes(&self, filter: &ChangeFilter) -> Result<Vec<Change>, Error> {
        self.store.changes(filter).await
    }

    async fn runs(&self, limit: i64) -> Result<Vec<Run>, Error> {
        self.store.runs(limit).await
    }

    async fn forget(&self, fence: i64, table: Table, id: i64) -> Result<u64, Error> {
        self.step(self.store.forget(fence, table, id)).await
    }

    async fn rewrite(&self, fence: i64, table: Table, rewrite: Rewrite) -> Result<u64, Error> {
        self.step(self.store.rewrite(fence, table, rewrite)).await
    }
}
