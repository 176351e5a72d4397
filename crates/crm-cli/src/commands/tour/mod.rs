//! `crm tour`: what the project does, without an account and without a network.
//!
//! The tour runs against a sandbox in this process. It never calls a server that only the environment names. A server
//! that a flag names is written to only with `--write-to-this-crm`. The tour deletes only what it created itself.

mod calls;
mod lost_answers;
mod show;
mod whole_list;

use std::sync::Arc;

use clap::Args;
use crm_sandbox::Sandbox;

use crate::connection::{
    Environment, HistoryConnection, HistoryFlags, NetworkFlags, ProjectsConnection, ProjectsFlags,
};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use show::Tour;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: HistoryFlags,
    #[command(flatten)]
    projects: ProjectsFlags,
    #[command(flatten)]
    network: NetworkFlags,
    #[arg(long, requires = "history_url")]
    write_to_this_crm: bool,
}

/// Shows the tour on the standard output.
pub(crate) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let sandbox = Sandbox::start().await.map_err(|error| {
        let values = [("address", "127.0.0.1:0".into()), ("error", error.to_string().into())];
        Failure::person(terminal.messages.format("sandbox-not-started", &values))
    })?;
    let (history, is_own_history) = history(&arguments, &sandbox, terminal)?;
    let (projects, is_own_projects) = projects(&arguments, &sandbox, terminal)?;
    let may_write = is_own_history || arguments.write_to_this_crm;

    let mut tour = Tour::new(terminal);
    tour.say("tour-begin", &[])?;
    if !(is_own_history && is_own_projects) {
        tour.say("tour-own-server", &[])?;
    }
    tour.chapter("tour-chapter-history", &history.url)?;
    let client = history.builder().build();
    let client = client.map_err(|error| terminal.call_failure(&error))?;
    calls::history(&mut tour, &client, may_write).await?;
    tour.chapter("tour-chapter-projects", &projects.url)?;
    let client = projects.builder().build();
    let client = client.map_err(|error| terminal.call_failure(&error))?;
    calls::projects(&mut tour, &client).await?;
    tour.count_calls()?;

    // These two need a server that fails on demand.
    lost_answers::show(&mut tour).await?;
    whole_list::show(&mut tour).await?;

    tour.say("tour-next", &[])?;
    tour.end()
}

/// Returns the server that a flag names, else the sandbox.
fn history(
    arguments: &Arguments,
    sandbox: &Sandbox,
    terminal: &Terminal,
) -> Result<(HistoryConnection, bool), Failure> {
    if arguments.history.history_url.is_some() {
        return Ok((
            Environment::of_process(terminal, &arguments.network)?.history(&arguments.history)?,
            false,
        ));
    }
    Ok((HistoryConnection::to_sandbox(sandbox.url()), true))
}

fn projects(
    arguments: &Arguments,
    sandbox: &Sandbox,
    terminal: &Terminal,
) -> Result<(ProjectsConnection, bool), Failure> {
    if arguments.projects.projects_url.is_some() {
        return Ok((
            Environment::of_process(terminal, &arguments.network)?.projects(&arguments.projects)?,
            false,
        ));
    }
    Ok((ProjectsConnection::to_sandbox(sandbox.url()), true))
}
