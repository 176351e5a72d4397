//! `crm tap`: what a copy holds, as messages of the Singer protocol on the standard output.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use crm::Error;
use crm::mirror::singer::{Catalog, State, Tap};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::mirror::target;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(long, id = "tap-store")]
    store: Option<String>,
    #[arg(long, id = "tap-config")]
    config: Option<PathBuf>,
    #[arg(long, conflicts_with_all = ["catalog", "tap-state"])]
    discover: bool,
    #[arg(long, alias = "properties")]
    catalog: Option<PathBuf>,
    #[arg(long, id = "tap-state")]
    state: Option<PathBuf>,
}

// Written by hand, because the URL of a database may hold a password.
impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arguments").field("discover", &self.discover).finish_non_exhaustive()
    }
}

/// The file of `--config`, which pipelines write. They may add keys of their own.
#[derive(Default, Deserialize)]
struct Config {
    store: Option<String>,
}

/// Writes the catalog, or the records.
pub(crate) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    terminal.reserve_output();
    let config: Config = read(arguments.config.as_deref(), terminal)?.unwrap_or_default();
    let mirror = target::open_existing(&arguments.store.or(config.store), terminal).await?;
    let tap = Tap::new(&mirror);
    let failed = |error: Error| failure(terminal, &error);
    if arguments.discover {
        let catalog = tap.discover().await.map_err(failed)?;
        terminal.print(&serde_json::to_string_pretty(&catalog).unwrap_or_default())?;
        return Ok(Exit::Done);
    }
    let catalog: Option<Catalog> = read(arguments.catalog.as_deref(), terminal)?;
    let catalog = match catalog {
        Some(catalog) => catalog,
        None => tap.discover().await.map_err(failed)?,
    };
    let state: State = read(arguments.state.as_deref(), terminal)?.unwrap_or_default();
    let output = io::BufWriter::with_capacity(64 * 1024, io::stdout());
    let report = tap.run(&catalog, state, output).await.map_err(failed)?;
    let names = |tables: &[crm::mirror::Table]| {
        tables.iter().map(|table| table.as_str()).collect::<Vec<_>>().join(", ")
    };
    if !report.sent_again.is_empty() {
        terminal.problem_text("tap-sent-again", &[("streams", names(&report.sent_again).into())]);
    }
    if !report.not_activated.is_empty() {
        terminal.problem_text("tap-not-activated", &[("streams", names(&report.not_activated).into())]);
    }
    let records: u64 = report.records.values().sum();
    terminal.note_text("tap-done", &[("count", records.into())]);
    Ok(Exit::Done)
}

/// Reads a file with JSON. `None` without a path. An empty file holds nothing: some pipelines write one as the first state.
fn read<T: DeserializeOwned>(path: Option<&Path>, terminal: &Terminal) -> Result<Option<T>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let failed = |error: String| {
        let values = [("file", path.display().to_string().into()), ("error", error.into())];
        Failure::usage(terminal.messages.format("file-not-read", &values))
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&text).map(Some).map_err(|error| failed(error.to_string()))
}

fn failure(terminal: &Terminal, error: &Error) -> Failure {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    match cause.filter(|cause| cause.kind() == ErrorKind::BrokenPipe) {
        Some(_) => Failure::broken_pipe(),
        None => target::failure(terminal, error),
    }
}
