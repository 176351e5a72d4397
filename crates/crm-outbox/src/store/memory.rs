//! [`MemoryStore`]: an outbox without a database, for tests.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crm_history::EntryId;
use crm_transport::{BoxFuture, Error};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{
    CLAIMED_AT_LEAST, Change, FIRST_FENCE, FIRST_SENT, RECONCILED_TOGETHER, Request, Row, SentIn, Store,
};
use crate::activity::NewActivity;
use crate::status::{Filter, OutboxStats, State, Status};
use crm_history::engine::mutations::breaks;

/// A store in memory, for tests. Nothing survives the process.
///
/// Clones share their contents: several outboxes over clones behave like several instances over one database. The lease
/// and the times of holds follow tokio's clock, so tests can run in virtual time.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    contents: Mutex<Contents>,
    changed: Notify,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    rows: BTreeMap<u64, Row>,
    keys: HashMap<String, u64>,
    last_seq: u64,
    fence: u64,
    leased_until: Option<Instant>,
    held_until: HashMap<u64, Instant>,
    oldest_floor: Option<u64>,
    was_reconciled: bool,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a copy that shares nothing with it: a backup, for simulations.
    #[doc(hidden)]
    #[must_use]
    pub fn backup(&self) -> Self {
        let copy = Self::new();
        copy.restore(self);
        copy
    }

    /// Replaces its contents by those of a backup.
    #[doc(hidden)]
    pub fn restore(&self, backup: &Self) {
        let mut contents = backup.lock().clone();
        let mut own = self.lock();
        // The other stores count by the clock, so no owner after the backup has the fence of one before.
        contents.fence = contents.fence.max(own.fence);
        *own = contents;
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn has_lease(&self, fence: u64) -> bool {
        self.fence == fence
    }

    fn apply(&mut self, seq: u64, change: &Change) {
        self.held_until.remove(&seq);
        let Some(row) = self.rows.get_mut(&seq) else { return };
        let mut is_final = true;
        match change {
            Change::Stored { id, copy } => (row.status, row.copy) = (Status::Stored(*id), *copy),
            Change::Refused(rejection) => row.status = Status::Refused(rejection.clone()),
            Change::Unknown(unknown) => row.status = Status::Unknown(unknown.clone()),
            Change::Queued => (row.status, is_final) = (Status::Queued, false),
            Change::Held { delay, reason } => {
                (row.status, is_final) = (Status::Held(reason.clone()), false);
                self.held_until.insert(seq, Instant::now() + *delay);
            }
            Change::Prepared { activity, fingerprint } => {
                row.prepared.clone_from(activity);
                row.fingerprint = Some(*fingerprint);
                return;
            }
        }
        if !matches!(row.status, Status::Stored(_)) {
            row.request = None;
        }
        row.settled_at = is_final.then(SystemTime::now);
    }

    /// Notes the floor of a request.
    fn has_floor(&mut self, floor: u64) {
        self.oldest_floor = Some(self.oldest_floor.map_or(floor, |oldest| oldest.min(floor)));
    }

    fn remove(&mut self, unwanted: impl Fn(&Row) -> bool) -> u64 {
        let seqs: Vec<u64> = self.rows.values().filter(|row| unwanted(row)).map(|row| row.seq).collect();
        for seq in &seqs {
            if let Some(row) = self.rows.remove(seq) {
                self.keys.remove(&row.key);
            }
        }
        seqs.len() as u64
    }
}

fn is_older(row: &Row, age: Duration) -> bool {
    row.settled_at.is_some_and(|at| at.elapsed().is_ok_and(|passed| passed >= age))
}

