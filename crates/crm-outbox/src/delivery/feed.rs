//! Takes queued activities from the store and prepares them for the engine.

use std::collections::HashSet;
use std::sync::Arc;

use crm_history::engine::{Activity, Floor, SentBefore};
use crm_history::{NewEntry, Rejection};
use crm_transport::Error;
use futures_util::StreamExt;

use super::lease::Lease;
use super::prepare::{Prepare, Prepared};
use crate::activity::{StoredActivity, check, fingerprint};
use crate::store::{Change, Row, SentIn};
use crm_history::engine::mutations::breaks;

/// What was taken.
pub(super) struct Fed {
    /// With their idempotency keys.
    pub(super) activities: Vec<(String, Activity)>,
    /// After which position to go on. 0 if the end was reached.
    pub(super) after: u64,
    /// No activity is queued that is not open already.
    pub(super) found_nothing: bool,
}

/// Takes at most `limit` activities that are not open.
pub(super) async fn queued(
    lease: Arc<Lease>,
    prepare: Prepare,
    after: u64,
    limit: usize,
    open: HashSet<u64>,
) -> Result<Fed, Error> {
    let rows = lease.shared.store.queued(after, limit).await?;
    let waiting = rows.iter().filter(|row| row.status.state() == crate::State::Queued);
    let (count, last) = waiting.fold((0, 0), |(count, _), row| (count + 1, row.seq));
    let after = if count == limit { last } else { 0 };
    let rows: Vec<Row> = rows.into_iter().filter(|row| !open.contains(&row.seq)).collect();
    let found_nothing = rows.is_empty() && after == 0;
    let prepared = rows.into_iter().map(|row| prepare_row(&prepare, row));
    // In order, because the order of `put` is the order of sending.
    let prepared: Vec<_> = futures_util::stream::iter(prepared).buffered(AT_A_TIME).collect().await;
    let (mut activities, mut changes) = (Vec::new(), Vec::new());
    for (seq, key, entry, change) in prepared {
        changes.extend(change.map(|change| (seq, change)));
        activities.extend(entry.map(|entry| (key, Activity { key: seq, entry, sent_before: None })));
    }
    lease.settle(changes).await?;
    Ok(Fed { activities, after, found_nothing })
}

/// Returns everything that is in doubt.
pub(super) async fn in_doubt(lease: &Lease) -> Result<Vec<(String, Activity)>, Error> {
    let mut activities = Vec::new();
    let mut unreadable = Vec::new();
    for row in lease.shared.store.in_doubt().await? {
        let Some(SentIn { number, floor, floor_is_certain }) = row.request else { continue };
        if breaks("a-takeover-looks-up-what-was-in-flight") {
            unreadable.push((row.seq, Change::Queued));
            continue;
        }
        match row.as_sent().map_or_else(|| Err("its content was removed".to_owned()), StoredActivity::entry) {
            Ok(entry) => {
                let floor = Floor { id: floor, is_certain: floor_is_certain };
                let sent_before = Some(SentBefore { request: number, floor });
                activities.push((row.key, Activity { key: row.seq, entry, sent_before }));
            }
            // It cannot be looked up.
            Err(why) => {
                unreadable.push((row.seq, Change::Unknown(crate::UnknownOutcome::new(why, None))));
            }
        }
    }
    lease.settle(unreadable).await?;
    Ok(activities)
}

/// Returns the activity if it is to be sent, and what changes in the store.
async fn prepare_row(prepare: &Prepare, row: Row) -> (u64, String, Option<NewEntry>, Option<Change>) {
    let (seq, key) = (row.seq, row.key.clone());
    let (entry, change) = prepared(prepare, row).await;
    (seq, key, entry, change)
}

async fn prepared(prepare: &Prepare, row: Row) -> (Option<NewEntry>, Option<Change>) {
    let Row { key, activity, prepared: earlier, fingerprint: known, .. } = row;
    let refused = |why: String| (None, Some(Change::Refused(Rejection::new(None, why))));
    let Some(as_put) = activity else { return refused("its content was removed".to_owned()) };
    let put = match as_put.entry() {
        Ok(entry) => entry,
        Err(why) => return refused(why),
    };
    let entry = match earlier.as_ref().and_then(|earlier| earlier.entry().ok()) {
        // It may have been sent before, and must not change.
        Some(entry) => entry,
        None => match prepare.run(put.clone()).await {
            Prepared::Send(entry) => entry,
            Prepared::Hold { delay, reason } => return (None, Some(Change::Held { delay, reason })),
            Prepared::Refuse(why) => return refused(why),
        },
    };
    if let Err(error) = check("outbox.deliver", &entry) {
        return refused(error.to_string());
    }
    // What another program put may be written in another way. Equal activities are found by equal JSON.
    let as_sent = StoredActivity::from_entry(&entry);
    let differs = earlier.is_some() || as_sent != as_put;
    let is_known = known.is_some() && (!differs || earlier.is_some());
    let change = (!is_known).then(|| Change::Prepared {
        activity: differs.then_some(as_sent),
        fingerprint: fingerprint(&key, &put),
    });
    (Some(entry), change)
}

/// How many activities are prepared at a time.
const AT_A_TIME: usize = 8;
