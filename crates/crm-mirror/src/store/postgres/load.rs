//! Writing many rows that are certainly new: `COPY`, which costs the server less than other statements.

use std::io::Cursor;
use std::pin::pin;

use futures_util::SinkExt;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CopyInSink, Error};

use super::schema::quoted;
use super::write::{Writer, integer, text};
use crate::row::Row;
use crate::store::Batch;
use crate::table::{ColumnKind, Shape, Table};

impl Writer<'_> {
    /// Returns whether these are many rows, and all above those of the table, deleted ones included: as in a first copy.
    pub(super) async fn can_be_loaded(&self, table: Table, rows: &[Row]) -> Result<bool, Error> {
        if rows.len() < AT_LEAST || table.belongs_to_project() {
            return Ok(false);
        }
        let sql = format!("SELECT max(id) FROM {}.{table}", self.schema);
        let highest: Option<i64> =
            self.transaction.query_typed(&sql, &[]).await?.first().and_then(|row| row.get(0));
        Ok(rows.iter().all(|row| highest.is_none_or(|highest| row.key.id > highest)))
    }

    /// Writes rows that are above all others, and their entries of the change log.
    pub(super) async fn load(&self, batch: &Batch) -> Result<(), Error> {
        let (schema, table) = (self.schema, batch.shape.table);
        let own: String = batch.shape.columns.iter().map(|(name, _)| format!(", {}", quoted(name))).collect();
        let sql = format!("COPY {schema}.{table} (id, fingerprint, detail, raw{own}) FROM STDIN");
        let sink: CopyInSink<Cursor<Vec<u8>>> = self.transaction.copy_in(&sql).await?;
        let mut sink = pin!(sink);
        for rows in batch.puts.chunks(ROWS_TOGETHER) {
            let lines: String = rows.iter().map(|row| line(&batch.shape, row)).collect();
            sink.send(Cursor::new(lines.into_bytes())).await?;
        }
        sink.finish().await?;
        let ids = || batch.puts.iter().map(|row| row.key.id);
        let (lowest, highest) = (ids().min(), ids().max());
        // Without statistics, a condition with one limit counts as a third of the table.
        let sql = format!(
            "INSERT INTO {schema}.mirror_changes (run, seen_at, table_name, id, change)
             SELECT $1, to_timestamp($2), '{table}', id, 'insert' FROM {schema}.{table}
             WHERE id BETWEEN $3 AND $4 ORDER BY id"
        );
        #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let now = batch.now as f64;
        let params: [(&(dyn ToSql + Sync), Type); 4] =
            [(&batch.run, Type::INT8), (&now, Type::FLOAT8), (&lowest, Type::INT8), (&highest, Type::INT8)];
        self.run(&sql, &params).await?;
        Ok(())
    }
}

/// Returns a row in the text format of `COPY`.
fn line(shape: &Shape, row: &Row) -> String {
    let mut line = format!("{}\t{}\t", row.key.id, row.fingerprint);
    line += &row.detail.map_or(NULL.to_owned(), |detail| detail.to_string());
    line.push('\t');
    escape(&mut line, &row.raw);
    for (at, (_, kind)) in shape.columns.iter().enumerate() {
        line.push('\t');
        let value = row.values.get(at);
        let value = match kind {
            ColumnKind::Integer => integer(value).map(|number| number.to_string().into()),
            _ => text(value),
        };
        match value {
            Some(value) => escape(&mut line, &value),
            None => line += NULL,
        }
    }
    line.push('\n');
    line
}

/// Appends a value so that the server reads it as it is.
fn escape(line: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
        let (before, after) = rest.split_at(at);
        *line += before;
        *line += match after.as_bytes()[0] {
            b'\t' => "\\t",
            b'\n' => "\\n",
            b'\r' => "\\r",
            _ => "\\\\",
        };
        rest = &after[1..];
    }
    *line += rest;
}

const NULL: &str = "\\N";
/// For fewer rows it is not worth its round trips.
const AT_LEAST: usize = 200;
/// How many rows are sent at once.
const ROWS_TOGETHER: usize = 200;
