//! Reading rows.

use tokio_postgres::Row as SqlRow;
use tokio_postgres::types::{ToSql, Type};

use super::write::key_of;
use crate::changes::{Change, ChangeFilter, ChangeKind};
use crate::report::Run;
use crate::row::Key;
use crate::store::log::{loaded_query, single_query};
use crate::store::{ChildrenRead, Head, Missing, Range, Record};
use crate::table::Table;
use crate::time::{from_seconds, seconds};

/// A statement with its parameters.
pub(super) struct Query {
    pub(super) sql: String,
    pub(super) params: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

impl Query {
    pub(super) fn new(sql: String) -> Self {
        Self { sql, params: Vec::new() }
    }

    /// Adds a parameter, and returns its name.
    pub(super) fn add(&mut self, value: impl ToSql + Sync + Send + 'static, kind: Type) -> String {
        self.params.push((Box::new(value), kind));
        format!("${}", self.params.len())
    }
}

/// Returns the seconds of a column with a time.
fn epoch(column: &str) -> String {
    format!("extract(epoch FROM {column})::bigint")
}

fn read_key(row: &SqlRow, from: usize) -> Key {
    Key { project_id: row.get(from), id: row.get(from + 1), occurrence: row.get(from + 2) }
}

pub(super) fn heads(schema: &str, range: &Range) -> Query {
    let table = range.table;
    let mut query = Query::new(String::new());
    let mut condition = if table.belongs_to_project() {
        format!("project_id = {}", query.add(range.up_to.project_id, Type::INT8))
    } else {
        let after = query.add(range.after.id, Type::INT8);
        format!("id > {after} AND id <= {}", query.add(range.up_to.id, Type::INT8))
    };
    if let Some(since) = range.since {
        let since = since.format("%Y-%m-%d %H:%M:%S").to_string();
        condition += &format!(" AND at >= {}::timestamp", query.add(since, Type::TEXT));
    }
    if !range.ids.is_empty() {
        condition += &format!(" AND id = ANY({})", query.add(range.ids.clone(), Type::INT8_ARRAY));
    }
    let limit = query.add(range.limit, Type::INT8);
    query.sql = format!(
        "SELECT {}, fingerprint, detail, out_of_view_at IS NOT NULL FROM {schema}.{table} AS row
         WHERE {condition} AND deleted_at IS NULL ORDER BY {} LIMIT {limit}",
        key_of(table, "row"),
        table.key_columns().join(", ")
    );
    query
}

pub(super) fn read_head(row: &SqlRow) -> Head {
    Head { key: read_key(row, 0), fingerprint: row.get(3), detail: row.get(4), is_out_of_view: row.get(5) }
}

pub(super) fn missing(schema: &str, table: Table, after: Key, limit: i64) -> Query {
    let mut query = Query::new(format!(
        "SELECT project_id, id, occurrence, run, since FROM {schema}.mirror_missing
         WHERE table_name = '{table}' AND (project_id, id, occurrence) > ($1, $2, $3)
         ORDER BY project_id, id, occurrence LIMIT $4"
    ));
    for number in [after.project_id, after.id, after.occurrence, limit] {
        query.add(number, Type::INT8);
    }
    query
}

pub(super) fn read_missing(row: &SqlRow) -> Missing {
    Missing { key: read_key(row, 0), run: row.get(3), since: row.get(4) }
}

pub(super) fn oldest_children(schema: &str, limit: i64) -> Query {
    let mut query = Query::new(format!(
        "SELECT id, {} FROM {schema}.projects WHERE deleted_at IS NULL AND out_of_view_at IS NULL
         ORDER BY children_read_at NULLS FIRST, id LIMIT $1",
        epoch("children_read_at")
    ));
    query.add(limit, Type::INT8);
    query
}

pub(super) fn read_children(row: &SqlRow) -> ChildrenRead {
    ChildrenRead { project_id: row.get(0), at: row.get(1) }
}

pub(super) fn records(schema: &str, table: Table, after: Key, limit: i64) -> Query {
    let condition = if table.belongs_to_project() {
        "(project_id, id, occurrence) > ($1, $2, $3)"
    } else {
        "id > $2 AND $1 = $1 AND $3 = $3"
    };
    let mut query = Query::new(format!(
        "SELECT {}, raw::text, {}, {} FROM {schema}.{table} AS row WHERE {condition} ORDER BY {} LIMIT $4",
        key_of(table, "row"),
        epoch("deleted_at"),
        epoch("out_of_view_at"),
        table.key_columns().join(", ")
    ));
    for number in [after.project_id, after.id, after.occurrence, limit] {
        query.add(number, Type::INT8);
    }
    query
}

pub(super) fn read_record(row: &SqlRow) -> Record {
    Record { key: read_key(row, 0), raw: row.get(3), deleted_at: row.get(4), out_of_view_at: row.get(5) }
}

/// Returns the condition on entries of the log up to this position, and their order.
fn condition(query: &mut Query, filter: &ChangeFilter, up_to: i64) -> String {
    let mut condition = format!("seq > {} AND seq <= {up_to}", query.add(filter.after, Type::INT8));
    if let Some(table) = filter.table {
        condition += &format!(" AND table_name = '{table}'");
    }
    if let Some(since) = filter.since {
        #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let since = seconds(since) as f64;
        condition += &format!(" AND seen_at >= to_timestamp({})", query.add(since, Type::FLOAT8));
    }
    condition + " ORDER BY seq"
}

pub(super) fn single_changes(schema: &str, filter: &ChangeFilter, up_to: i64) -> Query {
    let mut query = Query::new(String::new());
    query.sql = format!(
        "SELECT project_id, id, occurrence, seq, run, {}, table_name, change, before::text, after::text
         FROM ({}) AS single WHERE {} LIMIT {}",
        epoch("seen_at"),
        single_query(&format!("{schema}.")),
        condition(&mut query, filter, up_to),
        filter.limit
    );
    query
}

/// Returns the query of the positions of loads.
pub(super) fn loads(schema: &str, filter: &ChangeFilter, up_to: i64) -> Query {
    let mut query = Query::new(String::new());
    let condition = condition(&mut query, filter, up_to);
    query.sql = format!("SELECT seq FROM {schema}.mirror_loads WHERE {condition}");
    query
}

pub(super) fn loaded_changes(schema: &str, load: i64, filter: &ChangeFilter) -> Query {
    let mut query = Query::new(format!(
        "SELECT 0::bigint, id, 0::bigint, seq, run, {}, table_name, 'insert', NULL, after::text
         FROM ({}) AS loaded WHERE load = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        epoch("seen_at"),
        loaded_query(&format!("{schema}."))
    ));
    for number in [load, filter.after, i64::from(filter.limit)] {
        query.add(number, Type::INT8);
    }
    query
}

/// Reads an entry; `None` if a later version has written it.
pub(super) fn read_change(row: &SqlRow) -> Option<Change> {
    Some(Change {
        key: read_key(row, 0),
        seq: row.get(3),
        run: row.get(4),
        seen_at: from_seconds(row.get(5)),
        table: row.get::<_, &str>(6).parse().ok()?,
        kind: ChangeKind::from_word(row.get(7))?,
        before: row.get(8),
        after: row.get(9),
    })
}

pub(super) fn runs(schema: &str, limit: i64) -> Query {
    let mut query = Query::new(format!(
        "SELECT id, {}, {}, mode, verdict, figures::text, error, shift_hours FROM {schema}.runs
         ORDER BY id DESC LIMIT $1",
        epoch("started_at"),
        epoch("ended_at")
    ));
    query.add(limit, Type::INT8);
    query
}

pub(super) fn read_run(row: &SqlRow) -> Run {
    Run {
        id: row.get(0),
        started_at: from_seconds(row.get(1)),
        ended_at: row.get::<_, Option<i64>>(2).map(from_seconds),
        mode: row.get(3),
        verdict: row.get(4),
        figures: row.get(5),
        error: row.get(6),
        shift_hours: row.get(7),
    }
}
