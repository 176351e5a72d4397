//! `crm mirror forget TARGET TABLE ID`: removes a record and what is known of it.

use std::fmt;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::changes::table;
use super::target;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args)]
pub(super) struct Arguments {
    /// The target, if it is given, the table and the ID.
    #[arg(id = "forget-what", num_args = 2..=3, required = true)]
    what: Vec<String>,
}

// Written by hand, because the URL of a database may hold a password.
impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arguments").finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Summary {
    removed: u64,
    exit_code: u8,
}

pub(super) async fn run(arguments: Arguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let mut what = arguments.what;
    let usage = |name: &str| Failure::usage(terminal.messages.text(name));
    let id = what.pop().and_then(|id| id.parse::<u64>().ok()).filter(|id| *id > 0);
    let id = id.ok_or_else(|| usage("expected-forget"))?;
    let table = what.pop().and_then(|name| table(&name).ok()).ok_or_else(|| usage("expected-table"))?;
    let mirror = target::open_existing(&what.pop(), terminal).await?;
    let removed = mirror.forget(table, id).await.map_err(|error| target::failure(terminal, &error))?;
    let exit = if removed == 0 { Exit::Refused } else { Exit::Done };
    let values = [("table", table.as_str().into()), ("id", id.to_string().into()), ("count", removed.into())];
    if removed == 0 {
        terminal.problem_text("mirror-nothing-to-forget", &values[..2]);
    } else {
        terminal.note_text("mirror-forgotten", &values);
    }
    terminal.summary(&Summary { removed, exit_code: exit.code() })?;
    Ok(exit)
}
