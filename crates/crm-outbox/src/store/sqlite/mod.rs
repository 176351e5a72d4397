//! [`SqliteStore`]: an outbox in an SQLite file.

pub(crate) mod rows;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crm_transport::{BoxFuture, Error, durable};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{AT_ONCE, Change, Request, Row, Store, fault};
use crate::activity::NewActivity;
use crate::status::{Filter, OutboxStats, State};

/// A store in an SQLite file, for the processes of one machine.
///
/// The file may also hold your own tables. A new file has mode 0600. It is in WAL mode, and each commit is flushed to
/// the disk. The sender is the process that holds the operating system's lock on the file with `.sender.lock` appended.
#[derive(Clone, Debug)]
pub struct SqliteStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    location: String,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    /// Held while this process is the sender.
    lock: Mutex<Option<durable::PathLock>>,
}

impl SqliteStore {
    /// Opens or creates the file and its tables.
    ///
    /// # Errors
    /// The file cannot be opened, is on a network file system, is not a database, or was created by a newer version.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        blocking("outbox.open", move || Self::open_now(path)).await
    }

    fn open_now(path: PathBuf) -> Result<Self, Error> {
        const OPEN: &str = "outbox.open";
        let location = format!("sqlite:{}", path.display());
        durable::open_private(&path).map_err(|e| fault(OPEN, &location, "cannot be opened", e))?;
        if let Some(kind) = durable::network_file_system(&path) {
            let why = format!("SQLite's locks do not work over the network file system {kind}");
            return Err(fault(OPEN, &location, "cannot be used", why)
                .hint("use a local disk, or PostgreSQL for several machines"));
        }
        let connect = || {
            let mut connection = connect(&path)?;
            let newer = schema::migrate(&mut connection)?;
            Ok((connection, newer))
        };
        let cannot_open = |e: rusqlite::Error| fault(OPEN, &location, "cannot be opened", e);
        let (writer, newer) = connect().map_err(cannot_open)?;
        if let Some(version) = newer {
            let what = format!("has tables of version {version}, which this program does not know");
            return Err(fault(OPEN, &location, "cannot be used", what).hint("update the program"));
        }
        let reader = self::connect(&path).map_err(cannot_open)?;
        let (writer, reader) = (Mutex::new(writer), Mutex::new(reader));
        Ok(Self(Arc::new(Shared { path, location, writer, reader, lock: Mutex::new(None) })))
    }

    /// Runs a transaction that writes. It begins `IMMEDIATE`, because a deferred one that has read cannot start to write
    /// after another process has written.
    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(&self.0);
        blocking(operation, move || {
            let mut connection = shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let written = || {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let result = work(&transaction)?;
                transaction.commit()?;
                Ok(result)
            };
            written().map_err(|e: rusqlite::Error| fault(operation, &shared.location, "cannot be written", e))
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(&self.0);
        blocking(operation, move || {
            let connection = shared.reader.lock().unwrap_or_else(PoisonError::into_inner);
            work(&connection).map_err(|e| fault(operation, &shared.location, "cannot be read", e))
        })
        .await
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Another process may be switching to WAL at this moment. SQLite does not wait for that.
    let mut attempt = 0;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(e) if is_busy(&e) && attempt < 200 => {
                attempt += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            result => break result?,
        }
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// Runs this on a thread for blocking work.
async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(fault(operation, "sqlite", "cannot be used", cancelled)),
        },
    }
}

impl Store for SqliteStore {
    fn put<'a>(&'a self, activities: &'a [NewActivity]) -> BoxFuture<'a, Result<Vec<Option<Row>>, Error>> {
        Box::pin(async move {
            let activities = activities.to_vec();
            self.write("outbox.put", move |transaction| {
                activities.iter().map(|new| rows::put(transaction, new)).collect()
            })
            .await
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Row>, Error>> {
        Box::pin(async move {
            let key = key.to_owned();
            self.read("outbox.status", move |connection| rows::get(connection, &key)).await
        })
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            let filter = filter.clone();
            self.read("outbox.list", move |connection| rows::list(connection, &filter)).await
        })
    }

    fn stats(&self) -> BoxFuture<'_, Result<OutboxStats, Error>> {
        Box::pin(self.read("outbox.stats", rows::stats))
    }

