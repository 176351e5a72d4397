//! The change log as tables of a database.
//!
//! The table `mirror_changes` holds the record before each change, so that no record is stored twice: the record after it is
//! in the next entry about the same row, or in the row. A first copy has no record before. Its entries would only repeat the
//! key of each row, so the table `mirror_loads` has one entry for many rows. The view `changes` shows one entry for each
//! change of each row.

use super::Batch;
use crate::table::Table;

/// The version of the tables. A copy of a later version is refused.
pub(crate) const VERSION: i64 = 3;

/// What is wrong with an entry that a later version has written while this program had the copy open.
pub(crate) const UNKNOWN_ENTRY: &str = "it has an entry that this program does not know: update the program";

/// The lowest and the highest ID of many new rows, which need one entry of `mirror_loads`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) first_id: i64,
    pub(crate) last_id: i64,
}

impl Load {
    /// Returns the IDs of a batch with many rows. The batch is a load if all of them are above the rows of the table, deleted
    /// ones included, and above its loads that are in the log.
    pub(crate) fn of(batch: &Batch) -> Option<Self> {
        if batch.puts.len() < AT_LEAST || batch.shape.table.belongs_to_project() {
            return None;
        }
        let mut ids: Vec<i64> = batch.puts.iter().map(|row| row.key.id).collect();
        ids.sort_unstable();
        let load = Self { first_id: *ids.first()?, last_id: *ids.last()? };
        let is_fit = ids.is_sorted_by(|a, b| a < b) && load.last_id.checked_sub(load.first_id)? < MOST_IDS;
        is_fit.then_some(load)
    }

    /// Returns how many positions of the log the load takes: one for each ID, so that the position of a row does not depend
    /// on what becomes of the others.
    pub(crate) fn positions(self) -> i64 {
        self.last_id - self.first_id + 1
    }
}

/// The condition that rows of two tables have the same key.
pub(crate) fn same_key(table: Table, a: &str, b: &str) -> String {
    let pair = |name: &&str| format!("{a}.{name} = {b}.{name}");
    table.key_columns().iter().map(pair).collect::<Vec<_>>().join(" AND ")
}

/// The query of the view `changes`. `prefix` is that of each table.
pub(crate) fn changes_query(prefix: &str) -> String {
    format!(
        "{} UNION ALL SELECT seq, run, seen_at, table_name, 0, id, 0, 'insert', NULL, after FROM ({}) AS loaded",
        single_query(prefix),
        loaded_query(prefix)
    )
}

/// The query of the entries that `mirror_changes` has, as the view shows them.
pub(crate) fn single_query(prefix: &str) -> String {
    let row = |table: Table| {
        let is_row = same_key(table, "row", "log");
        format!(" WHEN '{table}' THEN (SELECT row.raw FROM {prefix}{table} AS row WHERE {is_row})")
    };
    let rows: String = Table::ALL.into_iter().map(row).collect();
    format!(
        "SELECT seq, run, seen_at, table_name, project_id, id, occurrence, change, before,
            CASE WHEN change <> 'delete' THEN coalesce(
                (SELECT next.before FROM {prefix}mirror_changes AS next
                 WHERE next.id = log.id AND next.table_name = log.table_name AND next.project_id = log.project_id
                    AND next.occurrence = log.occurrence AND next.seq > log.seq
                 ORDER BY next.seq LIMIT 1),
                CASE table_name{rows} END) END AS after
         FROM {prefix}mirror_changes AS log"
    )
}

/// The query of the rows that `mirror_loads` stands for: each was inserted. `load` is the position of its load.
///
/// A row was loaded if it is there and nothing has happened to it since, or if what happened next is not that it was
/// inserted. This is true because the loads of a table do not overlap, the log is pruned from its beginning and never in the
/// middle, and a row is forgotten with all of its entries.
///
/// `CROSS JOIN` and `IS TRUE` mean the same as a plain join. They keep the databases from comparing each row with each load.
pub(crate) fn loaded_query(prefix: &str) -> String {
    let entry = |id: &str, after: &str, from: &str| {
        format!(
            "SELECT load.seq AS load, load.seq - load.last_id + {id} AS seq, load.run, load.seen_at, load.table_name,
                {id} AS id, {after} AS after
             FROM {prefix}mirror_loads AS load CROSS JOIN {prefix}{from}
             WHERE {id} BETWEEN load.first_id AND load.last_id"
        )
    };
    let next_of = |id: &str| {
        format!(
            "(SELECT min(later.seq) FROM {prefix}mirror_changes AS later
              WHERE later.id = {id} AND later.table_name = load.table_name AND later.seq > load.seq)"
        )
    };
    let changed = format!(
        "{} AND (next.table_name = load.table_name) IS TRUE AND next.change <> 'insert' AND next.seq = {}",
        entry("next.id", "next.before", "mirror_changes AS next"),
        next_of("next.id")
    );
    let unchanged = Table::ALL.into_iter().filter(|table| !table.belongs_to_project()).map(|table| {
        let rows = entry("row.id", "row.raw", &format!("{table} AS row"));
        format!(" UNION ALL {rows} AND load.table_name = '{table}' AND {} IS NULL", next_of("row.id"))
    });
    changed + &unchanged.collect::<String>()
}

/// For fewer rows an entry for each is as good, and a table of few loads is read faster.
const AT_LEAST: usize = 200;
/// The positions of a log must last for ever.
const MOST_IDS: i64 = 1 << 32;
