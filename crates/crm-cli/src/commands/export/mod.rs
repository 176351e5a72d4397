//! `crm export`: the activities or the projects into a file, with a verdict on whether that is everything.
//!
//! `history` and `projects` choose the records, `target` is where they go, and `copy` is the way between.

mod copy;
mod history;
mod projects;
mod target;

use std::sync::Arc;

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::signals::Signals;
use crate::terminal::Terminal;

#[cfg(feature = "mirror")]
pub(crate) use history::FetchedTexts;
#[cfg(feature = "mirror")]
pub(crate) use target::{FormatName, format_of};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    History(history::Arguments),
    Projects(projects::Arguments),
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
