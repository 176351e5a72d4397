//! The tables in PostgreSQL.

use tokio_postgres::types::Type;

use super::read::Query;
use crate::store::log::{VERSION, changes_query};
use crate::store::refill;
use crate::table::{ColumnKind, Table};

/// What is the same in every version. The tables of records are made of [`Table::columns`]: a column that a later version
/// adds is added to an existing table, too. `{schema}` is the quoted name of the schema.
const FIXED: &str = "
CREATE TABLE IF NOT EXISTS {schema}.mirror_lease (
    name text PRIMARY KEY,
    fence bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
INSERT INTO {schema}.mirror_lease VALUES ('run', 0, '-infinity') ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS {schema}.runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    mode text NOT NULL,
    verdict text,
    figures jsonb,
    error text,
    shift_hours bigint
);
CREATE TABLE IF NOT EXISTS {schema}.mirror_changes (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    table_name text NOT NULL,
    project_id bigint NOT NULL DEFAULT 0,
    id bigint NOT NULL,
    occurrence bigint NOT NULL DEFAULT 0,
    change text NOT NULL,
    before jsonb
);
CREATE INDEX IF NOT EXISTS changes_by_time ON {schema}.mirror_changes (seen_at);
CREATE INDEX IF NOT EXISTS changes_by_record ON {schema}.mirror_changes (id, table_name);
CREATE TABLE IF NOT EXISTS {schema}.mirror_loads (
    seq bigint PRIMARY KEY,
    run bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    table_name text NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.phones (
    number text NOT NULL,
    tail text NOT NULL,
    written text NOT NULL,
    field text NOT NULL,
    client_id bigint,
    contact_id bigint
);
CREATE INDEX IF NOT EXISTS phones_by_tail ON {schema}.phones (tail);
CREATE INDEX IF NOT EXISTS phones_by_contact ON {schema}.phones (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS phones_by_client ON {schema}.phones (client_id) WHERE contact_id IS NULL;
CREATE TABLE IF NOT EXISTS {schema}.mirror_missing (
    table_name text NOT NULL,
    project_id bigint NOT NULL,
    id bigint NOT NULL,
    occurrence bigint NOT NULL,
    run bigint NOT NULL,
    since bigint,
    PRIMARY KEY (table_name, project_id, id, occurrence)
);
";

/// In version 1 the log was the table `changes`, and also held each record after its change.
const FROM_VERSION_1: &str = "
DO $log$ BEGIN
    IF EXISTS (SELECT 1 FROM {schema}.mirror_settings WHERE name = 'version' AND value = '1') THEN
        DROP INDEX IF EXISTS {schema}.changes_by_record;
        ALTER TABLE {schema}.changes RENAME TO mirror_changes;
        ALTER TABLE {schema}.mirror_changes DROP COLUMN after;
    END IF;
END $log$;
";

const LATER: &str = "
CREATE INDEX IF NOT EXISTS activities_by_time ON {schema}.activities (at);
CREATE INDEX IF NOT EXISTS activities_by_client ON {schema}.activities (client_id);
CREATE INDEX IF NOT EXISTS projects_by_reading ON {schema}.projects (children_read_at NULLS FIRST, id);
CREATE OR REPLACE VIEW {schema}.calls_by_day AS
    SELECT at::date AS day, user_login, type, count(*) AS activities
    FROM {schema}.activities WHERE at IS NOT NULL AND deleted_at IS NULL
    GROUP BY at::date, user_login, type;
CREATE OR REPLACE VIEW {schema}.payments_by_month AS
    SELECT to_char(date, 'YYYY-MM') AS month, kind, currency_id, count(*) AS payments, sum(amount) AS amount
    FROM {schema}.payments WHERE deleted_at IS NULL
    GROUP BY to_char(date, 'YYYY-MM'), kind, currency_id;
";

/// Returns a query that counts which of [`parts`] are there.
pub(super) fn inventory(schema: &str) -> Query {
    let (tables, columns): (Vec<String>, Vec<String>) = parts().unzip();
    let mut query = Query::new(String::new());
    let schema = query.add(schema.to_owned(), Type::TEXT);
    let (tables, columns) = (query.add(tables, Type::TEXT_ARRAY), query.add(columns, Type::TEXT_ARRAY));
    query.sql = format!(
        "SELECT count(*) FROM unnest({tables}, {columns}) AS part (of_table, of_column)
         JOIN pg_namespace AS space ON space.nspname = {schema}
         JOIN pg_class AS class ON class.relnamespace = space.oid AND class.relname = of_table
         JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attname = of_column
            AND NOT attribute.attisdropped"
    );
    query
}

/// Returns the columns of the records, and one of each other table and view.
pub(super) fn parts() -> impl Iterator<Item = (String, String)> {
    let of_table = |table: Table| {
        let columns = table.columns().iter().map(|(name, _)| *name);
        columns.chain(["id"]).map(move |column| (table.as_str().to_owned(), column.to_owned()))
    };
    let others = OTHERS.map(|(table, column)| (table.to_owned(), column.to_owned()));
    Table::ALL.into_iter().flat_map(of_table).chain(others)
}

const OTHERS: [(&str, &str); 10] = [
    ("mirror_settings", "name"),
    ("mirror_lease", "fence"),
    ("mirror_missing", "run"),
    ("runs", "id"),
    ("mirror_changes", "seq"),
    ("mirror_loads", "seq"),
    ("changes", "seq"),
    ("phones", "number"),
    ("calls_by_day", "day"),
    ("payments_by_month", "month"),
];

/// Returns the statements that create what is missing, as one script for one transaction.
///
/// They wait for everybody who reads the tables, so they run only if something is missing. The lock belongs to the
/// transaction, so it works behind PgBouncer, too. It lets one instance migrate at a time.
pub(super) fn migration(schema: &str) -> String {
    let mut script = format!(
        "BEGIN; SELECT pg_advisory_xact_lock({LOCK});
         CREATE TABLE IF NOT EXISTS {schema}.mirror_settings (name text PRIMARY KEY, value text NOT NULL);
         DO $check$ BEGIN
             IF (SELECT value::bigint FROM {schema}.mirror_settings WHERE name = 'version') > {VERSION} THEN
                 RAISE EXCEPTION 'the tables were created by a newer version: update the program';
             END IF;
         END $check$;"
    );
    script += &(FROM_VERSION_1.to_owned() + FIXED).replace("{schema}", schema);
    for table in Table::ALL {
        script += &create(schema, table);
        let columns = table.columns().iter().map(|(name, kind)| (*name, *kind));
        let (add, refill) = (add_columns(schema, table, columns), refill(table));
        let names: Vec<String> = table.columns().iter().map(|(name, _)| format!("'{name}'")).collect();
        script += &format!(
            "DO $add$ BEGIN
                IF {count} > (SELECT count(*) FROM pg_attribute WHERE attrelid = '{schema}.{table}'::regclass
                    AND NOT attisdropped AND attname IN ({names}))
                THEN
                    {add}
                    IF EXISTS (SELECT 1 FROM {schema}.{table}) THEN
                        INSERT INTO {schema}.mirror_settings VALUES ('{refill}', '1')
                        ON CONFLICT (name) DO UPDATE SET value = excluded.value;
                    END IF;
                END IF;
             END $add$;",
            count = names.len(),
            names = names.join(", ")
        );
    }
    script += &LATER.replace("{schema}", schema);
    let log = changes_query(&format!("{schema}."));
    script += &format!("CREATE OR REPLACE VIEW {schema}.changes AS {log};");
    script
        + &format!(
            "INSERT INTO {schema}.mirror_settings VALUES ('version', '{VERSION}')
             ON CONFLICT (name) DO UPDATE SET value = excluded.value; COMMIT;"
        )
}

fn create(schema: &str, table: Table) -> String {
    let key = table.key_columns();
    let key_columns: String = key.iter().map(|name| format!("{name} bigint NOT NULL, ")).collect();
    let read = if table == Table::Projects { "children_read_at timestamptz, " } else { "" };
    let columns: String = table
        .columns()
        .iter()
        .map(|(name, kind)| format!("{} {}, ", quoted(name), type_name(*kind)))
        .collect();
    format!(
        "CREATE TABLE IF NOT EXISTS {schema}.{table} ({key_columns}fingerprint bigint NOT NULL, detail bigint, {read}
            out_of_view_at timestamptz, deleted_at timestamptz, {columns}raw jsonb NOT NULL, PRIMARY KEY ({}));",
        key.join(", ")
    )
}

/// Returns the statements that add columns that a table lacks.
pub(super) fn add_columns<'a>(
    schema: &str,
    table: Table,
    columns: impl Iterator<Item = (&'a str, ColumnKind)>,
) -> String {
    columns
        .map(|(name, kind)| {
            let (name, kind) = (quoted(name), type_name(kind));
            format!("ALTER TABLE {schema}.{table} ADD COLUMN IF NOT EXISTS {name} {kind};")
        })
        .collect()
}

pub(super) fn type_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer => "bigint",
        ColumnKind::Text => "text",
        ColumnKind::Decimal => "numeric",
        ColumnKind::Time => "timestamp",
        ColumnKind::Date => "date",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Json => "jsonb",
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Any number, the same in every version.
const LOCK: i64 = 7_236_418_095_512;

/// Returns the statement that creates a schema. Several programs may run it at once: `IF NOT EXISTS` alone fails then.
pub(super) fn creation(schema: &str) -> String {
    format!(
        "DO $creation$ BEGIN CREATE SCHEMA IF NOT EXISTS {schema}; \
         EXCEPTION WHEN unique_violation OR duplicate_schema THEN NULL; END $creation$"
    )
}
