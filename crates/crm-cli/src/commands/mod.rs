//! The commands, one module each.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod directory;
pub(crate) mod discover;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod man;
#[cfg(feature = "mirror")]
pub(crate) mod mirror;
#[cfg(feature = "outbox")]
pub(crate) mod outbox;
pub(crate) mod profile;
pub(crate) mod report;
pub(crate) mod sandbox;
#[cfg(feature = "mirror")]
pub(crate) mod tap;
pub(crate) mod tour;
#[cfg(any(feature = "mirror", feature = "outbox"))]
pub(crate) mod utc;

use std::sync::Arc;

use crate::arguments::Command;
use crate::exit::{Exit, Failure};
use crate::signals::Signals;
use crate::terminal::Terminal;

/// Runs a command.
pub(crate) fn run(command: Command, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    match command {
        Command::Completions(arguments) => return completions::run(&arguments, terminal),
        Command::Man(arguments) => return man::run(&arguments, terminal),
        Command::Profile(command) => return profile::run(command, terminal),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| runtime_failure(terminal, &error))?;
    let result = runtime.block_on(run_async(command, terminal));
    // Threads that read the standard input may never end.
    runtime.shutdown_background();
    result
}

async fn run_async(command: Command, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let on_first = Arc::clone(terminal);
    let signals = Signals::listen(move || on_first.problem_text("signal-received", &[]))
        .map_err(|error| runtime_failure(terminal, &error))?;
    let result = match command {
        Command::Import(arguments) => import::run(*arguments, terminal, &signals).await,
        Command::Export(command) => export::run(command, terminal, &signals).await,
        Command::Sandbox(arguments) => return sandbox::run(arguments, terminal, &signals).await,
        #[cfg(feature = "mirror")]
        Command::Mirror(arguments) => mirror::run(*arguments, terminal, &signals).await,
        #[cfg(feature = "outbox")]
        Command::Outbox(command) => outbox::run(command, terminal, &signals).await,
        // The others write nothing that could be left half done.
        other => tokio::select! {
            exit = signals.first() => return Ok(exit),
            result = run_interruptible(other, terminal) => result,
        },
    };
    match signals.received() {
        Some(exit) => result.map(|_| exit).map_err(|failure| Failure { exit, ..failure }),
        None => result,
    }
}

async fn run_interruptible(command: Command, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    match command {
        #[cfg(feature = "mirror")]
        Command::Tap(arguments) => tap::run(arguments, terminal).await,
        Command::Tour(arguments) => tour::run(arguments, terminal).await,
        Command::Check(arguments) => check::run(*arguments, terminal).await,
        Command::Discover(arguments) => discover::run(arguments, terminal).await,
        Command::Report(arguments) => report::run(arguments, terminal).await,
        Command::Find(arguments) => directory::find::run(arguments, terminal).await,
        Command::Users(arguments) => directory::users::run(arguments, terminal).await,
        Command::Clients(arguments) => directory::clients::run(arguments, terminal).await,
        _ => Ok(Exit::Done),
    }
}

fn runtime_failure(terminal: &Terminal, error: &std::io::Error) -> Failure {
    Failure::person(terminal.messages.format("runtime-not-started", &[("error", error.to_string().into())]))
}
