//! Imports activities from a CSV file into a SalesMan CRM, each exactly once.
//!
//! ```sh
//! APIKEY=… LOGIN=… cargo run -p crm --example import -- \
//!     --base-url https://crm.example.ru --file calls.csv --journal calls.journal
//! ```
//!
//! Exit codes: 0, every record is stored, or was refused for a reason that was printed. 75, run it again with the same
//! journal, and it resumes. 1, a person must look.

mod table;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use crm::history::{AddOutcome, ApiKey, HistoryClient, ImportOutcome, ImportProgress, LossPolicy, Pace};
use indicatif::{ProgressBar, ProgressStyle};
use table::Table;

#[derive(Parser)]
#[command(about = "Imports activities from a CSV file, each exactly once", after_help = AFTER_HELP)]
struct Arguments {
    /// Address of the SalesMan CRM, such as https://crm.example.ru
    #[arg(long, env = "BASE_URL")]
    base_url: String,
    /// API key. Prefer the environment variable, which keeps it out of the shell history
    #[arg(long, env = "APIKEY", hide_env_values = true)]
    apikey: String,
    /// Login of the caller
    #[arg(long, env = "LOGIN", hide_env_values = true)]
    login: String,
    /// CSV file separated by "," or ";" with the vendor's names as header: datum, content, tip, user, clid, pid, did
    #[arg(long)]
    file: PathBuf,
    /// File that lets the import resume after an interruption
    #[arg(long)]
    journal: PathBuf,
    /// Maximum number of records per call
    #[arg(long, default_value_t = 100)]
    chunk: usize,
    /// Maximum number of concurrent calls
    #[arg(long, default_value_t = 2)]
    concurrency: usize,
    /// What to do with a record that the server would change
    #[arg(long, value_enum, default_value = "warn")]
    losses: Losses,
    /// Ask the server for each login first, because a record with an unknown login has no owner
    #[arg(long)]
    check_users: bool,
    /// Seconds that the server may keep working on a call that got no response
    #[arg(long, default_value_t = 60)]
    settle: u64,
    /// File for refused records, to fix and import again
    #[arg(long)]
    rejected: Option<PathBuf>,
}

const AFTER_HELP: &str = "Exit codes: 0, every record is stored, or was refused for a reason that was printed; \
                          75, run it again with the same journal, and it resumes; 1, a person must look";

#[derive(Clone, Copy, clap::ValueEnum)]
enum Losses {
    Reject,
    Warn,
    Allow,
}

/// Run it again later: `EX_TEMPFAIL` of sysexits.
const TRY_AGAIN: u8 = 75;

#[tokio::main]
async fn main() -> ExitCode {
    match import(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("import: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn import(arguments: Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let total = Table::open(&arguments.file)?.count() as u64; // also finds a header that cannot be used
    let history = HistoryClient::builder(&arguments.base_url)
        .credentials(ApiKey::new(arguments.apikey, arguments.login))
        .pace(Pace::new().in_flight(arguments.concurrency.max(1)))
        .build()?;
    if let Err(error) = history.fields().await {
        eprintln!("import: {error}");
        let later = error.is_retryable() || error.is_timeout();
        return Ok(if later { ExitCode::from(TRY_AGAIN) } else { ExitCode::FAILURE });
    }

    let mut messages = Messages::new(total);
    let lines = Arc::clone(&messages.lines);
    let mut rejected = table::Rejected::new(arguments.rejected.as_deref())?;
    let unreadable = Arc::clone(&messages.unreadable);
    let bar = messages.bar.clone();
    let entries = Table::open(&arguments.file)?.filter_map(move |(line, entry)| match entry {
        Ok(entry) => {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push_back(line);
            Some(entry)
        }
        Err(why) => {
            bar.suspend(|| eprintln!("line {line}: cannot be read and is left out: {why}"));
            *unreadable.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            None
        }
    });

    let bar = messages.bar.clone();
    let mut import = history
        .import(entries)
        .journal(arguments.journal)
        .chunk(arguments.chunk)
        .concurrency(arguments.concurrency)
        .settle(Duration::from_secs(arguments.settle))
        .loss_policy(match arguments.losses {
            Losses::Reject => LossPolicy::Reject,
            Losses::Warn => LossPolicy::Warn,
            Losses::Allow => LossPolicy::Allow,
        })
        .on_progress(move |progress| bar.set_position(progress.done))
        .cancel(async { drop(tokio::signal::ctrl_c().await) });
    if arguments.check_users {
        import = import.check_users();
    }
    let mut outcomes = import.outcomes();
    while let Some(outcome) = outcomes.next().await {
        let outcome = outcome?;
        rejected.add(&outcome);
        messages.print(&outcome);
    }
    rejected.write()?;
    Ok(messages.finish())
}

/// The messages of the program, each with the line of the file that it is about.
struct Messages {
    bar: ProgressBar,
    /// The lines of the records without an outcome.
    lines: Arc<Mutex<VecDeque<u64>>>,
    unreadable: Arc<Mutex<u64>>,
    totals: ImportProgress,
    /// The last reason for which records were not sent. It is printed once.
    unsent: Option<String>,
    total: u64,
}

impl Messages {
    fn new(total: u64) -> Self {
        let bar = ProgressBar::new(total); // hidden where there is no terminal
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}") {
            bar.set_style(style);
        }
        let totals = ImportProgress::default();
        Self { bar, lines: Arc::default(), unreadable: Arc::default(), totals, unsent: None, total }
    }

    fn print(&mut self, outcome: &ImportOutcome) {
        let line = self.lines.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(0);
        self.totals.count(&outcome.outcome);
        let print = |text: String| self.bar.suspend(|| eprintln!("line {line}: {text}"));
        match &outcome.outcome {
            AddOutcome::Created(_) | AddOutcome::StoredWithoutId => {
                outcome
                    .losses
                    .iter()
                    .for_each(|loss| print(format!("stored, but changed by the server: {loss}")));
                if outcome.unknown_user {
                    print("stored without an owner, because its user is unknown".to_owned());
                }
            }
            AddOutcome::NotSent(why) if self.unsent.as_ref() == Some(why) => {}
            outcome => print(outcome.to_string()),
        }
        if let AddOutcome::NotSent(why) = &outcome.outcome {
            self.unsent = Some(why.clone());
        }
    }

    fn finish(self) -> ExitCode {
        self.bar.finish_and_clear();
        let unreadable = *self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        let ImportProgress { created, rejected, not_sent, unknown, done, .. } = self.totals;
        let not_taken = self.total.saturating_sub(done + unreadable);
        println!(
            "{} records: {created} stored, {rejected} refused, {} not sent, {unknown} stored or not, {unreadable} unreadable",
            self.total,
            not_sent + not_taken,
        );
        if not_sent + not_taken > 0 {
            println!("run it again with the same file and journal, and it resumes");
            ExitCode::from(TRY_AGAIN)
        } else if unknown > 0 {
            println!("look up the records that may be stored or not before you import them again");
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}
