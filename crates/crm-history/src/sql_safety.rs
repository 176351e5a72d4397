//! What the server would take for a part of its SQL. For your own operations.

/// Returns why a login or a key cannot be sent, or `None` if it can.
///
/// The server copies both into its SQL. A `'` or a `\` ends the call with a PHP error, in the middle of an `add.list`, or
/// changes the meaning of the query (observed).
#[must_use]
pub fn fault(text: &str) -> Option<&'static str> {
    text.contains(['\'', '\\'])
        .then_some("has a ' or a \\, which the server would take for a part of its SQL")
}
