//! [`Outbox`]: puts activities, and returns their status.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crm_history::{EntryId, HistoryClient, NewEntry, Rejection};
use crm_transport::Error;
use tokio::sync::{Notify, watch};

use crate::activity::{NewActivity, differing_fields, fingerprint};
use crate::delivery::Deliver;
use crate::group_commit::GroupCommit;
use crate::observe::ActivitySpans;
use crate::put_error::{Conflict, PutError};
use crate::status::{Filter, OutboxEntry, OutboxStats, Resolution, State, Status};
use crate::store::{Change, Row, Store};
use crate::transaction::UserTransaction;

/// An outbox: a durable queue of activities with idempotency keys.
///
/// Clones share it. See [the crate](crate) for its guarantees.
#[derive(Clone)]
pub struct Outbox {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    /// The table for `put_in` in PostgreSQL.
    table: String,
    group: GroupCommit,
    pub(crate) spans: ActivitySpans,
    /// Wakes the sender of this process.
    pub(crate) queued: Notify,
    /// Changes when the sender of this process has settled something.
    pub(crate) settled: watch::Sender<u64>,
}

/// Opening.
impl Outbox {
    /// Opens or creates an outbox: `sqlite:calls.db`, or `postgres://user@host/database` with the feature `postgres`.
    ///
    /// The tables are created or migrated. Several instances may do that at once. Use one outbox for each account of the
    /// CRM. To choose a schema of PostgreSQL, see [`with_store`](Self::with_store).
    ///
    /// # Errors
    /// The URL is of another kind, or the database cannot be opened.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub async fn open(url: &str) -> Result<Self, Error> {
        #[cfg(feature = "sqlite")]
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(":memory:") {
                let fault = "names no file. Use MemoryStore for an outbox in memory";
                return Err(Error::invalid_request("outbox.open", "url", fault));
            }
            return Ok(Self::with_store(crate::SqliteStore::open(path).await?));
        }
        #[cfg(feature = "postgres")]
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let store = crate::PostgresStore::open(url).await?;
            let table = store.table().to_owned();
            return Ok(Self::new(Arc::new(store), table));
        }
        let fault =
            "must begin with \"sqlite:\" or \"postgres://\", and the feature of that store must be on";
        let _ = url;
        Err(Error::invalid_request("outbox.open", "url", fault))
    }

    /// Creates an outbox over this store.
    #[must_use]
    pub fn with_store(store: impl Store) -> Self {
        Self::new(Arc::new(store), TABLE.to_owned())
    }

    /// Creates an outbox over this store, which may be in a schema other than `public`.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn with_postgres(store: crate::PostgresStore) -> Self {
        let table = store.table().to_owned();
        Self::new(Arc::new(store), table)
    }

    fn new(store: Arc<dyn Store>, table: String) -> Self {
        let (settled, _) = watch::channel(0);
        let (group, spans) = (GroupCommit::default(), ActivitySpans::default());
        Self { shared: Arc::new(Shared { store, table, group, spans, queued: Notify::new(), settled }) }
    }
}

/// Putting.
impl Outbox {
    /// Puts an activity. It is durable when this returns.
    ///
    /// The same key with the same activity changes nothing, and returns the present status. Concurrent calls share a
    /// commit. A key has 1 to 255 bytes and no control characters.
    ///
    /// # Errors
    /// [`PutError::Conflict`] if the key belongs to another activity. Otherwise the key or the activity is refused, or the
    /// store failed; then put it again with the same key.
    pub async fn put(&self, key: &str, entry: &NewEntry) -> Result<Status, PutError> {
        let new = NewActivity::new("outbox.put", key, entry)?;
        let before = self.shared.group.put(&*self.shared.store, new).await?;
        if before.is_none() {
            self.shared.spans.begin(key);
            self.shared.queued.notify_one();
        }
        compare(key, entry, before)
    }

