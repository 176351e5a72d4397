//! `crm check`: whether everything on the way to the CRMs is as it should be, and what to do where it is not.
//!
//! `findings` prints a line for each check, `probe` looks at the connection without a key, `history` and `projects` call the
//! CRMs, `input` compares a file with the account, and `writing` adds two activities if it may.

mod findings;
mod history;
mod input;
mod probe;
mod projects;
mod writing;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::connection::{Environment, HistoryFlags, NetworkFlags, ProjectsFlags};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use findings::Findings;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[arg(id = "check-file")]
    file: Option<PathBuf>,
    #[command(flatten)]
    history: HistoryFlags,
    #[command(flatten)]
    projects: ProjectsFlags,
    #[command(flatten)]
    network: NetworkFlags,
    #[arg(long)]
    second_login: Option<String>,
    #[arg(long, id = "check-write_to_this_crm")]
    write_to_this_crm: bool,
    #[arg(long)]
    map: Vec<String>,
    #[arg(long)]
    sheet: Option<String>,
}

/// Checks every CRM that is given.
pub(crate) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let messages = &terminal.messages;
    let environment = Environment::of_process(terminal, &arguments.network)?;
    let history = environment.history_if_any(&arguments.history)?;
    let projects = environment.projects_if_any(&arguments.projects)?;
    if history.is_none() && projects.is_none() {
        return Err(Failure::usage(messages.text("connection-none")));
    }
    let needs_history =
        arguments.file.is_some() || arguments.second_login.is_some() || arguments.write_to_this_crm;
    if history.is_none() && needs_history {
        return Err(Failure::usage(messages.text("check-needs-history")));
    }
    // The file first: it needs no server, and a wrong path is an error of the arguments.
    let input = match &arguments.file {
        Some(file) => Some(input::Input::read(file, &arguments.map, arguments.sheet.clone(), terminal)?),
        None => None,
    };
    let mut findings = Findings::new(terminal);
    if let Some(connection) = history {
        findings.chapter("SalesMan CRM", &connection.url)?;
        let options = history::Options {
            input,
            second_login: arguments.second_login.as_deref(),
            may_write: arguments.write_to_this_crm,
        };
        history::check(&connection, options, &mut findings).await?;
    }
    if let Some(connection) = projects {
        findings.chapter("solOS", &connection.url)?;
        projects::check(&connection, &mut findings).await?;
    }
    findings.end()
}