impl Store for MemoryStore {
    fn put<'a>(&'a self, activities: &'a [NewActivity]) -> BoxFuture<'a, Result<Vec<Option<Row>>, Error>> {
        Box::pin(async move {
            let mut contents = self.lock();
            let mut before = Vec::new();
            for NewActivity { key, activity, fingerprint } in activities {
                if let Some(seq) = contents.keys.get(key).filter(|_| !breaks("a-key-is-put-once")) {
                    before.push(contents.rows.get(seq).cloned());
                    continue;
                }
                contents.last_seq += 1;
                let seq = contents.last_seq;
                contents.keys.insert(key.clone(), seq);
                let row = Row {
                    seq,
                    key: key.clone(),
                    activity: Some(activity.clone()),
                    prepared: None,
                    fingerprint: Some(*fingerprint),
                    status: Status::Queued,
                    request: None,
                    copy: None,
                    put_at: SystemTime::now(),
                    settled_at: None,
                };
                contents.rows.insert(seq, row);
                before.push(None);
            }
            drop(contents);
            self.0.changed.notify_waiters();
            Ok(before)
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Row>, Error>> {
        Box::pin(async move {
            let contents = self.lock();
            Ok(contents.keys.get(key).and_then(|seq| contents.rows.get(seq)).cloned())
        })
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            let contents = self.lock();
            let rows = contents.rows.range(filter.after.saturating_add(1)..).map(|(_, row)| row);
            let wanted = rows.filter(|row| filter.state.is_none_or(|state| row.status.state() == state));
            Ok(wanted.take(filter.limit).cloned().collect())
        })
    }

    fn stats(&self) -> BoxFuture<'_, Result<OutboxStats, Error>> {
        Box::pin(async move {
            let contents = self.lock();
            let mut stats = OutboxStats::default();
            for row in contents.rows.values() {
                stats.set(row.status.state(), stats.count(row.status.state()) + 1);
            }
            let waiting =
                |row: &&Row| matches!(row.status, Status::Queued | Status::Held(_) | Status::Sending);
            let oldest = contents.rows.values().filter(waiting).map(|row| row.put_at).min();
            stats.oldest = oldest.map(|at| at.elapsed().unwrap_or_default());
            Ok(stats)
        })
    }

