//! What writing and listing do to a text. The order of the steps is that of the real server: it decides what is left.

use super::php::trimmed;

/// The content as `list` shows it.
pub(super) fn listed(stored: &str) -> String {
    // Most texts have none of these. 0xc2 begins « and ».
    let changes = |byte: u8| matches!(byte, 0 | b'<' | b'>' | b'"' | b'/' | b'&' | b'\n' | b'\r' | 0xc2);
    if !stored.bytes().any(changes) {
        return trimmed(stored).to_owned();
    }
    let text = without_tags(stored);
    let mut shown = String::with_capacity(text.len());
    for symbol in trimmed(&text).replace("&laquo;", "").replace("&raquo;", "").chars() {
        match symbol {
            '<' | '>' => {}
            '"' | '«' | '»' => shown.push('”'),
            '/' => shown.push('-'),
            _ => shown.push(symbol),
        }
    }
    with_line_breaks(&shown)
}

/// Drops tags, quotes and backslashes. Spaces are trimmed before the quotes go, so those inside the quotes stay.
pub(crate) fn untagged(written: &str) -> String {
    let text = without_tags(&written.replace("\\r\\n", "\r\n"));
    let mut clean = String::with_capacity(text.len());
    for symbol in trimmed(&text).replace("\\r\\n", "\r\n").chars() {
        if !matches!(symbol, '"' | '\\' | '\'' | '`' | '«' | '»' | '<' | '>') {
            clean.push(symbol);
        }
    }
    clean.replace("&laquo;", "").replace("&raquo;", "")
}

/// PHP's `strip_tags`: a `<` before anything but a blank starts a tag; a quote inside a tag hides its end; a comment
/// ends with `-->`; a tag that is not closed takes the rest of the text with it.
fn without_tags(text: &str) -> String {
    let text = text.replace('\0', "");
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find('<') {
        kept.push_str(&rest[..start]);
        let tag = &rest[start + 1..];
        if tag.starts_with([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']) {
            kept.push('<');
            rest = tag;
        } else {
            let end = if tag.starts_with("!--") {
                tag.find("-->").map(|end| end + 3)
            } else if tag.starts_with('?') && !tag.starts_with("?xml") {
                tag.find("?>").map(|end| end + 2)
            } else {
                tag_end(tag)
            };
            rest = end.map_or("", |end| &tag[end..]);
        }
    }
    kept.push_str(rest);
    kept
}

/// Where a tag ends: behind the `>` that is not in quotes and closes no inner `<`.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0;
    let mut symbols = tag.char_indices().peekable();
    while let Some((index, symbol)) = symbols.next() {
        match symbol {
            '"' | '\'' if quote.is_none() => quote = Some(symbol),
            '"' | '\'' if quote == Some(symbol) => quote = None,
            _ if quote.is_some() && symbol != '>' => {}
            '<' => {
                let blank = symbols.peek().is_some_and(|(_, next)| next.is_ascii_whitespace());
                depth += usize::from(!blank);
            }
            '>' if depth > 0 => depth -= 1,
            '>' if quote.is_none() => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// PHP's `nl2br`: a pair of different line ends is one line break.
fn with_line_breaks(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(symbol) = rest.next() {
        if symbol == '\n' || symbol == '\r' {
            broken.push_str("<br />");
            broken.push(symbol);
            broken.extend(rest.next_if(|next| matches!(next, '\n' | '\r') && *next != symbol));
        } else {
            broken.push(symbol);
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_inside_a_tag_hides_its_end() {
        assert_eq!(untagged("a <b title='>'>c</b>"), "a c");
        assert_eq!(untagged("a <b it's> c"), "a");
    }

    #[test]
    fn a_comment_goes_up_to_its_end_and_an_inner_tag_with_its_outer_one() {
        assert_eq!(untagged("a<!-- > -->b"), "ab");
        assert_eq!(untagged("a<b <i> >c"), "ac");
    }

    #[test]
    fn blanks_inside_dropped_quotes_stay() {
        assert_eq!(untagged("\" x \""), " x ");
        assert_eq!(listed(" x "), "x");
    }

    #[test]
    fn nothing_may_be_left() {
        assert_eq!(untagged("<b>"), "");
        assert_eq!(untagged("<3 сердце"), "");
        assert_eq!(untagged("«»"), "");
    }

    #[test]
    fn a_line_end_of_two_symbols_is_one_break() {
        assert_eq!(listed("a\r\nb\n\nc"), "a<br />\r\nb<br />\n<br />\nc");
    }
}
