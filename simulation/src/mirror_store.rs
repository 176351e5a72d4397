//! The store of a mirror as one process sees it: it may fail, be slow, or do its work when the process is gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crm_mirror::store::{
    Applied, Batch, BoxFuture, ChildrenRead, Head, Missing, Range, Record, Rewrite, RunEnd,
};
use crm_mirror::{Change, ChangeFilter, ColumnKind, Error, Key, MemoryStore, Run, Store, Table};
use tokio::time::sleep;

use crate::draw::Draw;
use crate::trace::Trace;

/// A store that may fail. Clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct FaultyStore {
    store: MemoryStore,
    trace: Trace,
    faults: f64,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    draw: Draw,
    /// The fence of the run that holds the lock.
    fence: i64,
    /// How often something was committed.
    commits: u64,
}

impl FaultyStore {
    pub(crate) fn new(store: MemoryStore, trace: Trace, faults: f64, seed: u64) -> Self {
        let state = Arc::new(Mutex::new(State { draw: Draw::new(seed, 23), fence: 0, commits: 0 }));
        Self { store, trace, faults, state }
    }

    /// Returns how often something was committed.
    pub(crate) fn commits(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).commits
    }

    /// The lease of the run expires.
    pub(crate) fn expire(&self) {
        let fence = self.state.lock().unwrap_or_else(PoisonError::into_inner).fence;
        self.store.abandon(fence);
    }

    fn fails(&self, operation: &str) -> Result<(), Error> {
        let fails = self.state.lock().unwrap_or_else(PoisonError::into_inner).draw.chance(self.faults / 2.0);
        if !fails {
            return Ok(());
        }
        self.trace.note(format!("the store fails at {operation}"));
        Err(Error::storage("mirror.simulated", "copy", std::path::Path::new("simulated"), "failed", None))
    }

    /// The work is done by the database, whatever becomes of the process meanwhile.
    async fn around<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.fails(operation)?;
        let time = {
            let draw = &mut self.state.lock().unwrap_or_else(PoisonError::into_inner).draw;
            if draw.chance(0.1) { draw.millis(0, 500) } else { Duration::ZERO }
        };
        let result = if time.is_zero() {
            tokio::task::yield_now().await;
            work.await
        } else {
            let working = tokio::spawn(async move {
                sleep(time).await;
                work.await
            });
            let failed = |error: tokio::task::JoinError| {
                let cause = std::io::Error::other(error);
                let path = std::path::Path::new("simulated");
                Error::storage("mirror.simulated", "copy", path, "failed", Some(cause))
            };
            working.await.map_err(failed)?
        }?;
        self.fails(operation)?;
        Ok(result)
    }
}

impl Store for FaultyStore {
    fn add_columns<'a>(&'a self, columns: &'a [(String, ColumnKind)]) -> BoxFuture<'a, Result<bool, Error>> {
        self.store.add_columns(columns)
    }

    fn lock(&self) -> BoxFuture<'_, Result<Option<i64>, Error>> {
        Box::pin(async move {
            self.fails("lock")?;
            let fence = self.store.lock().await?;
            if let Some(fence) = fence {
                self.state.lock().unwrap_or_else(PoisonError::into_inner).fence = fence;
            }
            Ok(fence)
        })
    }

    fn unlock(&self, fence: i64) -> BoxFuture<'_, Result<(), Error>> {
        self.store.unlock(fence)
    }

    fn abandon(&self, fence: i64) {
        self.store.abandon(fence);
    }

    fn settings(&self) -> BoxFuture<'_, Result<BTreeMap<String, String>, Error>> {
        Box::pin(async move {
            let store = self.store.clone();
            self.around("settings", async move { store.settings().await }).await
        })
    }

    fn begin_run<'a>(
        &'a self,
        fence: i64,
        started_at: i64,
        mode: &'a str,
    ) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(async move {
            let (store, mode) = (self.store.clone(), mode.to_owned());
            self.around("begin_run", async move { store.begin_run(fence, started_at, &mode).await }).await
        })
    }

    fn end_run<'a>(&'a self, fence: i64, end: &'a RunEnd) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let (store, end) = (self.store.clone(), end.clone());
            self.around("end_run", async move { store.end_run(fence, &end).await }).await
        })
    }

    fn heads<'a>(&'a self, range: &'a Range) -> BoxFuture<'a, Result<Vec<Head>, Error>> {
        Box::pin(async move {
            let (store, range) = (self.store.clone(), range.clone());
            self.around("heads", async move { store.heads(&range).await }).await
        })
    }

    fn commit(&self, fence: i64, batches: Vec<Batch>) -> BoxFuture<'_, Result<Vec<Applied>, Error>> {
        Box::pin(async move {
            for batch in &batches {
                self.trace.note(format!(
                    "commit {}: {} puts, removals {:?}, {} missing, {} found, settings {:?}",
                    batch.shape.table,
                    batch.puts.len(),
                    batch.removals.iter().map(|(key, removal)| (key.id, removal)).collect::<Vec<_>>(),
                    batch.missing.len(),
                    batch.found.len(),
                    batch.settings
                ));
            }
            let store = self.store.clone();
            let applied = self.around("commit", async move { store.commit(fence, batches).await }).await?;
            self.state.lock().unwrap_or_else(PoisonError::into_inner).commits += 1;
            Ok(applied)
        })
    }

    fn missing(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Missing>, Error>> {
        Box::pin(async move {
            let store = self.store.clone();
            self.around("missing", async move { store.missing(table, after, limit).await }).await
        })
    }

    fn count_missing(&self, table: Table, run: i64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let store = self.store.clone();
            self.around("count_missing", async move { store.count_missing(table, run).await }).await
        })
    }

    fn count(&self, table: Table) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let store = self.store.clone();
            self.around("count", async move { store.count(table).await }).await
        })
    }

    fn oldest_children(&self, limit: i64) -> BoxFuture<'_, Result<Vec<ChildrenRead>, Error>> {
        Box::pin(async move {
            let store = self.store.clone();
            self.around("oldest_children", async move { store.oldest_children(limit).await }).await
        })
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
        self.store.forget(fence, table, id)
    }

    fn rewrite(&self, fence: i64, table: Table, rewrite: Rewrite) -> BoxFuture<'_, Result<u64, Error>> {
        self.store.rewrite(fence, table, rewrite)
    }
}
