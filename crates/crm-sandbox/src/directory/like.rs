//! `LIKE '%…%'` of the database: a text inside another one, without case, with `%` for any characters and `_` for one.

use std::borrow::Cow;

use crate::history::collation;

/// A text that is looked for inside others.
#[derive(Debug)]
pub(super) struct Like {
    /// What stands between the `%`.
    parts: Vec<Part>,
    /// Whether the last part has to end the text: a backslash at the end of the word takes the `%` behind it away.
    to_end: bool,
}

#[derive(Debug)]
enum Part {
    Literal(String),
    /// A literal of one character, which is found faster.
    One(char),
    /// `None` is `_`.
    Signs(Vec<Option<char>>),
}

impl Like {
    /// The server puts the word between two `%` into the query as it is, so its own `%`, `_` and `\` count.
    pub(super) fn new(word: &str) -> Like {
        let folded = format!("{}%", collation::folded(word));
        let mut parts: Vec<Vec<Option<char>>> = vec![Vec::new()];
        let mut add = |sign: Option<char>, is_end: bool| match (is_end, parts.last_mut()) {
            (false, Some(part)) => part.push(sign),
            _ => parts.push(Vec::new()),
        };
        let mut signs = folded.chars();
        while let Some(sign) = signs.next() {
            match sign {
                '%' => add(None, true),
                '_' => add(None, false),
                '\\' => add(signs.next(), false),
                sign => add(Some(sign), false),
            }
        }
        let to_end = parts.last().is_some_and(|last| !last.is_empty());
        parts.retain(|part| !part.is_empty());
        Like { parts: parts.into_iter().map(Part::new).collect(), to_end }
    }

    /// The word, where it is a plain text.
    pub(super) fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(word)] if !self.to_end => Some(word),
            _ => None,
        }
    }

    /// Whether it is in a text that is [folded](collation::folded) already.
    pub(super) fn is_in(&self, folded: &str) -> bool {
        let (last, before) = match self.parts.split_last() {
            Some((last, before)) if self.to_end => (Some(last), before),
            _ => (None, &*self.parts),
        };
        let mut rest = folded;
        for part in before {
            match part.find(rest) {
                Some(end) => rest = &rest[end..],
                None => return false,
            }
        }
        last.is_none_or(|last| last.ends(rest))
    }

    /// The same for a text as it is stored.
    pub(super) fn is_in_stored(&self, text: &str) -> bool {
        self.is_in(&folded(text))
    }
}

/// A text in the form in which equal ones are equal; without a copy where it has that form already, as numbers do.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(collation::folded(text))
    }
}

impl Part {
    fn new(signs: Vec<Option<char>>) -> Part {
        match (signs.as_slice(), signs.iter().copied().collect()) {
            ([Some(sign)], _) => Part::One(*sign),
            (_, Some(literal)) => Part::Literal(literal),
            (_, None) => Part::Signs(signs),
        }
    }

    /// Where the first match ends.
    fn find(&self, text: &str) -> Option<usize> {
        match self {
            Part::Literal(literal) => text.find(literal.as_str()).map(|start| start + literal.len()),
            Part::One(sign) => text.find(*sign).map(|start| start + sign.len_utf8()),
            Part::Signs(signs) => {
                let mut starts = text.char_indices().map(|(start, _)| start);
                starts.find_map(|start| matched(&text[start..], signs).map(|length| start + length))
            }
        }
    }

    fn ends(&self, text: &str) -> bool {
        match self {
            Part::Literal(literal) => text.ends_with(literal.as_str()),
            Part::One(sign) => text.ends_with(*sign),
            Part::Signs(signs) => {
                let mut starts = text.char_indices().map(|(start, _)| &text[start..]);
                starts.any(|tail| matched(tail, signs) == Some(tail.len()))
            }
        }
    }
}

/// The length of what the signs match at the start of a text.
fn matched(text: &str, signs: &[Option<char>]) -> Option<usize> {
    let mut rest = text.chars();
    for sign in signs {
        let next = rest.next()?;
        if sign.is_some_and(|sign| sign != next) {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}

#[cfg(test)]
mod tests {
    use super::Like;

    fn fits(word: &str, text: &str) -> bool {
        Like::new(word).is_in_stored(text)
    }

    #[test]
    fn case_does_not_count_and_a_part_is_enough() {
        assert!(fits("РОМАШКА", "ООО «Ромашка»") && fits("", "x") && !fits("роза", "Ромашка"));
    }

    #[test]
    fn percent_stands_for_any_characters_and_underscore_for_one() {
        assert!(fits("9%1%2", "+7(912)") && fits("%", "") && !fits("9%2%1", "+7(912)"));
        assert!(fits("sales_1@", "salesX1@x") && !fits("sales_1@", "sales1@x") && !fits("_", ""));
        assert!(fits("а_в%д", "xабвгдx") && fits("_б", "абб") && !fits("_а", "аб"));
    }

    #[test]
    fn a_backslash_takes_the_meaning_of_the_sign_behind_it() {
        assert!(fits(r"100\%", "было 100%.") && !fits(r"100\%", "было 100 штук"));
        assert!(fits(r"a\_b", "a_b") && !fits(r"a\_b", "axb"));
        assert!(fits(r"100\", "было 100%") && !fits(r"100\", "было 100%."));
    }
}
