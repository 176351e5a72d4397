//! Sums of payments. That they have an `amount`, a `date` and a `currency_id` is assumed.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};
use crm::projects::{Payment, PaymentKind};

/// Income and expense of a month.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) income: f64,
    pub(super) expense: f64,
}

/// The first day of a month, and its sums.
pub(super) type Month = (NaiveDate, Sums);

/// Payments by currency and month.
#[derive(Default)]
pub(super) struct Payments {
    by_currency: BTreeMap<Option<String>, BTreeMap<NaiveDate, Sums>>,
    /// Those without a date or an amount.
    pub(super) unreadable: u64,
}

impl Payments {
    /// Counts a payment of these days.
    pub(super) fn count(&mut self, kind: PaymentKind, payment: &Payment, days: (NaiveDate, NaiveDate)) {
        let amount = payment.amount().ok().flatten().and_then(|amount| amount.parse::<f64>().ok());
        let (Ok(Some(day)), Some(amount)) = (payment.date(), amount.filter(|amount| amount.is_finite()))
        else {
            self.unreadable += 1;
            return;
        };
        if !(days.0..=days.1).contains(&day) {
            return;
        }
        let currency = payment.currency_id().ok().flatten().map(|currency| currency.to_string());
        let month = day.with_day(1).unwrap_or(day);
        let sums = self.by_currency.entry(currency).or_default().entry(month).or_default();
        match kind {
            PaymentKind::Income => sums.income += amount,
            _ => sums.expense += amount,
        }
    }

    /// Returns the currencies with their months, without gaps.
    pub(super) fn currencies(&self) -> Vec<(Option<&str>, Vec<Month>)> {
        let with_gaps = self.by_currency.iter();
        with_gaps.map(|(currency, months)| (currency.as_deref(), without_gaps(months))).collect()
    }
}

fn without_gaps(months: &BTreeMap<NaiveDate, Sums>) -> Vec<Month> {
    let (Some(first), Some(last)) = (months.keys().next(), months.keys().next_back()) else {
        return Vec::new();
    };
    let next = |month: &NaiveDate| month.checked_add_months(Months::new(1));
    let all = std::iter::successors(Some(*first), next).take_while(|month| month <= last);
    all.map(|month| (month, months.get(&month).copied().unwrap_or_default())).collect()
}