    fn decide<'a>(
        &'a self,
        key: &'a str,
        from: &'a [State],
        change: &'a Change,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let mut contents = self.lock();
            let Some(&seq) = contents.keys.get(key) else { return Ok(false) };
            let Some(row) = contents.rows.get_mut(&seq) else { return Ok(false) };
            let is_lost = *change == Change::Queued && row.activity.is_none();
            if !from.contains(&row.status.state()) || is_lost {
                return Ok(false);
            }
            if *change == Change::Queued {
                row.prepared = None;
            }
            contents.apply(seq, change);
            if let Some(row) = contents.rows.get_mut(&seq) {
                row.request = None;
            }
            drop(contents);
            self.0.changed.notify_waiters();
            Ok(true)
        })
    }

    fn highest_id_before(&self, since: SystemTime) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(async move {
            let contents = self.lock();
            let before = |row: &&Row| row.settled_at.is_some_and(|at| at < since);
            let ids = contents.rows.values().filter(before).filter_map(|row| match row.status {
                Status::Stored(id) => id.map(|id| id.0).max(row.request.map(|sent| sent.floor)),
                _ => None,
            });
            Ok(ids.max())
        })
    }

    fn reconcile(&self, floor: u64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let mut contents = self.lock();
            let in_doubt = contents.rows.values().filter(|row| row.status == Status::Sending);
            let earlier = in_doubt.filter_map(|row| row.request).filter(|sent| sent.number < FIRST_SENT);
            let floor = earlier.map(|sent| sent.floor).min().map_or(floor, |lowest| lowest.min(floor));
            contents.has_floor(floor);
            contents.was_reconciled = true;
            let mut count = 0;
            for row in contents.rows.values_mut() {
                if !matches!(row.status, Status::Queued | Status::Held(_) | Status::Sending) {
                    continue;
                }
                count += 1;
                row.status = Status::Sending;
                if row.request.is_none_or(|sent| sent.number < FIRST_SENT) {
                    let number = 1 + row.seq / RECONCILED_TOGETHER;
                    row.request = Some(SentIn { number, floor, floor_is_certain: true });
                }
            }
            Ok(count)
        })
    }

    fn remove_contents(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let mut contents = self.lock();
            let mut count = 0;
            for row in contents.rows.values_mut() {
                let is_old = matches!(row.status, Status::Stored(Some(_))) && is_older(row, older_than);
                if is_old && row.activity.is_some() {
                    (row.activity, row.prepared) = (None, None);
                    count += 1;
                }
            }
            Ok(count)
        })
    }

    fn purge(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let is_done = |row: &Row| matches!(row.status, Status::Stored(_) | Status::Refused(_));
            Ok(self.lock().remove(|row| is_done(row) && is_older(row, older_than)))
        })
    }

    fn acquire(&self, lease: Duration) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(async move {
            let mut contents = self.lock();
            let now = Instant::now();
            let is_taken = contents.leased_until.is_some_and(|until| now < until);
            if is_taken && !breaks("one-instance-sends") {
                return Ok(None);
            }
            contents.fence = (contents.fence + 1).max(FIRST_FENCE);
            contents.leased_until = Some(now + lease);
            Ok(Some(contents.fence))
        })
    }

    fn renew(&self, fence: u64, lease: Duration) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let mut contents = self.lock();
            let now = Instant::now();
            let is_held = contents.has_lease(fence) && contents.leased_until.is_some_and(|until| now < until);
            if is_held {
                contents.leased_until = Some(now + lease);
            }
            Ok(is_held)
        })
    }

    fn release(&self, fence: u64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let mut contents = self.lock();
            if contents.has_lease(fence) {
                contents.leased_until = None;
            }
            Ok(())
        })
    }

    fn queued(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            let contents = self.lock();
            let now = Instant::now();
            let is_due = |row: &&Row| match row.status {
                Status::Queued => row.seq > after,
                Status::Held(_) => contents.held_until.get(&row.seq).is_none_or(|at| now >= *at),
                _ => false,
            };
            Ok(contents.rows.values().filter(is_due).take(limit).cloned().collect())
        })
    }

    fn in_doubt(&self) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            let contents = self.lock();
            let mut rows: Vec<Row> =
                contents.rows.values().filter(|row| row.status == Status::Sending).cloned().collect();
            rows.sort_by_key(|row| (row.request.map(|sent| sent.number), row.seq));
            Ok(rows)
        })
    }

    fn claimed(&self, lowest: u64) -> BoxFuture<'_, Result<Vec<u64>, Error>> {
        Box::pin(async move {
            let contents = self.lock();
            let ids = contents.rows.values().flat_map(|row| match row.status {
                Status::Stored(id) => [id, row.copy],
                _ => [None, None],
            });
            let mut ids: Vec<u64> = ids.flatten().map(|EntryId(id)| id).collect();
            ids.sort_unstable_by(|one, other| other.cmp(one));
            let mut place = 0..;
            ids.retain(|id| *id >= lowest || place.next().is_some_and(|place| place < CLAIMED_AT_LEAST));
            Ok(ids)
        })
    }

    fn has_id_below_floor(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let is_below = |row: &Row| match (&row.status, row.request) {
                (Status::Stored(Some(id)), Some(sent)) => id.0 <= sent.floor,
                _ => false,
            };
            Ok(self.lock().rows.values().any(is_below))
        })
    }

    fn oldest_floor(&self) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move { Ok(self.lock().oldest_floor.unwrap_or(0)) })
    }

    fn stored_without_id(&self) -> BoxFuture<'_, Result<Vec<(u64, u64)>, Error>> {
        Box::pin(async move {
            let contents = self.lock();
            let in_doubt = contents.rows.values().filter(|row| row.status == Status::Sending);
            let mut found = Vec::new();
            for doubt in in_doubt {
                for row in contents.rows.values().filter(|row| row.status == Status::Stored(None)) {
                    if let Some(sent) =
                        row.request.filter(|_| row.as_sent().is_some() && row.as_sent() == doubt.as_sent())
                    {
                        found.push((doubt.seq, sent.floor));
                    }
                }
            }
            Ok(found)
        })
    }

    fn has_unknown_ids(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let is_unknown = |row: &Row| matches!(row.status, Status::Stored(None) | Status::Unknown(_));
            let contents = self.lock();
            Ok(contents.was_reconciled || contents.rows.values().any(is_unknown))
        })
    }

    fn last_stored(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            let contents = self.lock();
            let has_id = |row: &&Row| matches!(row.status, Status::Stored(Some(_)));
            let mut rows: Vec<Row> = contents.rows.values().filter(has_id).cloned().collect();
            let id = |row: &Row| match row.status {
                Status::Stored(Some(id)) => id.0,
                _ => 0,
            };
            rows.sort_by_key(|row| std::cmp::Reverse(id(row)));
            rows.truncate(limit);
            rows.retain(|row| row.activity.is_some());
            Ok(rows)
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
            let mut contents = self.lock();
            let now = Instant::now();
            let can_be_sent = |seq: &u64| {
                let row = contents.rows.get(seq);
                row.is_some_and(|row| {
                    matches!(row.status, Status::Queued | Status::Held(_) | Status::Sending)
                })
            };
            let is_held = contents.has_lease(fence) && contents.leased_until.is_some_and(|until| now < until);
            if !is_held || !request.seqs.iter().all(can_be_sent) {
                return Ok(false);
            }
            contents.leased_until = Some(now + lease);
            contents.has_floor(request.sent.floor);
            for (seq, change) in outcomes {
                contents.apply(*seq, change);
            }
            for seq in &request.seqs {
                if let Some(row) = contents.rows.get_mut(seq) {
                    row.status = Status::Sending;
                    row.request = Some(request.sent);
                }
            }
            Ok(true)
        })
    }

    fn settle<'a>(&'a self, fence: u64, changes: &'a [(u64, Change)]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let mut contents = self.lock();
            if !contents.has_lease(fence) && !breaks("an-earlier-owner-records-nothing") {
                return Ok(false);
            }
            for (seq, change) in changes {
                contents.apply(*seq, change);
            }
            Ok(true)
        })
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.changed.notified().await;
        })
    }
}
