//! Values that the server puts between quotes into its queries as they are.

use crate::account::Caller;
use crate::history::sql;

/// How the database reads a value between quotes, or the PHP error page where a quote or a backslash in it breaks the
/// query. `rest` is the query behind the closing quote.
pub(super) fn value(written: &str, rest: &str) -> Result<String, String> {
    sql::check_values(&[written], || format!("SELECT * FROM app_table WHERE it = '{written}'{rest}"))?;
    Ok(sql::literal(written))
}

/// The end of most queries of the server.
pub(super) fn of_account(caller: &Caller<'_>) -> String {
    format!(" and identity = '{}'", caller.place + 1)
}
