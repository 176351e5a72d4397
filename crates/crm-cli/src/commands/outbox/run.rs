//! `crm outbox run`: delivers until a signal comes, or until nothing is left to do.

use std::sync::Arc;

use clap::Args;
use crm::outbox::{Delivery, Outbox, OutboxStats, Role};
use serde::Serialize;

use super::delivery::{DeliveryFlags, HealthNotes, SHUTDOWN};
use super::held;
use super::serve::{Address, Server, Service, metrics};
use super::store::{self, StoreFlags};
use crate::exit::{Exit, Failure};
use crate::signals::Signals;
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    delivery: DeliveryFlags,
    #[arg(long)]
    until_empty: bool,
    #[arg(long, id = "observe-listen", value_parser = Address::parse)]
    listen: Option<Address>,
}

/// What became of the activities, for programs.
#[derive(Debug, Serialize)]
struct Summary {
    stored: u64,
    refused: u64,
    /// All that are unknown, those of earlier runs among them.
    unknown: u64,
    /// Queued or sent, and not settled.
    left: u64,
    held: u64,
    exit_code: u8,
}

/// Delivers.
pub(super) async fn run(
    arguments: Arguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let client = arguments.delivery.client(terminal)?;
    let outbox = arguments.store.open(terminal).await?;
    // A wrong key is found before anything else happens. A server that is down may come back.
    tokio::select! {
        exit = signals.first() => return Ok(exit),
        known = client.fields() => match known {
            Err(error) if Exit::from_error(&error) == Exit::KeyRefused => {
                return Err(terminal.call_failure(&error));
            }
            _ => {}
        },
    }
    let before = stats(&outbox, terminal).await?;
    let deliver = arguments.delivery.deliver(&outbox, client);
    let listener = match &arguments.listen {
        Some(address) => {
            // It counts from the start of the delivery on.
            drop(metrics());
            Some(address.bind(terminal).await?)
        }
        None => None,
    };
    let delivery = if arguments.until_empty { deliver.until_empty().start() } else { deliver.start() };
    let server = match listener {
        Some(listener) => {
            Some(Server::start(listener, Service::observing(delivery.watch_health()), terminal)?)
        }
        None => None,
    };
    let exit = watch(delivery, arguments.until_empty, terminal, signals).await?;
    if let Some(server) = server {
        server.shutdown().await;
    }
    if let Some(signal) = signals.received() {
        return Ok(signal);
    }
    let held = held::exit_of_all(&outbox).await.map_err(|error| store::failure(terminal, &error))?;
    let after = stats(&outbox, terminal).await?;
    finish(exit.max(held), &before, &after, terminal)
}

async fn stats(outbox: &Outbox, terminal: &Terminal) -> Result<OutboxStats, Failure> {
    outbox.stats().await.map_err(|error| store::failure(terminal, &error))
}

/// Says what happens until the delivery ends. Returns why it ended early.
async fn watch(
    delivery: Delivery,
    until_empty: bool,
    terminal: &Terminal,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let failed = |error: crm::Error| store::failure(terminal, &error);
    let mut health = delivery.watch_health();
    let mut notes = HealthNotes::default();
    loop {
        let now = health.borrow_and_update().clone();
        notes.say(&now, terminal);
        if now.role == Role::Ended {
            return delivery.finished().await.map_err(failed).map(|()| Exit::Done);
        }
        // Another run may go on, as with an import.
        if let Some(reason) = now.stopped.filter(|_| until_empty) {
            delivery.shutdown(SHUTDOWN).await.map_err(failed)?;
            return Ok(Exit::from_not_sent(&reason));
        }
        tokio::select! {
            exit = signals.first() => {
                delivery.shutdown(SHUTDOWN).await.map_err(failed)?;
                return Ok(exit);
            }
            changed = health.changed() => if changed.is_err() {
                // The task has ended without saying so: it panicked.
                return delivery.finished().await.map_err(failed).map(|()| Exit::Done);
            },
        }
    }
}

fn finish(
    stopped: Exit,
    before: &OutboxStats,
    after: &OutboxStats,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let left = after.queued + after.sending;
    let mut summary = Summary {
        stored: after.stored.saturating_sub(before.stored),
        refused: after.refused.saturating_sub(before.refused),
        unknown: after.unknown,
        left,
        held: after.held,
        exit_code: 0,
    };
    let found = if summary.unknown > 0 {
        Exit::Person
    } else if left > 0 {
        Exit::Again
    } else if summary.refused > 0 {
        Exit::Refused
    } else {
        Exit::Done
    };
    let exit = stopped.max(found);
    summary.exit_code = exit.code();
    let counts = [
        ("stored", summary.stored.into()),
        ("refused", summary.refused.into()),
        ("unknown", summary.unknown.into()),
        ("left", summary.left.into()),
        ("held", summary.held.into()),
    ];
    terminal.note_text("outbox-run-summary", &counts);
    terminal.summary(&summary)?;
    Ok(exit)
}
