//! Reading rows.

use rusqlite::types::FromSqlError;
use rusqlite::{Connection, Row as SqlRow, params};

use crate::changes::{Change, ChangeFilter, ChangeKind};
use crate::report::Run;
use crate::row::Key;
use crate::store::log::{UNKNOWN_ENTRY, loaded_query, single_query};
use crate::store::{ChildrenRead, Head, Missing, Range, Record};
use crate::table::Table;
use crate::time::{from_seconds, seconds, text_to_seconds, to_text};

/// The columns of the key as three.
fn key_of(table: Table) -> &'static str {
    if table.belongs_to_project() { "project_id, id, occurrence" } else { "0, id, 0" }
}

pub(super) fn read_key(row: &SqlRow<'_>, from: usize) -> rusqlite::Result<Key> {
    Ok(Key { project_id: row.get(from)?, id: row.get(from + 1)?, occurrence: row.get(from + 2)? })
}

pub(super) fn heads(connection: &Connection, range: &Range) -> rusqlite::Result<Vec<Head>> {
    let table = range.table;
    let condition = if table.belongs_to_project() {
        "project_id = ?3 AND ?1 = ?1 AND ?2 = ?2"
    } else {
        "id > ?1 AND id <= ?2 AND ?3 = ?3"
    };
    let since = range.since.map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string());
    let time = if since.is_some() { "AND at >= ?4" } else { "AND ?4 IS NULL" };
    let ids = serde_json::to_string(&range.ids).unwrap_or_default();
    let among =
        if range.ids.is_empty() { "AND ?6 = ?6" } else { "AND id IN (SELECT value FROM json_each(?6))" };
    let sql = format!(
        "SELECT {}, fingerprint, detail, out_of_view_at IS NOT NULL FROM {table}
         WHERE {condition} {time} {among} AND deleted_at IS NULL ORDER BY {} LIMIT ?5",
        key_of(table),
        table.key_columns().join(", "),
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(
        params![range.after.id, range.up_to.id, range.up_to.project_id, since, range.limit, ids],
        |row| {
            Ok(Head {
                key: read_key(row, 0)?,
                fingerprint: row.get(3)?,
                detail: row.get(4)?,
                is_out_of_view: row.get(5)?,
            })
        },
    )?;
    found.collect()
}

pub(super) fn missing(
    connection: &Connection,
    table: Table,
    after: Key,
    limit: i64,
) -> rusqlite::Result<Vec<Missing>> {
    let mut statement = connection.prepare_cached(
        "SELECT project_id, id, occurrence, run, since FROM mirror_missing
         WHERE table_name = ?1 AND (project_id, id, occurrence) > (?2, ?3, ?4)
         ORDER BY project_id, id, occurrence LIMIT ?5",
    )?;
    let found = statement
        .query_map(params![table.as_str(), after.project_id, after.id, after.occurrence, limit], |row| {
            Ok(Missing { key: read_key(row, 0)?, run: row.get(3)?, since: row.get(4)? })
        })?;
    found.collect()
}

pub(super) fn oldest_children(connection: &Connection, limit: i64) -> rusqlite::Result<Vec<ChildrenRead>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, children_read_at FROM projects WHERE deleted_at IS NULL AND out_of_view_at IS NULL
         ORDER BY children_read_at, id LIMIT ?1",
    )?;
    let found = statement.query_map([limit], |row| {
        let at: Option<String> = row.get(1)?;
        Ok(ChildrenRead { project_id: row.get(0)?, at: at.as_deref().and_then(text_to_seconds) })
    })?;
    found.collect()
}

