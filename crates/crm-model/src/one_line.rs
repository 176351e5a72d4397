//! Text of a server or a user as one line of a message.

use std::fmt;

/// Displays a text as one line without characters that affect how it is displayed.
///
/// Control characters (C0, DEL, C1), line separators and the marks that change the direction of text are escaped. A line
/// feed becomes `\n`, ESC becomes `\u{1b}`. Every other character stays as it is. All messages of these crates go
/// through it, because a server may put anything into its texts.
///
/// `Debug` shows the type's name only.
///
/// ```
/// use crm_model::OneLine;
///
/// assert_eq!(OneLine("Нет\r\n\u{1b}[2J\u{202e}").to_string(), r"Нет\r\n\u{1b}[2J\u{202e}");
/// ```
#[derive(Clone, Copy)]
pub struct OneLine<'a>(pub &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(is_unsafe) {
            f.write_str(&rest[..at])?;
            let mut after = rest[at..].chars();
            match after.next() {
                Some(c @ ('\n' | '\r' | '\t')) => write!(f, "{}", c.escape_default())?,
                Some(c) => write!(f, "{}", c.escape_unicode())?,
                None => {}
            }
            rest = after.as_str();
        }
        f.write_str(rest)
    }
}

/// Returns `true` for characters that end a line, control a terminal or change the direction of text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

impl fmt::Debug for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneLine")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_controls_a_terminal_or_the_direction_of_text_is_escaped_and_nothing_else() {
        for code in (0..0x20).chain(0x7f..0xa0).chain([0x61c, 0x200e, 0x200f, 0x2028, 0x2029]) {
            let text = char::from_u32(code).unwrap().to_string();
            assert!(OneLine(&text).to_string().starts_with('\\'), "{code:x}");
        }
        for c in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            assert!(OneLine(&c.to_string()).to_string().starts_with("\\u{20"), "{c:?}");
        }
        let plain = r#"Звонок «"x"» \n 😀 é — a b"#;
        assert_eq!(OneLine(plain).to_string(), plain);
    }
}
