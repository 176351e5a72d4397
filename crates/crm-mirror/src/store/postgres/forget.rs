//! Removing what must not be kept.

use tokio_postgres::Error;
use tokio_postgres::types::Type;

use super::write::Writer;
use crate::store::Rewrite;
use crate::store::log::loaded_query;
use crate::table::Table;

impl Writer<'_> {
    pub(super) async fn forget(&self, table: Table, id: i64) -> Result<u64, Error> {
        let schema = self.schema;
        let mut removed = self.loaded(table, &[id]).await?;
        let children: &[Table] = if table == Table::Projects { &Table::CHILDREN } else { &[] };
        let tables = [(table, "id")].into_iter().chain(children.iter().map(|child| (*child, "project_id")));
        for (table, column) in tables {
            let sql = format!("DELETE FROM {schema}.{table} WHERE {column} = $1");
            removed += self.run(&sql, &[(&id, Type::INT8)]).await?;
            for log in ["mirror_changes", "mirror_missing"] {
                let sql =
                    format!("DELETE FROM {schema}.{log} WHERE table_name = '{table}' AND {column} = $1");
                removed += self.run(&sql, &[(&id, Type::INT8)]).await?;
            }
        }
        // Activities about a person that the CRM no longer has hold texts about that person. Each of their records is the one
        // before some change, because the last change is the deletion.
        let about = match table {
            Table::Clients => Some(("client_id = $1", "(before->>'clid')::bigint = $1")),
            Table::Contacts => Some((
                "contacts @> to_jsonb(ARRAY[$1])",
                "before->'person' @> jsonb_build_array(jsonb_build_object('pid', $1))",
            )),
            _ => None,
        };
        if let Some((of_row, of_entry)) = about {
            let rows = format!("DELETE FROM {schema}.activities WHERE deleted_at IS NOT NULL AND {of_row}");
            removed += self.run(&rows, &[(&id, Type::INT8)]).await?;
            let gone = format!(
                "SELECT DISTINCT id FROM {schema}.mirror_changes AS log
                 WHERE table_name = 'activities' AND {of_entry}
                    AND NOT EXISTS (SELECT 1 FROM {schema}.activities AS row WHERE row.id = log.id)"
            );
            let gone = self.transaction.query_typed(&gone, &[(&id, Type::INT8)]).await?;
            let gone: Vec<i64> = gone.iter().map(|row| row.get(0)).collect();
            if !gone.is_empty() {
                removed += self.loaded(Table::Activities, &gone).await?;
                let entries = format!(
                    "DELETE FROM {schema}.mirror_changes WHERE table_name = 'activities' AND id = ANY($1)"
                );
                removed += self.run(&entries, &[(&gone, Type::INT8_ARRAY)]).await?;
            }
        }
        self.remove_phones(table, &[id]).await?;
        Ok(removed)
    }

    /// Counts the entries of the view that `mirror_loads` stands for. They go with the rows and the other entries.
    async fn loaded(&self, table: Table, ids: &[i64]) -> Result<u64, Error> {
        let loaded = loaded_query(&format!("{}.", self.schema));
        let sql = format!(
            "SELECT count(*) FROM ({loaded}) AS loaded WHERE table_name = '{table}' AND id = ANY($1)"
        );
        let rows = self.transaction.query_typed(&sql, &[(&ids, Type::INT8_ARRAY)]).await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
    }

    /// Replaces JSON in a column, some rows at a time.
    pub(super) async fn rewrite(
        &self,
        from: &str,
        column: &str,
        condition: &str,
        rewrite: &Rewrite,
    ) -> Result<u64, Error> {
        let schema = self.schema;
        let mut replaced = 0;
        // A row that was replaced comes again, and needs no second replacement.
        let read = format!(
            "SELECT ctid::text, {column}::text FROM {schema}.{from}
             WHERE {condition} AND {column} IS NOT NULL AND ctid > $1::tid ORDER BY ctid LIMIT 1000"
        );
        let write = format!(
            "UPDATE {schema}.{from} AS row SET {column} = new.json::jsonb
             FROM unnest($1, $2) AS new (place, json) WHERE row.ctid = new.place::tid"
        );
        let mut after = "(0,0)".to_owned();
        loop {
            let rows = self.transaction.query_typed(&read, &[(&after, Type::TEXT)]).await?;
            let Some(last) = rows.last() else { return Ok(replaced) };
            after = last.get(0);
            let (mut places, mut texts): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
            for row in &rows {
                if let Some(text) = rewrite(row.get(1)) {
                    places.push(row.get(0));
                    texts.push(text);
                }
            }
            if !places.is_empty() {
                replaced +=
                    self.run(&write, &[(&places, Type::TEXT_ARRAY), (&texts, Type::TEXT_ARRAY)]).await?;
            }
        }
    }
}
