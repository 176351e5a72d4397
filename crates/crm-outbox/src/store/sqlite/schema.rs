//! The tables in SQLite, and their migrations.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// The versions of the tables, oldest first. A version that was released never changes: add another one.
///
/// The columns `key`, `activity` and `mark` are a stable interface: any program may insert them. The others have defaults.
/// The SQLite of that program evaluates these, so they use only what old versions know, too: not `unixepoch('subsec')`.
/// A stored activity may stay for ever, so its key is in as few indexes as possible, and its number is counted by triggers.
const MIGRATIONS: &[&str] = &["
CREATE TABLE crm_outbox_activities (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE CHECK (key <> ''),
    activity TEXT,
    mark TEXT,
    state TEXT NOT NULL DEFAULT 'queued',
    put_at INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),
    fingerprint INTEGER,
    prepared TEXT,
    prepared_mark TEXT,
    request INTEGER,
    floor INTEGER,
    floor_is_certain INTEGER,
    record_id INTEGER,
    other_id INTEGER,
    code INTEGER,
    reason TEXT,
    due_at INTEGER,
    settled_at INTEGER
);
CREATE INDEX crm_outbox_open ON crm_outbox_activities (state, seq) WHERE state <> 'stored';
CREATE INDEX crm_outbox_by_due_at ON crm_outbox_activities (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX crm_outbox_by_record ON crm_outbox_activities (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX crm_outbox_below_floor ON crm_outbox_activities (seq) WHERE record_id <= floor;
CREATE INDEX crm_outbox_without_id ON crm_outbox_activities (seq) WHERE state = 'stored' AND record_id IS NULL;
CREATE INDEX crm_outbox_with_content ON crm_outbox_activities (settled_at)
    WHERE state = 'stored' AND activity IS NOT NULL;
INSERT INTO crm_outbox_meta (name, value) VALUES ('fence', 0), ('stored', 0);
CREATE TRIGGER crm_outbox_count_stored AFTER UPDATE OF state ON crm_outbox_activities
WHEN (old.state = 'stored') <> (new.state = 'stored') BEGIN
    UPDATE crm_outbox_meta SET value = value + iif(new.state = 'stored', 1, -1) WHERE name = 'stored';
END;
CREATE TRIGGER crm_outbox_count_removed AFTER DELETE ON crm_outbox_activities WHEN old.state = 'stored' BEGIN
    UPDATE crm_outbox_meta SET value = value - 1 WHERE name = 'stored';
END;
", "
INSERT INTO crm_outbox_meta (name, value)
    SELECT 'oldest_floor', 0 FROM crm_outbox_meta WHERE name = 'fence' AND value > 0;
"];

/// Brings the tables to the newest version. Returns the version if it is newer than this program knows.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<Option<usize>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS crm_outbox_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    )?;
    let version = "SELECT value FROM crm_outbox_meta WHERE name = 'version'";
    let version: Option<i64> = transaction.query_row(version, [], |row| row.get(0)).optional()?;
    let version = usize::try_from(version.unwrap_or(0)).unwrap_or(0);
    if version > MIGRATIONS.len() {
        return Ok(Some(version));
    }
    for migration in &MIGRATIONS[version..] {
        transaction.execute_batch(migration)?;
    }
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction
        .execute("INSERT OR REPLACE INTO crm_outbox_meta (name, value) VALUES ('version', ?1)", [newest])?;
    transaction.commit()?;
    Ok(None)
}
