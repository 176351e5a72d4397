//! [`PostgresStore`]: an outbox in PostgreSQL.

mod address;
mod changes;
mod clean_up;
mod link;
mod listener;
pub(crate) mod rows;
mod schema;
#[cfg(feature = "postgres-tls")]
mod tls;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crm_transport::{BoxFuture, Error};
use tokio_postgres::types::Type;

use self::address::Address;
use self::link::Link;
use self::listener::Listener;
use super::{CLAIMED_AT_LEAST, Change, IS_UNKNOWN, Request, Row, Store, fault, millis};
use crate::activity::NewActivity;
use crate::status::{Filter, OutboxStats, State};

/// A store in PostgreSQL, for any number of instances.
///
/// It uses no session state, so it works behind PgBouncer in transaction mode. `LISTEN` on a separate connection
/// shortens the wait for activities that other instances put. If it does not work, the store is polled. The sender is
/// the instance that holds the row of the table `crm_outbox_lease`, by the server's clock.
#[derive(Clone, Debug)]
pub struct PostgresStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// For what users wait for.
    intake: Link,
    /// For the sender. A long list must not hold up the lease.
    sender: Link,
    listener: Listener,
    statements: rows::Statements,
}

impl PostgresStore {
    /// Connects to a server, and creates the tables in the schema `public`.
    ///
    /// With the feature `postgres-tls`, TLS is used if the server offers it, and `?sslmode=require` requires it. The
    /// certificate and its host name are always verified. `&sslrootcert=FILE` names the certificates of a private CA.
    ///
    /// # Errors
    /// The URL is not valid, the server cannot be reached, or the tables were created by a newer version.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::open_in_schema(url, "public").await
    }

    /// Connects to a server, and creates the tables in this schema. The schema is created if it does not exist. Use one
    /// schema for each account of the CRM.
    ///
    /// # Errors
    /// See [`open`](Self::open).
    ///
    /// # Panics
    /// See [`open`](Self::open).
    pub async fn open_in_schema(url: &str, schema: &str) -> Result<Self, Error> {
        const OPEN: &str = "outbox.open";
        let address = Address::from_url(url)?;
        let location = address.location.clone();
        let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
        let link = || Link::new(address.clone());
        let shared = Shared {
            intake: link(),
            sender: link(),
            listener: Listener::new(address.clone(), schema),
            statements: rows::Statements::new(&quoted),
        };
        if schema != "public" {
            let exists = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
            let exists = shared.intake.query(OPEN, exists, &[(&schema, Type::TEXT)]).await?;
            if exists.is_empty() {
                shared.intake.execute(OPEN, &schema::creation(&quoted)).await?;
            }
        }
        shared.intake.execute(OPEN, &schema::migration(&quoted)).await?;
        let version = format!("SELECT value FROM {quoted}.crm_outbox_meta WHERE name = 'version'");
        let rows = shared.intake.query(OPEN, &version, &[]).await?;
        let version: i64 = rows.first().map_or(0, |row| row.get(0));
        if version > schema::newest() {
            let why = format!("its tables have version {version}, which this program does not know");
            return Err(fault(OPEN, &location, "cannot be used", why).hint("update the program"));
        }
        Ok(Self(Arc::new(shared)))
    }

    pub(crate) fn table(&self) -> &str {
        &self.0.statements.table
    }
}

const DELIVER: &str = "outbox.deliver";

