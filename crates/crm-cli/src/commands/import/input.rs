//! The rows of the input, read on a thread of their own, so that a slow pipe holds up nothing else.

use std::io;

use crm::history::NewEntry;
use futures_util::Stream;
use tokio::sync::{mpsc, oneshot};

use super::Arguments;
use crate::exit::Failure;
use crate::files::{Header, Table, TableError, TableOptions, TableRow};
use crate::terminal::Terminal;

/// How many rows may have been read and not taken.
const AHEAD: usize = 256;

/// The input after it was opened.
pub(super) struct Input {
    table: Table,
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
    pub(super) failure: oneshot::Receiver<io::Error>,
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
        let total = Some(table.restarted().map_err(failed)?.count() as u64);
        terminal.note(&detected(arguments, &table, terminal));
        Ok(Self { table, total })
    }

    pub(super) fn header(&self) -> &Header {
        self.table.header()
    }

    /// Returns the delimiter for the rejected file.
    pub(super) fn delimiter(&self) -> char {
        self.table.rejected_delimiter()
    }

    /// Starts to read.
    ///
    /// A row that cannot be read keeps its place, because a journal knows rows by their place. Its activity is empty, so
    /// the import refuses it without asking the server.
    pub(super) fn start(self) -> Reading<impl Stream<Item = NewEntry> + Send + 'static> {
        let (to_import, mut entries) = mpsc::channel(AHEAD);
        let (to_outcomes, rows) = mpsc::unbounded_channel();
        let (to_end, failure) = oneshot::channel();
        std::thread::spawn(move || {
            for row in self.table {
                let row = match row {
                    Ok(row) => row,
                    Err(error) => return drop(to_end.send(error)),
                };
                let entry = row.entry_or_placeholder();
                if to_outcomes.send(row).is_err() || to_import.blocking_send(entry).is_err() {
                    return;
                }
            }
        });
        let entries = futures_util::stream::poll_fn(move |context| entries.poll_recv(context));
        Reading { entries, rows, failure }
    }
}

/// Returns the encoding, the delimiter or the sheet, and what each column is taken for.
fn detected(arguments: &Arguments, table: &Table, terminal: &Terminal) -> String {
    let messages = &terminal.messages;
    let header = table.header();
    let used: Vec<String> = header.used().map(|column| messages.message(&column.message())).collect();
    let mut text = messages.format(
        "import-input",
        &[
            ("file", arguments.file.display().to_string().into()),
            ("info", messages.message(&table.info().message()).into()),
            ("columns", used.join(", ").into()),
        ],
    );
    for column in header.passed_over() {
        let values =
            [("column", column.name.as_str().into()), ("reason", messages.message(&column.message()).into())];
        text += &format!("\n{}", messages.format("import-column-skipped", &values));
    }
    text
}

fn table_failure(arguments: &Arguments, error: &TableError, terminal: &Terminal) -> Failure {
    let messages = &terminal.messages;
    let mut text = messages.message(&error.message());
    // A wrong encoding or delimiter makes every name unknown.
    if let TableError::Header { info: Some(info), .. } = error {
        text += &format!(" ({})", messages.message(&info.message()));
    }
    let values = [("file", arguments.file.display().to_string().into()), ("text", text.into())];
    Failure::person(messages.format("import-file", &values))
}
