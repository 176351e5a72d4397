//! A store around another one, with a hook before and after each operation.

use std::time::{Duration, SystemTime};

use crm_history::Error;
use crm_outbox::{
    BoxFuture, Change, Filter, MemoryStore, NewActivity, OutboxStats, Request, Row, State, Store,
};

/// What happens before and after an operation of a store.
pub(crate) trait Hook: Send + Sync + 'static {
    fn before<'a>(&'a self, operation: &'static str) -> BoxFuture<'a, Result<(), Error>>;

    fn after<'a>(&'a self, _operation: &'static str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { Ok(()) })
    }
}

pub(crate) struct Wrapped<H> {
    store: MemoryStore,
    hook: H,
}

impl<H> Wrapped<H> {
    pub(crate) fn new(store: MemoryStore, hook: H) -> Self {
        Self { store, hook }
    }
}

impl<H: Hook> Store for Wrapped<H> {
    fn put<'a>(&'a self, activities: &'a [NewActivity]) -> BoxFuture<'a, Result<Vec<Option<Row>>, Error>> {
        Box::pin(async move {
            self.hook.before("put").await?;
            let result = self.store.put(activities).await?;
            self.hook.after("put").await?;
            Ok(result)
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Row>, Error>> {
        Box::pin(async move {
            self.hook.before("get").await?;
            let result = self.store.get(key).await?;
            self.hook.after("get").await?;
            Ok(result)
        })
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            self.hook.before("list").await?;
            let result = self.store.list(filter).await?;
            self.hook.after("list").await?;
            Ok(result)
        })
    }

    fn stats(&self) -> BoxFuture<'_, Result<OutboxStats, Error>> {
        Box::pin(async move {
            self.hook.before("stats").await?;
            let result = self.store.stats().await?;
            self.hook.after("stats").await?;
            Ok(result)
        })
    }

    fn decide<'a>(
        &'a self,
        key: &'a str,
        from: &'a [State],
        change: &'a Change,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            self.hook.before("decide").await?;
            let result = self.store.decide(key, from, change).await?;
            self.hook.after("decide").await?;
            Ok(result)
        })
    }

    fn highest_id_before(&self, since: SystemTime) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(async move {
            self.hook.before("highest_id_before").await?;
            let result = self.store.highest_id_before(since).await?;
            self.hook.after("highest_id_before").await?;
            Ok(result)
        })
    }

    fn reconcile(&self, floor: u64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            self.hook.before("reconcile").await?;
            let result = self.store.reconcile(floor).await?;
            self.hook.after("reconcile").await?;
            Ok(result)
        })
    }

    fn remove_contents(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            self.hook.before("remove_contents").await?;
            let result = self.store.remove_contents(older_than).await?;
            self.hook.after("remove_contents").await?;
            Ok(result)
        })
    }

    fn purge(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            self.hook.before("purge").await?;
            let result = self.store.purge(older_than).await?;
            self.hook.after("purge").await?;
            Ok(result)
        })
    }

    fn acquire(&self, lease: Duration) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(async move {
            self.hook.before("acquire").await?;
            let result = self.store.acquire(lease).await?;
            trace("acquire", &result);
            self.hook.after("acquire").await?;
            Ok(result)
        })
    }

    fn renew(&self, fence: u64, lease: Duration) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            self.hook.before("renew").await?;
            let result = self.store.renew(fence, lease).await?;
            self.hook.after("renew").await?;
            Ok(result)
        })
    }

    fn release(&self, fence: u64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.hook.before("release").await?;
            self.store.release(fence).await?;
            self.hook.after("release").await
        })
    }

    fn queued(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            self.hook.before("queued").await?;
            let result = self.store.queued(after, limit).await?;
            self.hook.after("queued").await?;
            Ok(result)
        })
    }

    fn in_doubt(&self) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            self.hook.before("in_doubt").await?;
            let result = self.store.in_doubt().await?;
            trace("in_doubt", &result);
            self.hook.after("in_doubt").await?;
            Ok(result)
        })
    }

    fn claimed(&self, lowest: u64) -> BoxFuture<'_, Result<Vec<u64>, Error>> {
        Box::pin(async move {
            self.hook.before("claimed").await?;
            let result = self.store.claimed(lowest).await?;
            self.hook.after("claimed").await?;
            Ok(result)
        })
    }

    fn has_id_below_floor(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            self.hook.before("has_id_below_floor").await?;
            let result = self.store.has_id_below_floor().await?;
            self.hook.after("has_id_below_floor").await?;
            Ok(result)
        })
    }

    fn oldest_floor(&self) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            self.hook.before("oldest_floor").await?;
            let result = self.store.oldest_floor().await?;
            self.hook.after("oldest_floor").await?;
            Ok(result)
        })
    }

    fn stored_without_id(&self) -> BoxFuture<'_, Result<Vec<(u64, u64)>, Error>> {
        Box::pin(async move {
            self.hook.before("stored_without_id").await?;
            let result = self.store.stored_without_id().await?;
            self.hook.after("stored_without_id").await?;
            Ok(result)
        })
    }

    fn has_unknown_ids(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            self.hook.before("has_unknown_ids").await?;
            let result = self.store.has_unknown_ids().await?;
            self.hook.after("has_unknown_ids").await?;
            Ok(result)
        })
    }

    fn last_stored(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            self.hook.before("last_stored").await?;
            let result = self.store.last_stored(limit).await?;
            self.hook.after("last_stored").await?;
            Ok(result)
        })
    }

    fn sending<'a>(
        &'a self,
        fence: u64,
        lease: Duration,
        request: &'a Request,
        outcomes: &'a [(u64, Change)],
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            trace("sending", &(fence, request));
            self.hook.before("sending").await?;
            let result = self.store.sending(fence, lease, request, outcomes).await?;
            trace("sending", &result);
            self.hook.after("sending").await?;
            Ok(result)
        })
    }

    fn settle<'a>(&'a self, fence: u64, changes: &'a [(u64, Change)]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            trace("settle", &(fence, changes));
            self.hook.before("settle").await?;
            let result = self.store.settle(fence, changes).await?;
            trace("settle", &result);
            self.hook.after("settle").await?;
            Ok(result)
        })
    }

    fn abandon(&self, fence: u64) {
        self.store.abandon(fence);
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.store.changed().await;
        })
    }
}

/// Prints an operation if the environment asks for it.
fn trace(operation: &str, what: &impl std::fmt::Debug) {
    if std::env::var_os("CRM_OUTBOX_TEST_TRACE").is_some() {
        eprintln!("{:?} {operation} {what:?}", tokio::time::Instant::now());
    }
}
