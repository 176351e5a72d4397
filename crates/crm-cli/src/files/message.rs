//! A text for people: a key of the catalogue with its values.

/// A text for people, without its language: a key of the catalogue and the values that the text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The key in the catalogue, such as `row-too-few-fields`.
    pub id: &'static str,
    /// The values by name. Control and direction characters are escaped, and long values are shortened.
    pub values: Vec<(&'static str, String)>,
}

/// Maximum length of a value, in characters.
const LONGEST: usize = 80;

impl Message {
    /// Creates a message without values.
    #[must_use]
    pub fn new(id: &'static str) -> Self {
        Self { id, values: Vec::new() }
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, shown(&value.to_string())));
        self
    }

    /// Returns the value of this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// Returns one short line that a terminal shows as it is.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (position, character) in text.chars().enumerate() {
        if position == LONGEST {
            shown.push('…');
            break;
        }
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            '\u{2028}' | '\u{2029}' => shown.push(' '),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                shown.extend(character.escape_unicode());
            }
            _ if character.is_control() => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_short_line_without_control_and_direction_characters() {
        let value = format!("\u{1b}[2J\u{202e}a\nb{}", "x".repeat(100));
        let message = Message::new("row-date").with("value", value);
        let shown = message.value("value").unwrap_or_default();
        assert!(shown.starts_with("\\u{1b}[2J\\u{202e}a bxx"), "{shown}");
        assert!(shown.ends_with("x…") && !shown.contains('\u{1b}'), "{shown}");
    }
}
