//! [`PostgresStore`]: a copy in PostgreSQL.

mod address;
mod connection;
mod forget;
mod load;
mod read;
mod schema;
#[cfg(feature = "postgres-tls")]
mod tls;
mod write;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crm_transport::{BoxFuture, Error};
use tokio::task::AbortHandle;
use tokio_postgres::types::Type;

use self::connection::Connection;
use self::write::Writer;
use super::log::{UNKNOWN_ENTRY, VERSION};
use super::{
    Applied, Batch, ChildrenRead, Head, Missing, OPEN, READ, RUN, Range, Record, Rewrite, RunEnd, Store,
    fault, replaced,
};
use crate::changes::{Change, ChangeFilter};
use crate::report::Run;
use crate::row::Key;
use crate::table::{ColumnKind, Table};

/// A copy in PostgreSQL.
///
/// It uses no session state, so it works behind PgBouncer in transaction mode, except versions 1.21.0 to 1.22.0, which
/// mishandle `COPY`. A role that does not own the tables needs `USAGE` and `UPDATE` on their sequences, too.
///
/// One run at a time holds the row of the table `mirror_lease`, by the server's clock. After a kill the next run can begin
/// when the lease has expired, which takes a minute. Each transaction checks the lease, so a run that has lost it writes
/// nothing more.
#[derive(Clone, Debug)]
pub struct PostgresStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connection: Connection,
    /// The quoted name.
    schema: String,
    /// How many milliseconds the lease lasts.
    lease: AtomicU64,
    /// Extends the lease while a run is active.
    heartbeat: Mutex<Option<AbortHandle>>,
}

impl PostgresStore {
    /// Connects to a server, and creates the tables in the schema `public`.
    ///
    /// The URL has the form that libpq uses. With the feature `postgres-tls`, `sslmode` and `sslrootcert` are used, and
    /// certificates are always verified. Without it, a URL that requires TLS is refused.
    ///
    /// # Errors
    /// The URL is not valid, the server cannot be reached, or the tables were created by a newer version.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::open_in_schema(url, "public").await
    }

    /// Connects to a server, and creates the tables in this schema, which is created if it does not exist. Use one schema
    /// for each account of the CRM.
    ///
    /// # Errors
    /// See [`open`](Self::open).
    ///
    /// # Panics
    /// See [`open`](Self::open).
    pub async fn open_in_schema(url: &str, schema: &str) -> Result<Self, Error> {
        let connection = Connection::new(url)?;
        let quoted = schema::quoted(schema);
        if !is_up_to_date(&connection, schema, &quoted).await? {
            if schema != "public" {
                connection.script(OPEN, &schema::creation(&quoted)).await?;
            }
            connection.script(OPEN, &schema::migration(&quoted)).await?;
        }
        Ok(Self(Arc::new(Shared {
            connection,
            schema: quoted,
            lease: AtomicU64::new(LEASE),
            heartbeat: Mutex::new(None),
        })))
    }

    /// Sets how long the lease of a run lasts (default: 60 s). The next run has to wait this long after a kill. The
    /// time must be longer than any pause of the process. A run that has lost its lease ends without writing more.
    #[must_use]
    pub fn lease(self, time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, MOST_LEASE);
        self.0.lease.store(millis, Ordering::Relaxed);
        self
    }

    async fn read<T>(
        &self,
        query: read::Query,
        read: impl Fn(&tokio_postgres::Row) -> T,
    ) -> Result<Vec<T>, Error> {
        let rows = self.0.connection.query(READ, &query).await?;
        Ok(rows.iter().map(read).collect())
    }

    /// Runs a transaction of the run with this fence. It extends the lease, and fails if the lease is lost.
    async fn write<T>(
        &self,
        fence: i64,
        work: impl AsyncFnOnce(&Writer<'_>) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Error> {
        let shared = &*self.0;
        let result = shared.connection.transaction(RUN, async |transaction| {
            let writer = Writer { transaction, schema: &shared.schema };
            let rows = transaction.query_typed(&shared.renewal(), &[(&fence, Type::INT8)]).await?;
            if rows.is_empty() {
                return Ok(None);
            }
            work(&writer).await.map(Some)
        });
        result.await?.ok_or_else(|| replaced(shared.connection.location()))
    }

    fn stop_heartbeat(&self) {
        let heartbeat = self.0.heartbeat.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(heartbeat) = heartbeat {
            heartbeat.abort();
        }
    }

    async fn read_changes(&self, query: read::Query) -> Result<Vec<Change>, Error> {
        let found = self.read(query, read::read_change).await?;
        let found: Option<Vec<Change>> = found.into_iter().collect();
        found.ok_or_else(|| fault(READ, self.0.connection.location(), "cannot be read", UNKNOWN_ENTRY))
    }

    async fn count_rows(&self, sql: String) -> Result<i64, Error> {
        let rows = self.read(read::Query::new(sql), |row| row.get(0)).await?;
        Ok(rows.first().copied().unwrap_or(0))
    }
}

