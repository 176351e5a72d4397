//! `crm export`: the activities or the projects into a file, with a verdict on whether that is everything.

mod copy;
mod history;
mod output;
mod projects;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use crm::history::Pace;

use crate::arguments::{count, rate};
use crate::exit::{Exit, Failure};
use crate::signals::Signals;
use crate::terminal::Terminal;
use output::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    History(history::Arguments),
    Projects(projects::Arguments),
}

// The arguments of both exports.
#[derive(Args, Debug)]
struct OutputArguments {
    #[arg(long)]
    out: PathBuf,
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    #[arg(long, id = "export-concurrency", default_value = "2", value_parser = count)]
    concurrency: usize,
    #[arg(long, value_parser = rate)]
    per_second: Option<f64>,
}

impl OutputArguments {
    fn pace(&self) -> Pace {
        let pace = Pace::new().in_flight(self.concurrency);
        match self.per_second {
            Some(rate) => pace.per_second(rate),
            None => pace,
        }
    }
}

/// Exports.
pub(crate) async fn run(
    command: Command,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    match command {
        Command::History(arguments) => history::run(arguments, terminal, signals).await,
        Command::Projects(arguments) => projects::run(arguments, terminal, signals).await,
    }
}
