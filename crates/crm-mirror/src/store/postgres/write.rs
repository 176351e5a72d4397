//! Writing batches: whole sets of rows in each statement.

use std::borrow::Cow;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Transaction};

use super::schema::{quoted, type_name};
use crate::changes::ChangeKind;
use crate::row::{Key, Row, Value};
use crate::store::log::same_key;
use crate::store::{Applied, Batch, Missing, PRUNED, Removal, RunEnd};
use crate::table::{ColumnKind, Shape, Table};

type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// A transaction in a schema.
pub(super) struct Writer<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    /// The quoted name.
    pub(super) schema: &'a str,
}

/// The columns of the key as three.
pub(super) fn key_of(table: Table, of: &str) -> String {
    if table.belongs_to_project() {
        format!("{of}.project_id, {of}.id, {of}.occurrence")
    } else {
        format!("0::bigint, {of}.id, 0::bigint")
    }
}

/// Keys as arrays.
#[derive(Default)]
struct Keys {
    project_ids: Vec<i64>,
    ids: Vec<i64>,
    occurrences: Vec<i64>,
}

impl Keys {
    fn new(keys: impl IntoIterator<Item = Key>) -> Self {
        let mut arrays = Self::default();
        for key in keys {
            arrays.project_ids.push(key.project_id);
            arrays.ids.push(key.id);
            arrays.occurrences.push(key.occurrence);
        }
        arrays
    }

    fn params(&self) -> [Param<'_>; 3] {
        [
            (&self.project_ids, Type::INT8_ARRAY),
            (&self.ids, Type::INT8_ARRAY),
            (&self.occurrences, Type::INT8_ARRAY),
        ]
    }
}

