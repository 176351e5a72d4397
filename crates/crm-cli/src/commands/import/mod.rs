//! `crm import`: activities of a file into a SalesMan CRM, each once.
//!
//! `input` reads the rows on a thread of its own, `outcomes` says what became of them, and `summary` counts.

mod input;
mod outcomes;
mod summary;
mod table;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use crm::history::{Import, LossPolicy, Pace};

use crate::arguments::{count, rate, seconds};
use crate::connection::{Environment, HistoryFlags, NetworkFlags};
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::signals::Signals;
use crate::terminal::Terminal;
use input::Rows;
use outcomes::Outcomes;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    history: HistoryFlags,
    #[command(flatten)]
    network: NetworkFlags,
    pub(super) file: PathBuf,
    #[arg(long)]
    journal: Option<PathBuf>,
    #[arg(long)]
    rejected: Option<PathBuf>,
    #[arg(long, default_value = "100", value_parser = count)]
    chunk: usize,
    #[arg(long, id = "import-concurrency", default_value = "2", value_parser = count)]
    concurrency: usize,
    #[arg(long, default_value = "60", value_parser = seconds)]
    settle: Duration,
    #[arg(long, default_value = "30", value_parser = seconds)]
    timeout: Duration,
    #[arg(long, default_value = "300", value_parser = seconds)]
    patience: Duration,
    #[arg(long, value_parser = rate)]
    per_second: Option<f64>,
    #[arg(long, value_enum, default_value = "warn")]
    losses: Losses,
    #[arg(long)]
    check_users: bool,
    #[arg(long)]
    check_types: bool,
    #[arg(long)]
    sole_writer: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Losses {
    Reject,
    Warn,
    Allow,
}

impl From<Losses> for LossPolicy {
    fn from(losses: Losses) -> Self {
        match losses {
            Losses::Reject => Self::Reject,
            Losses::Warn => Self::Warn,
            Losses::Allow => Self::Allow,
        }
    }
}

/// Imports the file.
pub(crate) async fn run(
    arguments: Arguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let connection = Environment::of_process(&terminal.messages).history(&arguments.history)?;
    let (rows, total) = Rows::open(&arguments.file, terminal)?;
    let client = connection
        .builder(&arguments.network)
        .timeout(arguments.timeout)
        .pace(pace(&arguments))
        .build()
        .map_err(|error| terminal.call_failure(&error))?;
    // A wrong key or address is found before anything else happens.
    tokio::select! {
        exit = signals.first() => return Ok(exit),
        known = client.fields() => drop(known.map_err(|error| terminal.call_failure(&error))?),
    }

    let rejected = arguments.rejected.clone().unwrap_or_else(|| beside(&arguments.file, ".rejected.csv"));
    let journal = arguments.journal.clone().unwrap_or_else(|| beside(&arguments.file, ".journal"));
    let mut outcomes = Outcomes::new(terminal, total, rejected)?;
    let progress = {
        let client = client.clone();
        Progress::start(terminal, Some(total), move || client.stats())
    };
    let (entries, mut positions) = rows.start();
    let mut stream = options(client.import_stream(entries), &arguments)
        .journal(journal)
        .cancel({
            let signals = signals.clone();
            async move {
                signals.first().await;
            }
        })
        .outcomes();
    let reporter = progress.reporter();
    while let Some(outcome) = stream.next().await {
        let outcome = outcome.map_err(|error| terminal.call_failure(&error))?;
        let Some(row) = positions.recv().await else { break };
        outcomes.add(&outcome, &row);
        reporter.set(outcomes.done(), outcomes.in_words(terminal));
    }
    drop(progress);
    outcomes.finish(signals.received())
}

fn pace(arguments: &Arguments) -> Pace {
    let pace = Pace::new().in_flight(arguments.concurrency);
    match arguments.per_second {
        Some(rate) => pace.per_second(rate),
        None => pace,
    }
}

fn options(import: Import, arguments: &Arguments) -> Import {
    let mut import = import
        .chunk(arguments.chunk)
        .concurrency(arguments.concurrency)
        .settle(arguments.settle)
        .patience(arguments.patience)
        .loss_policy(arguments.losses.into());
    if arguments.check_users {
        import = import.check_users();
    }
    if arguments.check_types {
        import = import.check_types();
    }
    if arguments.sole_writer {
        import = import.sole_writer();
    }
    import
}

/// A file beside the input. Without an input file it is in the current folder.
fn beside(input: &std::path::Path, suffix: &str) -> PathBuf {
    let mut name = if is_stdin(input) { "stdin".into() } else { input.as_os_str().to_owned() };
    name.push(suffix);
    name.into()
}

fn is_stdin(path: &std::path::Path) -> bool {
    path.as_os_str() == "-"
}
