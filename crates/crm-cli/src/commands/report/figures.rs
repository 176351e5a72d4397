//! The counts of the report.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};
use crm::history::Entry;
use crm::projects::{Payment, PaymentKind};

use crate::language::Messages;

/// So many types have a colour of their own; the others share one.
const TYPES: usize = 12;

/// Activities by type and day.
#[derive(Default)]
pub(super) struct Activities {
    by_type: BTreeMap<String, BTreeMap<NaiveDate, u64>>,
}

impl Activities {
    /// Counts an activity. One with the zero date belongs to no day and is left out.
    pub(super) fn count(&mut self, entry: &Entry, messages: &Messages) {
        if let Some(at) = entry.at {
            let name = entry.activity_type.as_deref().map_or_else(|| messages.text("report-no-type"), plain);
            *self.by_type.entry(name).or_default().entry(at.date()).or_default() += 1;
        }
    }

    /// The types with the number of each day, the most frequent first; rare ones together, where there are many.
    pub(super) fn types(&self, messages: &Messages) -> Vec<(String, BTreeMap<NaiveDate, u64>)> {
        let mut types: Vec<_> = self.by_type.clone().into_iter().collect();
        types.sort_by_key(|(_, days)| std::cmp::Reverse(days.values().sum::<u64>()));
        if types.len() > TYPES {
            let rest = types.split_off(TYPES - 1);
            let mut together = BTreeMap::new();
            for (day, count) in rest.iter().flat_map(|(_, days)| days) {
                *together.entry(*day).or_default() += count;
            }
            let others = [("count", (rest.len() as u64).into())];
            types.push((messages.format("report-other-types", &others), together));
        }
        types
    }
}

/// Payments by kind, currency and month. That they have an `amount`, a `date` and a `currency_id` is assumed.
#[derive(Default)]
pub(super) struct Payments {
    by_kind: BTreeMap<String, BTreeMap<NaiveDate, f64>>,
    pub(super) unreadable: u64,
}

impl Payments {
    pub(super) fn count(
        &mut self,
        kind: PaymentKind,
        payment: &Payment,
        (from, to): (NaiveDate, NaiveDate),
        messages: &Messages,
    ) {
        let amount = payment.amount().ok().flatten().and_then(|amount| amount.parse::<f64>().ok());
        let (Ok(Some(day)), Some(amount)) = (payment.date(), amount) else {
            self.unreadable += 1;
            return;
        };
        if (from..=to).contains(&day) {
            let kind = if kind == PaymentKind::Income { "report-income" } else { "report-expense" };
            let kind = messages.text(kind);
            let name = match payment.currency_id() {
                Ok(Some(currency)) => {
                    let values = [("kind", kind.into()), ("currency", currency.to_string().into())];
                    messages.format("report-currency", &values)
                }
                _ => kind,
            };
            *self.by_kind.entry(name).or_default().entry(day.with_day(1).unwrap_or(day)).or_default() +=
                amount;
        }
    }

    pub(super) fn kinds(&self) -> &BTreeMap<String, BTreeMap<NaiveDate, f64>> {
        &self.by_kind
    }
}

/// The first day of the next month.
pub(super) fn next_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).and_then(|first| first.checked_add_months(Months::new(1))).unwrap_or(day)
}

/// A name as it can stand in XML and on a terminal: without what is no character, and not longer than 50.
pub(super) fn plain(name: &str) -> String {
    let is_bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    name.chars().take(50).map(|c| if is_bad(c) { ' ' } else { c }).collect()
}
