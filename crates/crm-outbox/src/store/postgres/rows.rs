//! The statements of the store in PostgreSQL. Each is one transaction and one round trip.

use std::time::{Duration, SystemTime};

use crm_transport::Error;
use tokio_postgres::types::{ToSql, Type};

use super::changes::SET;
use super::link::Link;
use super::listener::Listener;
use crate::activity::{NewActivity, StoredActivity};
use crate::status::{OutboxStats, State};
use crate::store::{
    Change, Columns, EPOCH, FIRST_SENT, RECONCILED_TOGETHER, Row, SentIn, count, fault, from_system_time,
    status, to_system_time,
};

pub(super) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// The texts of the statements, which depend on the schema.
#[derive(Debug)]
pub(super) struct Statements {
    /// The quoted name of the table with its schema.
    pub(super) table: String,
    pub(super) meta: String,
    pub(super) lease: String,
    pub(super) acquire: String,
    pub(super) renew: String,
    pub(super) release: String,
}

const COLUMNS: &str =
    "seq, key, activity, mark, prepared, prepared_mark, fingerprint, state, record_id, other_id,
    code, reason, request, floor, (extract(epoch FROM put_at) * 1000)::bigint,
    (extract(epoch FROM settled_at) * 1000)::bigint, floor_is_certain";

impl Statements {
    pub(super) fn new(schema: &str) -> Self {
        let lease = format!("{schema}.crm_outbox_lease");
        Self {
            table: format!("{schema}.crm_outbox_activities"),
            meta: format!("{schema}.crm_outbox_meta"),
            acquire: format!(
                "UPDATE {lease} SET
                    fence = greatest(fence + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint - {EPOCH}),
                    expires_at = clock_timestamp() + $1 * interval '1 millisecond'
                 WHERE name = 'sender' AND expires_at <= clock_timestamp() RETURNING fence"
            ),
            renew: format!(
                "UPDATE {lease} SET expires_at = clock_timestamp() + $2 * interval '1 millisecond'
                 WHERE name = 'sender' AND fence = $1 AND expires_at > clock_timestamp() RETURNING 1"
            ),
            release: format!(
                "UPDATE {lease} SET expires_at = '-infinity' WHERE name = 'sender' AND fence = $1"
            ),
            lease,
        }
    }

    pub(super) fn select(&self, rest: &str) -> String {
        format!("SELECT {COLUMNS} FROM {} {rest}", self.table)
    }

    pub(super) fn queued(&self) -> String {
        let due =
            self.select("WHERE state = 'held' AND due_at <= clock_timestamp() ORDER BY due_at LIMIT $2");
        let queued = self.select("WHERE state = 'queued' AND seq > $1 ORDER BY seq LIMIT $2");
        format!("({due}) UNION ALL ({queued})")
    }
}

/// Returns the statement that puts one activity, for the user's own transaction.
pub(crate) fn insert(table: &str) -> String {
    format!(
        "INSERT INTO {table} (key, activity, mark, fingerprint) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO NOTHING RETURNING seq"
    )
}

/// Returns the statement that reads the activity of a key.
pub(crate) fn select_key(table: &str) -> String {
    format!("SELECT {COLUMNS} FROM {table} WHERE key = $1")
}

pub(super) fn read(link: &Link, row: &tokio_postgres::Row) -> Result<Row, Error> {
    read_row(row).map_err(|e| fault("outbox.read", link.location(), "cannot be read", e))
}

/// Reads a row of [`select_key`].
pub(crate) fn read_row(row: &tokio_postgres::Row) -> Result<Row, String> {
    let text = |column: usize| row.try_get::<_, Option<String>>(column).map_err(|e| e.to_string());
    let number = |column: usize| row.try_get::<_, Option<i64>>(column).map_err(|e| e.to_string());
    let activity = |json: usize, mark: usize| -> Result<_, String> {
        let mark = text(mark)?;
        Ok(text(json)?.map(|json| StoredActivity::new(json, mark)))
    };
    let state = text(7)?.unwrap_or_default();
    let (status, copy) = status(&state, number(8)?, number(9)?, number(10)?, text(11)?);
    let is_certain = row.try_get::<_, Option<bool>>(16).map_err(|e| e.to_string())?;
    let request = number(12)?.zip(number(13)?).map(|(number, floor)| SentIn {
        number: number.cast_unsigned(),
        floor: floor.cast_unsigned(),
        floor_is_certain: is_certain.unwrap_or(false),
    });
    Ok(Row {
        seq: number(0)?.unwrap_or_default().cast_unsigned(),
        key: text(1)?.unwrap_or_default(),
        activity: activity(2, 3)?,
        prepared: activity(4, 5)?,
        fingerprint: number(6)?.map(i64::cast_unsigned),
        status,
        request,
        copy,
        put_at: to_system_time(number(14)?.unwrap_or_default()),
        settled_at: number(15)?.map(to_system_time),
    })
}

