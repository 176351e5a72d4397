//! `crm clients`: all clients of the account that the login sees, with a verdict on whether that is everything.

use std::sync::Arc;

use clap::Args;
use crm::directory::ClientQuery;

use super::DirectoryFlags;
use super::listing::{Listing, cell};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    directory: DirectoryFlags,
}

const HEADINGS: [&str; 6] =
    ["column-id", "column-name", "column-phone", "column-email", "column-owner", "column-changed"];

/// Shows the clients as they come, newest first.
pub(crate) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let client = arguments.directory.client(terminal)?;
    let mut export = client.export_clients(ClientQuery::new());
    let mut listing = Listing::new(terminal, &HEADINGS);
    // The last error is part of the verdict, so it is shown with that.
    let mut last_error = None;
    while let Some(record) = export.next().await {
        if let Some(error) = last_error.take() {
            terminal.problem(&terminal.messages.error(&error));
        }
        let client = match record {
            Ok(client) => client,
            Err(error) => {
                last_error = Some(error);
                continue;
            }
        };
        let changed = client.changed.or(client.created).map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string());
        let cells = vec![
            client.id.to_string(),
            cell(client.name.as_deref()),
            cell(client.phone.as_deref()),
            cell(client.email.as_deref()),
            cell(client.user_login.as_deref()),
            changed.unwrap_or_default(),
        ];
        listing.add(&client, cells)?;
    }
    listing.write()?;
    let verdict = export.finish();
    let exit = Exit::from_verdict(&verdict);
    if let Some(error) = last_error.filter(|_| exit == Exit::Refused) {
        terminal.problem(&terminal.messages.error(&error));
    }
    let text = terminal.messages.verdict(&verdict);
    if exit == Exit::Done {
        terminal.note(&text)
    } else {
        terminal.problem(&text)
    }
    Ok(exit)
}