    fn decide<'a>(
        &'a self,
        key: &'a str,
        from: &'a [State],
        change: &'a Change,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let (key, from, change) = (key.to_owned(), from.to_vec(), change.clone());
            self.write("outbox.resolve", move |transaction| rows::decide(transaction, &key, &from, &change))
                .await
        })
    }

    fn highest_id_before(&self, since: SystemTime) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(self.read("outbox.reconcile", move |connection| rows::highest_id_before(connection, since)))
    }

    fn reconcile(&self, floor: u64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.write("outbox.reconcile", move |transaction| rows::reconcile(transaction, floor)))
    }

    fn remove_contents(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let mut count = 0;
            loop {
                let removed = self
                    .write("outbox.remove_contents", move |transaction| {
                        rows::remove_some_contents(transaction, older_than, AT_ONCE)
                    })
                    .await?;
                count += removed;
                if removed < AT_ONCE {
                    return Ok(count);
                }
            }
        })
    }

    fn purge(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let (mut count, mut after) = (0, 0);
            loop {
                let some = self.write("outbox.purge", move |transaction| {
                    rows::purge_some(transaction, after, older_than, AT_ONCE)
                });
                let (removed, last) = some.await?;
                count += removed;
                let Some(last) = last else { return Ok(count) };
                after = last;
            }
        })
    }

    fn acquire(&self, _: Duration) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(async move {
            let shared = Arc::clone(&self.0);
            let is_taken = blocking("outbox.deliver", move || {
                let mut lock = shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
                if lock.is_some() {
                    return Ok(false); // by another outbox over this store
                }
                let mut path = shared.path.clone().into_os_string();
                path.push(".sender");
                let taken = durable::PathLock::take(Path::new(&path));
                *lock =
                    taken.map_err(|e| fault("outbox.deliver", &shared.location, "cannot be locked", e))?;
                Ok(lock.is_some())
            });
            if !is_taken.await? {
                return Ok(None);
            }
            let fence = self.write("outbox.deliver", rows::next_fence).await;
            if fence.is_err() {
                self.unlock();
            }
            fence.map(Some)
        })
    }

    fn renew(&self, fence: u64, _: Duration) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.read("outbox.deliver", move |connection| rows::has_fence(connection, fence)))
    }

    fn release(&self, _: u64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.unlock();
            Ok(())
        })
    }

    fn abandon(&self, _: u64) {
        self.unlock();
    }

    fn queued(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(self.read("outbox.deliver", move |connection| rows::queued(connection, after, limit)))
    }

    fn in_doubt(&self) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(self.read("outbox.deliver", rows::in_doubt))
    }

    fn claimed(&self, lowest: u64) -> BoxFuture<'_, Result<Vec<u64>, Error>> {
        Box::pin(self.read("outbox.deliver", move |connection| rows::claimed(connection, lowest)))
    }

    fn has_id_below_floor(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.read("outbox.deliver", rows::has_id_below_floor))
    }

    fn oldest_floor(&self) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.read("outbox.deliver", rows::oldest_floor))
    }

    fn stored_without_id(&self) -> BoxFuture<'_, Result<Vec<(u64, u64)>, Error>> {
        Box::pin(self.read("outbox.deliver", rows::stored_without_id))
    }

    fn has_unknown_ids(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.read("outbox.deliver", rows::has_unknown_ids))
    }

    fn last_stored(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(self.read("outbox.deliver", move |connection| rows::last_stored(connection, limit)))
    }

    fn sending<'a>(
        &'a self,
        fence: u64,
        _: Duration,
        request: &'a Request,
        outcomes: &'a [(u64, Change)],
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let (request, outcomes) = (request.clone(), outcomes.to_vec());
            self.write("outbox.deliver", move |transaction| {
                if !rows::sending(transaction, fence, &request)? {
                    return Ok(false);
                }
                outcomes.iter().try_for_each(|(seq, change)| rows::apply(transaction, *seq, change))?;
                Ok(true)
            })
            .await
        })
    }

    fn settle<'a>(&'a self, fence: u64, changes: &'a [(u64, Change)]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let changes = changes.to_vec();
            self.write("outbox.deliver", move |transaction| {
                if !rows::has_fence(transaction, fence)? {
                    return Ok(false);
                }
                changes.iter().try_for_each(|(seq, change)| rows::apply(transaction, *seq, change))?;
                Ok(true)
            })
            .await
        })
    }
}

impl SqliteStore {
    fn unlock(&self) {
        self.0.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// How long SQLite waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
