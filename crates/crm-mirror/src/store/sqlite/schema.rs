//! The tables in SQLite.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::store::log::{VERSION, changes_query};
use crate::store::refill;
use crate::table::{ColumnKind, Table};

/// What is the same in every version. The tables of records are made of [`Table::columns`]: a column that a later version
/// adds is added to an existing table, too.
const FIXED: &str = "
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    mode TEXT NOT NULL,
    verdict TEXT,
    figures TEXT,
    error TEXT,
    shift_hours INTEGER
);
CREATE TABLE IF NOT EXISTS mirror_changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL,
    seen_at TEXT NOT NULL,
    table_name TEXT NOT NULL,
    project_id INTEGER NOT NULL DEFAULT 0,
    id INTEGER NOT NULL,
    occurrence INTEGER NOT NULL DEFAULT 0,
    change TEXT NOT NULL,
    before TEXT
);
CREATE INDEX IF NOT EXISTS changes_by_time ON mirror_changes (seen_at);
CREATE INDEX IF NOT EXISTS changes_by_record ON mirror_changes (id, table_name);
CREATE TABLE IF NOT EXISTS mirror_loads (
    seq INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    seen_at TEXT NOT NULL,
    table_name TEXT NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS phones (
    number TEXT NOT NULL,
    tail TEXT NOT NULL,
    written TEXT NOT NULL,
    field TEXT NOT NULL,
    client_id INTEGER,
    contact_id INTEGER
);
CREATE INDEX IF NOT EXISTS phones_by_tail ON phones (tail);
CREATE INDEX IF NOT EXISTS phones_by_contact ON phones (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS phones_by_client ON phones (client_id) WHERE contact_id IS NULL;
CREATE TABLE IF NOT EXISTS mirror_missing (
    table_name TEXT NOT NULL,
    project_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    occurrence INTEGER NOT NULL,
    run INTEGER NOT NULL,
    since INTEGER,
    PRIMARY KEY (table_name, project_id, id, occurrence)
) WITHOUT ROWID;
";

/// The log also held each record after its change.
const FROM_VERSION_1: &str = "
DROP INDEX IF EXISTS changes_by_record;
ALTER TABLE changes RENAME TO mirror_changes;
ALTER TABLE mirror_changes DROP COLUMN after;
";

const VIEWS: &str = "
CREATE VIEW IF NOT EXISTS calls_by_day AS
    SELECT date(at) AS day, user_login, type, count(*) AS activities
    FROM activities WHERE at IS NOT NULL AND deleted_at IS NULL
    GROUP BY date(at), user_login, type;
CREATE VIEW IF NOT EXISTS payments_by_month AS
    SELECT month, kind, currency_id, payments,
        printf('%s%d.%02d', CASE WHEN hundredths < 0 THEN '-' ELSE '' END, abs(hundredths) / 100,
            abs(hundredths) % 100) AS amount
    FROM (
        SELECT strftime('%Y-%m', date) AS month, kind, currency_id, count(*) AS payments,
            sum(CAST(round(amount * 100) AS INTEGER)) AS hundredths
        FROM payments WHERE deleted_at IS NULL
        GROUP BY strftime('%Y-%m', date), kind, currency_id);
";

/// Creates what is missing. Returns the version if it is newer than this program knows.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<Option<i64>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS mirror_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    )?;
    let version = "SELECT value FROM mirror_settings WHERE name = 'version'";
    let version: Option<String> = transaction.query_row(version, [], |row| row.get(0)).optional()?;
    let version = version.and_then(|version| version.parse().ok()).unwrap_or(0);
    if version > VERSION {
        return Ok(Some(version));
    }
    if version == 1 {
        transaction.execute_batch(FROM_VERSION_1)?;
    }
    if version < VERSION {
        transaction.execute_batch("DROP VIEW IF EXISTS changes")?;
    }
    transaction.execute_batch(FIXED)?;
    for table in Table::ALL {
        create(&transaction, table)?;
        let columns = table.columns().iter().map(|(name, kind)| (*name, *kind));
        if add_columns(&transaction, table, columns)? {
            let sql = "INSERT OR REPLACE INTO mirror_settings (name, value) VALUES (?1, '1')";
            transaction.execute(sql, [refill(table)])?;
        }
    }
    transaction.execute_batch(
        "CREATE INDEX IF NOT EXISTS activities_by_time ON activities (at);
         CREATE INDEX IF NOT EXISTS activities_by_client ON activities (client_id);
         CREATE INDEX IF NOT EXISTS projects_by_reading ON projects (children_read_at, id);",
    )?;
    transaction.execute_batch(VIEWS)?;
    transaction.execute_batch(&format!("CREATE VIEW IF NOT EXISTS changes AS {}", changes_query("")))?;
    transaction.execute(
        "INSERT OR REPLACE INTO mirror_settings (name, value) VALUES ('version', ?1)",
        [VERSION.to_string()],
    )?;
    transaction.commit()?;
    Ok(None)
}

fn create(connection: &Connection, table: Table) -> rusqlite::Result<()> {
    let key = table.key_columns();
    let key_columns: String = match key {
        [id] => format!("{id} INTEGER PRIMARY KEY"),
        key => key.iter().map(|name| format!("{name} INTEGER NOT NULL")).collect::<Vec<_>>().join(", "),
    };
    let columns: String = table
        .columns()
        .iter()
        .map(|(name, kind)| format!("{} {}, ", quoted(name), type_name(*kind)))
        .collect();
    let read = if table == Table::Projects { "children_read_at TEXT, " } else { "" };
    let primary = if key.len() > 1 { format!(", PRIMARY KEY ({})", key.join(", ")) } else { String::new() };
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {table} ({key_columns}, fingerprint INTEGER NOT NULL, detail INTEGER,
            {read}out_of_view_at TEXT, deleted_at TEXT, {columns}raw TEXT NOT NULL{primary})"
    ))
}

/// Adds columns that a table lacks. Returns whether it lacked one.
pub(super) fn add_columns<'a>(
    connection: &Connection,
    table: Table,
    columns: impl Iterator<Item = (&'a str, ColumnKind)>,
) -> rusqlite::Result<bool> {
    let mut known = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let known: Vec<String> =
        known.query_map([table.as_str()], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut is_new = false;
    for (name, kind) in columns {
        if !known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            let add = format!("ALTER TABLE {table} ADD COLUMN {} {}", quoted(name), type_name(kind));
            connection.execute_batch(&add)?;
            is_new = true;
        }
    }
    Ok(is_new)
}

fn type_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer | ColumnKind::Boolean => "INTEGER",
        _ => "TEXT",
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
