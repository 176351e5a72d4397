//! `crm find`: who has this telephone number, internal number or email address.

use std::sync::Arc;

use clap::Args;
use crm::directory::{Match, User};
use serde::Serialize;

use super::DirectoryFlags;
use super::listing::{Listing, cell, id_cell};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[arg(long, required_unless_present = "email", conflicts_with = "email")]
    phone: Option<String>,
    #[arg(long)]
    email: Option<String>,
    #[command(flatten)]
    directory: DirectoryFlags,
}

/// A match as a line of JSON. The keys are those of [`Match`].
#[derive(Serialize)]
struct Line<'a> {
    client: Option<u64>,
    client_name: Option<&'a str>,
    contact: Option<u64>,
    contact_name: Option<&'a str>,
    user_login: Option<&'a str>,
    field: &'static str,
    value: &'a str,
    exact: bool,
}

impl<'a> Line<'a> {
    fn new(found: &'a Match) -> Self {
        Self {
            client: found.client.map(u64::from),
            client_name: found.client_name.as_deref(),
            contact: found.contact.map(u64::from),
            contact_name: found.contact_name.as_deref(),
            user_login: found.user_login.as_deref(),
            field: found.field.as_str(),
            value: &found.value,
            exact: found.exact,
        }
    }
}

const HEADINGS: [&str; 8] = [
    "column-client-id",
    "column-client",
    "column-contact-id",
    "column-contact",
    "column-owner",
    "column-field",
    "column-value",
    "column-exact",
];

const USER_HEADINGS: [&str; 4] = ["column-id", "column-name", "column-login", "column-extension"];

/// The library looks for clients and contacts by five digits and more.
const LONGEST_INTERNAL: usize = 4;

/// Finds the clients and contacts, or the users with an internal number, and shows them. Finding nobody is not a failure.
pub(crate) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let client = arguments.directory.client(terminal)?;
    let sought = arguments.phone.as_deref().or(arguments.email.as_deref()).unwrap_or_default();
    if arguments.phone.as_deref().is_some_and(is_internal) {
        let users = client.find_users_by_extension(sought).await;
        return show_users(&users.map_err(|error| terminal.call_failure(&error))?, sought, terminal);
    }
    let found = match arguments.phone {
        Some(_) => client.find_by_phone(sought).await,
        None => client.find_by_email(sought).await,
    };
    let matches = found.map_err(|error| terminal.call_failure(&error))?;
    let mut listing = Listing::new(terminal, &HEADINGS);
    for found in &matches {
        let exact = if found.exact { "word-yes" } else { "word-no" };
        let cells = vec![
            id_cell(found.client),
            cell(found.client_name.as_deref()),
            id_cell(found.contact),
            cell(found.contact_name.as_deref()),
            cell(found.user_login.as_deref()),
            found.field.as_str().to_owned(),
            cell(Some(&found.value)),
            terminal.messages.text(exact),
        ];
        listing.add(&Line::new(found), cells)?;
    }
    listing.write()?;
    if matches.is_empty() {
        terminal.note_text("find-nobody", &[("sought", sought.into())]);
    }
    Ok(Exit::Done)
}

/// Returns whether a number is an internal one: at most four digits, and nothing else.
fn is_internal(number: &str) -> bool {
    let number = number.trim();
    (1..=LONGEST_INTERNAL).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Shows the users with an internal number.
fn show_users(users: &[User], sought: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut listing = Listing::new(terminal, &USER_HEADINGS);
    for user in users {
        let (name, login) = (cell(user.name.as_deref()), cell(user.login.as_deref()));
        listing.add(user, vec![user.id.to_string(), name, login, cell(user.extension.as_deref())])?;
    }
    listing.write()?;
    if users.is_empty() {
        terminal.note_text("find-nobody", &[("sought", sought.into())]);
    }
    Ok(Exit::Done)
}
