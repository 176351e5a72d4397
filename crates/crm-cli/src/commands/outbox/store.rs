//! The store that the arguments name, and how a command ends that it stopped.

use std::fmt;
use std::path::Path;

use clap::Args;
use crm::Error;
use crm::outbox::{Outbox, is_temporary};

use crate::connection::{Environment, NetworkFlags};
use crate::exit::{Exit, Failure};
use crate::settings::{OUTBOX_STORE, database_url};
use crate::terminal::Terminal;

// Where the outbox is.
#[derive(Args, Clone)]
pub(super) struct StoreFlags {
    #[arg(long)]
    store: Option<String>,
}

// Written by hand, because the URL of a database may hold a password.
impl fmt::Debug for StoreFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreFlags").finish_non_exhaustive()
    }
}

impl StoreFlags {
    fn url(&self, terminal: &Terminal) -> Result<String, Failure> {
        let environment = Environment::of_process(terminal, &NetworkFlags::default())?;
        database_url(environment.required(&self.store, &OUTBOX_STORE)?.text, &terminal.messages)
    }

    /// Opens the outbox, or creates it.
    pub(super) async fn open(&self, terminal: &Terminal) -> Result<Outbox, Failure> {
        open(&self.url(terminal)?, terminal).await
    }

    /// Opens an outbox that is there already. So a misspelt name of a file is found.
    pub(super) async fn open_existing(&self, terminal: &Terminal) -> Result<Outbox, Failure> {
        let url = self.url(terminal)?;
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.is_empty() && !Path::new(path).exists() {
                let file = [("file", path.into())];
                return Err(Failure::person(terminal.messages.format("outbox-absent", &file)));
            }
        }
        open(&url, terminal).await
    }
}

async fn open(url: &str, terminal: &Terminal) -> Result<Outbox, Failure> {
    Outbox::open(url).await.map_err(|error| match error.is_invalid_request() {
        true => Failure::usage(terminal.messages.error(&error)),
        false => failure(terminal, &error),
    })
}

/// Returns the failure of a command that an error of the outbox stopped.
pub(super) fn failure(terminal: &Terminal, error: &Error) -> Failure {
    Failure { exit: exit(error), text: terminal.messages.error(error) }
}

/// Returns how a command ends that this error stopped.
pub(super) fn exit(error: &Error) -> Exit {
    if error.is_invalid_request() {
        Exit::Refused
    } else if is_temporary(error) {
        Exit::Again
    } else {
        Exit::Person
    }
}
