//! `crm mirror status TARGET`: the latest runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use clap::Args;
use crm::mirror::Run;
use serde::Serialize;
use serde_json::value::RawValue;

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

/// Shows the latest runs. The exit code is that of the last one that has ended.
pub(super) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let mirror = target::open_existing(&arguments.target, terminal).await?;
    let limit = u32::try_from(arguments.limit).unwrap_or(u32::MAX);
    let runs = mirror.status(limit).await.map_err(|error| target::failure(terminal, &error))?;
    let mut listing = Listing::new(terminal, &HEADINGS);
    for run in &runs {
        add(&mut listing, run, terminal)?;
    }
    listing.write()?;
    let Some(last) = runs.iter().find(|run| run.verdict.is_some()) else {
        terminal.note_text("mirror-no-run", &[]);
        return Ok(Exit::Again);
    };
    if let Some(error) = &last.error {
        let error = terminal.messages.of_library(error);
        terminal.problem_text("mirror-last-error", &[("run", last.id.into()), ("error", error.into())]);
    }
    Ok(match last.verdict.as_deref() {
        Some("complete") => Exit::Done,
        Some("stopped" | "run_again") => Exit::Again,
        _ => Exit::Person,
    })
}

fn add(listing: &mut Listing<'_>, run: &Run, terminal: &Terminal) -> Result<(), Failure> {
    let figures = run.figures.as_deref().unwrap_or("null");
    let tables: Option<BTreeMap<String, BTreeMap<String, u64>>> =
        serde_json::from_str(figures).unwrap_or_default();
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
        tables: serde_json::from_str(figures).unwrap_or_default(),
    };
    listing.add(&line, cells)
}
