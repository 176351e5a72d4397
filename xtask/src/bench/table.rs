//! The figures, and the goals.

use std::fmt;

use super::Group;
use serde_json::{Value, json};

/// A figure.
pub(super) struct Row {
    name: &'static str,
    group: Group,
    goal: Goal,
    ours: f64,
    theirs: f64,
    unit: String,
    /// What is judged: a ratio, or a difference where the goal is one.
    result: f64,
}

#[derive(Clone, Copy)]
enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// The difference.
    MoreByAtMost(f64),
    /// Shown, not judged.
    None,
}

/// Every row there may be.
const GOALS: &[(&str, Group, Goal)] = &[
    ("decode 200 entries / strict structs", Group::Decode, Goal::AtMost(1.05)),
    ("decode 200 entries / Value", Group::Decode, Goal::AtMost(0.55)),
    ("decode 1,000 projects / strict structs", Group::Decode, Goal::AtMost(1.0)),
    ("decode 1,000 projects / Value", Group::Decode, Goal::AtMost(0.4)),
    ("decode 1,000 projects, two fields of each read / Value", Group::Decode, Goal::AtMost(0.4)),
    ("decode 1,000 projects, two fields of each read / Value, allocations", Group::Decode, Goal::AtMost(0.2)),
    ("decode 1,000 projects into a type of one's own / strict structs", Group::Decode, Goal::AtMost(0.9)),
    ("decode 200 entries / Value, allocations", Group::Decode, Goal::AtMost(0.35)),
    ("decode 1,000 projects / Value, allocations", Group::Decode, Goal::AtMost(0.2)),
    ("one call, entry", Group::Calls, Goal::None),
    ("one call, project", Group::Calls, Goal::None),
    ("one call, entry, allocations", Group::Calls, Goal::AtMost(1.15)),
    ("one call, project, allocations", Group::Calls, Goal::AtMost(1.15)),
    ("one call, instructions", Group::Calls, Goal::AtMost(1.03)),
    ("100 calls, 10 in flight, instructions", Group::Calls, Goal::AtMost(1.03)),
    ("export at 0 ms a page", Group::Export, Goal::AtLeast(1.6)),
    ("CPU of an export at 0 ms a page / the loop", Group::Export, Goal::AtMost(1.0)),
    ("export of 2,000 pages at 100 ms a page", Group::Export, Goal::AtLeast(7.7)),
    ("requests of an export of 2,000 pages / pages", Group::Export, Goal::AtMost(1.024)),
    ("export at 20 ms a page", Group::Export, Goal::AtLeast(5.6)),
    ("peak memory of an export of 1,000,000 / of 10,000", Group::Memory, Goal::MoreByAtMost(16.0)),
    ("peak memory of an export of 100,000 / of 10,000", Group::Memory, Goal::MoreByAtMost(16.0)),
    ("peak memory of 1,000 clients, each", Group::Memory, Goal::None),
    ("open files of 1,000 clients, each", Group::Memory, Goal::None),
    ("import of 10,000 / single adds", Group::Import, Goal::AtLeast(150.0)),
    ("import of 10,000 / a loop of add.list, two in flight", Group::Import, Goal::AtLeast(0.95)),
    ("import of 50,000 / a loop of add.list, two in flight", Group::Import, Goal::AtLeast(0.96)),
    ("peak memory of an import of 1,000,000 / of 10,000", Group::Import, Goal::MoreByAtMost(4.0)),
    ("peak memory of resuming it at its end / of 10,000", Group::Import, Goal::MoreByAtMost(12.0)),
    ("its journal opens", Group::Import, Goal::AtMost(1.0)),
    ("bytes of an activity in the journal", Group::Import, Goal::None),
    ("commits of puts by 64 tasks in SQLite / puts", Group::Outbox, Goal::AtMost(0.04)),
    ("puts by 64 tasks in PostgreSQL / a loop of single commits", Group::Outbox, Goal::AtLeast(8.0)),
    ("deliver 10,000 / import of 10,000 with a journal", Group::Outbox, Goal::AtLeast(0.95)),
    ("peak memory of a delivery with 1,000,000 queued / with 10,000", Group::Outbox, Goal::MoreByAtMost(4.0)),
    ("peak memory of a delivery with 100,000 queued / with 10,000", Group::Outbox, Goal::MoreByAtMost(4.0)),
    ("calls of an idle outbox in half a minute", Group::Outbox, Goal::AtMost(0.0)),
    ("transactions of an idle outbox in PostgreSQL / seconds", Group::Outbox, Goal::AtMost(1.0)),
    ("bytes of a key in SQLite", Group::Outbox, Goal::None),
    ("bytes of a key in PostgreSQL", Group::Outbox, Goal::None),
    ("upkeep of 1,000,000 stored keys / of 10,000, SQLite", Group::Outbox, Goal::MoreByAtMost(2.0)),
    ("upkeep of 1,000,000 stored keys / of 10,000, PostgreSQL", Group::Outbox, Goal::MoreByAtMost(2.0)),
    ("first load of 20,000 activities into SQLite / dlt", Group::Mirror, Goal::AtLeast(7.0)),
    ("first load of 20,000 activities into PostgreSQL / dlt", Group::Mirror, Goal::AtLeast(5.0)),
    (
        "first load of 20,000 activities into SQLite / export and a bare bulk load",
        Group::Mirror,
        Goal::AtMost(1.5),
    ),
    (
        "first load of 20,000 activities into PostgreSQL / export and a bare bulk load",
        Group::Mirror,
        Goal::AtMost(1.5),
    ),
    ("records a second of a full run over 1,000,000 unchanged ones", Group::Mirror, Goal::AtLeast(100_000.0)),
    ("records a second of a full run over 100,000 unchanged ones", Group::Mirror, Goal::AtLeast(100_000.0)),
    ("peak memory of a full run over 1,000,000 / over 10,000", Group::Mirror, Goal::MoreByAtMost(32.0)),
    ("peak memory of a full run over 100,000 / over 10,000", Group::Mirror, Goal::MoreByAtMost(32.0)),
    ("bytes of an activity in a copy in SQLite", Group::Mirror, Goal::None),
    ("requests of a quick run with nothing new / pages of its window + 4", Group::Mirror, Goal::AtMost(1.0)),
    (
        "requests of a second run over unchanged projects / the list and the rotation",
        Group::Mirror,
        Goal::AtMost(1.05),
    ),
    ("release binary of the export program / a bare reqwest program", Group::Size, Goal::MoreByAtMost(0.5)),
    ("stripped crm without databases", Group::Size, Goal::AtMost(12.0)),
    ("stripped crm", Group::Size, Goal::None),
    ("crm --version", Group::Size, Goal::AtMost(10.0)),
    ("clean build with crm / with reqwest, rustls, serde, tokio", Group::Builds, Goal::AtMost(0.85)),
    ("clean build with crm-history, no HTTP client / the same", Group::Builds, Goal::AtMost(0.28)),
    ("a program rebuilt after one line / the same over reqwest", Group::Builds, Goal::AtMost(1.05)),
    ("clean build with crm-model / the same", Group::Builds, Goal::None),
    ("sandbox: a page of 100,000 records, by any order", Group::Sandbox, Goal::AtMost(8.0)),
    ("sandbox: a page of 100,000 records, by a search", Group::Sandbox, Goal::AtMost(30.0)),
];

