//! A range of days as calendar months.

use chrono::{Datelike, Months, NaiveDate};

/// The months between two days, both included, each with its first and its last day; the first and the last month are as
/// long as the range lets them be.
pub(crate) fn months(first: NaiveDate, last: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    let next = |from: &NaiveDate| from.with_day(1)?.checked_add_months(Months::new(1));
    let starts = std::iter::successors(Some(first), next).take_while(|from| *from <= last);
    starts
        .map(|from| (from, next(&from).and_then(|next| next.pred_opt()).map_or(last, |end| end.min(last))))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn cut(first: &str, last: &str) -> String {
        let days = months(day(first), day(last)).into_iter().map(|(first, last)| format!("{first}/{last}"));
        days.collect::<Vec<String>>().join(" ")
    }

    #[test]
    fn the_first_and_the_last_month_are_clipped() {
        assert_eq!(
            cut("2023-12-31", "2024-03-01"),
            "2023-12-31/2023-12-31 2024-01-01/2024-01-31 2024-02-01/2024-02-29 2024-03-01/2024-03-01"
        );
        assert_eq!(cut("2026-01-31", "2026-02-28"), "2026-01-31/2026-01-31 2026-02-01/2026-02-28");
        assert_eq!(cut("2026-05-05", "2026-05-05"), "2026-05-05/2026-05-05");
        assert_eq!(cut("9999-12-01", "9999-12-31"), "9999-12-01/9999-12-31");
        assert_eq!(cut("2026-05-05", "2026-05-04"), "");
    }

    #[test]
    fn every_day_is_in_one_month() {
        let (first, last) = (day("1999-02-03"), day("2005-06-07"));
        let days = months(first, last)
            .into_iter()
            .flat_map(|(first, last)| first.iter_days().take_while(move |d| *d <= last));
        assert!(days.eq(first.iter_days().take_while(|day| *day <= last)));
    }
}