impl Writer<'_> {
    pub(super) async fn apply(&self, batch: &Batch) -> Result<Applied, Error> {
        let mut applied = Applied::default();
        let table = batch.shape.table;
        if !batch.puts.is_empty() {
            self.put(batch, &mut applied).await?;
        }
        for removal in [Removal::Delete, Removal::SoftDelete, Removal::OutOfView] {
            let keys = batch.removals.iter().filter(|(_, kind)| *kind == removal).map(|(key, _)| *key);
            let keys = Keys::new(keys);
            if !keys.ids.is_empty() {
                self.remove(batch, &keys, removal, &mut applied).await?;
            }
        }
        if !batch.missing.is_empty() {
            self.mark(table, &batch.missing).await?;
        }
        if !batch.found.is_empty() {
            self.unmark(table, &Keys::new(batch.found.iter().copied())).await?;
        }
        if !batch.details.is_empty() {
            let (keys, details): (Vec<Key>, Vec<i64>) = batch.details.iter().copied().unzip();
            let keys = Keys::new(keys);
            let sql = format!(
                "UPDATE {}.{table} AS row SET detail = noted.detail
                 FROM unnest($1, $2, $3, $4) AS noted (project_id, id, occurrence, detail) WHERE {}",
                self.schema,
                same_key(table, "row", "noted")
            );
            let [projects, ids, occurrences] = keys.params();
            self.run(&sql, &[projects, ids, occurrences, (&details, Type::INT8_ARRAY)]).await?;
        }
        if !batch.children_read.is_empty() {
            let sql = format!(
                "UPDATE {}.projects SET children_read_at = to_timestamp($2) WHERE id = ANY($1)",
                self.schema
            );
            #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
            let now = batch.now as f64;
            self.run(&sql, &[(&batch.children_read, Type::INT8_ARRAY), (&now, Type::FLOAT8)]).await?;
        }
        self.write_settings(&batch.settings).await?;
        Ok(applied)
    }

    pub(super) async fn run(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        self.transaction.execute_typed(sql, params).await
    }

    async fn put(&self, batch: &Batch, applied: &mut Applied) -> Result<(), Error> {
        if self.load(batch).await? {
            applied.add(ChangeKind::Insert, batch.puts.len() as u64);
        } else {
            self.upsert(batch, applied).await?;
        }
        self.put_phones(batch).await
    }

    /// Writes rows whatever is in the table.
    async fn upsert(&self, batch: &Batch, applied: &mut Applied) -> Result<(), Error> {
        let sql = put_statement(self.schema, &batch.shape);
        let columns = Columns::new(&batch.shape, &batch.puts);
        #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let now = batch.now as f64;
        let mut params: Vec<Param<'_>> = vec![(&batch.run, Type::INT8), (&now, Type::FLOAT8)];
        params.extend(columns.params());
        for row in self.transaction.query_typed(&sql, &params).await? {
            if let Some(kind) = ChangeKind::from_word(row.get(0)) {
                applied.add(kind, row.get::<_, i64>(1).unsigned_abs());
            }
        }
        Ok(())
    }

    async fn put_phones(&self, batch: &Batch) -> Result<(), Error> {
        let ids: Vec<i64> = batch.puts.iter().map(|row| row.key.id).collect();
        self.remove_phones(batch.shape.table, &ids).await?;
        let phones: Vec<serde_json::Value> = batch
            .puts
            .iter()
            .flat_map(|row| &row.phones)
            .map(|phone| {
                serde_json::json!({
                    "number": phone.number,
                    "tail": phone.tail,
                    "written": phone.written.replace('\0', ""),
                    "field": phone.field,
                    "client_id": phone.client_id,
                    "contact_id": phone.contact_id,
                })
            })
            .collect();
        if !phones.is_empty() {
            let phones = serde_json::Value::from(phones).to_string();
            let sql = format!(
                "INSERT INTO {}.phones (number, tail, written, field, client_id, contact_id)
                 SELECT * FROM json_to_recordset($1::json) AS new (number text, tail text, written text, field text,
                    client_id bigint, contact_id bigint)",
                self.schema
            );
            self.run(&sql, &[(&phones, Type::TEXT)]).await?;
        }
        Ok(())
    }

    pub(super) async fn remove_phones(&self, table: Table, ids: &[i64]) -> Result<(), Error> {
        let condition = match table {
            Table::Clients => "client_id = ANY($1) AND contact_id IS NULL",
            Table::Contacts => "contact_id = ANY($1)",
            _ => return Ok(()),
        };
        let sql = format!("DELETE FROM {}.phones WHERE {condition}", self.schema);
        self.run(&sql, &[(&ids, Type::INT8_ARRAY)]).await?;
        Ok(())
    }

    async fn remove(
        &self,
        batch: &Batch,
        keys: &Keys,
        removal: Removal,
        applied: &mut Applied,
    ) -> Result<(), Error> {
        let table = batch.shape.table;
        self.unmark(table, keys).await?;
        let kind = if removal == Removal::OutOfView { ChangeKind::OutOfView } else { ChangeKind::Delete };
        let count = self.remove_rows(batch, table, keys, removal).await?;
        applied.add(kind, count);
        if kind == ChangeKind::Delete {
            self.remove_phones(table, &keys.ids).await?;
        }
        if table == Table::Projects {
            for child in Table::CHILDREN {
                let sql = format!(
                    "SELECT project_id, id, occurrence FROM {}.{child} WHERE project_id = ANY($1)",
                    self.schema
                );
                let rows = self.transaction.query_typed(&sql, &[(&keys.ids, Type::INT8_ARRAY)]).await?;
                let key = |row: &tokio_postgres::Row| Key {
                    project_id: row.get(0),
                    id: row.get(1),
                    occurrence: row.get(2),
                };
                let keys = Keys::new(rows.iter().map(key));
                self.unmark(child, &keys).await?;
                // Counted with the project: the figures are those of its table.
                self.remove_rows(batch, child, &keys, removal).await?;
            }
        }
        Ok(())
    }

    async fn remove_rows(
        &self,
        batch: &Batch,
        table: Table,
        keys: &Keys,
        removal: Removal,
    ) -> Result<u64, Error> {
        let schema = self.schema;
        let (kind, done, and) = match removal {
            Removal::Delete => ("delete", format!("DELETE FROM {schema}.{table} AS row USING gone"), ""),
            Removal::SoftDelete => {
                let set =
                    format!("UPDATE {schema}.{table} AS row SET deleted_at = to_timestamp($5) FROM gone");
                ("delete", set, "")
            }
            Removal::OutOfView => {
                let set =
                    format!("UPDATE {schema}.{table} AS row SET out_of_view_at = to_timestamp($5) FROM gone");
                ("out_of_view", set, "AND row.out_of_view_at IS NULL")
            }
        };
        let is_row = same_key(table, "row", "gone");
        let sql = format!(
            "WITH gone AS (
                SELECT * FROM unnest($1, $2, $3) AS gone (project_id, id, occurrence)),
             logged AS (
                INSERT INTO {schema}.mirror_changes
                    (run, seen_at, table_name, project_id, id, occurrence, change, before)
                SELECT $4, to_timestamp($5), '{table}', {key}, '{kind}', row.raw
                FROM {schema}.{table} AS row JOIN gone ON {is_row}
                WHERE row.deleted_at IS NULL {and} ORDER BY 4, 5, 6 RETURNING 1),
             done AS ({done} WHERE {is_row} AND row.deleted_at IS NULL {and})
             SELECT count(*) FROM logged",
            key = key_of(table, "row"),
        );
        #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let now = batch.now as f64;
        let [a, b, c] = keys.params();
        let params = [a, b, c, (&batch.run as &(dyn ToSql + Sync), Type::INT8), (&now, Type::FLOAT8)];
        let rows = self.transaction.query_typed(&sql, &params).await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
    }

    async fn mark(&self, table: Table, marks: &[Missing]) -> Result<(), Error> {
        let keys = Keys::new(marks.iter().map(|mark| mark.key));
        let runs: Vec<i64> = marks.iter().map(|mark| mark.run).collect();
        let since: Vec<Option<i64>> = marks.iter().map(|mark| mark.since).collect();
        let sql = format!(
            "INSERT INTO {}.mirror_missing AS old
             SELECT '{table}', * FROM unnest($1, $2, $3, $4, $5)
             ON CONFLICT (table_name, project_id, id, occurrence) DO UPDATE
             SET run = excluded.run, since = coalesce(old.since, excluded.since)",
            self.schema
        );
        let [a, b, c] = keys.params();
        let params = [a, b, c, (&runs as &(dyn ToSql + Sync), Type::INT8_ARRAY), (&since, Type::INT8_ARRAY)];
        self.run(&sql, &params).await?;
        Ok(())
    }

    async fn unmark(&self, table: Table, keys: &Keys) -> Result<(), Error> {
        let sql = format!(
            "DELETE FROM {}.mirror_missing AS mark USING unnest($1, $2, $3) AS gone (project_id, id, occurrence)
             WHERE mark.table_name = '{table}' AND mark.project_id = gone.project_id AND mark.id = gone.id
                AND mark.occurrence = gone.occurrence",
            self.schema
        );
        self.run(&sql, &keys.params()).await?;
        Ok(())
    }

    pub(super) async fn write_settings(&self, settings: &[(String, String)]) -> Result<(), Error> {
        let sql = format!(
            "INSERT INTO {}.mirror_settings (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            self.schema
        );
        for (name, value) in settings {
            self.run(&sql, &[(name, Type::TEXT), (value, Type::TEXT)]).await?;
        }
        Ok(())
    }

    pub(super) async fn end_run(&self, end: &RunEnd) -> Result<(), Error> {
        let schema = self.schema;
        let sql = format!(
            "UPDATE {schema}.runs SET ended_at = to_timestamp($2), verdict = $3, figures = $4::jsonb, error = $5,
                shift_hours = $6, mode = $7 WHERE id = $1"
        );
        #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let (ended_at, keep_since) = (end.ended_at as f64, end.keep_since as f64);
        let error = end.error.as_ref().map(|error| error.replace('\0', ""));
        let params: [Param<'_>; 7] = [
            (&end.run, Type::INT8),
            (&ended_at, Type::FLOAT8),
            (&end.verdict, Type::TEXT),
            (&end.figures, Type::TEXT),
            (&error, Type::TEXT),
            (&end.shift_hours, Type::INT8),
            (&end.mode, Type::TEXT),
        ];
        self.run(&sql, &params).await?;
        self.write_settings(&end.settings).await?;
        let entries = format!(
            "(SELECT seq, seen_at FROM {schema}.mirror_changes
              UNION ALL SELECT seq, seen_at FROM {schema}.mirror_loads) AS entries"
        );
        let pruned = format!(
            "SELECT max(seq) FROM {entries} WHERE seq < coalesce(
                (SELECT seq FROM {entries} WHERE seen_at >= to_timestamp($1) ORDER BY seq LIMIT 1),
                {})",
            i64::MAX
        );
        let rows = self.transaction.query_typed(&pruned, &[(&keep_since, Type::FLOAT8)]).await?;
        if let Some(pruned) = rows.first().and_then(|row| row.get::<_, Option<i64>>(0)) {
            self.write_settings(&[(PRUNED.to_owned(), pruned.to_string())]).await?;
            for log in ["mirror_changes", "mirror_loads"] {
                let sql = format!("DELETE FROM {schema}.{log} WHERE seq <= $1");
                self.run(&sql, &[(&pruned, Type::INT8)]).await?;
            }
        }
        Ok(())
    }
}

