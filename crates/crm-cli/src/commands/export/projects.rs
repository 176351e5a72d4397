//! `crm export projects`.

use std::sync::Arc;

use clap::Args;
use crm::projects::ProjectFilter;

use super::OutputArguments;
use super::copy::copy;
use crate::connection::{Environment, NetworkFlags, ProjectsFlags};
use crate::exit::{Exit, Failure};
use crate::signals::Signals;
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    projects: ProjectsFlags,
    #[command(flatten)]
    network: NetworkFlags,
    #[arg(long)]
    deleted: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) async fn run(
    arguments: Arguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let connection = Environment::of_process(&terminal.messages).projects(&arguments.projects)?;
    let client = connection.builder(&arguments.network).pace(arguments.output.pace()).build();
    let client = client.map_err(|error| terminal.call_failure(&error))?;
    let export = client.export(ProjectFilter::new().deleted(arguments.deleted));
    copy(export, &arguments.output, terminal, signals, move || client.stats()).await
}