pub(super) fn records(
    connection: &Connection,
    table: Table,
    after: Key,
    limit: i64,
) -> rusqlite::Result<Vec<Record>> {
    let key = key_of(table);
    let sql = format!(
        "SELECT {key}, raw, deleted_at, out_of_view_at FROM {table}
         WHERE ({key}) > (?1, ?2, ?3) ORDER BY {} LIMIT ?4",
        table.key_columns().join(", ")
    );
    // Over the tuple with constants SQLite would not use the key.
    let sql = if table.belongs_to_project() {
        sql
    } else {
        sql.replace("(0, id, 0) > (?1, ?2, ?3)", "id > ?2 AND ?1 = ?1 AND ?3 = ?3")
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(params![after.project_id, after.id, after.occurrence, limit], |row| {
        let time = |column| -> rusqlite::Result<Option<i64>> {
            Ok(row.get::<_, Option<String>>(column)?.as_deref().and_then(text_to_seconds))
        };
        Ok(Record {
            key: read_key(row, 0)?,
            raw: row.get(3)?,
            deleted_at: time(4)?,
            out_of_view_at: time(5)?,
        })
    })?;
    found.collect()
}

pub(super) fn changes(connection: &Connection, filter: &ChangeFilter) -> rusqlite::Result<Vec<Change>> {
    let limit = filter.limit as usize;
    let since = filter.since.map(|time| to_text(seconds(time)));
    // Another process may write between these queries. What it adds is after the newest entry.
    let newest = newest_change(connection)?;
    let condition =
        "seq > ?1 AND seq <= ?2 AND (?3 IS NULL OR table_name = ?3) AND (?4 IS NULL OR seen_at >= ?4)
        ORDER BY seq";
    let table = filter.table.map(Table::as_str);
    // There are few loads. Some may have no row left.
    let loads: Vec<i64> = connection
        .prepare_cached(&format!("SELECT seq FROM mirror_loads WHERE {condition}"))?
        .query_map(params![filter.after, newest, table, since], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let sql = format!(
        "SELECT seq, run, seen_at, table_name, 0, id, 0, 'insert', NULL, after FROM ({})
         WHERE load = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        loaded_query("")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found: Vec<Change> = Vec::new();
    for load in loads {
        if found.len() >= limit {
            break;
        }
        for change in statement.query_map(params![load, filter.after, filter.limit], read_change)? {
            found.push(change?);
        }
    }
    found.truncate(limit);
    let end = found.last().filter(|_| found.len() == limit).map_or(newest, |last| last.seq);
    let sql = format!("SELECT * FROM ({}) WHERE {condition} LIMIT ?5", single_query(""));
    let mut statement = connection.prepare_cached(&sql)?;
    for change in statement.query_map(params![filter.after, end, table, since, filter.limit], read_change)? {
        found.push(change?);
    }
    found.sort_by_key(|change| change.seq);
    found.truncate(limit);
    Ok(found)
}

pub(super) fn newest_change(connection: &Connection) -> rusqlite::Result<i64> {
    let of = |log: &str| format!("ifnull((SELECT max(seq) FROM {log}), 0)");
    let sql = format!("SELECT max({}, {})", of("mirror_changes"), of("mirror_loads"));
    connection.query_row(&sql, [], |row| row.get(0))
}

fn read_change(row: &SqlRow<'_>) -> rusqlite::Result<Change> {
    let seen_at: String = row.get(2)?;
    Ok(Change {
        seq: row.get(0)?,
        run: row.get(1)?,
        seen_at: from_seconds(text_to_seconds(&seen_at).unwrap_or(0)),
        table: word(row, 3, |word| word.parse().ok())?,
        key: read_key(row, 4)?,
        kind: word(row, 7, ChangeKind::from_word)?,
        before: row.get(8)?,
        after: row.get(9)?,
    })
}

/// Reads a word that this version knows, because it does not open a copy of a later one.
fn word<T>(row: &SqlRow<'_>, at: usize, parse: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let word: String = row.get(at)?;
    // Without a column: SQLite would put its number before the text, which then has no translation.
    parse(&word).ok_or_else(|| FromSqlError::Other(UNKNOWN_ENTRY.into()).into())
}

pub(super) fn runs(connection: &Connection, limit: i64) -> rusqlite::Result<Vec<Run>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, started_at, ended_at, mode, verdict, figures, error, shift_hours FROM runs
         ORDER BY id DESC LIMIT ?1",
    )?;
    let found = statement.query_map([limit], |row| {
        let (started_at, ended_at): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        Ok(Run {
            id: row.get(0)?,
            started_at: from_seconds(text_to_seconds(&started_at).unwrap_or(0)),
            ended_at: ended_at.as_deref().and_then(text_to_seconds).map(from_seconds),
            mode: row.get(3)?,
            verdict: row.get(4)?,
            figures: row.get(5)?,
            error: row.get(6)?,
            shift_hours: row.get(7)?,
        })
    })?;
    found.collect()
}
