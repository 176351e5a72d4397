//! Exports the history of a SalesMan CRM to a file, one activity a line, with a verdict on whether it is complete.
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
use crm::history::{ApiKey, EntryQuery, HistoryClient, Pace, Texts};
use crm::{Error, Verdict};
use output::{Format, Output};

#[derive(Parser)]
#[command(
    name = "export",
    about = "Writes the history of a SalesMan CRM to a file, one activity a line, by id",
    after_help = "Exit codes:
  0   complete: the file holds everything
  1   it ended early, and something has to be fixed first (the keys, the disk, the query)
  2   the arguments are wrong
  65  read to the end, but some activities cannot be decoded, or moved while they were read
  75  it ended early because of something that passes, such as a lost connection: run it again;
      with --checkpoint it resumes

The file holds whole lines at any time. Without --checkpoint it is written from the beginning.
Activities with the date 0000-00-00 are exported if no first day is given."
)]
struct Arguments {
    /// Address of the CRM, such as https://crm.example.ru
    #[arg(long, env = "BASE_URL")]
    base_url: String,
    /// API key; better in the environment, because a shell keeps its history
    #[arg(long, env = "APIKEY", hide_env_values = true)]
    apikey: String,
    /// Login of the current user; better in the environment
    #[arg(long, env = "LOGIN", hide_env_values = true)]
    login: String,
    /// First day, such as 2024-01-01 (default: from the beginning)
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Last day (default: future days too)
    #[arg(long)]
    to: Option<NaiveDate>,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
    /// JSON Lines as the server writes them, or CSV with the server's names and `person` as JSON
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Maximum number of concurrent calls; a shared server gains nothing from more than 2
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// A file that keeps the progress: run the same command again to resume
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Which texts to fetch as they are stored, with one call each: those that the list has changed, or all
    #[arg(long, value_enum, default_value_t = FetchedTexts::None)]
    texts: FetchedTexts,
    /// Allow http:// to another host than this one, although everyone on the way can then read the key
    #[arg(long)]
    allow_insecure_http: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum FetchedTexts {
    None,
    Changed,
    All,
}

impl From<FetchedTexts> for Texts {
    fn from(texts: FetchedTexts) -> Self {
        match texts {
            FetchedTexts::None => Self::AsListed,
            FetchedTexts::Changed => Self::Changed,
            FetchedTexts::All => Self::All,
        }
    }
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
    let output = Arc::new(Mutex::new(Output::open(&out, format)?));
    let lock = |output: &Mutex<Output>, act: &mut dyn FnMut(&mut Output) -> std::io::Result<u64>| {
        act(&mut output.lock().unwrap_or_else(PoisonError::into_inner))
    };
    let flushed = Arc::clone(&output);
    let mut export =
        builder.build()?.export(query.with_texts(arguments.texts.into())).concurrency(concurrency);
    if let Some(path) = arguments.checkpoint {
        let sync = move |_: &_| lock(&flushed, &mut Output::sync);
        export = export.checkpoint(path).before_checkpoint(sync);
    }
    let bar = progress::bar();
    if std::io::stderr().is_terminal() {
        let bar = bar.clone();
        export = export.on_progress(move |progress| progress::show(&bar, progress));
    }
    let mut export = export.start().await?;
    let failed = |e: std::io::Error| format!("{} cannot be written: {e}", out.display());
    let resumed_at = export.resumed_at();
    lock(&output, &mut |output| output.resume(resumed_at)).map_err(failed)?;

    // The last error is part of the verdict, so it is printed with that.
    let mut last_error: Option<Error> = None;
    while let Some(entry) = export.next().await {
        if let Some(error) = last_error.take() {
            bar.suspend(|| eprintln!("{error}"));
        }
        match entry {
            Ok(entry) => lock(&output, &mut |output| output.write(&entry)).map(drop).map_err(failed)?,
            Err(error) => last_error = Some(error),
        }
    }
    lock(&output, &mut Output::sync).map_err(failed)?;
    bar.finish_and_clear();
    let verdict = export.finish().await;
    if let Some(error) = last_error.filter(|_| verdict.is_complete()) {
        eprintln!("{error}");
    }
    eprintln!("{verdict}");
    Ok(match verdict {
        verdict if verdict.is_complete() => ExitCode::SUCCESS,
        Verdict::Truncated { cause, .. } if cause.is_retryable() => ExitCode::from(75),
        Verdict::Truncated { .. } => ExitCode::FAILURE,
        _ => ExitCode::from(65),
    })
}