    /// Puts an activity in your own transaction. It is in the outbox after you commit.
    ///
    /// The transaction must be on the database of the outbox. With rusqlite the call blocks for as long as SQLite needs.
    /// The sender finds the activity within [`poll_every`](Deliver::poll_every).
    ///
    /// # Errors
    /// See [`put`](Self::put).
    pub async fn put_in(
        &self,
        transaction: &mut impl UserTransaction,
        key: &str,
        entry: &NewEntry,
    ) -> Result<Status, PutError> {
        let new = NewActivity::new("outbox.put_in", key, entry)?;
        let before = transaction.put(&self.shared.table, &new).await?;
        compare(key, entry, before)
    }
}

/// Looking.
impl Outbox {
    /// Returns the status of an activity, or `None` if the key is not known.
    ///
    /// # Errors
    /// The store failed.
    pub async fn status(&self, key: &str) -> Result<Option<Status>, Error> {
        if no_store_holds(key) {
            return Ok(None);
        }
        Ok(self.shared.store.get(key).await?.map(|row| row.status))
    }

    /// Waits until an activity is stored, refused or unknown, and returns that. Returns `None` if the key is not known.
    ///
    /// If the sender is in this process, it returns as soon as the activity is settled. Otherwise it polls the store
    /// every second. It has no time limit, so use `tokio::time::timeout`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn wait(&self, key: &str) -> Result<Option<Status>, Error> {
        let mut settled = self.shared.settled.subscribe();
        loop {
            settled.mark_unchanged();
            match self.status(key).await? {
                Some(status) if !status.is_final() => {}
                done => return Ok(done),
            }
            tokio::select! {
                _ = settled.changed() => {}
                () = tokio::time::sleep(ASK_AGAIN) => {}
            }
        }
    }

    /// Returns activities in the order of `put`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<OutboxEntry>, Error> {
        Ok(self.shared.store.list(filter).await?.into_iter().map(listed).collect())
    }

    /// Counts the activities.
    ///
    /// # Errors
    /// The store failed.
    pub async fn stats(&self) -> Result<OutboxStats, Error> {
        self.shared.store.stats().await
    }
}

/// Deciding and cleaning up.
impl Outbox {
    /// Queues a refused or held activity again, as it was put. Returns its status.
    ///
    /// # Errors
    /// The key is not known, the activity is in another state, its content was removed, or the store failed.
    pub async fn retry(&self, key: &str) -> Result<Status, Error> {
        self.decide("outbox.retry", key, &[State::Refused, State::Held], &Change::Queued).await
    }

    /// Carries out a person's decision about an activity that is unknown. Returns its status.
    ///
    /// # Errors
    /// The key is not known, the activity is not unknown, or the store failed.
    pub async fn resolve(&self, key: &str, resolution: Resolution) -> Result<Status, Error> {
        let change = match resolution {
            Resolution::StoredAs(id) => Change::Stored { id: Some(id), copy: None },
            Resolution::NotStored => Change::Queued,
            Resolution::Dropped(reason) => Change::Refused(Rejection::new(None, reason)),
        };
        self.decide("outbox.resolve", key, &[State::Unknown], &change).await
    }

    async fn decide(
        &self,
        operation: &'static str,
        key: &str,
        from: &[State],
        change: &Change,
    ) -> Result<Status, Error> {
        let unknown = || Error::invalid_request(operation, "key", "is not in the outbox");
        if no_store_holds(key) {
            return Err(unknown());
        }
        let is_done = self.shared.store.decide(key, from, change).await?;
        let row = self.shared.store.get(key).await?.ok_or_else(unknown)?;
        if !is_done {
            let fault = match (&row.activity, change, &row.status) {
                (None, Change::Queued, _) => "belongs to an activity whose content was removed".to_owned(),
                // A later version gave it a state that is shown as unknown.
                (_, _, Status::Unknown(unknown)) if from.contains(&State::Unknown) => {
                    format!("belongs to an activity that cannot be changed: {}", unknown.reason)
                }
                _ => format!("belongs to an activity that is {}", row.status.state()),
            };
            return Err(Error::invalid_request(operation, "key", fault));
        }
        self.shared.queued.notify_one();
        self.shared.settled.send_modify(|count| *count += 1);
        Ok(row.status)
    }

