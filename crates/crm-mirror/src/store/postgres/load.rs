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
use crate::store::log::Load;
use crate::table::{ColumnKind, Shape};

impl Writer<'_> {
    /// Returns the IDs of a batch with many rows that are above all that the table has and had: as in a first copy.
    pub(super) async fn load_of(&self, batch: &Batch) -> Result<Option<Load>, Error> {
        let Some(load) = Load::of(batch) else { return Ok(None) };
        let (schema, table) = (self.schema, batch.shape.table);
        let sql = format!(
            "SELECT greatest((SELECT max(id) FROM {schema}.{table}),
                (SELECT max(last_id) FROM {schema}.mirror_loads WHERE table_name = '{table}'))"
        );
        let highest: Option<i64> =
            self.transaction.query_typed(&sql, &[]).await?.first().and_then(|row| row.get(0));
        Ok(Some(load).filter(|load| highest.is_none_or(|highest| load.first_id > highest)))
    }

    /// Writes rows that are above all others, and one entry of the change log for all of them.
    pub(super) async fn load(&self, batch: &Batch, load: Load) -> Result<(), Error> {
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
        let sql = format!(
            "INSERT INTO {schema}.mirror_loads
             SELECT setval(seq, nextval(seq) - 1 + $1), $2, to_timestamp($3), '{table}', $4, $5
             FROM pg_get_serial_sequence('{schema}.mirror_changes', 'seq') AS seq"
        );
        #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let now = batch.now as f64;
        let params: [(&(dyn ToSql + Sync), Type); 5] = [
            (&load.positions(), Type::INT8),
            (&batch.run, Type::INT8),
            (&now, Type::FLOAT8),
            (&load.first_id, Type::INT8),
            (&load.last_id, Type::INT8),
        ];
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
/// How many rows are sent at once.
const ROWS_TOGETHER: usize = 200;
