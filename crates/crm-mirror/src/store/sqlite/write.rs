//! Writing batches.

use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{OptionalExtension, Transaction, params};

use super::read::read_key;
use super::schema::quoted;
use crate::changes::ChangeKind;
use crate::row::{Key, Row, Value};
use crate::store::log::Load;
use crate::store::{Applied, Batch, Missing, PRUNED, Removal, RunEnd};
use crate::table::{Shape, Table};
use crate::time::to_text;

/// A value as a parameter.
struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self.0 {
            Value::Null => Ok(ToSqlOutput::from(rusqlite::types::Null)),
            Value::Integer(number) => number.to_sql(),
            Value::Boolean(flag) => flag.to_sql(),
            Value::Text(text) | Value::Json(text) => text.to_sql(),
        }
    }
}

/// The condition on the key, with the parameters ?1 to ?3.
fn key_is(table: Table) -> &'static str {
    if table.belongs_to_project() {
        "project_id = ?1 AND id = ?2 AND occurrence = ?3"
    } else {
        "id = ?2 AND ?1 = 0 AND ?3 = 0"
    }
}

pub(super) fn apply(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<Applied> {
    let mut applied = Applied::default();
    let log = Log { transaction, batch, now: to_text(batch.now) };
    put(&log, &mut applied)?;
    for (key, removal) in &batch.removals {
        remove(&log, batch.shape.table, *key, *removal, &mut applied)?;
    }
    let table = batch.shape.table.as_str();
    for mark in &batch.missing {
        let Missing { key, run, since } = mark;
        transaction
            .prepare_cached(
                "INSERT INTO mirror_missing VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE
                 SET run = excluded.run, since = coalesce(since, excluded.since)",
            )?
            .execute(params![table, key.project_id, key.id, key.occurrence, run, since])?;
    }
    for key in &batch.found {
        unmark(transaction, batch.shape.table, *key)?;
    }
    for (key, detail) in &batch.details {
        let sql = format!("UPDATE {table} SET detail = ?4 WHERE {}", key_is(batch.shape.table));
        transaction.prepare_cached(&sql)?.execute(params![key.project_id, key.id, key.occurrence, detail])?;
    }
    for project in &batch.children_read {
        transaction
            .prepare_cached("UPDATE projects SET children_read_at = ?2 WHERE id = ?1")?
            .execute(params![project, log.now])?;
    }
    write_settings(transaction, &batch.settings)?;
    Ok(applied)
}

fn unmark(transaction: &Transaction<'_>, table: Table, key: Key) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM mirror_missing WHERE table_name = ?1 AND project_id = ?2 AND id = ?3 AND occurrence = ?4",
        )?
        .execute(params![table.as_str(), key.project_id, key.id, key.occurrence])?;
    Ok(())
}

/// Writes the change log.
struct Log<'a> {
    transaction: &'a Transaction<'a>,
    batch: &'a Batch,
    /// The time of the batch.
    now: String,
}

impl Log<'_> {
    fn write(&self, table: Table, key: Key, kind: ChangeKind, before: Option<&str>) -> rusqlite::Result<()> {
        let sql = "INSERT INTO mirror_changes (run, seen_at, table_name, project_id, id, occurrence, change, before)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        self.transaction.prepare_cached(sql)?.execute(params![
            self.batch.run,
            self.now,
            table.as_str(),
            key.project_id,
            key.id,
            key.occurrence,
            kind.as_str(),
            before
        ])?;
        Ok(())
    }
}

/// Writes one entry for all rows of a batch that is a [`Load`]. Returns `false`, and does nothing, for another batch.
fn write_load(log: &Log<'_>) -> rusqlite::Result<bool> {
    let Some(load) = Load::of(log.batch) else { return Ok(false) };
    let table = log.batch.shape.table.as_str();
    let is_above = format!(
        "SELECT ?1 > ifnull((SELECT max(id) FROM {table}), ?1 - 1)
            AND ?1 > ifnull((SELECT max(last_id) FROM mirror_loads WHERE table_name = '{table}'), ?1 - 1)"
    );
    if !log.transaction.prepare_cached(&is_above)?.query_row([load.first_id], |row| row.get(0))? {
        return Ok(false);
    }
    let last = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'mirror_changes'";
    let last: i64 = log.transaction.query_row(last, [], |row| row.get(0))?;
    let seq = last + load.positions();
    log.transaction.execute("DELETE FROM sqlite_sequence WHERE name = 'mirror_changes'", [])?;
    log.transaction.execute("INSERT INTO sqlite_sequence VALUES ('mirror_changes', ?1)", [seq])?;
    log.transaction.execute(
        "INSERT INTO mirror_loads VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![seq, log.batch.run, log.now, table, load.first_id, load.last_id],
    )?;
    Ok(true)
}

