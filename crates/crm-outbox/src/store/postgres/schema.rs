//! The tables in PostgreSQL, and their migrations.

/// The versions of the tables, oldest first. A version that was released never changes: add another one. `{schema}` is
/// the quoted name of the schema.
///
/// The columns `key`, `activity` and `mark` are a stable interface: any program may insert them. The others have defaults.
/// A stored activity may stay forever, so its key is in as few indexes as possible, and its number is counted by a
/// trigger.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE {schema}.crm_outbox_activities (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE CHECK (key <> ''),
    activity text,
    mark text,
    state text NOT NULL DEFAULT 'queued',
    put_at timestamptz NOT NULL DEFAULT now(),
    fingerprint bigint,
    prepared text,
    prepared_mark text,
    request bigint,
    floor bigint,
    floor_is_certain boolean,
    record_id bigint,
    other_id bigint,
    code bigint,
    reason text,
    due_at timestamptz,
    settled_at timestamptz
);
CREATE INDEX crm_outbox_open ON {schema}.crm_outbox_activities (state, seq) WHERE state <> 'stored';
CREATE INDEX crm_outbox_by_due_at ON {schema}.crm_outbox_activities (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX crm_outbox_by_record ON {schema}.crm_outbox_activities (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX crm_outbox_below_floor ON {schema}.crm_outbox_activities (seq) WHERE record_id <= floor;
CREATE INDEX crm_outbox_without_id ON {schema}.crm_outbox_activities (seq)
    WHERE state = 'stored' AND record_id IS NULL;
CREATE INDEX crm_outbox_with_content ON {schema}.crm_outbox_activities (settled_at)
    WHERE state = 'stored' AND activity IS NOT NULL;
CREATE TABLE {schema}.crm_outbox_lease (
    name text PRIMARY KEY,
    fence bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
INSERT INTO {schema}.crm_outbox_lease (name, fence, expires_at) VALUES ('sender', 0, '-infinity');
INSERT INTO {schema}.crm_outbox_meta (name, value) VALUES ('stored', 0);
CREATE FUNCTION {schema}.crm_outbox_count_stored() RETURNS trigger LANGUAGE plpgsql AS $count$
DECLARE
    change bigint := 0;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        change := (SELECT count(*) FROM new_rows WHERE state = 'stored');
    END IF;
    change := change - (SELECT count(*) FROM old_rows WHERE state = 'stored');
    IF change <> 0 THEN
        UPDATE {schema}.crm_outbox_meta SET value = value + change WHERE name = 'stored';
    END IF;
    RETURN NULL;
END $count$;
CREATE TRIGGER crm_outbox_count_stored AFTER UPDATE ON {schema}.crm_outbox_activities
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.crm_outbox_count_stored();
CREATE TRIGGER crm_outbox_count_removed AFTER DELETE ON {schema}.crm_outbox_activities
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.crm_outbox_count_stored();
",
    "
ALTER TABLE {schema}.crm_outbox_lease ADD COLUMN oldest_floor bigint;
UPDATE {schema}.crm_outbox_lease SET oldest_floor = 0 WHERE fence > 0;
",
];

/// Returns the statements that bring the tables to the newest version, as one script for one transaction.
///
/// The lock belongs to the transaction, so it works behind PgBouncer, too. It lets one instance migrate at a time.
pub(super) fn migration(schema: &str) -> String {
    let mut script = format!(
        "BEGIN; SELECT pg_advisory_xact_lock({LOCK});
         CREATE TABLE IF NOT EXISTS {schema}.crm_outbox_meta (name text PRIMARY KEY, value bigint NOT NULL);
         INSERT INTO {schema}.crm_outbox_meta (name, value) VALUES ('version', 0) ON CONFLICT DO NOTHING;"
    );
    for (version, migration) in MIGRATIONS.iter().enumerate() {
        let statements = migration.replace("{schema}", schema);
        script += &format!(
            "DO $migrate$ BEGIN
                IF (SELECT value FROM {schema}.crm_outbox_meta WHERE name = 'version') = {version} THEN
                    {statements}
                    UPDATE {schema}.crm_outbox_meta SET value = {version} + 1 WHERE name = 'version';
                END IF;
            END $migrate$;"
        );
    }
    script + "COMMIT;"
}

/// Returns the newest version that this program knows.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Any number, the same in every version.
const LOCK: i64 = 7_236_418_095_511;

/// Returns the statement that creates a schema. Several programs may run it at once: `IF NOT EXISTS` alone fails then.
pub(super) fn creation(schema: &str) -> String {
    format!(
        "DO $creation$ BEGIN CREATE SCHEMA IF NOT EXISTS {schema}; \
         EXCEPTION WHEN unique_violation OR duplicate_schema THEN NULL; END $creation$"
    )
}