    /// Puts everything in doubt that is queued, held or sent. Call it after the database was restored from a backup, or
    /// after a failover that lost commits, before the next delivery starts.
    ///
    /// `since` is the time of the backup. The activities are looked up in the CRM, and only those that are missing
    /// there are sent. Returns how many activities these are. The lookup reads every record of the CRM that is newer
    /// than the last one stored before `since`.
    ///
    /// # Errors
    /// Nothing was stored before `since`, so the outbox does not know which records are older. Name one with
    /// [`reconcile_above`](Self::reconcile_above). Otherwise the store failed. Nothing is changed in either case.
    pub async fn reconcile_since(&self, since: SystemTime) -> Result<u64, Error> {
        let store = &self.shared.store;
        if let Some(id) = store.highest_id_before(since).await? {
            return store.reconcile(id).await;
        }
        let OutboxStats { queued, held, sending, .. } = store.stats().await?;
        if queued + held + sending == 0 {
            return Ok(0);
        }
        let fault =
            "is before the first activity that was stored, so no list of the CRM proves what is missing";
        Err(Error::invalid_request("outbox.reconcile_since", "since", fault).hint(
            "name a record that was in the CRM at that time, with reconcile_above (crm outbox reconcile --above ID)",
        ))
    }

    /// Does what [`reconcile_since`](Self::reconcile_since) does, for an outbox in which nothing was stored before the
    /// backup. `id` is a record that was in the CRM at the time of the backup.
    ///
    /// Use the newest record that certainly existed. Records up to it never count as activities of this outbox, and a
    /// list of the CRM proves something only if it shows one of them. If the CRM had no records at that time, pass 0.
    /// Then the whole list is read, and it must show an activity that was stored meanwhile.
    ///
    /// # Errors
    /// The ID is too large, or the store failed.
    pub async fn reconcile_above(&self, id: EntryId) -> Result<u64, Error> {
        if i64::try_from(id.0).is_err() {
            return Err(Error::invalid_request("outbox.reconcile_above", "id", "is too large for a record"));
        }
        self.shared.store.reconcile(id.0).await
    }

    /// Removes activities that were stored or refused longer ago, with their keys. Returns how many these are.
    ///
    /// A removed key counts as new. Contents are removed earlier: see
    /// [`keep_contents_for`](Deliver::keep_contents_for).
    ///
    /// # Errors
    /// The store failed.
    pub async fn purge(&self, older_than: Duration) -> Result<u64, Error> {
        self.shared.store.purge(older_than).await
    }

    /// Delivers the activities to this account. Nothing is sent before [`start`](Deliver::start).
    pub fn deliver(&self, history: HistoryClient) -> Deliver {
        Deliver::new(self.clone(), history)
    }
}

/// Returns whether a key cannot be in a store. PostgreSQL fails if it is asked for such a text, and would do so forever.
fn no_store_holds(key: &str) -> bool {
    key.contains('\0')
}

/// Compares an activity with the one that the key had before.
fn compare(key: &str, entry: &NewEntry, before: Option<Row>) -> Result<Status, PutError> {
    let Some(before) = before else { return Ok(Status::Queued) };
    let earlier = before.activity.as_ref().and_then(|activity| activity.entry().ok());
    let fields = match (&earlier, before.fingerprint) {
        (Some(earlier), _) => differing_fields(earlier, entry),
        (None, Some(known)) if known == fingerprint(key, entry) => Vec::new(),
        _ => return Err(PutError::Conflict(Conflict { key: key.to_owned(), fields: Vec::new() })),
    };
    if fields.is_empty() {
        Ok(before.status)
    } else {
        Err(PutError::Conflict(Conflict { key: key.to_owned(), fields }))
    }
}

fn listed(row: Row) -> OutboxEntry {
    let Row { seq, key, status, activity, copy, put_at, settled_at, .. } = row;
    let activity = activity.and_then(|activity| activity.entry().ok());
    OutboxEntry { seq, key, status, activity, copy, put_at, settled_at }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("table", &self.shared.table).finish_non_exhaustive()
    }
}

const TABLE: &str = "crm_outbox_activities";
/// How often `wait` asks the store.
const ASK_AGAIN: Duration = Duration::from_secs(1);