/// A row as it is before a change.
struct Old {
    raw: String,
    is_deleted: bool,
    is_out_of_view: bool,
}

fn old(transaction: &Transaction<'_>, table: Table, key: Key) -> rusqlite::Result<Option<Old>> {
    let sql = format!(
        "SELECT raw, deleted_at IS NOT NULL, out_of_view_at IS NOT NULL FROM {table} WHERE {}",
        key_is(table)
    );
    transaction
        .prepare_cached(&sql)?
        .query_row(params![key.project_id, key.id, key.occurrence], |row| {
            Ok(Old { raw: row.get(0)?, is_deleted: row.get(1)?, is_out_of_view: row.get(2)? })
        })
        .optional()
}

fn put(log: &Log<'_>, applied: &mut Applied) -> rusqlite::Result<()> {
    let shape = &log.batch.shape;
    let table = shape.table;
    if log.batch.puts.is_empty() {
        return Ok(());
    }
    let is_load = write_load(log)?;
    let [insert, upsert] = statements(shape);
    let mut insert = log.transaction.prepare_cached(&insert)?;
    let mut upsert = log.transaction.prepare_cached(&upsert)?;
    for row in &log.batch.puts {
        let mut values: Vec<&dyn ToSql> = match table.belongs_to_project() {
            true => vec![&row.key.project_id, &row.key.id, &row.key.occurrence],
            false => vec![&row.key.id],
        };
        values.extend([&row.fingerprint as &dyn ToSql, &row.detail, &row.raw]);
        let own: Vec<Parameter<'_>> = row.values.iter().map(Parameter).collect();
        values.extend(own.iter().map(|value| value as &dyn ToSql));
        // Most rows are new.
        let is_new = insert.execute(values.as_slice())? > 0;
        let old = if is_new { None } else { old(log.transaction, table, row.key)? };
        let live = old.as_ref().filter(|old| !old.is_deleted);
        let kind = match live {
            None => Some(ChangeKind::Insert),
            Some(old) if old.raw != row.raw => Some(ChangeKind::Update),
            Some(old) => old.is_out_of_view.then_some(ChangeKind::InView),
        };
        if let Some(kind) = kind {
            if !is_load {
                log.write(table, row.key, kind, live.map(|old| old.raw.as_str()))?;
            }
            applied.add(kind, 1);
        }
        if !is_new {
            upsert.execute(values.as_slice())?;
        }
        put_phones(log.transaction, table, row)?;
    }
    Ok(())
}

/// Returns the statement that writes a row unless there is one, and the one that replaces it.
fn statements(shape: &Shape) -> [String; 2] {
    let table = shape.table;
    let mut names: Vec<String> = table.key_columns().iter().map(|name| (*name).to_owned()).collect();
    let key = names.join(", ");
    let written = ["fingerprint", "detail", "raw"].map(str::to_owned);
    let written: Vec<String> =
        written.into_iter().chain(shape.columns.iter().map(|(name, _)| quoted(name))).collect();
    let mut set: Vec<String> = written.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    set.extend(["out_of_view_at = NULL".to_owned(), "deleted_at = NULL".to_owned()]);
    if table == Table::Projects {
        let is_same = "raw IS excluded.raw AND deleted_at IS NULL AND out_of_view_at IS NULL";
        set.push(format!("children_read_at = CASE WHEN {is_same} THEN children_read_at END"));
    }
    names.extend(written);
    let places: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    let insert = format!(
        "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT ({key}) DO",
        names.join(", "),
        places.join(", ")
    );
    [format!("{insert} NOTHING"), format!("{insert} UPDATE SET {}", set.join(", "))]
}

fn put_phones(transaction: &Transaction<'_>, table: Table, row: &Row) -> rusqlite::Result<()> {
    remove_phones(transaction, table, row.key.id)?;
    for phone in &row.phones {
        transaction
            .prepare_cached(
                "INSERT INTO phones (number, tail, written, field, client_id, contact_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                phone.number,
                phone.tail,
                phone.written,
                phone.field,
                phone.client_id,
                phone.contact_id
            ])?;
    }
    Ok(())
}

