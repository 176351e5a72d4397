//! Finds the client of each row by the telephone number in a column.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crm::directory::{DirectoryClient, Match};
use crm::history::{ClientId, ContactId, NewEntry};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep};

use crate::exit::{Exit, Failure};
use crate::files::{ClientFault, FoundClient, FoundClients, Problem, RowContent, TableRow};
use crate::terminal::Terminal;

/// Maximum number of concurrent lookups. Each makes up to three calls, and the pace of the client limits those.
const CONCURRENT: usize = 2;
/// The time between two attempts while the server does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Finds the clients of rows.
pub(super) struct Callers {
    pub(super) directory: DirectoryClient,
    /// The column with the numbers: its index and its name.
    pub(super) column: (usize, String),
    /// The client for rows whose number finds nobody.
    pub(super) unknown: Option<ClientId>,
    /// How long lookups go on while the server does not answer.
    pub(super) patience: Duration,
    /// What was found for the rows, and the file that keeps it.
    pub(super) found: FoundClients,
    pub(super) path: PathBuf,
    pub(super) terminal: Arc<Terminal>,
}

/// Who has a number: exactly one client or contact, or why none can be taken.
type Lookup = Result<FoundClient, ClientFault>;

impl Callers {
    /// Sets the client of every row that names none. A row for which none is found gets a problem.
    ///
    /// # Errors
    /// The server does not answer, or what was found cannot be kept. The rows must not be sent then.
    pub(super) async fn assign(&mut self, rows: &mut [TableRow]) -> Result<(), Failure> {
        let (mut numbers, mut open) = (BTreeSet::new(), Vec::new());
        for row in rows.iter_mut() {
            let Ok(entry) = &mut row.entry else { continue };
            if is_attributed(entry) {
                continue;
            }
            let cell = row.cells.get(self.column.0);
            let number = cell.map(|cell| cell.to_text().trim().to_owned()).unwrap_or_default();
            let content = RowContent::new(entry);
            match self.found.get(content, &number) {
                Some(found) => set(entry, found),
                None => {
                    numbers.insert(number.clone());
                    open.push((row, content, number));
                }
            }
        }
        let this = &*self;
        let lookups: BTreeMap<String, Lookup> = stream::iter(numbers)
            .map(|number| async move { this.look_up(&number).await.map(|found| (number, found)) })
            .buffer_unordered(CONCURRENT)
            .try_collect()
            .await
            .map_err(|error| self.terminal.call_failure(&error))?;
        for (row, content, number) in open {
            let lookup = lookups.get(&number).cloned().unwrap_or(Err(ClientFault::Nobody));
            let unknown =
                self.unknown.map(|client| FoundClient { client: Some(client.into()), contact: None });
            match (lookup, unknown) {
                (Err(ClientFault::Undecodable(text)), _) => {
                    let fault = ClientFault::Undecodable(text);
                    row.entry = Err(vec![self.problem(number, fault)]);
                }
                (Ok(found), _) | (Err(_), Some(found)) => {
                    if let Ok(entry) = &mut row.entry {
                        set(entry, found);
                    }
                    let added = self.found.add(content, &number, found);
                    added.map_err(|error| self.not_kept(&error))?;
                }
                (Err(fault), None) => row.entry = Err(vec![self.problem(number, fault)]),
            }
        }
        let synced = tokio::task::block_in_place(|| self.found.sync());
        synced.map_err(|error| self.not_kept(&error))
    }

    /// Looks up a number, and tries again for as long as the server does not answer.
    async fn look_up(&self, number: &str) -> Result<Lookup, crm::Error> {
        if number.is_empty() {
            return Ok(Err(ClientFault::NoNumber));
        }
        let began = Instant::now();
        loop {
            match self.directory.find_by_phone(number).await {
                Ok(matches) => return Ok(decide(&matches)),
                // A record that cannot be decoded could be the one. Other numbers do not depend on it.
                Err(error) if error.id() == "undecodable-response" => {
                    return Ok(Err(ClientFault::Undecodable(self.terminal.messages.error(&error))));
                }
                Err(error) if Exit::from_error(&error) == Exit::Again && began.elapsed() < self.patience => {
                    sleep(ASK_AGAIN.min(self.patience)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn problem(&self, value: String, fault: ClientFault) -> Problem {
        Problem::Client { column: self.column.1.clone(), value, fault }
    }

    fn not_kept(&self, error: &std::io::Error) -> Failure {
        self.terminal.output_failure(&self.path.display().to_string(), error)
    }
}

/// Returns whether a row names a client, a contact or a deal itself.
fn is_attributed(entry: &NewEntry) -> bool {
    let is_set = |id: u64| id > 0;
    entry.client.is_some_and(|id| is_set(id.into()))
        || entry.deal.is_some_and(|id| is_set(id.into()))
        || !entry.contacts.is_empty()
}

fn set(entry: &mut NewEntry, found: FoundClient) {
    entry.client = found.client.map(ClientId);
    entry.contacts = found.contact.map(ContactId).into_iter().collect();
}

/// Returns the client that all exact matches agree on, and the contact if it is the only one.
fn decide(matches: &[Match]) -> Lookup {
    let exact: Vec<&Match> = matches.iter().filter(|found| found.exact).collect();
    let Some(first) = exact.first() else {
        return Err(if matches.is_empty() { ClientFault::Nobody } else { ClientFault::NotExact });
    };
    let mut contacts: Vec<ContactId> = exact.iter().filter_map(|found| found.contact).collect();
    contacts.dedup();
    let is_one = exact.iter().all(|found| found.client == first.client);
    if !is_one || (first.client.is_none() && contacts.len() > 1) {
        return Err(ClientFault::Several);
    }
    let contact = (contacts.len() == 1).then(|| contacts[0].into());
    Ok(FoundClient { client: first.client.map(u64::from), contact })
}
