//! Removing what must not be kept.

use rusqlite::{ToSql, Transaction, params};

use super::write::remove_phones;
use crate::store::Rewrite;
use crate::store::log::loaded_query;
use crate::table::Table;

pub(super) fn forget(transaction: &Transaction<'_>, table: Table, id: i64) -> rusqlite::Result<u64> {
    let mut removed = loaded(transaction, table, "id = ?1", id)?;
    let mut delete = |table: Table, column: &str| -> rusqlite::Result<()> {
        removed += transaction.execute(&format!("DELETE FROM {table} WHERE {column} = ?1"), [id])?;
        let column = if column == "project_id" { "project_id" } else { "id" };
        for log in ["mirror_changes", "mirror_missing"] {
            let sql = format!("DELETE FROM {log} WHERE table_name = ?1 AND {column} = ?2");
            removed += transaction.execute(&sql, params![table.as_str(), id])?;
        }
        Ok(())
    };
    delete(table, "id")?;
    if table == Table::Projects {
        Table::CHILDREN.into_iter().try_for_each(|child| delete(child, "project_id"))?;
    }
    // Activities about a person that the CRM no longer has hold texts about that person. Each of their records is the one
    // before some change, because the last change is the deletion.
    let about = match table {
        Table::Clients => Some(("client_id = ?1", "json_extract(before, '$.clid') = ?1")),
        Table::Contacts => Some((
            "EXISTS (SELECT 1 FROM json_each(contacts) WHERE value = ?1)",
            "EXISTS (SELECT 1 FROM json_each(before, '$.person')
                WHERE json_extract(value, '$.pid') = ?1)",
        )),
        _ => None,
    };
    if let Some((of_row, of_entry)) = about {
        let rows = format!("DELETE FROM activities WHERE deleted_at IS NOT NULL AND {of_row}");
        removed += transaction.execute(&rows, [id])?;
        let gone = format!(
            "SELECT json_group_array(DISTINCT id) FROM mirror_changes AS log
             WHERE table_name = 'activities' AND {of_entry}
                AND NOT EXISTS (SELECT 1 FROM activities AS row WHERE row.id = log.id)"
        );
        let gone: String = transaction.query_row(&gone, [id], |row| row.get(0))?;
        if gone != "[]" {
            let are_gone = "id IN (SELECT value FROM json_each(?1))";
            removed += loaded(transaction, Table::Activities, are_gone, &gone)?;
            let entries =
                format!("DELETE FROM mirror_changes WHERE table_name = 'activities' AND {are_gone}");
            removed += transaction.execute(&entries, [&gone])?;
        }
    }
    remove_phones(transaction, table, id)?;
    Ok(removed as u64)
}

/// Counts the entries of the view that `mirror_loads` stands for. They go with the row and the other entries.
fn loaded(
    transaction: &Transaction<'_>,
    table: Table,
    condition: &str,
    parameter: impl ToSql,
) -> rusqlite::Result<usize> {
    let loaded = loaded_query("");
    let sql = format!("SELECT count(*) FROM ({loaded}) WHERE table_name = '{table}' AND {condition}");
    let count: i64 = transaction.query_row(&sql, [parameter], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

pub(super) fn rewrite(
    transaction: &Transaction<'_>,
    table: Table,
    rewrite: &Rewrite,
) -> rusqlite::Result<u64> {
    let mut replaced = 0;
    let mut in_column = |from: &str, column: &str, condition: &str| -> rusqlite::Result<()> {
        let mut read = transaction.prepare(&format!(
            "SELECT rowid, {column} FROM {from} WHERE {condition} AND {column} IS NOT NULL"
        ))?;
        let mut rows = read.query([])?;
        let mut write = transaction.prepare(&format!("UPDATE {from} SET {column} = ?2 WHERE rowid = ?1"))?;
        while let Some(row) = rows.next()? {
            let (rowid, text): (i64, String) = (row.get(0)?, row.get(1)?);
            if let Some(text) = rewrite(&text) {
                replaced += write.execute(params![rowid, text])?;
            }
        }
        Ok(())
    };
    in_column(table.as_str(), "raw", "TRUE")?;
    let entries = format!("table_name = '{table}'");
    in_column("mirror_changes", "before", &entries)?;
    Ok(replaced as u64)
}