pub(super) async fn select(
    link: &Link,
    statements: &Statements,
    operation: &'static str,
    rest: &str,
    params: &[Param<'_>],
) -> Result<Vec<Row>, Error> {
    let rows = link.query(operation, &statements.select(rest), params).await?;
    rows.iter().map(|row| read(link, row)).collect()
}

pub(super) async fn put(
    link: &Link,
    statements: &Statements,
    listener: &Listener,
    activities: &[NewActivity],
) -> Result<Vec<Option<Row>>, Error> {
    let keys: Vec<&str> = activities.iter().map(|new| new.key.as_str()).collect();
    let json: Vec<&str> = activities.iter().map(|new| new.activity.json.as_str()).collect();
    let marks: Vec<Option<&str>> = activities.iter().map(|new| new.activity.mark.as_deref()).collect();
    let fingerprints: Vec<i64> = activities.iter().map(|new| new.fingerprint.cast_signed()).collect();
    let statement = format!(
        "INSERT INTO {} (key, activity, mark, fingerprint)
         SELECT key, activity, mark, fingerprint
         FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS new (key, activity, mark, fingerprint, place)
         ORDER BY place ON CONFLICT (key) DO NOTHING RETURNING key, pg_notify($5, '')::text",
        statements.table
    );
    let params: [Param<'_>; 5] = [
        (&keys, Type::TEXT_ARRAY),
        (&json, Type::TEXT_ARRAY),
        (&marks, Type::TEXT_ARRAY),
        (&fingerprints, Type::INT8_ARRAY),
        (&listener.channel, Type::TEXT),
    ];
    let inserted = link.query("outbox.put", &statement, &params).await?;
    let inserted: Vec<String> = inserted.iter().map(|row| row.get(0)).collect();
    let others: Vec<&str> =
        keys.iter().copied().filter(|key| !inserted.iter().any(|inserted| inserted == key)).collect();
    let mut rows = Vec::new();
    if !others.is_empty() {
        let params: [Param<'_>; 1] = [(&others, Type::TEXT_ARRAY)];
        rows = select(link, statements, "outbox.put", "WHERE key = ANY($1)", &params).await?;
    }
    Ok(keys
        .iter()
        .map(|key| rows.iter().position(|row| row.key == *key).map(|at| rows.swap_remove(at)))
        .collect())
}

pub(super) async fn stats(link: &Link, statements: &Statements) -> Result<OutboxStats, Error> {
    // Of each state the first, because the index has no time.
    let statement = format!(
        "SELECT state, count(*), (SELECT (extract(epoch FROM clock_timestamp() - first.put_at) * 1000)::bigint
            FROM {table} AS first WHERE first.state <> 'stored' AND first.state = counted.state
            ORDER BY first.seq LIMIT 1)
         FROM {table} AS counted WHERE state <> 'stored' GROUP BY state
         UNION ALL SELECT name, value, NULL FROM {meta} WHERE name = 'stored'",
        table = statements.table,
        meta = statements.meta,
    );
    let mut stats = OutboxStats::default();
    for row in link.query("outbox.stats", &statement, &[]).await? {
        let state: &str = row.get(0);
        count(&mut stats, state, row.get(1));
        if matches!(state.parse(), Ok(State::Queued | State::Held | State::Sending)) {
            let age = u64::try_from(row.get::<_, Option<i64>>(2).unwrap_or(0)).unwrap_or(0);
            stats.oldest = stats.oldest.max(Some(Duration::from_millis(age)));
        }
    }
    Ok(stats)
}

pub(super) async fn decide(
    link: &Link,
    statements: &Statements,
    key: &str,
    from: &[State],
    change: &Change,
) -> Result<bool, Error> {
    let Some(columns) = Columns::new(change) else { return Ok(false) };
    let from: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
    let is_again = *change == Change::Queued;
    let Columns { state, record_id, other_id, code, reason, delay, is_final } = columns;
    let statement = format!(
        "UPDATE {} AS old SET {SET}, prepared = CASE WHEN $3 THEN NULL ELSE prepared END,
            prepared_mark = CASE WHEN $3 THEN NULL ELSE prepared_mark END
         FROM (VALUES ($4, $5, $6, $7, $8, $9, $10, FALSE))
            AS new (state, record_id, other_id, code, reason, delay, is_final, keeps_floor)
         WHERE old.key = $1 AND old.state = ANY($2) AND NOT ($3 AND old.activity IS NULL) RETURNING 1",
        statements.table
    );
    let params: [Param<'_>; 10] = [
        (&key, Type::TEXT),
        (&from, Type::TEXT_ARRAY),
        (&is_again, Type::BOOL),
        (&state, Type::TEXT),
        (&record_id, Type::INT8),
        (&other_id, Type::INT8),
        (&code, Type::INT8),
        (&reason, Type::TEXT),
        (&delay, Type::INT8),
        (&is_final, Type::BOOL),
    ];
    Ok(!link.query("outbox.resolve", &statement, &params).await?.is_empty())
}

pub(super) async fn highest_id_before(
    link: &Link,
    statements: &Statements,
    since: SystemTime,
) -> Result<Option<u64>, Error> {
    let statement = format!(
        "SELECT max(greatest(record_id, floor)) FROM {}
         WHERE state = 'stored' AND settled_at < to_timestamp($1::float8 / 1000)",
        statements.table
    );
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
    let since = from_system_time(since) as f64;
    let rows = link.query("outbox.reconcile", &statement, &[(&since, Type::FLOAT8)]).await?;
    Ok(rows.first().and_then(|row| row.get::<_, Option<i64>>(0)).map(i64::cast_unsigned))
}

pub(super) async fn reconcile(link: &Link, statements: &Statements, floor: u64) -> Result<u64, Error> {
    let statement = format!(
        "WITH lowest AS (
            SELECT least($1, (SELECT min(floor) FROM {table} WHERE state = 'sending' AND request < $3)) AS floor),
         noted AS (
            UPDATE {lease} SET oldest_floor = least(oldest_floor, (SELECT floor FROM lowest)) WHERE name = 'sender'),
         remembered AS (
            INSERT INTO {meta} (name, value) VALUES ('reconciled', 1) ON CONFLICT DO NOTHING),
         reconciled AS (
            UPDATE {table} AS old SET state = 'sending', due_at = NULL, request = 1 + seq / $2,
                floor_is_certain = TRUE, floor = lowest.floor
            FROM lowest
            WHERE state IN ('queued', 'held') OR (state = 'sending' AND request < $3) RETURNING 1)
         SELECT (SELECT count(*) FROM reconciled)
            + (SELECT count(*) FROM {table} WHERE state = 'sending' AND request >= $3)",
        table = statements.table,
        meta = statements.meta,
        lease = statements.lease,
    );
    let (floor, together) = (floor.cast_signed(), RECONCILED_TOGETHER.cast_signed());
    let first_sent = FIRST_SENT.cast_signed();
    let params: [Param<'_>; 3] = [(&floor, Type::INT8), (&together, Type::INT8), (&first_sent, Type::INT8)];
    let rows = link.query("outbox.reconcile", &statement, &params).await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).cast_unsigned()))
}

pub(super) async fn stored_without_id(
    link: &Link,
    statements: &Statements,
) -> Result<Vec<(u64, u64)>, Error> {
    let equal = format!(
        "SELECT doubt.seq, stored.floor FROM {table} AS stored JOIN {table} AS doubt
            ON coalesce(stored.prepared, stored.activity) = coalesce(doubt.prepared, doubt.activity)
         WHERE stored.state = 'stored' AND stored.record_id IS NULL AND stored.floor IS NOT NULL
            AND doubt.state = 'sending'",
        table = statements.table
    );
    let rows = link.query("outbox.deliver", &equal, &[]).await?;
    let number = |row: &tokio_postgres::Row, column| row.get::<_, i64>(column).cast_unsigned();
    Ok(rows.iter().map(|row| (number(row, 0), number(row, 1))).collect())
}
