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
    /// Writes a batch that is a [`Load`], as in a first copy, and one entry of the change log for all of its rows. Returns
    /// `false`, and does nothing, for another batch.
    pub(super) async fn load(&self, batch: &Batch) -> Result<bool, Error> {
        let Some(load) = Load::of(batch) else { return Ok(false) };
        let (schema, table) = (self.schema, batch.shape.table);
        let sql = format!(
            "INSERT INTO {schema}.mirror_loads
             SELECT setval(seq, nextval(seq) - 1 + $1), $2, to_timestamp($3), '{table}', $4, $5
             FROM pg_get_serial_sequence('{schema}.mirror_changes', 'seq') AS seq
             WHERE $4 > coalesce(greatest((SELECT max(id) FROM {schema}.{table}),
                (SELECT max(last_id) FROM {schema}.mirror_loads WHERE table_name = '{table}')), $4 - 1)"
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
        if self.run(&sql, &params).await? == 0 {
            return Ok(false);
        }
        let own: String = batch.shape.columns.iter().map(|(name, _)| format!(", {}", quoted(name))).collect();
        let sql = format!("COPY {schema}.{table} (id, fingerprint, detail, raw{own}) FROM STDIN");
        let sink: CopyInSink<Cursor<Vec<u8>>> = self.transaction.copy_in(&sql).await?;
        let mut sink = pin!(sink);
        for rows in batch.puts.chunks(ROWS_TOGETHER) {
            let mut lines = String::new();
            rows.iter().for_each(|row| add_line(&mut lines, &batch.shape, row));
            sink.send(Cursor::new(lines.into_bytes())).await?;
        }
        sink.finish().await?;
        Ok(true)
    }
}

/// Appends a row in the text format of `COPY`.
fn add_line(line: &mut String, shape: &Shape, row: &Row) {
    *line += &format!("{}\t{}\t", row.key.id, row.fingerprint);
    *line += &row.detail.map_or(NULL.to_owned(), |detail| detail.to_string());
    line.push('\t');
    escape(line, &row.raw);
    for (at, (_, kind)) in shape.columns.iter().enumerate() {
        line.push('\t');
        let value = row.values.get(at);
        let value = match kind {
            ColumnKind::Integer => integer(value).map(|number| number.to_string().into()),
            _ => text(value),
        };
        match value {
            Some(value) => escape(line, &value),
            None => *line += NULL,
        }
    }
    line.push('\n');
}

/// Appends a value so that the server reads it as it is.
fn escape(line: &mut String, value: &str) {
    let mut rest = value;
    // By bytes, because most texts are Russian, and their letters need no escape.
    let is_special = |byte: &u8| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r');
    while let Some(at) = rest.as_bytes().iter().position(is_special) {
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
