//! Dates and numbers as people write them: 25.06.2024 and 1 234,56 in Russian, 25 Jun 2024 and 1,234.56 in English.

use chrono::NaiveDate;

use crate::language::Language;

/// The way to write them.
#[derive(Clone, Copy)]
pub(super) struct Words(pub(super) Language);

impl Words {
    pub(super) fn day(self, day: NaiveDate) -> String {
        let format = if self.is_russian() { "%d.%m.%Y" } else { "%-d %b %Y" };
        day.format(format).to_string()
    }

    /// A day on an axis, where the year is known.
    pub(super) fn short_day(self, day: NaiveDate) -> String {
        day.format(if self.is_russian() { "%d.%m" } else { "%-d %b" }).to_string()
    }

    pub(super) fn month(self, month: NaiveDate) -> String {
        month.format(if self.is_russian() { "%m.%Y" } else { "%b %Y" }).to_string()
    }

    pub(super) fn count(self, count: u64) -> String {
        self.apart(&count.to_string())
    }

    /// Money, with two decimals where there are any.
    pub(super) fn money(self, value: f64) -> String {
        let text = format!("{:.2}", value.abs());
        let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
        let (sign, point) = (if value < 0.0 { "−" } else { "" }, if self.is_russian() { ',' } else { '.' });
        let whole = self.apart(whole);
        if cents == "00" { format!("{sign}{whole}") } else { format!("{sign}{whole}{point}{cents}") }
    }

    /// A number with its thousands apart.
    fn apart(self, digits: &str) -> String {
        let separator = if self.is_russian() { '\u{a0}' } else { ',' };
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    fn is_russian(self) -> bool {
        self.0 == Language::Russian
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_numbers_follow_the_language() {
        let day = NaiveDate::from_ymd_opt(2024, 6, 5).unwrap_or_default();
        let (russian, english) = (Words(Language::Russian), Words(Language::English));
        assert_eq!((russian.day(day), english.day(day)), ("05.06.2024".into(), "5 Jun 2024".into()));
        assert_eq!((russian.month(day), english.month(day)), ("06.2024".into(), "Jun 2024".into()));
        assert_eq!(russian.money(-1_234_567.5), "−1\u{a0}234\u{a0}567,50");
        assert_eq!(english.money(1_234_567.0), "1,234,567");
        assert_eq!(english.count(999), "999");
    }
}
