//! A store around another one, with a hook before and after each operation.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use crm_history::Error;
use crm_outbox::{Change, Filter, MemoryStore, NewActivity, OutboxStats, Request, Row, State, Store};

/// What happens before and after an operation of a store.
#[async_trait]
pub(crate) trait Hook: Send + Sync + 'static {
    async fn before(&self, operation: &'static str) -> Result<(), Error>;

    async fn after(&self, _operation: &'static str) -> Result<(), Error> {
        Ok(())
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

#[async_trait]
impl<H: Hook> Store for Wrapped<H> {
    async fn put(&self, activities: &[NewActivity]) -> Result<Vec<Option<Row>>, Error> {
        self.hook.before("put").await?;
        let result = self.store.put(activities).await?;
        self.hook.after("put").await?;
        Ok(result)
    }

    async fn get(&self, key: &str) -> Result<Option<Row>, Error> {
        self.hook.before("get").await?;
        let result = self.store.get(key).await?;
        self.hook.after("get").await?;
        Ok(result)
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Row>, Error> {
        self.hook.before("list").await?;
        let result = self.store.list(filter).await?;
        self.hook.after("list").await?;
        Ok(result)
    }

    async fn stats(&self) -> Result<OutboxStats, Error> {
        self.hook.before("stats").await?;
        let result = self.store.stats().await?;
        self.hook.after("stats").await?;
        Ok(result)
    }

    async fn decide(&self, key: &str, from: &[State], change: &Change) -> Result<bool, Error> {
        self.hook.before("decide").await?;
        let result = self.store.decide(key, from, change).await?;
        self.hook.after("decide").await?;
        Ok(result)
    }

    async fn highest_id_before(&self, since: SystemTime) -> Result<Option<u64>, Error> {
        self.hook.before("highest_id_before").await?;
        let result = self.store.highest_id_before(since).await?;
        self.hook.after("highest_id_before").await?;
        Ok(result)
    }

    async fn reconcile(&self, floor: u64) -> Result<u64, Error> {
        self.hook.before("reconcile").await?;
        let result = self.store.reconcile(floor).await?;
        self.hook.after("reconcile").await?;
        Ok(result)
    }

    async fn remove_contents(&self, older_than: Duration) -> Result<u64, Error> {
        self.hook.before("remove_contents").await?;
        let result = self.store.remove_contents(older_than).await?;
        self.hook.after("remove_contents").await?;
        Ok(result)
    }

    async fn purge(&self, older_than: Duration) -> Result<u64, Error> {
        self.hook.before("purge").await?;
        let result = self.store.purge(older_than).await?;
        self.hook.after("purge").await?;
        Ok(result)
    }

    async fn acquire(&self, lease: Duration) -> Result<Option<u64>, Error> {
        self.hook.before("acquire").await?;
        let result = self.store.acquire(lease).await?;
        trace("acquire", &result);
        self.hook.after("acquire").await?;
        Ok(result)
    }

    async fn renew(&self, fence: u64, lease: Duration) -> Result<bool, Error> {
        self.hook.before("renew").await?;
        let result = self.store.renew(fence, lease).await?;
        self.hook.after("renew").await?;
        Ok(result)
    }

    async fn release(&self, fence: u64) -> Result<(), Error> {
        self.hook.before("release").await?;
        self.store.release(fence).await?;
        self.hook.after("release").await
    }

    async fn queued(&self, after: u64, limit: usize) -> Result<Vec<Row>, Error> {
        self.hook.before("queued").await?;
        let result = self.store.queued(after, limit).await?;
        self.hook.after("queued").await?;
        Ok(result)
    }

    async fn in_doubt(&self) -> Result<Vec<Row>, Error> {
        self.hook.before("in_doubt").await?;
        let result = self.store.in_doubt().await?;
        trace("in_doubt", &result);
        self.hook.after("in_doubt").await?;
        Ok(result)
    }

    async fn claimed(&self, lowest: u64) -> Result<Vec<u64>, Error> {
        self.hook.before("claimed").await?;
        let result = self.store.claimed(lowest).await?;
        self.hook.after("claimed").await?;
        Ok(result)
    }

    async fn has_id_below_floor(&self) -> Result<bool, Error> {
        self.hook.before("has_id_below_floor").await?;
        let result = self.store.has_id_below_floor().await?;
        self.hook.after("has_id_below_floor").await?;
        Ok(result)
    }

    async fn oldest_floor(&self) -> Result<u64, Error> {
        self.hook.before("oldest_floor").await?;
        let result = self.store.oldest_floor().await?;
        self.hook.after("oldest_floor").await?;
        Ok(result)
    }

    async fn stored_without_id(&self) -> Result<Vec<(u64, u64)>, Error> {
        self.hook.before("stored_without_id").await?;
        let result = self.store.stored_without_id().await?;
        self.hook.after("stored_without_id").await?;
        Ok(result)
    }

    async fn has_unknown_ids(&self) -> Result<bool, Error> {
        self.hook.before("has_unknown_ids").await?;
        let result = self.store.has_unknown_ids().await?;
        self.hook.after("has_unknown_ids").await?;
        Ok(result)
    }

    async fn last_stored(&self, limit: usize) -> Result<Vec<Row>, Error> {
        self.hook.before("last_stored").await?;
        let result = self.store.last_stored(limit).await?;
        self.hook.after("last_stored").await?;
        Ok(result)
    }

    async fn sending(
        &self,
        fence: u64,
        lease: Duration,
        request: &Request,
        outcomes: &[(u64, Change)],
    ) -> Result<bool, Error> {
        trace("sending", &(fence, request));
        self.hook.before("sending").await?;
        let result = self.store.sending(fence, lease, request, outcomes).await?;
        trace("sending", &result);
        self.hook.after("sending").await?;
        Ok(result)
    }

    async fn settle(&self, fence: u64, changes: &[(u64, Change)]) -> Result<bool, Error> {
        trace("settle", &(fence, changes));
        self.hook.before("settle").await?;
        let result = self.store.settle(fence, changes).await?;
        trace("settle", &result);
        self.hook.after("settle").await?;
        Ok(result)
    }

    fn abandon(&self, fence: u64) {
        self.store.abandon(fence);
    }

    async fn changed(&self) {
        self.store.changed().await;
    }
}

/// Prints an operation if the environment asks for it.
fn trace(operation: &str, what: &impl std::fmt::Debug) {
    if std::env::var_os("CRM_OUTBOX_TEST_TRACE").is_some() {
        eprintln!("{:?} {operation} {what:?}", tokio::time::Instant::now());
    }
}
