//! How the database compares texts: case does not count, and `ё` is `е` (utf8mb3_general_ci).

use super::sql;

/// A text in the form in which equal ones are equal.
pub(crate) fn folded(text: &str) -> String {
    // `collect` would grow the text step by step.
    let mut folded = String::with_capacity(text.len());
    folded.extend(text.chars().map(fold));
    folded
}

/// Whether two texts are equal for the database: spaces at the end do not count either.
pub(crate) fn equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim_end_matches(' '), other.trim_end_matches(' '));
    one.chars().map(fold).eq(other.chars().map(fold))
}

/// A text that is looked for inside others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// As it stands.
    Literal(String),
    /// With the signs of `LIKE`.
    Like(Vec<Sign>),
}

/// A sign of a pattern of `LIKE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// `%`: any symbols.
    Any,
    /// `_`: one symbol.
    One,
    Symbol(char),
}

impl Pattern {
    pub(super) fn literal(word: &str) -> Pattern {
        Pattern::Literal(folded(word))
    }

    /// The server puts the word into the query as it is, so its signs count. A backslash takes away their meaning, also
    /// that of the sign that the server puts behind the word.
    pub(super) fn new(word: &str) -> Pattern {
        if !word.contains(['%', '_', '\\']) {
            return Pattern::literal(word);
        }
        let text = sql::literal(&format!("%{word}%"));
        let mut symbols = text.chars();
        let mut signs = Vec::new();
        while let Some(symbol) = symbols.next() {
            signs.push(match symbol {
                '%' => Sign::Any,
                '_' => Sign::One,
                '\\' => Sign::Symbol(fold(symbols.next().unwrap_or(symbol))),
                _ => Sign::Symbol(fold(symbol)),
            });
        }
        Pattern::Like(signs)
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        match self {
            Pattern::Literal(word) => folded(text).contains(word),
            Pattern::Like(pattern) => like(&text.chars().map(fold).collect::<Vec<char>>(), pattern),
        }
    }
}

/// Goes back to the last `%` where the rest does not fit.
fn like(text: &[char], pattern: &[Sign]) -> bool {
    let (mut at, mut sign) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(sign) {
            Some(Sign::Any) => {
                back = Some((at, sign));
                sign += 1;
            }
            Some(wanted) if *wanted == Sign::One || *wanted == Sign::Symbol(text[at]) => {
                at += 1;
                sign += 1;
            }
            _ => match back {
                Some((from, percent)) => {
                    back = Some((from + 1, percent));
                    at = from + 1;
                    sign = percent + 1;
                }
                None => return false,
            },
        }
    }
    pattern[sign..].iter().all(|rest| *rest == Sign::Any)
}

fn fold(symbol: char) -> char {
    match symbol {
        'Ё' | 'ё' => 'е',
        // The letters there are most of, without a look into a table.
        'а'..='я' | ' '..='@' | 'a'..='z' => symbol,
        _ => symbol.to_lowercase().next().unwrap_or(symbol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_count_and_yo_is_ye() {
        assert!(Pattern::new("ПЁТР").is_in("письмо петру"));
        assert!(!Pattern::new("пётр").is_in("павел"));
    }

    #[test]
    fn percent_and_underscore_stand_for_other_symbols() {
        assert!(Pattern::new("а_в%д").is_in("xабвгдx"));
        assert!(!Pattern::new("а_в").is_in("ав"));
        assert!(Pattern::new("100%").is_in("было 100 штук"));
        assert!(!Pattern::literal("100%").is_in("было 100 штук"));
        assert!(Pattern::new("100\\%").is_in("скидка 100% сразу"));
        assert!(!Pattern::new("100\\%").is_in("было 100 штук"));
    }
}
