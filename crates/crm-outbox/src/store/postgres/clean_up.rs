//! Removes old contents and old activities from PostgreSQL, in steps, so that nothing else has to wait.

use std::time::Duration;

use crm_transport::Error;
use tokio_postgres::types::Type;

use super::link::Link;
use super::rows::{Param, Statements};
use crate::store::{AT_ONCE, millis};

/// Removes the contents of activities that were stored longer ago. Returns how many these are.
pub(super) async fn remove_contents(
    link: &Link,
    statements: &Statements,
    older_than: Duration,
) -> Result<u64, Error> {
    let statement = format!(
        "WITH removed AS (
            UPDATE {table} SET activity = NULL, mark = NULL, prepared = NULL, prepared_mark = NULL
            WHERE seq = ANY (ARRAY(SELECT seq FROM {table} WHERE state = 'stored' AND activity IS NOT NULL
                AND record_id IS NOT NULL AND settled_at <= clock_timestamp() - $1 * interval '1 millisecond' LIMIT $2)) RETURNING 1)
         SELECT count(*) FROM removed",
        table = statements.table
    );
    let (age, most) = (millis(older_than), AT_ONCE.cast_signed());
    let params: [Param<'_>; 2] = [(&age, Type::INT8), (&most, Type::INT8)];
    let mut count = 0;
    loop {
        let rows = link.query("outbox.remove_contents", &statement, &params).await?;
        let removed = rows.first().map_or(0, |row| row.get::<_, i64>(0).cast_unsigned());
        count += removed;
        if removed < AT_ONCE {
            return Ok(count);
        }
    }
}

/// Removes activities that were stored or refused longer ago. Returns how many these are.
pub(super) async fn purge(link: &Link, statements: &Statements, older_than: Duration) -> Result<u64, Error> {
    let statement = format!(
        "WITH looked_at AS (SELECT seq FROM {table} WHERE seq > $1 ORDER BY seq LIMIT $2),
         removed AS (
            DELETE FROM {table} WHERE seq = ANY (ARRAY(SELECT seq FROM looked_at)) AND state IN ('stored', 'refused')
                AND settled_at <= clock_timestamp() - $3 * interval '1 millisecond' RETURNING 1)
         SELECT (SELECT count(*) FROM removed), (SELECT max(seq) FROM looked_at)",
        table = statements.table
    );
    let (age, most) = (millis(older_than), AT_ONCE.cast_signed());
    let (mut count, mut after) = (0, 0_i64);
    loop {
        let params: [Param<'_>; 3] = [(&after, Type::INT8), (&most, Type::INT8), (&age, Type::INT8)];
        let rows = link.query("outbox.purge", &statement, &params).await?;
        let Some(row) = rows.first() else { return Ok(count) };
        count += row.get::<_, i64>(0).cast_unsigned();
        let Some(last) = row.get::<_, Option<i64>>(1) else { return Ok(count) };
        after = last;
    }
}