/// Rows as arrays, one for each column.
struct Columns<'a> {
    keys: Keys,
    fingerprints: Vec<i64>,
    details: Vec<Option<i64>>,
    raw: Vec<&'a str>,
    own: Vec<Column<'a>>,
}

/// The values of a column. The statement gives the texts their type.
enum Column<'a> {
    Integers(Vec<Option<i64>>),
    Texts(Vec<Option<Cow<'a, str>>>),
}

impl<'a> Columns<'a> {
    fn new(shape: &Shape, rows: &'a [Row]) -> Self {
        let own = shape.columns.iter().enumerate().map(|(at, (_, kind))| {
            let values = rows.iter().map(|row| row.values.get(at));
            match kind {
                ColumnKind::Integer => Column::Integers(values.map(integer).collect()),
                _ => Column::Texts(values.map(text).collect()),
            }
        });
        Self {
            keys: Keys::new(rows.iter().map(|row| row.key)),
            fingerprints: rows.iter().map(|row| row.fingerprint).collect(),
            details: rows.iter().map(|row| row.detail).collect(),
            raw: rows.iter().map(|row| row.raw.as_str()).collect(),
            own: own.collect(),
        }
    }

    fn params(&self) -> impl Iterator<Item = Param<'_>> {
        let own = self.own.iter().map(|column| -> Param<'_> {
            match column {
                Column::Integers(values) => (values, Type::INT8_ARRAY),
                Column::Texts(values) => (values, Type::TEXT_ARRAY),
            }
        });
        let first: [Param<'_>; 3] = [
            (&self.fingerprints, Type::INT8_ARRAY),
            (&self.details, Type::INT8_ARRAY),
            (&self.raw, Type::TEXT_ARRAY),
        ];
        self.keys.params().into_iter().chain(first).chain(own)
    }
}

