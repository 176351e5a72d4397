//! The SQL that the server builds from parameters as they are: what a quote or a backslash does to it.
//!
//! Where the statement stays valid, its meaning may have changed on the real server. Here the value then counts as the
//! text up to its quote.

use super::errors;

/// The body of the page that the server answers when the database cannot read the statement.
pub(super) fn check(statement: &str) -> Result<(), String> {
    match error_at(statement) {
        Some(at) => {
            let line = 1 + statement[..at].matches('\n').count();
            Err(errors::syntax_error(&near(&statement[at..]), line))
        }
        None => Ok(()),
    }
}

/// The same for a statement that is only needed when one of the values in it has a quote or a backslash.
pub(crate) fn check_values(values: &[&str], statement: impl FnOnce() -> String) -> Result<(), String> {
    if values.iter().all(|value| is_plain(value)) { Ok(()) } else { check(&statement()) }
}

/// Whether a value between quotes is surely one string.
pub(super) fn is_plain(value: &str) -> bool {
    !value.contains(['\'', '\\'])
}

/// What a value between quotes means: up to an unpaired quote, without the backslashes.
pub(crate) fn literal(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut symbols = value.chars();
    while let Some(symbol) = symbols.next() {
        match symbol {
            '\\' => match symbols.next() {
                Some('0') => text.push('\0'),
                Some('b') => text.push('\u{8}'),
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('Z') => text.push('\u{1a}'),
                // LIKE reads these two itself.
                Some(sign @ ('%' | '_')) => text.extend(['\\', sign]),
                Some(other) => text.push(other),
                None => {}
            },
            '\'' if symbols.next() != Some('\'') => break,
            _ => text.push(symbol),
        }
    }
    text
}

/// The database shows 80 bytes of the rest of a statement. Assumed for longer ones.
fn near(rest: &str) -> String {
    const SHOWN: usize = 80;
    const DOTS: &str = "...";
    if rest.len() <= SHOWN {
        return rest.to_owned();
    }
    let end = (0..=SHOWN - DOTS.len()).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{DOTS}", &rest[..end])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// A keyword, an operator, a comma: anything may follow.
    Joint,
    /// `ASC` or `DESC`.
    Direction,
    /// A string, a number or a name.
    Operand,
}

/// Where the first token stands that cannot follow the one before it: an operand after an operand, a direction after a
/// direction, a quote without its counterpart, a semicolon.
fn error_at(statement: &str) -> Option<usize> {
    let mut before = Token::Joint;
    let mut at = 0;
    while let Some(first) = statement[at..].chars().next() {
        let start = at;
        let rest = &statement[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let token = match first {
            '\'' | '"' => {
                let Some(length) = string_length(rest, first) else { return Some(start) };
                at += length;
                Token::Operand
            }
            '#' => return None,
            ';' => return Some(start),
            _ if is_word(first) => {
                let word = &rest[..rest.find(|symbol| !is_word(symbol)).unwrap_or(rest.len())];
                at += word.len();
                match word.to_ascii_uppercase().as_str() {
                    "ASC" | "DESC" if before == Token::Direction => return Some(start),
                    "ASC" | "DESC" => Token::Direction,
                    word if KEYWORDS.contains(&word) => Token::Joint,
                    _ => Token::Operand,
                }
            }
            _ => {
                at += first.len_utf8();
                // What stands after a bracket is not looked at.
                Token::Joint
            }
        };
        if token == Token::Operand && before == Token::Operand {
            return Some(start);
        }
        before = token;
    }
    None
}

const KEYWORDS: [&str; 13] =
    ["SELECT", "FROM", "WHERE", "AND", "OR", "IN", "LIKE", "BETWEEN", "ORDER", "BY", "LIMIT", "NOT", "IS"];

fn is_word(symbol: char) -> bool {
    symbol.is_alphanumeric() || matches!(symbol, '_' | '.' | '@' | '$')
}

/// The length of the string at the start with its quotes; `None` where it has no end.
fn string_length(text: &str, quote: char) -> Option<usize> {
    let mut symbols = text.char_indices().skip(1).peekable();
    while let Some((index, symbol)) = symbols.next() {
        if symbol == '\\' {
            symbols.next();
        } else if symbol == quote && symbols.next_if(|(_, next)| *next == quote).is_none() {
            return Some(index + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near_of(value: &str) -> Option<String> {
        let statement = format!("SELECT iduser FROM app_user WHERE login = '{value}' AND identity = '1'");
        error_at(&statement).map(|at| near(&statement[at..]))
    }

    #[test]
    fn an_unpaired_quote_is_an_error_at_the_token_behind_the_string() {
        assert_eq!(near_of("ivan"), None);
        assert_eq!(near_of("o''brien"), None);
        assert_eq!(near_of("o\\'brien"), None);
        assert_eq!(near_of("d'artagnan").as_deref(), Some("artagnan' AND identity = '1'"));
        assert_eq!(near_of("ivan'").as_deref(), Some("1'"));
        assert_eq!(near_of("ivan\\").as_deref(), Some("1'"));
        assert_eq!(error_at("SELECT id FROM app_settings WHERE api_key = 'k''"), Some(44));
    }

    #[test]
    fn a_long_rest_is_cut() {
        let long = format!("x'{}", "y".repeat(100));
        let near = near_of(&long).unwrap();
        assert_eq!((near.len(), near.ends_with("y...")), (80, true));
    }

    #[test]
    fn a_value_means_what_its_escapes_say() {
        for (value, meaning) in
            [("a\\b", "a\u{8}"), ("se\\ller", "seller"), ("o''b", "o'b"), ("5' or 1", "5"), ("x\\%", "x\\%")]
        {
            assert_eq!(literal(value), meaning, "{value}");
        }
    }
}
