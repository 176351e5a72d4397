//! The rows of the input, read on a thread of their own, so that a slow pipe holds up nothing else.

use std::sync::Arc;

use crm::history::NewEntry;
use futures_util::Stream;
use tokio::sync::{mpsc, oneshot};

use super::Arguments;
use super::callers::Callers;
use crate::exit::{Exit, Failure};
use crate::files::{Header, HeaderError, InputError, Table, TableError, TableOptions, TableRow, shown};
use crate::terminal::Terminal;

/// How many rows may have been read and not taken.
const AHEAD: usize = 256;
/// How many rows are looked up together at most.
const BATCH: usize = 64;
/// How many skipped columns are named.
const SHOWN_COLUMNS: usize = 20;

/// The input after it was opened.
pub(super) struct Input {
    table: Table,
    /// The name of the file.
    file: String,
    /// The index of the column with the telephone numbers that find clients, and its name.
    pub(super) phone_column: Option<(usize, String)>,
    /// The number of its rows. Nobody knows it before a pipe has ended.
    pub(super) total: Option<u64>,
}

/// The input while it is read.
pub(super) struct Reading<S> {
    /// The activities, in the order of the rows.
    pub(super) entries: S,
    /// The rows that they were made of, in the same order.
    pub(super) rows: mpsc::UnboundedReceiver<TableRow>,
    /// Why reading has ended early, if it has.
    pub(super) failure: oneshot::Receiver<Failure>,
}

impl Input {
    /// Opens the input, counts its rows, and says what was detected.
    pub(super) fn open(
        arguments: &Arguments,
        options: &TableOptions,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let failed = |error: TableError| table_failure(arguments, &error, terminal);
        let table = Table::open(&arguments.file, options).map_err(failed)?;
        let phone_column = match &arguments.find_client_by {
            Some(name) => {
                let index = table.header().chosen_column(name);
                let index = index.map_err(|error| failed(TableError::Header { error, info: None }))?;
                Some((index, table.header().columns[index].name.clone()))
            }
            None => None,
        };
        let total = Some(table.restarted().map_err(failed)?.count() as u64);
        let input = Self { table, file: arguments.file.display().to_string(), phone_column, total };
        terminal.note(&input.detected(terminal));
        Ok(input)
    }

    pub(super) fn header(&self) -> &Header {
        self.table.header()
    }

    /// Returns the delimiter for the rejected file.
    pub(super) fn delimiter(&self) -> char {
        self.table.rejected_delimiter()
    }

    /// Starts to read. With `callers` each row without a client gets the one that has its number.
    ///
    /// A row that cannot be read keeps its place, because a journal knows rows by their place. Its activity is empty, so
    /// the import refuses it without asking the server.
    pub(super) fn start(
        self,
        callers: Option<Callers>,
        terminal: &Arc<Terminal>,
    ) -> Reading<impl Stream<Item = NewEntry> + Send + 'static> {
        let (to_import, mut entries) = mpsc::channel(AHEAD);
        let (to_outcomes, rows) = mpsc::unbounded_channel();
        let (to_end, failure) = oneshot::channel();
        let (file, terminal) = (self.file, Arc::clone(terminal));
        let table = self.table.map(move |row| row.map_err(|error| read_failure(&file, &error, &terminal)));
        let taken = Taken { to_import, to_outcomes, to_end };
        match callers {
            None => drop(std::thread::spawn(move || taken.take_all(table))),
            Some(callers) => {
                let (to_callers, read) = mpsc::channel(AHEAD);
                std::thread::spawn(move || {
                    for row in table {
                        if to_callers.blocking_send(row).is_err() {
                            return;
                        }
                    }
                });
                tokio::spawn(taken.take_with_callers(read, callers));
            }
        }
        let entries = futures_util::stream::poll_fn(move |context| entries.poll_recv(context));
        Reading { entries, rows, failure }
    }

    /// Returns the encoding, the delimiter or the sheet, and what each column is taken for.
    fn detected(&self, terminal: &Terminal) -> String {
        let messages = &terminal.messages;
        let header = self.table.header();
        let used: Vec<String> = header.used().map(|column| messages.message(&column.message())).collect();
        let mut text = messages.format(
            "import-input",
            &[
                ("file", self.file.as_str().into()),
                ("info", messages.message(&self.table.info().message()).into()),
                ("columns", used.join(", ").into()),
            ],
        );
        let phone_column = self.phone_column.as_ref().map(|(_, name)| name);
        if let Some(column) = phone_column {
            let values = [("column", column.as_str().into())];
            text += &format!("\n{}", messages.format("import-find-client-by", &values));
        }
        let passed_over: Vec<_> =
            header.passed_over().filter(|column| Some(&column.name) != phone_column).collect();
        for column in passed_over.iter().take(SHOWN_COLUMNS) {
            let values = [
                ("column", shown(&column.name).into()),
                ("reason", messages.message(&column.message()).into()),
            ];
            text += &format!("\n{}", messages.format("import-column-skipped", &values));
        }
        if passed_over.len() > SHOWN_COLUMNS {
            let more = (passed_over.len() - SHOWN_COLUMNS) as u64;
            text += &format!("\n{}", messages.format("import-columns-skipped", &[("count", more.into())]));
        }
        text
    }
}

