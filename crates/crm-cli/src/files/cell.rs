//! The value of one cell.

use chrono::NaiveDateTime;

/// The value of one cell. A CSV file has only texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// A text, never empty.
    Text(String),
    /// A number of a spreadsheet.
    Number(f64),
    /// A date with a time, to the second.
    Date(NaiveDateTime),
    /// A time of day or a duration, in days.
    Duration(f64),
    /// A truth value.
    Bool(bool),
    /// An error of a formula, such as `#N/A`.
    Error(String),
}

impl Cell {
    /// Creates the cell of a text.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    /// Returns `true` if the cell holds nothing, or only spaces.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// Returns the value as text: dates as `YYYY-MM-DD HH:MM:SS`, whole numbers without a fraction.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) | Self::Error(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Date(at) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
            Self::Duration(days) => duration(*days),
            Self::Bool(value) => value.to_string(),
        }
    }
}

/// `H:MM:SS` of a number of days.
fn duration(days: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "saturates, and such a cell is not a time anyway")]
    let seconds = (days * 86_400.0).round() as i64;
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.unsigned_abs();
    format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_of_a_spreadsheet_become_the_text_that_people_see() {
        assert_eq!(Cell::Number(1781.0).to_text(), "1781");
        assert_eq!(Cell::Number(79_160_000_042.0).to_text(), "79160000042");
        assert_eq!(Cell::Number(0.1).to_text(), "0.1");
        assert_eq!(Cell::Duration(0.379_861_111_1).to_text(), "9:07:00");
        assert_eq!(Cell::Duration(1.5).to_text(), "36:00:00");
    }
}
