//! `crm outbox status` and `crm outbox list`: where activities stand.

use std::sync::Arc;

use clap::Args;
use crm::history::NewEntry;
use crm::outbox::{Filter, OutboxEntry, OutboxStats, State};
use serde::Serialize;

use super::held;
use super::shown::{self, Shown};
use super::store::{self, StoreFlags};
use crate::arguments::count;
use crate::commands::directory::listing::{Listing, cell, id_cell};
use crate::commands::utc::utc;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    store: StoreFlags,
    #[arg(long, id = "status-key")]
    key: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    store: StoreFlags,
    #[arg(long, value_parser = state)]
    state: Option<State>,
    #[arg(long, default_value_t = 0)]
    after: u64,
    #[arg(long, default_value = "100", value_parser = count)]
    limit: usize,
}

fn state(word: &str) -> Result<State, crate::arguments::BadValue> {
    word.parse().map_err(|_| crate::arguments::BadValue("expected-state"))
}

/// Shows one status, or the counts of all.
pub(super) async fn status(arguments: StatusArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let outbox = arguments.store.open_existing(terminal).await?;
    let failed = |error: crm::Error| store::failure(terminal, &error);
    let Some(key) = arguments.key else {
        let held = held::exit_of_all(&outbox).await.map_err(failed)?;
        return counts(&outbox.stats().await.map_err(failed)?, held, terminal);
    };
    let Some(status) = outbox.status(&key).await.map_err(failed)? else {
        let text = terminal.messages.format("outbox-no-key", &[("key", key.into())]);
        return Err(Failure { exit: Exit::Refused, text });
    };
    let shown = Shown::new(&key, &status);
    terminal.list(&shown.in_words(&terminal.messages))?;
    terminal.summary(&shown)?;
    Ok(shown::exit(&status))
}

/// The counts for programs.
#[derive(Serialize)]
struct Counts {
    queued: u64,
    held: u64,
    sending: u64,
    stored: u64,
    refused: u64,
    unknown: u64,
    /// The age of the oldest one that is queued, held or sent.
    oldest_seconds: Option<u64>,
}

fn counts(stats: &OutboxStats, held_exit: Exit, terminal: &Terminal) -> Result<Exit, Failure> {
    let oldest = stats.oldest.map(|age| age.as_secs());
    for state in State::ALL {
        let word = terminal.messages.text(word(state));
        terminal.list(&format!("{word}: {}", stats.count(state)))?;
    }
    if let Some(seconds) = oldest {
        let values = [("seconds", seconds.into())];
        terminal.list(&terminal.messages.format("outbox-oldest", &values))?;
    }
    let OutboxStats { queued, held, sending, stored, refused, unknown, .. } = *stats;
    terminal.summary(&Counts { queued, held, sending, stored, refused, unknown, oldest_seconds: oldest })?;
    // What is refused stays so, and does not ask for a person each time.
    Ok(if unknown > 0 { Exit::Person } else { held_exit })
}

fn word(state: State) -> &'static str {
    match state {
        State::Queued => "outbox-queued",
        State::Held => "outbox-held",
        State::Sending => "outbox-sending",
        State::Stored => "outbox-stored",
        State::Refused => "outbox-refused",
        _ => "outbox-unknown",
    }
}

/// An activity for programs.
#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    #[serde(flatten)]
    shown: &'a Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy: Option<u64>,
    put_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<&'a NewEntry>,
}

const HEADINGS: [&str; 7] = [
    "column-position",
    "column-key",
    "column-status",
    "column-id",
    "column-put-at",
    "column-settled-at",
    "column-reason",
];

/// Lists activities in the order of `put`.
pub(super) async fn list(arguments: ListArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let outbox = arguments.store.open_existing(terminal).await?;
    let mut filter = Filter::new().after(arguments.after);
    if let Some(state) = arguments.state {
        filter = filter.state(state);
    }
    let mut listing = Listing::new(terminal, &HEADINGS);
    let mut left = arguments.limit;
    while left > 0 {
        let page = filter.clone().limit(left.min(PAGE));
        let entries = outbox.list(&page).await.map_err(|error| store::failure(terminal, &error))?;
        let Some(last) = entries.last() else { break };
        filter = filter.after(last.seq);
        left -= entries.len();
        entries.iter().try_for_each(|entry| add(&mut listing, entry, terminal))?;
    }
    listing.write()?;
    Ok(Exit::Done)
}

fn add(listing: &mut Listing<'_>, entry: &OutboxEntry, terminal: &Terminal) -> Result<(), Failure> {
    let shown = Shown::new(&entry.key, &entry.status);
    let settled_at = entry.settled_at.map(utc);
    let cells = vec![
        entry.seq.to_string(),
        cell(Some(&entry.key)),
        terminal.messages.text(word(entry.status.state())),
        id_cell(shown.id.or(shown.candidate)),
        utc(entry.put_at),
        settled_at.clone().unwrap_or_default(),
        cell(shown.reason.as_deref().map(|reason| terminal.messages.of_library(reason)).as_deref()),
    ];
    let line = Line {
        seq: entry.seq,
        shown: &shown,
        copy: entry.copy.map(|copy| copy.0),
        put_at: utc(entry.put_at),
        settled_at,
        activity: entry.activity.as_ref(),
    };
    listing.add(&line, cells)
}

/// How many activities are read at once.
const PAGE: usize = 500;
