//! The database as one process of an outbox sees it: it may fail or be slow.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use crm_outbox::{Change, Filter, MemoryStore, NewActivity, OutboxStats, Request, Row, State, Store};
use crm_transport::Error;
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

#[async_trait]
impl Store for ProcessStore {
    async fn put(&self, activities: &[NewActivity]) -> Result<Vec<Option<Row>>, Error> {
        self.around("put", self.store.put(activities)).await
    }

    async fn get(&self, key: &str) -> Result<Option<Row>, Error> {
        self.around("get", self.store.get(key)).await
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Row>, Error> {
        self.around("list", self.store.list(filter)).await
    }

    async fn stats(&self) -> Result<OutboxStats, Error> {
        self.around("stats", self.store.stats()).await
    }

    async fn decide(&self, key: &str, from: &[State], change: &Change) -> Result<bool, Error> {
        self.around("decide", self.store.decide(key, from, change)).await
    }

    async fn highest_id_before(&self, since: SystemTime) -> Result<Option<u64>, Error> {
        self.around("highest_id_before", self.store.highest_id_before(since)).await
    }

    async fn reconcile(&self, floor: u64) -> Result<u64, Error> {
        self.around("reconcile", self.store.reconcile(floor)).await
    }

    async fn remove_contents(&self, older_than: Duration) -> Result<u64, Error> {
        self.around("remove_contents", self.store.remove_contents(older_than)).await
    }

    async fn purge(&self, older_than: Duration) -> Result<u64, Error> {
        self.around("purge", self.store.purge(older_than)).await
    }

    async fn acquire(&self, lease: Duration) -> Result<Option<u64>, Error> {
        let acquired = async {
            let fence = self.store.acquire(lease).await?;
            let instance = self.process.progress().name;
            fence.iter().for_each(|&fence| self.watch.acquired(instance, fence, lease));
            Ok(fence)
        };
        self.around("acquire", acquired).await
    }

    async fn renew(&self, fence: u64, lease: Duration) -> Result<bool, Error> {
        let renewed = async {
            let is_held = self.store.renew(fence, lease).await?;
            is_held.then(|| self.watch.extended(fence, lease));
            Ok(is_held)
        };
        self.around("renew", renewed).await
    }

    async fn release(&self, fence: u64) -> Result<(), Error> {
        let released = async {
            self.watch.released(fence);
            self.store.release(fence).await
        };
        self.around("release", released).await
    }

    fn abandon(&self, fence: u64) {
        self.store.abandon(fence);
    }

    async fn queued(&self, after: u64, limit: usize) -> Result<Vec<Row>, Error> {
        self.around("queued", self.store.queued(after, limit)).await
    }

    async fn in_doubt(&self) -> Result<Vec<Row>, Error> {
        self.around("in_doubt", self.store.in_doubt()).await
    }

    async fn claimed(&self, lowest: u64) -> Result<Vec<u64>, Error> {
        self.around("claimed", self.store.claimed(lowest)).await
    }

    async fn has_id_below_floor(&self) -> Result<bool, Error> {
        self.around("has_id_below_floor", self.store.has_id_below_floor()).await
    }

    async fn oldest_floor(&self) -> Result<u64, Error> {
        self.around("oldest_floor", self.store.oldest_floor()).await
    }

    async fn stored_without_id(&self) -> Result<Vec<(u64, u64)>, Error> {
        self.around("stored_without_id", self.store.stored_without_id()).await
    }

    async fn has_unknown_ids(&self) -> Result<bool, Error> {
        self.around("has_unknown_ids", self.store.has_unknown_ids()).await
    }

    async fn last_stored(&self, limit: usize) -> Result<Vec<Row>, Error> {
        self.around("last_stored", self.store.last_stored(limit)).await
    }

    async fn sending(
        &self,
        fence: u64,
        lease: Duration,
        request: &Request,
        outcomes: &[(u64, Change)],
    ) -> Result<bool, Error> {
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
    }

    async fn settle(&self, fence: u64, changes: &[(u64, Change)]) -> Result<bool, Error> {
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
    }

    async fn changed(&self) {
        self.store.changed().await;
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
