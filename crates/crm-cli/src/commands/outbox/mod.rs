//! `crm outbox`: activities that are put once and stored once, whatever crashes.
//!
//! ```text
//! put ──────────┐                      ┌→ run     delivers
//!               ├→ store ─→ Outbox ←───┤
//! inspect, decide┘                     └→ serve   takes activities by HTTP, and delivers
//! ```
//!
//! `activity` reads an activity as JSON, `shown` writes a status, `delivery` holds the options of a delivery.

mod activity;
mod decide;
mod delivery;
mod held;
mod inspect;
mod put;
mod run;
mod serve;
mod shown;
mod store;

use std::sync::Arc;

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::signals::Signals;
use crate::terminal::Terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Put(Box<put::Arguments>),
    Run(Box<run::Arguments>),
    Serve(Box<serve::Arguments>),
    Status(inspect::StatusArguments),
    List(inspect::ListArguments),
    Retry(decide::RetryArguments),
    Resolve(decide::ResolveArguments),
    Reconcile(decide::ReconcileArguments),
    Purge(decide::PurgeArguments),
}

/// Runs a command. A signal ends those that only use the store at once: each of their steps is whole.
pub(crate) async fn run(
    command: Command,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let command = match command {
        Command::Run(arguments) => return run::run(*arguments, terminal, signals).await,
        Command::Serve(arguments) => return serve::run(*arguments, terminal, signals).await,
        other => other,
    };
    tokio::select! {
        exit = signals.first() => Ok(exit),
        result = use_store(command, terminal) => result,
    }
}

async fn use_store(command: Command, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    match command {
        Command::Put(arguments) => put::run(*arguments, terminal).await,
        Command::Status(arguments) => inspect::status(arguments, terminal).await,
        Command::List(arguments) => inspect::list(arguments, terminal).await,
        Command::Retry(arguments) => decide::retry(arguments, terminal).await,
        Command::Resolve(arguments) => decide::resolve(arguments, terminal).await,
        Command::Reconcile(arguments) => decide::reconcile(arguments, terminal).await,
        Command::Purge(arguments) => decide::purge(arguments, terminal).await,
        Command::Run(_) | Command::Serve(_) => Ok(Exit::Done),
    }
}
