//! A store that fails, or stops for ever, at a chosen step.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crm_mirror::store::{
    Applied, Batch, BoxFuture, ChildrenRead, Head, Missing, Range, Record, Rewrite, RunEnd, Store,
};
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

impl Store for FailingStore {
    fn add_columns<'a>(&'a self, columns: &'a [(String, ColumnKind)]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(self.step(self.store.add_columns(columns)))
    }

    fn lock(&self) -> BoxFuture<'_, Result<Option<i64>, Error>> {
        self.store.lock()
    }

    fn unlock(&self, fence: i64) -> BoxFuture<'_, Result<(), Error>> {
        self.store.unlock(fence)
    }

    fn abandon(&self, fence: i64) {
        self.store.abandon(fence);
    }

    fn settings(&self) -> BoxFuture<'_, Result<BTreeMap<String, String>, Error>> {
        Box::pin(self.step(self.store.settings()))
    }

    fn begin_run<'a>(
        &'a self,
        fence: i64,
        started_at: i64,
        mode: &'a str,
    ) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(self.step(self.store.begin_run(fence, started_at, mode)))
    }

    fn end_run<'a>(&'a self, fence: i64, end: &'a RunEnd) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.step(self.store.end_run(fence, end)))
    }

    fn heads<'a>(&'a self, range: &'a Range) -> BoxFuture<'a, Result<Vec<Head>, Error>> {
        Box::pin(self.step(self.store.heads(range)))
    }

    fn commit(&self, fence: i64, batches: Vec<Batch>) -> BoxFuture<'_, Result<Vec<Applied>, Error>> {
        Box::pin(self.step(self.store.commit(fence, batches)))
    }

    fn missing(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Missing>, Error>> {
        Box::pin(self.step(self.store.missing(table, after, limit)))
    }

    fn count_missing(&self, table: Table, run: i64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.step(self.store.count_missing(table, run)))
    }

    fn count(&self, table: Table) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.step(self.store.count(table)))
    }

    fn oldest_children(&self, limit: i64) -> BoxFuture<'_, Result<Vec<ChildrenRead>, Error>> {
        Box::pin(self.step(self.store.oldest_children(limit)))
    }

    fn records(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        self.store.records(table, after, limit)
    }

    fn changes<'a>(&'a self, filter: &'a ChangeFilter) -> BoxFuture<'a, Result<Vec<Change>, Error>> {
        self.store.changes(filter)
    }

    fn runs(&self, limit: i64) -> BoxFuture<'_, Result<Vec<Run>, Error>> {
        self.store.runs(limit)
    }

    fn forget(&self, fence: i64, table: Table, id: i64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.step(self.store.forget(fence, table, id)))
    }

    fn rewrite(&self, fence: i64, table: Table, rewrite: Rewrite) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.step(self.store.rewrite(fence, table, rewrite)))
    }
}
