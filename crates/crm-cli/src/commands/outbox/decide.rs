//! `crm outbox retry`, `resolve`, `reconcile` and `purge`: decisions of a person.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{Local, TimeZone as _};
use clap::Args;
use crm::history::EntryId;
use crm::outbox::{Resolution, Status};
use serde_json::json;

use super::activity::{self, At};
use super::delivery::days;
use super::shown::Shown;
use super::store::{self, StoreFlags};
use crate::arguments::BadValue;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct RetryArguments {
    #[command(flatten)]
    store: StoreFlags,
    #[arg(long, id = "retry-key", required = true)]
    key: Vec<String>,
}

#[derive(Args, Debug)]
#[group(id = "resolution", required = true, multiple = false, args = ["stored_as", "not_stored", "drop"])]
pub(crate) struct ResolveArguments {
    #[command(flatten)]
    store: StoreFlags,
    #[arg(long, id = "resolve-key")]
    key: String,
    #[arg(long, value_parser = entry_id)]
    stored_as: Option<EntryId>,
    #[arg(long)]
    not_stored: bool,
    #[arg(long)]
    drop: Option<String>,
}

#[derive(Args, Debug)]
#[group(id = "older-records", required = true, multiple = false, args = ["since", "above"])]
pub(crate) struct ReconcileArguments {
    #[command(flatten)]
    store: StoreFlags,
    #[arg(long, value_parser = moment)]
    since: Option<SystemTime>,
    #[arg(long)]
    above: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct PurgeArguments {
    #[command(flatten)]
    store: StoreFlags,
    #[arg(long, value_parser = days)]
    older_than: Duration,
}

fn entry_id(text: &str) -> Result<EntryId, BadValue> {
    text.parse().ok().filter(|id| *id > 0).map(EntryId).ok_or(BadValue("expected-id"))
}

/// Reads a moment. Without an offset it is in the local time of this machine.
fn moment(text: &str) -> Result<SystemTime, BadValue> {
    match activity::time(text)? {
        At::Instant(at) => Ok(at.into()),
        At::Local(at) => {
            Local.from_local_datetime(&at).earliest().map(Into::into).ok_or(BadValue("expected-time"))
        }
    }
}

/// Queues activities again that are refused or held.
pub(super) async fn retry(arguments: RetryArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let outbox = arguments.store.open_existing(terminal).await?;
    let mut exit = Exit::Done;
    for key in &arguments.key {
        match outbox.retry(key).await {
            Ok(status) => say(key, &status, terminal)?,
            Err(error) => {
                exit = exit.max(store::exit(&error));
                let text = terminal.messages.error(&error);
                terminal.problem_text("outbox-status", &[("key", key.into()), ("status", text.into())]);
            }
        }
    }
    Ok(exit)
}

/// Carries out a decision about an activity that is unknown.
pub(super) async fn resolve(arguments: ResolveArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let outbox = arguments.store.open_existing(terminal).await?;
    let resolution = match (arguments.stored_as, arguments.drop) {
        (Some(id), _) => Resolution::StoredAs(id),
        (None, Some(reason)) => Resolution::Dropped(reason),
        (None, None) => Resolution::NotStored,
    };
    let resolved = outbox.resolve(&arguments.key, resolution).await;
    let status = resolved.map_err(|error| store::failure(terminal, &error))?;
    say(&arguments.key, &status, terminal)?;
    Ok(Exit::Done)
}

/// Puts everything in doubt that is not settled.
pub(super) async fn reconcile(
    arguments: ReconcileArguments,
    terminal: &Arc<Terminal>,
) -> Result<Exit, Failure> {
    let outbox = arguments.store.open_existing(terminal).await?;
    let count = match (arguments.since, arguments.above) {
        (Some(since), _) => outbox.reconcile_since(since).await,
        (None, id) => outbox.reconcile_above(EntryId(id.unwrap_or(0))).await,
    };
    let count = count.map_err(|error| match error.is_invalid_request() {
        true => Failure { exit: Exit::Person, text: terminal.messages.text("outbox-nothing-stored-before") },
        false => store::failure(terminal, &error),
    })?;
    terminal.note_text("outbox-reconciled", &[("count", count.into())]);
    terminal.summary(&json!({ "in_doubt": count }))?;
    Ok(Exit::Done)
}

/// Removes old activities with their keys.
pub(super) async fn purge(arguments: PurgeArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let outbox = arguments.store.open_existing(terminal).await?;
    let count = outbox.purge(arguments.older_than).await;
    let count = count.map_err(|error| store::failure(terminal, &error))?;
    terminal.note_text("outbox-purged", &[("count", count.into())]);
    terminal.summary(&json!({ "removed": count }))?;
    Ok(Exit::Done)
}

fn say(key: &str, status: &Status, terminal: &Terminal) -> Result<(), Failure> {
    let shown = Shown::new(key, status);
    let words = shown.in_words(&terminal.messages);
    terminal.note_text("outbox-status", &[("key", key.into()), ("status", words.into())]);
    terminal.summary(&shown)
}
