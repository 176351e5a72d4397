//! `crm mirror status TARGET`: the latest runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use clap::Args;
use crm::mirror::{Run, Table};
use serde::Serialize;
use serde_json::value::RawValue;

use super::shown::exit_of_verdict;
use super::target;
use crate::arguments::count;
use crate::commands::directory::listing::Listing;
use crate::commands::utc::utc;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args)]
pub(super) struct Arguments {
    #[arg(id = "mirror-target")]
    target: Option<String>,
    #[arg(long, id = "runs-limit", default_value = "10", value_parser = count)]
    limit: usize,
}

// Written by hand, because the URL of a database may hold a password.
impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arguments").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// A run for programs.
#[derive(Serialize)]
struct Line<'a> {
    run: i64,
    started_at: String,
    ended_at: Option<String>,
    mode: &'a str,
    verdict: Option<&'a str>,
    error: Option<&'a str>,
    shift_hours: Option<i64>,
    tables: Option<&'a RawValue>,
}

const HEADINGS: [&str; 8] = [
    "column-run",
    "column-started-at",
    "column-ended-at",
    "column-mode",
    "column-new",
    "column-changed-rows",
    "column-deleted",
    "column-verdict",
];

/// Shows the latest runs. The exit code is the worst of those of the latest run of each CRM.
pub(super) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let mirror = target::open_existing(&arguments.target, terminal).await?;
    let limit = arguments.limit.max(LOOKED_AT);
    let runs = mirror.status(u32::try_from(limit).unwrap_or(u32::MAX)).await;
    let runs = runs.map_err(|error| target::failure(terminal, &error))?;
    let mut listing = Listing::new(terminal, &HEADINGS);
    for run in runs.iter().take(arguments.limit) {
        add(&mut listing, run, terminal)?;
    }
    listing.write()?;
    if runs.is_empty() {
        terminal.note_text("mirror-no-run", &[]);
        return Ok(Exit::Again);
    }
    let mut worst = Exit::Done;
    for run in latest_of_each_crm(&runs) {
        let id = ("run", run.id.into());
        match (&run.verdict, &run.error) {
            (None, _) => terminal.problem_text("mirror-run-without-end", &[id]),
            (_, Some(error)) => {
                let error = terminal.messages.of_library(error);
                terminal.problem_text("mirror-last-error", &[id, ("error", error.into())]);
            }
            (Some(verdict), None) if verdict == "stopped" => {
                terminal.problem_text("mirror-run-stopped", &[id])
            }
            _ => {}
        }
        worst = worst.max(run.verdict.as_deref().map_or(Exit::Again, exit_of_verdict));
    }
    Ok(worst)
}

/// Returns the latest run of each CRM that the copy holds, or one run for both. The runs are sorted, the latest first.
///
/// A run without an end does not say what it has read, so it counts for both. A CRM of which no run has read anything is not
/// part of the copy, unless the last run with an end tried to.
fn latest_of_each_crm(runs: &[Run]) -> Vec<&Run> {
    let mut latest: Vec<&Run> = Vec::new();
    for is_solos in [false, true] {
        let is_of_it = |tables: Figures| tables.keys().any(|table| is_solos == is_of_solos(table));
        let has_read = |tables: Figures| {
            let mut tables = tables.iter().filter(|(table, _)| is_solos == is_of_solos(table));
            tables.any(|(_, figures)| figures.get("read").is_some_and(|read| *read > 0))
        };
        let last_tried = runs.iter().find_map(figures).is_some_and(is_of_it);
        if last_tried || runs.iter().filter_map(figures).any(has_read) {
            latest.extend(runs.iter().find(|run| figures(run).is_none_or(is_of_it)));
        }
    }
    // Perhaps no run has ended yet.
    latest.extend(runs.first().filter(|run| figures(run).is_none()));
    latest.sort_unstable_by_key(|run| run.id);
    latest.dedup_by_key(|run| run.id);
    latest
}

fn is_of_solos(table: &str) -> bool {
    table.parse().is_ok_and(|table: Table| table == Table::Projects || table.belongs_to_project())
}

type Figures = BTreeMap<String, BTreeMap<String, u64>>;

/// Returns the figures of each table that a run has begun to read. `None` without an end.
fn figures(run: &Run) -> Option<Figures> {
    serde_json::from_str(run.figures.as_deref()?).ok()
}

fn add(listing: &mut Listing<'_>, run: &Run, terminal: &Terminal) -> Result<(), Failure> {
    let tables = figures(run);
    let sum = |name: &str| {
        let tables = tables.as_ref()?;
        Some(tables.values().filter_map(|table| table.get(name)).sum::<u64>().to_string())
    };
    let verdict = terminal.messages.text(match run.verdict.as_deref() {
        Some("complete") => "mirror-complete",
        Some("stopped") => "mirror-verdict-stopped",
        Some("run_again") => "mirror-verdict-run-again",
        Some(_) => "mirror-verdict-needs-person",
        None => "mirror-verdict-none",
    });
    let cells = vec![
        run.id.to_string(),
        utc(run.started_at),
        run.ended_at.map(utc).unwrap_or_default(),
        run.mode.clone(),
        sum("inserted").unwrap_or_default(),
        sum("updated").unwrap_or_default(),
        sum("deleted").unwrap_or_default(),
        verdict,
    ];
    let line = Line {
        run: run.id,
        started_at: utc(run.started_at),
        ended_at: run.ended_at.map(utc),
        mode: &run.mode,
        verdict: run.verdict.as_deref(),
        error: run.error.as_deref(),
        shift_hours: run.shift_hours,
        tables: run.figures.as_deref().and_then(|figures| serde_json::from_str(figures).ok()),
    };
    listing.add(&line, cells)
}

/// Among so many runs the latest of each CRM is looked for.
const LOOKED_AT: usize = 1000;