/// Returns whether a schema has all tables, of this version.
async fn is_up_to_date(connection: &Connection, schema: &str, quoted: &str) -> Result<bool, Error> {
    let rows = connection.query(OPEN, &schema::inventory(schema)).await?;
    let found: i64 = rows.first().map_or(0, |row| row.get(0));
    if usize::try_from(found) != Ok(schema::parts().count()) {
        return Ok(false);
    }
    let sql = format!("SELECT value FROM {quoted}.mirror_settings WHERE name = 'version'");
    let rows = connection.query(OPEN, &read::Query::new(sql)).await?;
    Ok(rows.first().is_some_and(|row| row.get::<_, String>(0) == VERSION.to_string()))
}

impl Shared {
    /// The statement that extends the lease, if it is not lost.
    fn renewal(&self) -> String {
        let Self { schema, .. } = self;
        format!(
            "UPDATE {schema}.mirror_lease SET expires_at = clock_timestamp() + interval '{} milliseconds'
             WHERE name = 'run' AND fence = $1 AND expires_at > clock_timestamp() RETURNING 1",
            self.lease.load(Ordering::Relaxed)
        )
    }
}

impl Store for PostgresStore {
    fn add_columns<'a>(&'a self, columns: &'a [(String, ColumnKind)]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let schema = &self.0.schema;
            let count = format!(
                "SELECT count(*) FROM pg_attribute WHERE attrelid = '{schema}.projects'::regclass AND attnum > 0 AND NOT attisdropped"
            );
            let before = self.count_rows(count.clone()).await?;
            let columns = columns.iter().map(|(name, kind)| (name.as_str(), *kind));
            let script = schema::add_columns(schema, Table::Projects, columns);
            self.0.connection.script(RUN, &script).await?;
            Ok(self.count_rows(count).await? > before)
        })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Option<i64>, Error>> {
        Box::pin(async move {
            let lease = self.0.lease.load(Ordering::Relaxed);
            let sql = format!(
                "UPDATE {}.mirror_lease SET fence = fence + 1,
                expires_at = clock_timestamp() + interval '{lease} milliseconds'
             WHERE name = 'run' AND expires_at <= clock_timestamp() RETURNING fence",
                self.0.schema
            );
            let rows = self.0.connection.query(RUN, &read::Query::new(sql)).await?;
            let Some(fence) = rows.first().map(|row| row.get::<_, i64>(0)) else { return Ok(None) };
            let shared = Arc::downgrade(&self.0);
            let heartbeat = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(lease / 4)).await;
                    let Some(shared) = shared.upgrade() else { return };
                    let sql = shared.renewal();
                    let params: Vec<(Box<dyn tokio_postgres::types::ToSql + Sync + Send>, Type)> =
                        vec![(Box::new(fence), Type::INT8)];
                    // If it fails, the next transaction finds out.
                    let _ = shared.connection.query(RUN, &read::Query { sql, params }).await;
                }
            });
            let mut held = self.0.heartbeat.lock().unwrap_or_else(PoisonError::into_inner);
            *held = Some(heartbeat.abort_handle());
            Ok(Some(fence))
        })
    }

    fn unlock(&self, fence: i64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.stop_heartbeat();
            let sql = format!(
                "UPDATE {}.mirror_lease SET expires_at = '-infinity' WHERE name = 'run' AND fence = {fence}",
                self.0.schema
            );
            self.0.connection.script(RUN, &sql).await
        })
    }

    fn abandon(&self, fence: i64) {
        self.stop_heartbeat();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let store = self.clone();
            // If it does not come to this, the lease expires.
            runtime.spawn(async move { store.unlock(fence).await });
        }
    }

    fn settings(&self) -> BoxFuture<'_, Result<BTreeMap<String, String>, Error>> {
        Box::pin(async move {
            let sql = format!("SELECT name, value FROM {}.mirror_settings", self.0.schema);
            let query = read::Query::new(sql);
            Ok(self.read(query, |row| (row.get(0), row.get(1))).await?.into_iter().collect())
        })
    }

    fn begin_run<'a>(
        &'a self,
        fence: i64,
        started_at: i64,
        mode: &'a str,
    ) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(async move {
            self.write(fence, async |writer| {
                let sql = format!(
                    "INSERT INTO {}.runs (started_at, mode) VALUES (to_timestamp($1), $2) RETURNING id",
                    writer.schema
                );
                #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
                let started_at = started_at as f64;
                let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
                    [(&started_at, Type::FLOAT8), (&mode, Type::TEXT)];
                let rows = writer.transaction.query_typed(&sql, &params).await?;
                Ok(rows.first().map_or(0, |row| row.get(0)))
            })
            .await
        })
    }

    fn end_run<'a>(&'a self, fence: i64, end: &'a RunEnd) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.write(fence, async |writer| writer.end_run(end).await).await })
    }

    fn heads<'a>(&'a self, range: &'a Range) -> BoxFuture<'a, Result<Vec<Head>, Error>> {
        Box::pin(self.read(read::heads(&self.0.schema, range), read::read_head))
    }

    fn commit(&self, fence: i64, batches: Vec<Batch>) -> BoxFuture<'_, Result<Vec<Applied>, Error>> {
        Box::pin(async move {
            self.write(fence, async |writer| {
                let mut applied = Vec::new();
                for batch in &batches {
                    applied.push(writer.apply(batch).await?);
                }
                Ok(applied)
            })
            .await
        })
    }

    fn missing(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Missing>, Error>> {
        Box::pin(self.read(read::missing(&self.0.schema, table, after, limit), read::read_missing))
    }

    fn count_missing(&self, table: Table, run: i64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let sql = format!(
                "SELECT count(*) FROM {}.mirror_missing WHERE table_name = '{table}' AND run = {run}",
                self.0.schema
            );
            Ok(self.count_rows(sql).await?.unsigned_abs())
        })
    }

    fn count(&self, table: Table) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let sql = format!(
                "SELECT count(*) FROM {}.{table} WHERE deleted_at IS NULL AND out_of_view_at IS NULL",
                self.0.schema
            );
            Ok(self.count_rows(sql).await?.unsigned_abs())
        })
    }

    fn oldest_children(&self, limit: i64) -> BoxFuture<'_, Result<Vec<ChildrenRead>, Error>> {
        Box::pin(self.read(read::oldest_children(&self.0.schema, limit), read::read_children))
    }

    fn records(&self, table: Table, after: Key, limit: i64) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        Box::pin(self.read(read::records(&self.0.schema, table, after, limit), read::read_record))
    }

    fn changes<'a>(&'a self, filter: &'a ChangeFilter) -> BoxFuture<'a, Result<Vec<Change>, Error>> {
        Box::pin(async move {
            let (schema, limit) = (&self.0.schema, filter.limit as usize);
            // Another run may write between these queries. What it adds is after the newest entry.
            let newest = self.newest_change().await?;
            // There are few loads. Some may have no row left.
            let loads: Vec<i64> = self.read(read::loads(schema, filter, newest), |row| row.get(0)).await?;
            let mut found = Vec::new();
            for load in loads {
                if found.len() >= limit {
                    break;
                }
                found.append(&mut self.read_changes(read::loaded_changes(schema, load, filter)).await?);
            }
            found.truncate(limit);
            let end = found.last().filter(|_| found.len() == limit).map_or(newest, |last: &Change| last.seq);
            found.append(&mut self.read_changes(read::single_changes(schema, filter, end)).await?);
            found.sort_by_key(|change| change.seq);
            found.truncate(limit);
            Ok(found)
        })
    }

    fn newest_change(&self) -> BoxFuture<'_, Result<i64, Error>> {
        Box::pin(async move {
            let schema = &self.0.schema;
            let of = |log: &str| format!("(SELECT max(seq) FROM {schema}.{log})");
            let sql =
                format!("SELECT coalesce(greatest({}, {}), 0)", of("mirror_changes"), of("mirror_loads"));
            self.count_rows(sql).await
        })
    }

    fn runs(&self, limit: i64) -> BoxFuture<'_, Result<Vec<Run>, Error>> {
        Box::pin(self.read(read::runs(&self.0.schema, limit), read::read_run))
    }

    fn forget(&self, fence: i64, table: Table, id: i64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move { self.write(fence, async |writer| writer.forget(table, id).await).await })
    }

    fn rewrite(&self, fence: i64, table: Table, rewrite: Rewrite) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let of_table = format!("table_name = '{table}'");
            self.write(fence, async |writer| {
                let mut replaced = writer.rewrite(table.as_str(), "raw", "TRUE", &rewrite).await?;
                replaced += writer.rewrite("mirror_changes", "before", &of_table, &rewrite).await?;
                Ok(replaced)
            })
            .await
        })
    }
}

/// How many milliseconds the lease lasts.
const LEASE: u64 = 60_000;
const MOST_LEASE: u64 = 3_600_000;