impl Row {
    pub(super) fn new(name: &str, ours: f64, theirs: f64, unit: &str, result: f64) -> Result<Self, String> {
        let known = GOALS.iter().find(|(known, ..)| *known == name);
        let &(name, group, goal) = known.ok_or_else(|| format!("the row `{name}` is not in GOALS"))?;
        Ok(Self { name, group, goal, ours, theirs, unit: unit.to_owned(), result })
    }

    /// A line of a measuring program.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let row: Value = serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))?;
        let number = |key: &str| row[key].as_f64().ok_or_else(|| format!("no {key} in {line}"));
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        Self::new(text("row"), number("ours")?, number("theirs")?, text("unit"), number("result")?)
    }

    fn is_met(&self) -> bool {
        match self.goal {
            Goal::AtMost(limit) | Goal::MoreByAtMost(limit) => self.result <= limit,
            Goal::AtLeast(limit) => self.result >= limit,
            Goal::None => true,
        }
    }

    fn goal(&self) -> String {
        match self.goal {
            Goal::AtMost(limit) => format!("≤ {limit}"),
            Goal::AtLeast(limit) => format!("≥ {limit}"),
            Goal::MoreByAtMost(limit) => format!("≤ +{limit} {}", self.unit),
            Goal::None => "—".to_owned(),
        }
    }

    fn result(&self) -> String {
        match self.goal {
            Goal::MoreByAtMost(_) => format!("{:+.2} {}", self.result, self.unit),
            _ => significant(self.result),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_met() { "" } else { "  MISSED" };
        write!(f, "{}: {}, goal {}{mark}", self.name, self.result(), self.goal())
    }
}

