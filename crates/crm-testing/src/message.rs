//! Requests and other texts in one line, for failure messages.

/// Describes a request in one line: operation, method, target and body. Its secrets are still in it.
pub(crate) fn request_line(operation: Option<&str>, method: &str, target: &str, body: &str) -> String {
    let mut line = operation.map(|id| format!("{id}: ")).unwrap_or_default();
    line.push_str(method);
    for part in [target, body] {
        if !part.is_empty() {
            line.push(' ');
            line.push_str(part);
        }
    }
    line
}

/// Cuts a text that is too long for a message.
pub(crate) fn shortened(mut text: String) -> String {
    const LONGEST: usize = 600;
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}
