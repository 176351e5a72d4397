//! The rows of the input, read on a thread of their own, so that a slow pipe holds up nothing else.

use std::path::Path;

use crm::history::NewEntry;
use futures_util::Stream;
use tokio::sync::mpsc;

use super::table::Table;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// How many rows may have been read and not taken.
const AHEAD: usize = 256;

/// A row of the input.
pub(super) struct Row {
    pub(super) line: u64,
    /// Why it cannot be an activity.
    pub(super) problem: Option<String>,
}

/// The rows of an input that has been opened.
pub(super) struct Rows {
    table: Table,
}

impl Rows {
    /// Opens the input and counts its rows.
    pub(super) fn open(path: &Path, terminal: &Terminal) -> Result<(Self, u64), Failure> {
        let failed = |error: Box<dyn std::error::Error>| {
            let _ = terminal;
            Failure::person(error.to_string())
        };
        let total = Table::open(path).map_err(failed)?.count() as u64;
        Ok((Self { table: Table::open(path).map_err(failed)? }, total))
    }

    /// Starts to read. Returns the activities, and for each of them its row.
    ///
    /// A row that cannot be read keeps its place, because a journal knows rows by their place. Such an activity is
    /// empty, so the import refuses it without asking the server.
    pub(super) fn start(
        self,
    ) -> (impl Stream<Item = NewEntry> + Send + 'static, mpsc::UnboundedReceiver<Row>) {
        let (to_import, mut entries) = mpsc::channel(AHEAD);
        let (to_outcomes, positions) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for (line, entry) in self.table {
                let (entry, problem) = match entry {
                    Ok(entry) => (entry, None),
                    Err(problem) => (NewEntry::default(), Some(problem)),
                };
                let is_over = to_outcomes.send(Row { line, problem }).is_err();
                if is_over || to_import.blocking_send(entry).is_err() {
                    return;
                }
            }
        });
        (futures_util::stream::poll_fn(move |context| entries.poll_recv(context)), positions)
    }
}