/// Where the rows go that were read.
struct Taken {
    to_import: mpsc::Sender<NewEntry>,
    to_outcomes: mpsc::UnboundedSender<TableRow>,
    to_end: oneshot::Sender<Failure>,
}

impl Taken {
    /// Takes every row as it is, until one cannot be read or the import has ended. Blocks.
    fn take_all(self, rows: impl Iterator<Item = Result<TableRow, Failure>>) {
        for row in rows {
            let row = match row {
                Ok(row) => row,
                Err(failure) => return drop(self.to_end.send(failure)),
            };
            let entry = row.entry_or_placeholder();
            if self.to_outcomes.send(row).is_err() || self.to_import.blocking_send(entry).is_err() {
                return;
            }
        }
    }

    /// Takes every row with the client that `callers` finds, until one cannot be read, a lookup fails, or the import has
    /// ended.
    async fn take_with_callers(
        self,
        mut read: mpsc::Receiver<Result<TableRow, Failure>>,
        mut callers: Callers,
    ) {
        let mut batch = Vec::new();
        while read.recv_many(&mut batch, BATCH).await > 0 {
            let (mut rows, mut ended) = (Vec::new(), None);
            for row in batch.drain(..) {
                match row {
                    Ok(row) if ended.is_none() => rows.push(row),
                    Ok(_) => {}
                    Err(failure) => ended = Some(failure),
                }
            }
            let assigned = tokio::select! {
                () = self.to_import.closed() => return,
                assigned = callers.assign(&mut rows) => assigned,
            };
            if let Err(failure) = assigned {
                return drop(self.to_end.send(failure));
            }
            for row in rows {
                let entry = row.entry_or_placeholder();
                if self.to_outcomes.send(row).is_err() || self.to_import.send(entry).await.is_err() {
                    return;
                }
            }
            if let Some(failure) = ended {
                return drop(self.to_end.send(failure));
            }
        }
    }
}

/// Returns the failure of an input that cannot be read to its end.
fn read_failure(file: &str, error: &std::io::Error, terminal: &Terminal) -> Failure {
    let values = [("file", file.into()), ("error", error.to_string().into())];
    Failure::person(terminal.messages.format("file-not-read", &values))
}

fn table_failure(arguments: &Arguments, error: &TableError, terminal: &Terminal) -> Failure {
    let messages = &terminal.messages;
    let mut text = messages.message(&error.message());
    // A wrong encoding or delimiter makes every name unknown.
    if let TableError::Header { info: Some(info), error } = error
        && *error != HeaderError::Empty
    {
        text += &format!(" ({})", messages.message(&info.message()));
    }
    let is_argument = matches!(error, TableError::Input(InputError::UnknownEncoding(_)));
    let exit = if is_argument { Exit::Usage } else { Exit::Person };
    let values = [("file", arguments.file.display().to_string().into()), ("text", text.into())];
    Failure { exit, text: messages.format("import-file", &values) }
}
