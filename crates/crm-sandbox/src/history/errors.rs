//! What the server says when it cannot do a thing.

use crate::json::Json;

/// An error of the API.
pub(crate) fn error(code: impl Into<Json>, text: impl Into<Json>) -> Json {
    Json::object([
        ("result", Json::from("Error")),
        ("error", Json::object([("code", code.into()), ("text", text.into())])),
    ])
}

const DATABASE_CLASS: &str = "/srv/crm/vendor/colshrapnel/safemysql/safemysql.class.php";

/// What PHP prints when the database refuses the query for its order. Observed, paths shortened.
pub(crate) fn unknown_column(column: &str, clause: &str) -> String {
    fatal_error(
        &format!("mysqli_sql_exception: Unknown column '{column}' in '{clause}'"),
        (DATABASE_CLASS, 466),
        &format!(
            "#0 {DATABASE_CLASS}(466): mysqli_query(Object(mysqli), 'SELECT * FROM a...')\n\
             #1 {DATABASE_CLASS}(140): SafeMySQL-&gt;rawQuery('SELECT * FROM a...')\n\
             #2 /srv/crm/developer/v3/methods/history.php(250): SafeMySQL-&gt;query('SELECT * FROM a...')\n\
             #3"
        ),
    )
}

/// What PHP prints when the database cannot read the query. `near` is what stands where it cannot; 80 characters of it
/// are shown. Observed, paths shortened.
pub(crate) fn sql_syntax(near: &str) -> String {
    let near: String = near.chars().take(80).collect();
    fatal_error(
        &format!(
            "mysqli_sql_exception: You have an error in your SQL syntax; check the manual that corresponds to your \
             MariaDB server version for the right syntax to use near '{near}' at line 1"
        ),
        (DATABASE_CLASS, 466),
        "#0",
    )
}

/// What PHP prints when it cannot use a value. Assumed after the form of the observed error.
pub(crate) fn type_error(what: &str) -> String {
    fatal_error(&format!("TypeError: {what}"), ("/srv/crm/developer/v3/methods/history.php", 250), "#0")
}

fn fatal_error(what: &str, (file, line): (&str, u32), calls: &str) -> String {
    let last: u32 = calls.rsplit('#').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    format!(
        "<br />\n<b>Fatal error</b>:  Uncaught {what} in {file}:{line}\nStack trace:\n{calls} \
         /srv/crm/developer/v3/index.php(171): include_once('/srv/crm/sales...')\n\
         #{} /srv/crm/router.php(3): require('/srv/crm/sales...')\n\
         #{} {{main}}\n  thrown in <b>{file}</b> on line <b>{line}</b><br />\n",
        last + 1,
        last + 2,
    )
}
