//! `crm mirror`: a copy of both CRMs in a database.
//!
//! `run` brings the copy up to date, `status` and `changes` show what it knows, `forget` removes a record from it.
//! `target` finds and opens the database.

mod changes;
mod forget;
mod run;
mod shown;
mod status;
pub(crate) mod target;

use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::exit::{Exit, Failure};
use crate::signals::Signals;
use crate::terminal::Terminal;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::RunArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Arguments),
    Changes(Box<changes::Arguments>),
    Forget(forget::Arguments),
}

/// Runs a command. A signal ends those that only use the copy at once: each of their steps is whole.
pub(crate) async fn run(
    arguments: Arguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let Some(command) = arguments.command else { return run::run(arguments.run, terminal, signals).await };
    tokio::select! {
        exit = signals.first() => Ok(exit),
        result = use_copy(command, terminal) => result,
    }
}

async fn use_copy(command: Command, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    match command {
        Command::Status(arguments) => status::run(arguments, terminal).await,
        Command::Changes(arguments) => changes::run(*arguments, terminal).await,
        Command::Forget(arguments) => forget::run(arguments, terminal).await,
    }
}
