//! `crm find`, `crm users` and `crm clients`: users, clients and contacts of a SalesMan CRM, read only.
//!
//! `listing` writes the records: as a table for people, or as JSON Lines with `--json`.

pub(crate) mod clients;
pub(crate) mod find;
pub(crate) mod users;

pub(crate) mod listing;

use clap::Args;
use crm::directory::DirectoryClient;

use crate::connection::{Environment, HistoryFlags, NetworkFlags};
use crate::exit::Failure;
use crate::terminal::Terminal;

// Where the users, clients and contacts are.
#[derive(Args, Debug)]
pub(crate) struct DirectoryFlags {
    #[command(flatten)]
    history: HistoryFlags,
    #[command(flatten)]
    network: NetworkFlags,
}

impl DirectoryFlags {
    /// Returns the client of the CRM that the flags or the environment name.
    fn client(&self, terminal: &Terminal) -> Result<DirectoryClient, Failure> {
        let connection = Environment::of_process(terminal, &self.network)?.history(&self.history)?;
        let history = connection.builder().build();
        history.map(|history| DirectoryClient::from(&history)).map_err(|error| terminal.call_failure(&error))
    }
}
