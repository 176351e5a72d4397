//! The database as one process of an outbox sees it: it may fail or be slow.

use std::time::{Duration, SystemTime};

use crm_outbox::{Change, Filter, MemoryStore, NewActivity, OutboxStats, Request, Row, State, Store};
use crm_transport::{BoxFuture, Error};
use tokio::time::{Instant, sleep};

use super::{Process, failed};
use crate::network::Network;
use crate::outbox_watch::OutboxWatch;

/// The store as one process sees it.
pub(crate) struct ProcessStore {
    pub(crate) store: MemoryStore,
    pub(crate) process: Process,
    pub(crate) watch: OutboxWatch,
    pub(crate) network: Network,
}

impl ProcessStore {
    /// Returns the bodies of the items of a request.
    async fn items(&self, seqs: &[u64]) -> Result<Vec<String>, Error> {
        let rows = self.store.list(&Filter::new().limit(usize::MAX)).await?;
        let json = |seq: &u64| {
            let row = rows.iter().find(|row| row.seq == *seq)?;
            row.prepared.as_ref().or(row.activity.as_ref()).map(|activity| activity.json.as_str())
        };
        let body = |json: &str| serde_json::from_str::<serde_json::Value>(json).map(|body| body.to_string());
        Ok(seqs.iter().map(|seq| json(seq).and_then(|json| body(json).ok()).unwrap_or_default()).collect())
    }

    /// The store may fail before it did something, and after it did.
    async fn around<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        self.process.step(operation).await?;
        let result = work.await?;
        self.process.step(operation).await?;
        Ok(result)
    }
}

impl Store for ProcessStore {
    fn put<'a>(&'a self, activities: &'a [NewActivity]) -> BoxFuture<'a, Result<Vec<Option<Row>>, Error>> {
        Box::pin(self.around("put", self.store.put(activities)))
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Row>, Error>> {
        Box::pin(self.around("get", self.store.get(key)))
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<Vec<Row>, Error>> {
        Box::pin(self.around("list", self.store.list(filter)))
    }

    fn stats(&self) -> BoxFuture<'_, Result<OutboxStats, Error>> {
        Box::pin(self.around("stats", self.store.stats()))
    }

    fn decide<'a>(
        &'a self,
        key: &'a str,
        from: &'a [State],
        change: &'a Change,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(self.around("decide", self.store.decide(key, from, change)))
    }

    fn highest_id_before(&self, since: SystemTime) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(self.around("highest_id_before", self.store.highest_id_before(since)))
    }

    fn reconcile(&self, floor: u64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.around("reconcile", self.store.reconcile(floor)))
    }

    fn remove_contents(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.around("remove_contents", self.store.remove_contents(older_than)))
    }

    fn purge(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.around("purge", self.store.purge(older_than)))
    }

    fn acquire(&self, lease: Duration) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(async move {
            let acquired = async {
                let fence = self.store.acquire(lease).await?;
                let instance = self.process.progress().name;
                fence.iter().for_each(|&fence| self.watch.acquired(instance, fence, lease));
                Ok(fence)
            };
            self.around("acquire", acquired).await
        })
    }

    fn renew(&self, fence: u64, lease: Duration) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let renewed = async {
                let is_held = self.store.renew(fence, lease).await?;
                is_held.then(|| self.watch.extended(fence, lease));
                Ok(is_held)
            };
            self.around("renew", renewed).await
        })
    }

    fn release(&self, fence: u64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let released = async {
                self.watch.released(fence);
                self.store.release(fence).await
            };
            self.around("release", released).await
        })
    }

    fn abandon(&self, fence: u64) {
        self.store.abandon(fence);
    }

    fn queued(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(self.around("queued", self.store.queued(after, limit)))
    }

    fn in_doubt(&self) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(self.around("in_doubt", self.store.in_doubt()))
    }

    fn claimed(&self, lowest: u64) -> BoxFuture<'_, Result<Vec<u64>, Error>> {
        Box::pin(self.around("claimed", self.store.claimed(lowest)))
    }

    fn has_id_below_floor(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.around("has_id_below_floor", self.store.has_id_below_floor()))
    }

    fn oldest_floor(&self) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.around("oldest_floor", self.store.oldest_floor()))
    }

    fn stored_without_id(&self) -> BoxFuture<'_, Result<Vec<(u64, u64)>, Error>> {
        Box::pin(self.around("stored_without_id", self.store.stored_without_id()))
    }

    fn has_unknown_ids(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.around("has_unknown_ids", self.store.has_unknown_ids()))
    }

    fn last_stored(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(self.around("last_stored", self.store.last_stored(limit)))
    }

    fn sending<'a>(
        &'a self,
        fence: u64,
        lease: Duration,
        request: &'a Request,
        outcomes: &'a [(u64, Change)],
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            self.process.stands_still(0.05, false);
            self.process.step("sending").await?;
            let checked = Instant::now();
            let may_be_sent = self.store.sending(fence, lease, request, outcomes).await?;
            may_be_sent.then(|| self.watch.extended(fence, lease));
            may_be_sent.then(|| confirm(&self.network, outcomes));
            self.process.was_checked(self.items(&request.seqs).await?, fence, checked, may_be_sent);
            self.process.stands_still(0.05, false);
            self.process.step("sending").await?;
            Ok(may_be_sent)
        })
    }

    fn settle<'a>(&'a self, fence: u64, changes: &'a [(u64, Change)]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            self.process.stands_still(0.05, false);
            let stuck = self.process.is_stuck(changes);
            // A database carries out what is on its way, even if nobody waits for it any more.
            let (store, process, changes) = (self.store.clone(), self.process.clone(), changes.to_vec());
            let (watch, replaced) = (self.watch.clone(), self.watch.replaced());
            let network = self.network.clone();
            let on_its_way = tokio::spawn(async move {
                sleep(stuck).await;
                process.step("settle").await?;
                if watch.replaced() != replaced {
                    return Err(failed("the database was replaced"));
                }
                let is_ours = store.settle(fence, &changes).await?;
                is_ours.then(|| confirm(&network, &changes));
                process.step("settle").await?;
                Ok(is_ours)
            });
            on_its_way.await.unwrap_or_else(|ended| Err(failed(ended)))
        })
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.store.changed().await;
        })
    }
}

/// The next sender knows the records that the store holds, whatever a response said.
fn confirm(network: &Network, changes: &[(u64, Change)]) {
    for (_, change) in changes {
        if let Change::Stored { id: Some(id), .. } = change {
            network.confirm(id.0);
        }
    }
}