pub(super) fn remove_phones(transaction: &Transaction<'_>, table: Table, id: i64) -> rusqlite::Result<()> {
    let sql = match table {
        Table::Clients => "DELETE FROM phones WHERE client_id = ?1 AND contact_id IS NULL",
        Table::Contacts => "DELETE FROM phones WHERE contact_id = ?1",
        _ => return Ok(()),
    };
    transaction.prepare_cached(sql)?.execute([id])?;
    Ok(())
}

fn remove(
    log: &Log<'_>,
    table: Table,
    key: Key,
    removal: Removal,
    applied: &mut Applied,
) -> rusqlite::Result<()> {
    let transaction = log.transaction;
    unmark(transaction, table, key)?;
    let Some(old) = old(transaction, table, key)?.filter(|old| !old.is_deleted) else { return Ok(()) };
    let key_params = params![key.project_id, key.id, key.occurrence];
    let kind = match removal {
        Removal::OutOfView if old.is_out_of_view => return Ok(()),
        Removal::OutOfView => {
            let sql = format!("UPDATE {table} SET out_of_view_at = ?4 WHERE {}", key_is(table));
            transaction.prepare_cached(&sql)?.execute(params![
                key.project_id,
                key.id,
                key.occurrence,
                log.now
            ])?;
            ChangeKind::OutOfView
        }
        Removal::SoftDelete => {
            let sql = format!("UPDATE {table} SET deleted_at = ?4 WHERE {}", key_is(table));
            transaction.prepare_cached(&sql)?.execute(params![
                key.project_id,
                key.id,
                key.occurrence,
                log.now
            ])?;
            ChangeKind::Delete
        }
        Removal::Delete => {
            transaction
                .prepare_cached(&format!("DELETE FROM {table} WHERE {}", key_is(table)))?
                .execute(key_params)?;
            ChangeKind::Delete
        }
    };
    log.write(table, key, kind, Some(&old.raw))?;
    applied.add(kind, 1);
    if kind == ChangeKind::Delete {
        remove_phones(transaction, table, key.id)?;
    }
    if table == Table::Projects {
        for child in Table::CHILDREN {
            let sql = format!("SELECT project_id, id, occurrence FROM {child} WHERE project_id = ?1");
            let keys: Vec<Key> = transaction
                .prepare_cached(&sql)?
                .query_map([key.id], |row| read_key(row, 0))?
                .collect::<rusqlite::Result<_>>()?;
            for key in keys {
                // Counted with the project: the figures are those of its table.
                remove(log, child, key, removal, &mut Applied::default())?;
            }
        }
    }
    Ok(())
}

pub(super) fn write_settings(
    transaction: &Transaction<'_>,
    settings: &[(String, String)],
) -> rusqlite::Result<()> {
    for (name, value) in settings {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO mirror_settings (name, value) VALUES (?1, ?2)")?
            .execute([name, value])?;
    }
    Ok(())
}

pub(super) fn end_run(transaction: &Transaction<'_>, end: &RunEnd) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE runs SET ended_at = ?2, verdict = ?3, figures = ?4, error = ?5, shift_hours = ?6, mode = ?7
         WHERE id = ?1",
        params![
            end.run,
            to_text(end.ended_at),
            end.verdict,
            end.figures,
            end.error,
            end.shift_hours,
            end.mode
        ],
    )?;
    write_settings(transaction, &end.settings)?;
    let entries = "(SELECT seq, seen_at FROM mirror_changes UNION ALL SELECT seq, seen_at FROM mirror_loads)";
    // By position and not by time, so that it ends at the first entry that is young.
    let first_kept = format!("SELECT seq FROM {entries} WHERE +seen_at >= ?1 ORDER BY seq LIMIT 1");
    let keep_since = to_text(end.keep_since);
    let first_kept: Option<i64> =
        transaction.query_row(&first_kept, [keep_since], |row| row.get(0)).optional()?;
    let pruned = format!("SELECT max(seq) FROM {entries} WHERE seq < ?1");
    let pruned: Option<i64> =
        transaction.query_row(&pruned, [first_kept.unwrap_or(i64::MAX)], |row| row.get(0))?;
    if let Some(pruned) = pruned {
        write_settings(transaction, &[(PRUNED.to_owned(), pruned.to_string())])?;
        for log in ["mirror_changes", "mirror_loads"] {
            transaction.execute(&format!("DELETE FROM {log} WHERE seq <= ?1"), [pruned])?;
        }
    }
    Ok(())
}
