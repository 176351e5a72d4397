//! `crm export projects`.

use std::sync::Arc;

use clap::Args;
use crm::projects::ProjectFilter;

use super::copy::copy;
use super::target::OutputArguments;
use crate::connection::{Environment, NetworkFlags, ProjectsFlags};
use crate::exit::{Exit, Failure};
use crate::files::{Headings, OutputColumn, OutputKind};
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
    let connection = Environment::of_process(terminal, &arguments.network)?.projects(&arguments.projects)?;
    let target = arguments.output.target(columns, terminal)?;
    let client = connection.builder().pace(arguments.output.pace()).build();
    let client = client.map_err(|error| terminal.call_failure(&error))?;
    let export = client.export(ProjectFilter::new().deleted(arguments.deleted));
    copy(export, &arguments.output, target, terminal, signals, move || client.stats()).await
}

/// No response of solOS is documented, so everything but the ID is in one column, as JSON.
fn columns(headings: Headings) -> Vec<OutputColumn> {
    let others = if headings == Headings::Russian { "Прочее" } else { "extra" };
    let column = |key: &str, heading: &str, kind| OutputColumn {
        key: key.to_owned(),
        heading: heading.to_owned(),
        kind,
    };
    vec![column("id", "ID", OutputKind::Id), column("extra", others, OutputKind::Others)]
}
