//! [`SqliteStore`]: a copy in an SQLite file.

mod forget;
mod read;
mod schema;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crm_transport::{BoxFuture, Error, durable};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    Applied, Batch, ChildrenRead, Head, Missing, OPEN, READ, RUN, Range, Record, Rewrite, RunEnd, Store,
    fault, replaced,
};
use crate::changes::{Change, ChangeFilter};
use crate::report::Run;
use crate::row::Key;
use crate::table::{ColumnKind, Table};
use crate::time::to_text;

/// A copy in an SQLite file.
///
/// A new file has mode 0600. It is in WAL mode, so that other programs read it while a run writes. One run at a time holds
/// the operating system's lock on the file with `.mirror.lock` appended. The file must be on a local disk.
#[derive(Clone, Debug)]
pub struct SqliteStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    location: String,
    connection: Mutex<Connection>,
    /// Held while a run is active.
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
        blocking(OPEN, move || Self::open_now(path)).await
    }

    fn open_now(path: PathBuf) -> Result<Self, Error> {
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
        let opened = connect();
        let (connection, newer) =
            opened.map_err(|e: rusqlite::Error| fault(OPEN, &location, "cannot be opened", e))?;
        if let Some(version) = newer {
            let what = format!("it has tables of version {version}, which this program does not know");
            return Err(fault(OPEN, &location, "cannot be used", what).hint("update the program"));
        }
        let connection = Mutex::new(connection);
        Ok(Self(Arc::new(Shared { path, location, connection, lock: Mutex::new(None) })))
    }

    /// Runs a transaction that writes.
    async fn write<T: Send + 'static>(
        &self,
        fence: i64,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(&self.0);
        blocking(RUN, move || {
            let mut connection = shared.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let written = || -> rusqlite::Result<Option<T>> {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                if current_fence(&transaction)? != fence {
                    return Ok(None);
                }
                let result = work(&transaction)?;
                transaction.commit()?;
                Ok(Some(result))
            };
            match written() {
                Ok(Some(result)) => Ok(result),
                Ok(None) => Err(replaced(&shared.location)),
                Err(e) => Err(fault(RUN, &shared.location, "cannot be written", e)),
            }
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(&self.0);
        blocking(READ, move || {
            let connection = shared.connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&connection).map_err(|e| fault(READ, &shared.location, "cannot be read", e))
        })
        .await
    }

    fn release(&self) {
        self.0.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    use_wal(&connection)?;
    // A power failure must not take back entries of the change log: others would get their numbers, and a tap whose state
    // is at these numbers would pass over them.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is removed must not stay readable in the file.
    connection.pragma_update(None, "secure_delete", "ON")?;
    // A first copy writes the pages of its indexes again and again.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", PAGES_IN_LOG)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Switches to WAL. SQLite does not wait for another process that does the same at this moment.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(rusqlite::Error::SqliteFailure(error, _))
                if error.code == rusqlite::ErrorCode::DatabaseBusy && started.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// Empties the write-ahead log, which still holds what was removed. A reader may prevent it until it has ended.
fn empty_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn current_fence(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM mirror_settings WHERE name = 'fence'";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
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
    fn add_columns<'a>(&'a self, columns: &'a [(String, ColumnKind)]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let columns = columns.to_vec();
            self.read(move |connection| {
                let columns = columns.iter().map(|(name, kind)| (name.as_str(), *kind));
                schema::add_columns(connection, Table::Projects, columns)
            })
            .await
        })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Option<i64>, Error>> {
        Box::pin(async move {
            let shared = Arc::clone(&self.0);
            blocking(RUN, move || {
                let mut lock = shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
                if lock.is_some() {
                    return Ok(None); // by another run over this store
                }
                let mut path = shared.path.clone().into_os_string();
                path.push(".mirror");
                let taken = durable::PathLock::take(Path::new(&path));
                let taken = taken.map_err(|e| fault(RUN, &shared.location, "cannot be locked", e))?;
                let Some(taken) = taken else { return Ok(None) };
                let connection = shared.connection.lock().unwrap_or_else(PoisonError::into_inner);
                let next = || {
                    let fence = current_fence(&connection)? + 1;
                    connection.execute(
                        "INSERT OR REPLACE INTO mirror_settings (name, value) VALUES ('fence', ?1)",
                        [fence.to_string()],
                    )?;
                    Ok(fence)
                };
                let fence = next()
                    .map_err(|e: rusqlite::Error| fault(RUN, &shared.location, "cannot be written", e))?;
                *lock = Some(taken);
                Ok(Some(fence))
            })
            .await
        })
    }

    fn unlock(&self, _: i64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.release();
            Ok(())
        })
    }

    fn abandon(&self, _: i64) {
        self.release();
    }

    fn settings(&self) -> BoxFuture<'_, Result<BTreeMap<String, String>, Error>> {
        Box::pin(self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT name, value FROM mirror_settings")?;
            let settings = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            settings.collect()
        }))
    }

    fn begin_run<'a>(
        &'a self,
        fence: i64,
        started_at: i64,
        mode: &'a str,
    ) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(async move {
            let mode = mode.to_owned();
            self.write(fence, move |transaction| {
                transaction.execute(
                    "INSERT INTO runs (started_at, mode) VALUES (?1, ?2)",
                    params![to_text(started_at), mode],
                )?;
                Ok(transaction.last_insert_rowid())
            })
            .await
        })
    }

    fn end_run<'a>(&'a self, fence: i64, end: &'a RunEnd) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let end = end.clone();
            self.write(fence, move |transaction| write::end_run(transaction, &end)).await
        })
    }

    fn heads<'a>(&'a self, range: &'a Range) -> BoxFuture<'a, Result<Vec<Head>, Error>> {
        Box::pin(async move {
            let range = range.clone();
            self.read(move |connection| read::heads(connection, &range)).await
        })
    }

    fn commit(&self, fence: i64, batches: Vec<Batch>) -> BoxFuture<'_, Result<Vec<Applied>, Error>> {
        Box::pin(self.write(fence, move |transaction| {
            batches.iter().map(|batch| write::apply(transaction, batch)).collect()
        }))
    }

    fn missing(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Missing>, Error>> {
        Box::pin(self.read(move |connection| read::missing(connection, table, after, limit)))
    }

    fn count_missing(&self, table: Table, run: i64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.read(move |connection| {
            let sql = "SELECT count(*) FROM mirror_missing WHERE table_name = ?1 AND run = ?2";
            let count: i64 = connection.query_row(sql, params![table.as_str(), run], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        }))
    }

    fn count(&self, table: Table) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.read(move |connection| {
            let sql =
                format!("SELECT count(*) FROM {table} WHERE deleted_at IS NULL AND out_of_view_at IS NULL");
            let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        }))
    }

    fn oldest_children(&self, limit: i64) -> BoxFuture<'_, Result<Vec<ChildrenRead>, Error>> {
        Box::pin(self.read(move |connection| read::oldest_children(connection, limit)))
    }

    fn records(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        Box::pin(self.read(move |connection| read::records(connection, table, after, limit)))
    }

    fn changes<'a>(&'a self, filter: &'a ChangeFilter) -> BoxFuture<'a, Result<Vec<Change>, Error>> {
        Box::pin(async move {
            let filter = filter.clone();
            self.read(move |connection| read::changes(connection, &filter)).await
        })
    }

    fn newest_change(&self) -> BoxFuture<'_, Result<i64, Error>> {
        Box::pin(self.read(read::newest_change))
    }

    fn runs(&self, limit: i64) -> BoxFuture<'_, Result<Vec<Run>, Error>> {
        Box::pin(self.read(move |connection| read::runs(connection, limit)))
    }

    fn forget(&self, fence: i64, table: Table, id: i64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let removed =
                self.write(fence, move |transaction| forget::forget(transaction, table, id)).await?;
            self.read(empty_log).await?;
            Ok(removed)
        })
    }

    fn rewrite(&self, fence: i64, table: Table, rewrite: Rewrite) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let replaced =
                self.write(fence, move |transaction| forget::rewrite(transaction, table, &rewrite)).await?;
            self.read(empty_log).await?;
            Ok(replaced)
        })
    }
}

/// How long SQLite waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// The most memory for pages.
const CACHE_KIB: i64 = 16_384;
/// The write-ahead log is copied into the file when it has so many pages: 32 MiB.
const PAGES_IN_LOG: i64 = 8_192;
