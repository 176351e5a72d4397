//! Imports activities from CSV into a SalesMan CRM, each of them once.
//!
//! ```sh
//! APIKEY=… LOGIN=… cargo run -p crm --example import -- \
//!     --base-url https://crm.example.ru --file calls.csv --journal calls.journal
//! ```
//!
//! Exit code 0: every record is stored, or refused for a reason that was printed. 75: run it again with the same
//! journal and it goes on. 1: a person is needed.

mod table;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use crm::history::{AddOutcome, ApiKey, HistoryClient, Imported, LossPolicy, Pace, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use table::Table;

#[derive(Parser)]
#[command(about = "Imports activities from CSV, each of them once", after_help = AFTER_HELP)]
struct Arguments {
    /// Address of the SalesMan CRM, such as https://crm.example.ru
    #[arg(long, env = "BASE_URL")]
    base_url: String,
    /// API key; better given as the environment variable, so that it stays out of the shell's history
    #[arg(long, env = "APIKEY", hide_env_values = true)]
    apikey: String,
    /// Login of the user who calls
    #[arg(long, env = "LOGIN", hide_env_values = true)]
    login: String,
    /// CSV with the vendor's names as header: datum, content, tip, user, clid, pid, did; "," or ";" between them
    #[arg(long)]
    file: PathBuf,
    /// Where the import writes down what it does, to go on after a break
    #[arg(long)]
    journal: PathBuf,
    /// At most so many records in one call
    #[arg(long, default_value_t = 100)]
    chunk: usize,
    /// At most so many calls at a time
    #[arg(long, default_value_t = 2)]
    concurrency: usize,
    /// What to do with a record that the server would change
    #[arg(long, value_enum, default_value = "warn")]
    losses: Losses,
    /// Ask the server for each login first: an unknown one would make a record that belongs to nobody
    #[arg(long)]
    check_users: bool,
    /// Seconds that the server may still work on a call that it gave no answer to
    #[arg(long, default_value_t = 60)]
    settle: u64,
    /// Where refused records go, to be mended and imported again
    #[arg(long)]
    rejected: Option<PathBuf>,
}

const AFTER_HELP: &str = "Exit codes: 0, every record is stored, or refused for a reason that was printed; \
                          75, run it again with the same journal and it goes on; 1, a person is needed";

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

    let mut told = Told::new(total);
    let lines = Arc::clone(&told.lines);
    let mut rejected = table::Rejected::new(arguments.rejected.as_deref())?;
    let unreadable = Arc::clone(&told.unreadable);
    let bar = told.bar.clone();
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

    let bar = told.bar.clone();
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
    while let Some(imported) = outcomes.next().await {
        let imported = imported?;
        rejected.add(&imported);
        told.tell(&imported);
    }
    rejected.end()?;
    Ok(told.end())
}

/// What a person is told, line by line of the file.
struct Told {
    bar: ProgressBar,
    /// The lines of the records that are under way.
    lines: Arc<Mutex<VecDeque<u64>>>,
    unreadable: Arc<Mutex<u64>>,
    totals: Progress,
    /// The last reason for which records were not sent: it is told once.
    unsent: Option<String>,
    total: u64,
}

impl Told {
    fn new(total: u64) -> Self {
        let bar = ProgressBar::new(total); // hidden where there is no terminal
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}") {
            bar.set_style(style);
        }
        let totals = Progress::default();
        Self { bar, lines: Arc::default(), unreadable: Arc::default(), totals, unsent: None, total }
    }

    fn tell(&mut self, imported: &Imported) {
        let line = self.lines.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(0);
        self.totals.count(&imported.outcome);
        let say = |text: String| self.bar.suspend(|| eprintln!("line {line}: {text}"));
        match &imported.outcome {
            AddOutcome::Created(_) => {
                imported
                    .losses
                    .iter()
                    .for_each(|loss| say(format!("stored, but changed by the server: {loss}")));
                if imported.unknown_user {
                    say("stored, but its user is unknown: it belongs to nobody".to_owned());
                }
            }
            AddOutcome::NotSent(why) if self.unsent.as_ref() == Some(why) => {}
            outcome => say(outcome.to_string()),
        }
        if let AddOutcome::NotSent(why) = &imported.outcome {
            self.unsent = Some(why.clone());
        }
    }

    fn end(self) -> ExitCode {
        self.bar.finish_and_clear();
        let unreadable = *self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        let Progress { created, rejected, not_sent, unknown, done, .. } = self.totals;
        let not_taken = self.total.saturating_sub(done + unreadable);
        println!(
            "{} records: {created} stored, {rejected} refused, {} not sent, {unknown} stored or not, {unreadable} unreadable",
            self.total,
            not_sent + not_taken,
        );
        if not_sent + not_taken > 0 {
            println!("run it again with the same file and journal, and it goes on");
            ExitCode::from(TRY_AGAIN)
        } else if unknown > 0 {
            println!("look up the records that are stored or not before you import them again");
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}
