//! Errors of the API, and the pages that PHP prints in their place.

use crate::json::Json;

/// An error of the API.
pub(crate) fn error(code: impl Into<Json>, text: impl Into<Json>) -> Json {
    Json::object([
        ("result", Json::from("Error")),
        ("error", Json::object([("code", code.into()), ("text", text.into())])),
    ])
}

const DATABASE_CLASS: &str = "/srv/crm/vendor/colshrapnel/safemysql/safemysql.class.php";

/// What PHP prints when the database does not know a column. Observed, paths shortened.
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

/// What PHP prints when the database cannot read a statement. Observed, with the stack trace of another error.
pub(crate) fn syntax_error(near: &str, line: usize) -> String {
    database_error(&format!(
        "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for \
         the right syntax to use near '{near}' at line {line}"
    ))
}

/// What PHP prints when the database does not know the offset of a reader's clock. Observed without its text, which is
/// assumed after that of a write.
pub(super) fn unknown_time_zone(zone: &str) -> String {
    database_error(&format!("Unknown or incorrect time zone: '{zone}'"))
}

fn database_error(text: &str) -> String {
    fatal_error(&format!("mysqli_sql_exception: {text}"), (DATABASE_CLASS, 466), "#0")
}

/// What PHP prints when it cannot use a value. The texts were observed, the stack trace was not.
pub(crate) fn type_error(what: &str) -> String {
    fatal_error(&format!("TypeError: {what}"), METHOD, "#0")
}

/// What PHP prints for a body that is a number or `true`, where the method writes into its parameters.
pub(crate) fn scalar_as_array() -> String {
    fatal_error("Error: Cannot use a scalar value as an array", METHOD, "#0")
}

/// What PHP prints when it looks for a parameter in a text.
pub(crate) fn offset_on_string() -> String {
    type_error("Cannot access offset of type string on string")
}

const METHOD: (&str, u32) = ("/srv/crm/developer/v3/methods/history.php", 250);

fn fatal_error(what: &str, (file, line): (&str, u32), calls: &str) -> String {
    let last: u32 = calls.rsplit('#').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    let what = what.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<br />\n<b>Fatal error</b>:  Uncaught {what} in {file}:{line}\nStack trace:\n{calls} \
         /srv/crm/developer/v3/index.php(171): include_once('/srv/crm/sales...')\n\
         #{} /srv/crm/router.php(3): require('/srv/crm/sales...')\n\
         #{} {{main}}\n  thrown in <b>{file}</b> on line <b>{line}</b><br />\n",
        last + 1,
        last + 2,
    )
}
