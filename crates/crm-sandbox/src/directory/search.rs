//! What the lists of clients and contacts have in common: words, numbers in place of titles, columns.

use serde_json::Value;

use super::like::Like;
use super::table::{Condition, Row};
use crate::history::{Params, content, errors, php};

/// The word of a search. An array in its place is a PHP error.
pub(super) fn word<R: Row>(params: &Params) -> Result<Option<Condition<R>>, String> {
    if params.is_blank("word") {
        return Ok(None);
    }
    if params.is_composite("word") {
        let text = "trim(): Argument #1 ($string) must be of type string, array given";
        return Err(errors::type_error(text));
    }
    let word = Like::new(&php::cleaned(&params.text("word")));
    Ok(Some(Box::new(move |kept| kept.holds(&word))))
}

/// The conditions of `filter` that are there at all.
pub(super) fn filters(params: &Params) -> Vec<(String, Value)> {
    let filters = params.value("filter").and_then(Value::as_object);
    filters.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A text of a filter, without tags and quotes. An array in its place is a PHP error, whose text is assumed.
pub(super) fn text(value: &Value) -> Result<String, String> {
    if value.is_array() || value.is_object() {
        let text = "strip_tags(): Argument #1 ($string) must be of type string, array given";
        return Err(errors::type_error(text));
    }
    Ok(content::untagged(&php::to_text(Some(value))))
}

/// What a filter names a row of a guide by.
pub(super) enum Named {
    Number(i64),
    Title(String),
}

/// The number of a guide, or a title.
pub(super) fn named(value: &Value) -> Result<Named, String> {
    if php::is_numeric(value) {
        return Ok(Named::Number(php::to_int(Some(value))));
    }
    text(value).map(Named::Title)
}

/// Whether a column holds a text somewhere. NULL holds none, not even the empty one.
pub(super) fn column_holds<R: Row>(column: &str, text: &str, shift: chrono::TimeDelta) -> Condition<R> {
    let (like, column) = (Like::new(text), column.to_ascii_lowercase());
    Box::new(move |kept| {
        let value = kept.row.column(&column).and_then(|value| value.text(shift));
        value.is_some_and(|value| like.is_in_stored(&value))
    })
}

/// Whether a table has a column; the database says so before it looks at any record.
pub(super) fn has_column<R: Row>(name: &str) -> bool {
    R::default().column(&name.to_ascii_lowercase()).is_some()
}
