//! The database that the arguments name, and how a command ends that it stopped.

use std::path::Path;

use crm::Error;
use crm::mirror::{Mirror, is_temporary};

use crate::connection::{Environment, NetworkFlags};
use crate::exit::{Exit, Failure};
use crate::settings::{MIRROR_TARGET, database_url};
use crate::terminal::Terminal;

/// Returns the URL of the copy: the given one, else that of the environment or of the profile.
pub(crate) fn url(given: &Option<String>, terminal: &Terminal) -> Result<String, Failure> {
    let environment = Environment::of_process(terminal, &NetworkFlags::default())?;
    database_url(environment.required(given, &MIRROR_TARGET)?.text, &terminal.messages)
}

/// Opens the copy, or creates it.
pub(super) async fn open(url: &str, terminal: &Terminal) -> Result<Mirror, Failure> {
    Mirror::open(url).await.map_err(|error| failure(terminal, &error))
}

/// Opens a copy that is there already. So a misspelt name of a file is found.
pub(crate) async fn open_existing(given: &Option<String>, terminal: &Terminal) -> Result<Mirror, Failure> {
    let url = url(given, terminal)?;
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if !path.is_empty() && !Path::new(path).exists() {
            let file = [("file", path.into())];
            return Err(Failure::person(terminal.messages.format("mirror-absent", &file)));
        }
    }
    open(&url, terminal).await
}

/// Returns the failure of a command that an error of the copy stopped.
pub(crate) fn failure(terminal: &Terminal, error: &Error) -> Failure {
    if error.kind() == crm::ErrorKind::Incomplete {
        return Failure { exit: Exit::Again, text: terminal.messages.text("mirror-busy") };
    }
    let exit = if error.is_invalid_request() {
        Exit::Usage
    } else if is_temporary(error) {
        Exit::Again
    } else {
        Exit::Person
    };
    Failure { exit, text: terminal.messages.error(error) }
}
