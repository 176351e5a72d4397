//! `crm discover`: the shape of what a real account returns, and what `docs/openapi` does not know of it yet.
//!
//! It only reads. The report holds keys, types and counts, and never a value. It shows the keys that the source knows,
//! or that look like the name of a field, and not the custom fields of an account. So it can be attached to a public bug
//! report, and it is in English whatever the language is.

mod explore;
mod shape;
mod source;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{Days, Local};
use clap::Args;

use crate::connection::{Environment, HistoryFlags, NetworkFlags, ProjectsFlags};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: HistoryFlags,
    #[command(flatten)]
    projects: ProjectsFlags,
    #[command(flatten)]
    network: NetworkFlags,
    #[arg(long, default_value_t = 30)]
    days: u64,
    #[arg(long)]
    plan: bool,
}

/// Writes the report to the standard output.
pub(crate) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let environment = Environment::of_process(terminal, &arguments.network)?;
    let history = environment.history_if_any(&arguments.history)?;
    let projects = environment.projects_if_any(&arguments.projects)?;
    if history.is_none() && projects.is_none() {
        return Err(Failure::usage(terminal.messages.text("connection-none")));
    }
    let urls = [
        (history.as_ref().map(|connection| connection.url.clone()), explore::HISTORY),
        (projects.as_ref().map(|connection| connection.url.clone()), explore::PROJECTS),
    ];
    for (url, calls) in urls {
        if let Some(url) = url {
            let values = [("url", url.into()), ("calls", explore::plan(calls, &terminal.messages).into())];
            terminal.note_text("discover-plan", &values);
        }
    }
    if arguments.plan {
        return Ok(Exit::Done);
    }
    let mut report = Vec::new();
    let mut errors = Vec::new();
    if let Some(connection) = history {
        let client = connection.builder().build();
        let client = client.map_err(|error| terminal.call_failure(&error))?;
        let today = Local::now().date_naive();
        let days = (today - Days::new(arguments.days), today);
        let explored = explore::history(&client, days, &mut report).await;
        errors.extend(explored.map_err(|error| Failure::person(error.to_string()))?);
    }
    if let Some(connection) = projects {
        let client = connection.builder().build();
        let client = client.map_err(|error| terminal.call_failure(&error))?;
        let explored = explore::projects(&client, &mut report).await;
        errors.extend(explored.map_err(|error| Failure::person(error.to_string()))?);
    }
    terminal.print(String::from_utf8_lossy(&report).trim_end())?;
    // A refused call is part of the report. Without a single answer there is nothing to report.
    for error in &errors {
        terminal.problem(&terminal.messages.error(error));
    }
    Ok(errors.iter().map(Exit::from_error).max().unwrap_or(Exit::Done))
}
