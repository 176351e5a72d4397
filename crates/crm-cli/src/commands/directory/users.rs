//! `crm users`: all users of the account.

use std::sync::Arc;

use clap::Args;
use crm::directory::operations::UserList;
use crm::json::JsonError;
use crm::{Operation, Unreadable};

use super::DirectoryFlags;
use super::listing::{Listing, cell};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    directory: DirectoryFlags,
}

const HEADINGS: [&str; 4] = ["column-id", "column-name", "column-login", "column-active"];

/// Shows the users, the blocked ones too.
pub(crate) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let client = arguments.directory.client(terminal)?;
    let users = client.users().await.map_err(|error| terminal.call_failure(&error))?;
    let mut listing = Listing::new(terminal, &HEADINGS);
    for user in &users.items {
        let active = match user.is_active {
            Some(true) => terminal.messages.text("word-yes"),
            Some(false) => terminal.messages.text("word-no"),
            None => String::new(),
        };
        let (name, login) = (cell(user.name.as_deref()), cell(user.login.as_deref()));
        listing.add(user, vec![user.id.to_string(), name, login, active])?;
    }
    listing.write()?;
    let exit = if users.unreadable.is_empty() { Exit::Done } else { Exit::Refused };
    for record in users.unreadable {
        terminal.problem(&terminal.messages.error(&undecodable(record)));
    }
    Ok(exit)
}

/// The error of a user in the list that cannot be decoded.
pub(in crate::commands) fn undecodable(user: Unreadable) -> crm::Error {
    crm::Error::undecodable(&UserList::INFO, JsonError::new(user.path, user.reason))
}
