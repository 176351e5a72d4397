//! The history of a SalesMan CRM in a file, one activity a line, with a verdict on whether that is all there is.
//!
//! ```text
//! export APIKEY=… LOGIN=…
//! cargo run --release -p crm --example export -- --base-url https://crm.example.ru \
//!     --from 2024-01-01 --to 2024-12-31 --out history.jsonl --checkpoint history.checkpoint
//! ```

mod output;
mod progress;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use clap::{Parser, ValueEnum};
use crm::history::{ApiKey, EntryQuery, HistoryClient, Hydrate, Pace};
use crm::{Error, Verdict};
use output::{Format, Output};

#[derive(Parser)]
#[command(
    name = "export",
    about = "Writes the history of a SalesMan CRM into a file, one activity a line, by id",
    after_help = "Exit codes:
  0   complete: the file is all there is
  1   it ended early, and something has to be mended first (the keys, the disk, the query)
  2   the arguments are wrong
  65  read to the end, but some activities could not be read, or moved while they were read
  75  it ended early by something that passes, such as a lost connection: run it again;
      with --checkpoint it goes on where it stood

The file holds whole lines at any time. Without --checkpoint it is begun anew.
Activities with the date 0000-00-00 are in no range of dates: the server does not list them.

With --by-month the file is in order by month, then by id. An activity whose date somebody changes
meanwhile, from a month that is still to be read to one that was read, is not in it; without
--by-month that cannot happen."
)]
struct Arguments {
    /// Address of the CRM, such as https://crm.example.ru
    #[arg(long, env = "BASE_URL")]
    base_url: String,
    /// API key; better in the environment, where no shell history keeps it
    #[arg(long, env = "APIKEY", hide_env_values = true)]
    apikey: String,
    /// Login of the user who calls; better in the environment
    #[arg(long, env = "LOGIN", hide_env_values = true)]
    login: String,
    /// First day, such as 2024-01-01; from the beginning unless given
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Last day; unless given, all that is to come too
    #[arg(long)]
    to: Option<NaiveDate>,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
    /// Lines of JSON as the server writes it, or CSV with the server's names, `person` as JSON
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Calls in flight; a shared server gains nothing from more than 2
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Read month by month, for long histories on a slow server; needs --from and --to
    #[arg(long, requires_all = ["from", "to"])]
    by_month: bool,
    /// A file that says how far it came: run the same command again to go on
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Fetch texts as they are stored, one call for each: those that the list has changed, or all
    #[arg(long, value_enum)]
    texts: Option<Texts>,
    /// Allow http:// to a host that is not this machine; whoever is on the way can read the key
    #[arg(long)]
    allow_insecure_http: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Texts {
    Changed,
    All,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let Arguments { base_url, apikey, login, out, format, concurrency, .. } = arguments;
    let concurrency = usize::from(concurrency);
    let mut builder = HistoryClient::builder(base_url)
        .credentials(ApiKey::new(apikey, login))
        .pace(Pace::new().in_flight(concurrency));
    if arguments.allow_insecure_http {
        builder = builder.allow_insecure_http();
    }
    let mut query = EntryQuery::new();
    if let Some(first) = arguments.from {
        query = query.since(first);
    }
    if let Some(last) = arguments.to {
        query = query.until(last);
    }
    let mut export = builder.build()?.export(query).concurrency(concurrency);
    if arguments.by_month {
        export = export.by_month();
    }
    match arguments.texts {
        Some(Texts::Changed) => export = export.hydrate(Hydrate::Content),
        Some(Texts::All) => export = export.hydrate(Hydrate::EveryContent),
        None => {}
    }
    if let Some(path) = arguments.checkpoint {
        export = export.checkpoint(path);
    }
    let bar = progress::bar();
    if std::io::stderr().is_terminal() {
        let bar = bar.clone();
        export = export.on_progress(move |progress| progress::show(&bar, progress));
    }
    let output = Arc::new(Mutex::new(Output::open(&out, format, export.mark()?)?));
    let lock = |output: &Mutex<Output>, act: &mut dyn FnMut(&mut Output) -> std::io::Result<u64>| {
        act(&mut output.lock().unwrap_or_else(PoisonError::into_inner))
    };
    let flushed = Arc::clone(&output);
    export = export.before_checkpoint(move |_| lock(&flushed, &mut Output::sync));

    let mut ended_by: Option<Error> = None;
    while let Some(entry) = export.next().await {
        match entry {
            Ok(entry) => {
                lock(&output, &mut |output| output.write(&entry))
                    .map_err(|e| format!("{} could not be written: {e}", out.display()))?;
            }
            // The error that ends it is part of the verdict.
            Err(error) if export.verdict().is_some() => ended_by = Some(error),
            Err(error) => bar.suspend(|| eprintln!("unreadable: {error}")),
        }
    }
    lock(&output, &mut Output::sync).map_err(|e| format!("{} could not be written: {e}", out.display()))?;
    bar.finish_and_clear();
    let Some(verdict) = export.verdict() else { return Err("the export has no verdict".into()) };
    eprintln!("{verdict}");
    Ok(match verdict {
        verdict if verdict.is_complete() => ExitCode::SUCCESS,
        Verdict::Truncated { .. } if ended_by.is_some_and(|error| error.is_retryable()) => ExitCode::from(75),
        Verdict::Truncated { .. } => ExitCode::FAILURE,
        _ => ExitCode::from(65),
    })
}
