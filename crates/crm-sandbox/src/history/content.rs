//! What writing and listing do to a text.

/// The content as it is stored; `None` where nothing is left of it.
pub(crate) fn stored(written: &str) -> Option<String> {
    let text = clean(written);
    if text.is_empty() { None } else { Some(cut(text, 65_535)) }
}

/// The kind of activity as it is stored: at most 50 characters.
pub(crate) fn stored_tip(written: &str) -> String {
    clean(written).chars().take(50).collect()
}

/// The content as `list` shows it.
pub(crate) fn listed(stored: &str) -> String {
    let text = strip_tags(stored).replace('"', "”").replace('/', "-");
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(symbol) = rest.next() {
        if symbol == '\n' || symbol == '\r' {
            shown.push_str("<br />");
            shown.push(symbol);
            // A pair of them is one line break.
            if let Some(second) = rest.next_if(|next| matches!(next, '\n' | '\r') && *next != symbol) {
                shown.push(second);
            }
        } else {
            shown.push(symbol);
        }
    }
    shown
}

fn clean(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    for symbol in strip_tags(written).chars() {
        match symbol {
            '"' | '\'' | '`' | '\\' | '«' | '»' | '>' => {}
            // The database stores three bytes a character at most: four unknown bytes for one of four.
            '\u{10000}'.. => text.push_str("????"),
            _ => text.push(symbol),
        }
    }
    text.trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}']).to_owned()
}

/// A `<` before anything but a blank starts a tag; a tag that is never closed takes the rest of the text with it.
fn strip_tags(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().filter(|symbol| *symbol != '\0').peekable();
    let mut in_tag = false;
    while let Some(symbol) = rest.next() {
        if in_tag {
            in_tag = symbol != '>';
        } else if symbol == '<' && rest.peek().is_none_or(|next| !next.is_whitespace()) {
            in_tag = true;
        } else {
            kept.push(symbol);
        }
    }
    kept
}

fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        let mut end = bytes;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}