pub(super) fn integer(value: Option<&Value>) -> Option<i64> {
    if let Some(Value::Integer(number)) = value { Some(*number) } else { None }
}

pub(super) fn text(value: Option<&Value>) -> Option<Cow<'_, str>> {
    match value? {
        Value::Null => None,
        Value::Integer(number) => Some(number.to_string().into()),
        Value::Boolean(flag) => Some(flag.to_string().into()),
        Value::Text(text) | Value::Json(text) => Some(text.into()),
    }
}

fn put_statement(schema: &str, shape: &Shape) -> String {
    let table = shape.table;
    let key = table.key_columns().join(", ");
    let own: Vec<(String, &str)> =
        shape.columns.iter().map(|(name, kind)| (quoted(name), type_name(*kind))).collect();
    let typed: String = own.iter().map(|(name, kind)| format!(", {name}::{kind}")).collect();
    // After the run and the time.
    let arrays: Vec<String> = (3..9 + own.len()).map(|place| format!("${place}")).collect();
    let names: String = own.iter().map(|(name, _)| format!(", {name}")).collect();
    let mut set: String = own.iter().map(|(name, _)| format!(", {name} = excluded.{name}")).collect();
    if table == Table::Projects {
        let is_same = "row.raw IS NOT DISTINCT FROM excluded.raw AND row.deleted_at IS NULL AND row.out_of_view_at IS NULL";
        set += &format!(", children_read_at = CASE WHEN {is_same} THEN row.children_read_at END");
    }
    let is_row = same_key(table, "row", "new");
    // The offset makes it look up each row by its key. Without statistics, the server may read the whole table each time.
    format!(
        "WITH new AS MATERIALIZED (
            SELECT project_id, id, occurrence, fingerprint, detail, raw::jsonb{typed} FROM unnest({arrays})
                AS new (project_id, id, occurrence, fingerprint, detail, raw{names})),
         logged AS (
            INSERT INTO {schema}.mirror_changes
                (run, seen_at, table_name, project_id, id, occurrence, change, before)
            SELECT $1, to_timestamp($2), '{table}', new.project_id, new.id, new.occurrence,
                CASE WHEN old.id IS NULL THEN 'insert' WHEN old.raw IS DISTINCT FROM new.raw THEN 'update'
                    ELSE 'in_view' END, old.raw
            FROM new LEFT JOIN LATERAL (
                SELECT row.id, row.raw, row.out_of_view_at FROM {schema}.{table} AS row
                WHERE {is_row} AND row.deleted_at IS NULL OFFSET 0) AS old ON TRUE
            WHERE old.id IS NULL OR old.raw IS DISTINCT FROM new.raw OR old.out_of_view_at IS NOT NULL
            ORDER BY 4, 5, 6 RETURNING change),
         written AS (
            INSERT INTO {schema}.{table} AS row ({key}, fingerprint, detail, raw{names})
            SELECT {key}, fingerprint, detail, raw{names} FROM new
            ON CONFLICT ({key}) DO UPDATE SET fingerprint = excluded.fingerprint, detail = excluded.detail,
                raw = excluded.raw, out_of_view_at = NULL, deleted_at = NULL{set})
         SELECT change, count(*) FROM logged GROUP BY change",
        arrays = arrays.join(", ")
    )
}
