//! `crm import`: activities of a file into a SalesMan CRM, each once.
//!
//! `arguments` are the options, `input` reads the rows on a thread of its own, `callers` finds their clients, `outcomes` says what became of them,
//! `preview` shows the rows of a dry run, and `summary` counts.

mod arguments;
mod callers;
mod input;
mod outcomes;
mod preview;
mod summary;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crm::directory::DirectoryClient;
use crm::history::HistoryClient;

use crate::connection::Environment;
use crate::exit::{Exit, Failure};
use crate::files::{Field, FoundClients, Role, check_distinct};
use crate::progress::Progress;
use crate::signals::Signals;
use crate::terminal::Terminal;
pub(crate) use arguments::Arguments;
use callers::Callers;
use input::{Input, Reading};
use outcomes::Outcomes;

/// Imports the file, or only checks it.
pub(crate) async fn run(
    arguments: Arguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let paths = Paths::new(&arguments);
    paths.check_distinct(&arguments, terminal)?;
    let connection = Environment::of_process(terminal, &arguments.network)?.history(&arguments.history)?;
    let options = arguments.table_options(&terminal.messages)?;
    let input = Input::open(&arguments, &options, terminal)?;
    if arguments.adopt && input.header().column_of(Field::Mark).is_none() {
        return Err(Failure::usage(terminal.messages.text("import-adopt-needs-mark")));
    }
    let mut client = connection
        .builder()
        .timeout(arguments.timeout)
        .pace(arguments.pace())
        .build()
        .map_err(|error| terminal.call_failure(&error))?;
    if let Some(zone) = arguments.zone() {
        client = client.with_zone(zone);
    }
    // A wrong key or address is found before anything else happens.
    tokio::select! {
        exit = signals.first() => return Ok(exit),
        known = client.fields() => drop(known.map_err(|error| terminal.call_failure(&error))?),
    }
    import(arguments, &paths, client, input, terminal, signals).await
}

async fn import(
    arguments: Arguments,
    paths: &Paths,
    client: HistoryClient,
    input: Input,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let callers = callers(&arguments, paths, &client, &input, terminal)?;
    let mut outcomes = Outcomes::new(terminal, &arguments, &input, &paths.rejected)?;
    let progress = {
        let client = client.clone();
        Progress::start(terminal, input.total, move || client.stats())
    };
    let reporter = progress.reporter();
    let Reading { entries, mut rows, mut failure } = input.start(callers, terminal);
    let mut import = arguments.options(client.import_stream(entries));
    // A dry run creates no journal. One that exists says what is stored already.
    if !arguments.dry_run || paths.journal.exists() {
        import = import.journal(&paths.journal);
    }
    if let Some(other) = paths.journal_of_rejected() {
        terminal.note_text("import-other-journal", &[("file", paths.rejected.display().to_string().into())]);
        import = import.other_journal(other);
    }
    let signalled = signals.clone();
    let mut stream = import.cancel(async move { _ = signalled.first().await }).outcomes();
    let mut ended = None;
    while let Some(outcome) = stream.next().await {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                ended = Some(terminal.call_failure(&error));
                break;
            }
        };
        let Some(row) = rows.recv().await else { break };
        outcomes.add(&outcome, &row)?;
        reporter.set(outcomes.done(), outcomes.in_words());
    }
    drop(progress);
    match (failure.try_recv().ok(), ended) {
        // The journal cannot be used and nothing was done, so the files of an earlier run stay as they are.
        (None, Some(failure)) if outcomes.done() == 0 => Err(failure),
        // If reading failed, the journal misses the rows behind that place. So reading is the reason.
        (reading, ended) => outcomes.finish(signals.received(), reading.or(ended)),
    }
}

/// Returns what finds the clients of the rows, if a column was chosen for it.
fn callers(
    arguments: &Arguments,
    paths: &Paths,
    client: &HistoryClient,
    input: &Input,
    terminal: &Arc<Terminal>,
) -> Result<Option<Callers>, Failure> {
    let Some(column) = input.phone_column.clone() else { return Ok(None) };
    let path = paths.found_clients.clone();
    let is_new = || !paths.journal.exists();
    let found = match arguments.dry_run {
        true if is_new() => Ok(FoundClients::default()),
        true => FoundClients::read_only(&path),
        false => FoundClients::open(&path, is_new),
    };
    let found = found.map_err(|error| {
        let values = [("file", path.display().to_string().into()), ("error", error.to_string().into())];
        Failure::person(terminal.messages.format("file-not-read", &values))
    })?;
    Ok(Some(Callers {
        directory: DirectoryClient::from(client),
        column,
        unknown: arguments.unknown_client,
        patience: arguments.patience,
        found,
        path,
        terminal: Arc::clone(terminal),
    }))
}

/// The files that are written.
struct Paths {
    journal: PathBuf,
    /// What `--find-client-by` has found.
    found_clients: PathBuf,
    rejected: PathBuf,
}

impl Paths {
    fn new(arguments: &Arguments) -> Self {
        let beside = |suffix: &str| {
            let input = &arguments.file;
            // Without an input file they are in the current folder.
            let mut name = if arguments.is_stdin() { "stdin".into() } else { input.as_os_str().to_owned() };
            name.push(suffix);
            PathBuf::from(name)
        };
        let journal = arguments.journal.clone().unwrap_or_else(|| beside(".journal"));
        let mut found_clients = journal.clone().into_os_string();
        found_clients.push(".clients");
        Self {
            journal,
            found_clients: found_clients.into(),
            rejected: arguments.rejected.clone().unwrap_or_else(|| beside(".rejected.csv")),
        }
    }

    /// Returns the journal of the rejected file, if that was imported. A row that was fixed in both files is stored once.
    fn journal_of_rejected(&self) -> Option<PathBuf> {
        let mut journal = self.rejected.clone().into_os_string();
        journal.push(".journal");
        Some(PathBuf::from(journal)).filter(|journal| journal.exists() && *journal != self.journal)
    }

    /// Checks that no file has two purposes, before any of them is opened for writing.
    fn check_distinct(&self, arguments: &Arguments, terminal: &Terminal) -> Result<(), Failure> {
        let files: [(Role, &Path); 4] = [
            (Role::Input, &arguments.file),
            (Role::Journal, &self.journal),
            (Role::FoundClients, &self.found_clients),
            (Role::Rejected, &self.rejected),
        ];
        check_distinct(&files).map_err(|same| Failure::usage(terminal.messages.message(&same.message())))
    }
}
