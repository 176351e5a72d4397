//! A report for people and for programs.

use crm::mirror::{Outcome, Report, TableReport};
use serde::Serialize;

use crate::commands::directory::listing::table_lines;
use crate::exit::Exit;
use crate::language::Messages;

/// What a run has done, for programs.
#[derive(Serialize)]
pub(super) struct Summary {
    run: i64,
    mode: &'static str,
    verdict: &'static str,
    complete: bool,
    shift_hours: Option<i64>,
    tables: Vec<TableSummary>,
    error: Option<String>,
    exit_code: u8,
}

#[derive(Serialize)]
struct TableSummary {
    table: &'static str,
    read: u64,
    inserted: u64,
    updated: u64,
    deleted: u64,
    out_of_view: u64,
    in_view: u64,
    complete: bool,
}

impl Summary {
    pub(super) fn new(report: &Report, exit: Exit) -> Self {
        let table = |report: &TableReport| {
            let TableReport { table, read, inserted, updated, deleted, out_of_view, in_view, .. } = *report;
            let (table, complete) = (table.as_str(), report.is_complete);
            TableSummary { table, read, inserted, updated, deleted, out_of_view, in_view, complete }
        };
        Self {
            run: report.run,
            mode: report.mode.as_str(),
            verdict: report.outcome.as_str(),
            complete: report.is_complete(),
            shift_hours: report.shift_hours,
            tables: report.tables.iter().map(table).collect(),
            error: report.error().map(|error| error.id().to_owned()),
            exit_code: exit.code(),
        }
    }
}

/// Returns how the command ends. 0 only if the copy is complete.
pub(super) fn exit(report: &Report) -> Exit {
    match &report.outcome {
        // The recorded verdict does not say this.
        Outcome::NeedsPerson(error) if error.is_auth() => Exit::KeyRefused,
        outcome => exit_of_verdict(outcome.as_str()),
    }
}

/// Returns how a command ends that knows only the recorded verdict of a run. It decides for the run itself, too, so that
/// both exit with the same code.
pub(super) fn exit_of_verdict(verdict: &str) -> Exit {
    match verdict {
        "complete" => Exit::Done,
        "stopped" | "run_again" => Exit::Again,
        _ => Exit::Person,
    }
}

const HEADINGS: [&str; 7] = [
    "column-table",
    "column-read",
    "column-new",
    "column-changed-rows",
    "column-deleted",
    "column-out-of-view",
    "column-verdict",
];

/// Returns the lines of a table with the figures.
pub(super) fn table(report: &Report, messages: &Messages) -> Vec<String> {
    let row = |table: &TableReport| {
        let verdict = if table.is_complete { "mirror-complete" } else { "mirror-not-complete" };
        let figures = [table.read, table.inserted, table.updated, table.deleted, table.out_of_view];
        let mut row = vec![table.table.to_string()];
        row.extend(figures.map(|figure| figure.to_string()));
        row.push(messages.text(verdict));
        row
    };
    let headings = HEADINGS.map(|name| messages.text(name)).to_vec();
    table_lines([headings].into_iter().chain(report.tables.iter().map(row)))
}

/// Returns how the run ended, and what to do next.
pub(super) fn verdict(report: &Report, messages: &Messages) -> String {
    if let Some(too_many) = &report.too_many_missing {
        let values = [
            ("table", too_many.table.as_str().into()),
            ("missing", too_many.missing.into()),
            ("rows", too_many.rows.into()),
        ];
        return messages.format("mirror-too-many-missing", &values);
    }
    match &report.outcome {
        Outcome::Complete => messages.format("mirror-run-complete", &[("run", report.run.into())]),
        Outcome::Stopped => messages.format("mirror-run-stopped", &[("run", report.run.into())]),
        Outcome::RunAgain(error) => {
            messages.format("mirror-run-again", &[("error", messages.error(error).into())])
        }
        Outcome::NeedsPerson(error) => {
            messages.format("mirror-needs-person", &[("error", messages.error(error).into())])
        }
        other => other.to_string(),
    }
}