/// The rows for a person.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| measured / baseline | ours | baseline | unit | result | goal | met | command |\n\
         |---|--:|--:|---|--:|--:|---|---|\n",
    );
    for row in rows {
        let (ours, theirs) = (significant(row.ours), significant(row.theirs));
        let met = match row.goal {
            Goal::None => "",
            _ if row.is_met() => "yes",
            _ => "**no**",
        };
        text += &format!(
            "| {} | {ours} | {theirs} | {} | {} | {} | {met} | `cargo xtask bench {}` |\n",
            row.name,
            row.unit,
            row.result(),
            row.goal(),
            row.group.name()
        );
    }
    text
}

/// The rows for other programs.
pub(super) fn json(rows: &[Row]) -> String {
    let row = |row: &Row| {
        json!({
            "row": row.name, "group": row.group.name(), "ours": row.ours, "theirs": row.theirs, "unit": row.unit,
            "result": row.result, "goal": row.goal(), "met": row.is_met(),
        })
    };
    format!("{:#}\n", Value::from_iter(rows.iter().map(row)))
}

/// One line that says which goals were missed; `None` where all were met.
pub(super) fn missed(rows: &[Row]) -> Option<String> {
    let missed: Vec<String> = rows
        .iter()
        .filter(|row| !row.is_met())
        .map(|row| format!("{} ({}, goal {})", row.name, row.result(), row.goal()))
        .collect();
    (!missed.is_empty()).then(|| format!("missed: {}", missed.join("; ")))
}

/// Three digits, or all before the point.
fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, result: f64) -> Row {
        Row::new(name, 1.0, 1.0, "MiB", result).unwrap()
    }

    #[test]
    fn a_row_is_judged_by_the_goal_of_its_name() {
        for (name, result, met) in [
            ("one call, instructions", 1.03, true),
            ("one call, instructions", 1.04, false),
            ("one call, entry, allocations", 1.15, true),
            ("export at 20 ms a page", 5.59, false),
            ("export at 0 ms a page", 1.6, true),
            ("release binary of the export program / a bare reqwest program", 2.01, false),
            ("clean build with crm-model / the same", 99.0, true),
        ] {
            assert_eq!(row(name, result).is_met(), met, "{name} {result}");
        }
        assert!(!row("one call, instructions", f64::NAN).is_met());
    }

    #[test]
    fn a_figure_without_a_goal_is_no_silent_success() {
        let line = r#"{"row":"one cal","ours":1.0,"theirs":1.0,"unit":"µs","result":1.0}"#;
        assert_eq!(Row::read(line).err().as_deref(), Some("the row `one cal` is not in GOALS"));
        assert!(Row::read(r#"{"row":"one call, entry"}"#).is_err());
    }

    #[test]
    fn the_last_line_says_which_goals_were_missed() {
        let rows = [
            row("one call, instructions", 1.2),
            row("one call, project, allocations", 1.0),
            row("export at 0 ms a page", 0.9),
        ];
        assert_eq!(
            missed(&rows).as_deref(),
            Some(
                "missed: one call, instructions (1.20, goal ≤ 1.03); export at 0 ms a page (0.90, goal ≥ 1.6)"
            )
        );
        assert_eq!(missed(&rows[1..2]), None);
    }

    #[test]
    fn the_table_names_the_command_of_each_row() {
        let table = markdown(&[row("peak memory of an export of 1,000,000 / of 10,000", 3.456)]);
        let line = "| peak memory of an export of 1,000,000 / of 10,000 | 1.00 | 1.00 | MiB | +3.46 MiB | ≤ +16 MiB | yes \
                    | `cargo xtask bench memory` |\n";
        assert!(table.ends_with(line), "{table}");
    }

    #[test]
    fn three_digits_are_shown() {
        assert_eq!([0.123, 1.0, 12.34, 1234.5].map(significant), ["0.12", "1.00", "12.3", "1234"]);
    }
}
