//! The page: tiles with the totals, and a section with a chart and a table for each question.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{Datelike, Days, NaiveDate};

use super::activities::{Activities, Counted};
use super::columns::Columns;
use super::payments::{Payments, Sums};
use super::words::Words;
use crate::language::{Messages, Value};

/// So many types have a pattern of their own.
const TYPES: usize = 7;
/// So many users and clients are listed.
const ROWS: usize = 12;

/// The page while it is written.
pub(super) struct Page<'a> {
    days: (NaiveDate, NaiveDate),
    messages: &'a Messages,
    words: Words,
    tiles: Vec<(String, String)>,
    sections: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(days: (NaiveDate, NaiveDate), messages: &'a Messages) -> Self {
        let words = Words(messages.language());
        Self { days, messages, words, tiles: Vec::new(), sections: String::new() }
    }

    /// Returns the totals with their names.
    pub(super) fn totals(&self) -> Vec<(String, String)> {
        self.tiles.clone()
    }

    /// Returns the whole page.
    pub(super) fn html(self) -> String {
        let title = escape(&self.format(
            "report-title",
            &[("from", self.words.day(self.days.0).into()), ("to", self.words.day(self.days.1).into())],
        ));
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\n<style>\n{}</style></head>\n\
             <body>{PATTERNS}<main><h1>{title}</h1><dl class=\"tiles\">",
            self.text("language-code"),
            include_str!("style.css"),
        );
        for (name, figure) in &self.tiles {
            _ = write!(html, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(figure));
        }
        _ = write!(html, "</dl>\n<div class=\"sections\">{}</div>", self.sections);
        html + "</main></body>\n</html>\n"
    }

    /// Adds the sections about activities.
    pub(super) fn add_activities(&mut self, activities: &Activities) {
        let (users, clients) = (activities.users(), activities.clients());
        let days = (self.days.1 - self.days.0).num_days() as u64 + 1;
        self.tile("report-total-activities", self.words.count(activities.total));
        self.tile("report-total-a-day", format_tenth(activities.total as f64 / days as f64, self.words));
        self.tile("report-total-users", self.words.count(users.len() as u64));
        self.tile("report-total-clients", self.words.count(clients.len() as u64));
        self.by_day(activities);
        self.ranking("report-by-user", "report-user", &users, activities.total);
        let mut clients = clients;
        if activities.without_client() > 0 {
            clients.push((self.text("report-no-client"), activities.without_client()));
        }
        self.ranking("report-by-client", "report-client", &clients, activities.total);
        self.heat_map(activities);
    }

    fn by_day(&mut self, activities: &Activities) {
        let types = activities.types(TYPES, self.messages);
        let steps = Steps::new(self.days);
        let starts = steps.starts(self.days);
        let sums = |days: &BTreeMap<NaiveDate, u64>| {
            let mut sums: BTreeMap<NaiveDate, u64> = BTreeMap::new();
            days.iter().for_each(|(day, count)| *sums.entry(steps.start(*day)).or_default() += count);
            sums
        };
        let series: Vec<_> = types.iter().map(|(name, days)| (name.clone(), sums(days))).collect();
        let label = |start: &NaiveDate| match steps {
            Steps::Months => self.words.month(*start),
            _ => self.words.short_day(*start),
        };
        let of =
            |start: &NaiveDate, counts: &BTreeMap<NaiveDate, u64>| counts.get(start).copied().unwrap_or(0);
        let title = self.text(steps.title());
        let total = |counts: &BTreeMap<NaiveDate, u64>| counts.values().sum::<u64>();
        let summary: Vec<_> =
            series.iter().map(|(name, counts)| format!("{name}: {}", total(counts))).collect();
        let columns = Columns {
            alternative: &format!("{title}. {}", summary.join(", ")),
            labels: starts.iter().map(label).collect(),
            values: starts
                .iter()
                .map(|start| series.iter().map(|(_, counts)| of(start, counts) as f64).collect())
                .collect(),
            is_grouped: false,
        };
        let legend =
            series.iter().map(|(name, counts)| (name.clone(), self.words.count(total(counts)))).collect();
        let mut head = vec![self.text(steps.column())];
        head.extend(series.iter().map(|(name, _)| name.clone()));
        head.push(self.text("report-sum"));
        let rows = starts.iter().map(|start| {
            let counts: Vec<u64> = series.iter().map(|(_, counts)| of(start, counts)).collect();
            let name = if steps == Steps::Months { self.words.month(*start) } else { self.words.day(*start) };
            let figures = counts.iter().copied().chain([counts.iter().sum()]);
            [name].into_iter().chain(figures.map(|count| self.words.count(count))).collect()
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let words = self.words;
        let body = match activities.total {
            0 => self.nothing(),
            _ => {
                columns.html(|value| words.money(value))
                    + &legend_html(legend)
                    + &self.details(&table(&head, &rows))
            }
        };
        self.section("wide", &title, &body);
    }

    /// A table whose rows have bars.
    fn ranking(&mut self, title: &str, column: &str, counted: &[Counted], total: u64) {
        let title = self.text(title);
        if total == 0 {
            return self.section("", &title, &self.nothing());
        }
        let most = counted.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
        let mut html = format!(
            "<table class=\"ranking\"><thead><tr><th>{}</th><th></th><th>{}</th><th>%</th></tr></thead><tbody>",
            escape(&self.text(column)),
            escape(&self.text("report-count")),
        );
        let mut row = |name: &str, count: u64, bar: f64| {
            let bar = format!(
                "<svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
                 <rect class=\"s0\" width=\"{bar:.1}\" height=\"10\"/></svg>"
            );
            _ = write!(
                html,
                "<tr><th scope=\"row\">{}</th><td>{bar}</td><td>{}</td><td>{}</td></tr>",
                escape(name),
                self.words.count(count),
                (count as f64 / total as f64 * 100.0).round()
            );
        };
        let listed = if counted.len() > ROWS + 1 { ROWS } else { counted.len() };
        for (name, count) in &counted[..listed] {
            row(name, *count, *count as f64 / most as f64 * 100.0);
        }
        let rest = &counted[listed..];
        if !rest.is_empty() {
            let others = self.messages.format("report-others", &[("count", (rest.len() as u64).into())]);
            row(&others, rest.iter().map(|(_, count)| count).sum(), 0.0);
        }
        let html = html + "</tbody></table>";
        self.section("", &title, &html);
    }

    /// Hours as rows and weekdays as columns, so that it fits on a phone. It is its own table.
    fn heat_map(&mut self, activities: &Activities) {
        let title = self.text("report-by-hour");
        let by_hour = &activities.by_hour;
        let of_hour = |hour: usize| by_hour.iter().map(|hours| hours[hour]).sum::<u64>();
        let busy: Vec<usize> = (0..24).filter(|hour| of_hour(*hour) > 0).collect();
        let (Some(first), Some(last)) = (busy.first(), busy.last()) else {
            return self.section("", &title, &self.nothing());
        };
        let most = by_hour.iter().flatten().copied().max().unwrap_or(1).max(1);
        let mut html = String::from("<table class=\"heat\"><thead><tr><th></th>");
        for name in self.text("report-weekdays").split_whitespace() {
            _ = write!(html, "<th scope=\"col\">{}</th>", escape(name));
        }
        html += "</tr></thead><tbody>";
        for hour in *first..=*last {
            _ = write!(html, "<tr><th scope=\"row\">{hour}:00</th>");
            for hours in by_hour {
                let part = (hours[hour] as f64 / most as f64 * 100.0).round();
                // Black or white, whichever is easier to read on this colour: the light and the dark page differ.
                let class = match part {
                    82.0.. => " class=\"hot\"",
                    65.0.. => " class=\"warm\"",
                    _ => "",
                };
                let count = if hours[hour] == 0 { String::new() } else { self.words.count(hours[hour]) };
                _ = write!(html, "<td{class} style=\"--part:{part}%\">{count}</td>");
            }
            html += "</tr>";
        }
        self.section("", &title, &(html + "</tbody></table>"));
    }

    /// Adds a section for the payments of each currency.
    pub(super) fn add_payments(&mut self, payments: &Payments) {
        let currencies = payments.currencies();
        if currencies.is_empty() {
            let title = self.text("report-payments");
            self.section("", &title, &self.nothing());
        }
        for (currency, months) in currencies {
            let name = match currency {
                Some(currency) => self.messages.format("report-currency", &[("currency", currency.into())]),
                None => self.text("report-no-currency"),
            };
            self.payments(&name, &months);
        }
    }

    fn payments(&mut self, currency: &str, months: &[(NaiveDate, Sums)]) {
        let (income, expense) = (self.text("report-income"), self.text("report-expense"));
        let total = |of: fn(&Sums) -> f64| months.iter().map(|(_, sums)| of(sums)).sum::<f64>();
        let (all_income, all_expense) = (total(|sums| sums.income), total(|sums| sums.expense));
        let named = |kind: &str| format!("{kind}, {currency}");
        self.tiles.push((named(&income), self.words.money(all_income)));
        self.tiles.push((named(&expense), self.words.money(all_expense)));
        let title = format!("{}: {currency}", self.text("report-payments"));
        let columns = Columns {
            alternative: &format!(
                "{title}. {income}: {}, {expense}: {}",
                self.words.money(all_income),
                self.words.money(all_expense)
            ),
            labels: months.iter().map(|(month, _)| self.words.month(*month)).collect(),
            values: months.iter().map(|(_, sums)| vec![sums.income, sums.expense]).collect(),
            is_grouped: true,
        };
        let legend = vec![
            (income.clone(), self.words.money(all_income)),
            (expense.clone(), self.words.money(all_expense)),
        ];
        let head = [self.text("report-month"), income, expense, self.text("report-balance")];
        let rows: Vec<Vec<String>> = months
            .iter()
            .map(|(month, sums)| {
                let figures = [sums.income, sums.expense, sums.income - sums.expense];
                [self.words.month(*month)]
                    .into_iter()
                    .chain(figures.map(|value| self.words.money(value)))
                    .collect()
            })
            .collect();
        let note = format!("<p class=\"note\">{}</p>", escape(&self.text("report-assumed")));
        let words = self.words;
        let html =
            columns.html(|value| words.money(value)) + &legend_html(legend) + &table(&head, &rows) + &note;
        self.section("", &title, &html);
    }

    fn tile(&mut self, name: &str, figure: String) {
        self.tiles.push((self.text(name), figure));
    }

    fn section(&mut self, class: &str, title: &str, body: &str) {
        _ = writeln!(self.sections, "<section class=\"{class}\"><h2>{}</h2>{body}</section>", escape(title));
    }

    fn details(&self, table: &str) -> String {
        format!("<details><summary>{}</summary>{table}</details>", escape(&self.text("report-table")))
    }

    fn nothing(&self) -> String {
        format!("<p class=\"note\">{}</p>", escape(&self.text("report-nothing")))
    }

    fn text(&self, name: &str) -> String {
        self.messages.text(name)
    }

    fn format(&self, name: &str, values: &[(&str, Value<'_>)]) -> String {
        self.messages.format(name, values)
    }
}

/// What one column of the first chart stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Steps {
    Days,
    Weeks,
    Months,
}

impl Steps {
    /// Chooses the steps so that there are at most 62 columns in two years.
    fn new(days: (NaiveDate, NaiveDate)) -> Self {
        match (days.1 - days.0).num_days() {
            ..62 => Self::Days,
            62..430 => Self::Weeks,
            _ => Self::Months,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Days => "report-by-day",
            Self::Weeks => "report-by-week",
            Self::Months => "report-by-month",
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Days => "report-day",
            Self::Weeks => "report-week",
            Self::Months => "report-month",
        }
    }

    /// Returns the first day of the step that holds this day.
    fn start(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Days => day,
            Self::Weeks => day - Days::new(day.weekday().num_days_from_monday().into()),
            Self::Months => day.with_day(1).unwrap_or(day),
        }
    }

    /// Returns all steps that touch these days.
    fn starts(self, days: (NaiveDate, NaiveDate)) -> Vec<NaiveDate> {
        let mut starts: Vec<_> =
            days.0.iter_days().take_while(|day| *day <= days.1).map(|day| self.start(day)).collect();
        starts.dedup();
        starts
    }
}

/// One decimal.
fn format_tenth(value: f64, words: Words) -> String {
    let text = words.money((value * 10.0).round() / 10.0);
    // Money has two decimals.
    if text.contains(['.', ',']) && text.ends_with('0') { text[..text.len() - 1].to_owned() } else { text }
}

fn legend_html(legend: Vec<(String, String)>) -> String {
    let mut html = String::from("<ul class=\"legend\">");
    for (series, (name, figure)) in legend.iter().enumerate() {
        _ = write!(
            html,
            "<li><svg width=\"14\" height=\"14\" aria-hidden=\"true\"><rect class=\"s{series}\" width=\"14\" height=\"14\"/>\
             </svg>{} <b>{}</b></li>",
            escape(name),
            escape(figure)
        );
    }
    html + "</ul>"
}

/// A table whose first column holds names, and the others figures.
fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let mut html = String::from("<div class=\"scroll\"><table class=\"figures\"><thead><tr>");
    for name in head {
        _ = write!(html, "<th scope=\"col\">{}</th>", escape(name));
    }
    html += "</tr></thead><tbody>";
    for row in rows {
        html += "<tr>";
        for (at, cell) in row.iter().enumerate() {
            let (open, close) = if at == 0 { ("th scope=\"row\"", "th") } else { ("td", "td") };
            _ = write!(html, "<{open}>{}</{close}>", escape(cell));
        }
        html += "</tr>";
    }
    html + "</tbody></table></div>"
}

/// Escapes a text for HTML and for the values of its attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            c => escaped.push(c),
        }
    }
    escaped
}

/// A pattern for each series, so that they can be told apart in black and white.
const PATTERNS: &str = include_str!("patterns.svg");