impl Store for PostgresStore {
    fn put<'a>(&'a self, activities: &'a [NewActivity]) -> BoxFuture<'a, Result<Vec<Option<Row>>, Error>> {
        Box::pin(rows::put(&self.0.intake, &self.0.statements, &self.0.listener, activities))
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Row>, Error>> {
        Box::pin(async move {
            let statement = self.0.statements.select("WHERE key = $1");
            let rows = self.0.intake.query("outbox.status", &statement, &[(&key, Type::TEXT)]).await?;
            rows.first().map(|row| rows::read(&self.0.intake, row)).transpose()
        })
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            let (after, limit) =
                (filter.after.cast_signed(), i64::try_from(filter.limit).unwrap_or(i64::MAX));
            let mut params: Vec<(&(dyn tokio_postgres::types::ToSql + Sync), Type)> =
                vec![(&after, Type::INT8), (&limit, Type::INT8)];
            let state = filter.state.map(State::as_str);
            let condition = match filter.state {
                None => String::new(),
                Some(State::Unknown) => format!("state <> 'stored' AND {IS_UNKNOWN} AND"),
                Some(_) => {
                    params.push((&state, Type::TEXT));
                    "state = $3 AND".to_owned()
                }
            };
            let rest = format!("WHERE {condition} seq > $1 ORDER BY seq LIMIT $2");
            rows::select(&self.0.intake, &self.0.statements, "outbox.list", &rest, &params).await
        })
    }

    fn stats(&self) -> BoxFuture<'_, Result<OutboxStats, Error>> {
        Box::pin(rows::stats(&self.0.intake, &self.0.statements))
    }

    fn decide<'a>(
        &'a self,
        key: &'a str,
        from: &'a [State],
        change: &'a Change,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(rows::decide(&self.0.intake, &self.0.statements, key, from, change))
    }

    fn highest_id_before(&self, since: SystemTime) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(rows::highest_id_before(&self.0.intake, &self.0.statements, since))
    }

    fn reconcile(&self, floor: u64) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(rows::reconcile(&self.0.intake, &self.0.statements, floor))
    }

    fn remove_contents(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(clean_up::remove_contents(&self.0.sender, &self.0.statements, older_than))
    }

    fn purge(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(clean_up::purge(&self.0.intake, &self.0.statements, older_than))
    }

    fn acquire(&self, lease: Duration) -> BoxFuture<'_, Result<Option<u64>, Error>> {
        Box::pin(async move {
            let lease = millis(lease);
            let rows =
                self.0.sender.query(DELIVER, &self.0.statements.acquire, &[(&lease, Type::INT8)]).await?;
            Ok(rows.first().map(|row| row.get::<_, i64>(0).cast_unsigned()))
        })
    }

    fn renew(&self, fence: u64, lease: Duration) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let (fence, lease) = (fence.cast_signed(), millis(lease));
            let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
                [(&fence, Type::INT8), (&lease, Type::INT8)];
            Ok(!self.0.sender.query(DELIVER, &self.0.statements.renew, &params).await?.is_empty())
        })
    }

    fn release(&self, fence: u64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let fence = fence.cast_signed();
            let released =
                self.0.sender.query(DELIVER, &self.0.statements.release, &[(&fence, Type::INT8)]).await;
            released.map(drop)
        })
    }

    fn queued(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            let (after, limit) = (after.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX));
            let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
                [(&after, Type::INT8), (&limit, Type::INT8)];
            let statement = self.0.statements.queued();
            let rows = self.0.sender.query(DELIVER, &statement, &params).await?;
            rows.iter().map(|row| rows::read(&self.0.sender, row)).collect()
        })
    }

    fn in_doubt(&self) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            let rest = "WHERE state = 'sending' ORDER BY request, seq";
            rows::select(&self.0.sender, &self.0.statements, DELIVER, rest, &[]).await
        })
    }

    fn claimed(&self, lowest: u64) -> BoxFuture<'_, Result<Vec<u64>, Error>> {
        Box::pin(async move {
            let table = &self.0.statements.table;
            let statement = format!(
                "(SELECT record_id FROM {table} WHERE record_id IS NOT NULL ORDER BY record_id DESC
                LIMIT {CLAIMED_AT_LEAST})
             UNION SELECT record_id FROM {table} WHERE record_id >= $1
             UNION SELECT other_id FROM {table}
                WHERE record_id >= $1 AND state = 'stored' AND other_id IS NOT NULL"
            );
            let lowest = lowest.cast_signed();
            let rows = self.0.sender.query(DELIVER, &statement, &[(&lowest, Type::INT8)]).await?;
            Ok(rows.iter().map(|row| row.get::<_, i64>(0).cast_unsigned()).collect())
        })
    }

    fn has_id_below_floor(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let below = format!("SELECT 1 FROM {} WHERE record_id <= floor LIMIT 1", self.0.statements.table);
            Ok(!self.0.sender.query(DELIVER, &below, &[]).await?.is_empty())
        })
    }

    fn oldest_floor(&self) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let oldest =
                format!("SELECT oldest_floor FROM {} WHERE name = 'sender'", self.0.statements.lease);
            let rows = self.0.sender.query(DELIVER, &oldest, &[]).await?;
            Ok(rows.first().and_then(|row| row.get::<_, Option<i64>>(0)).unwrap_or(0).cast_unsigned())
        })
    }

    fn stored_without_id(&self) -> BoxFuture<'_, Result<Vec<(u64, u64)>, Error>> {
        Box::pin(rows::stored_without_id(&self.0.sender, &self.0.statements))
    }

    fn has_unknown_ids(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let (table, meta) = (&self.0.statements.table, &self.0.statements.meta);
            let unknown = format!(
                "(SELECT 1 FROM {table} WHERE state = 'stored' AND record_id IS NULL LIMIT 1)
             UNION ALL (SELECT 1 FROM {table} WHERE state <> 'stored' AND state = 'unknown' LIMIT 1)
             UNION ALL (SELECT 1 FROM {meta} WHERE name = 'reconciled')"
            );
            Ok(!self.0.sender.query(DELIVER, &unknown, &[]).await?.is_empty())
        })
    }

    fn last_stored(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rest = format!(
                "WHERE activity IS NOT NULL AND seq = ANY (ARRAY(SELECT seq FROM {}
                WHERE record_id IS NOT NULL ORDER BY record_id DESC LIMIT $1)) ORDER BY record_id DESC",
                self.0.statements.table
            );
            let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 1] = [(&limit, Type::INT8)];
            rows::select(&self.0.sender, &self.0.statements, DELIVER, &rest, &params).await
        })
    }

    fn sending<'a>(
        &'a self,
        fence: u64,
        lease: Duration,
        request: &'a Request,
        outcomes: &'a [(u64, Change)],
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(changes::sending(&self.0.sender, &self.0.statements, fence, lease, request, outcomes))
    }

    fn settle<'a>(&'a self, fence: u64, changes: &'a [(u64, Change)]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(changes::settle(&self.0.sender, &self.0.statements, fence, changes))
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.listener.notified().await;
        })
    }
}
