//! `crm outbox serve`: takes activities by HTTP, for programs in any language, and delivers them.
//!
//! `address` is where it listens, `server` accepts connections, `routes` answers requests, `intake` puts activities.
//! docs/openapi/outbox.v1.yaml describes the answers.

mod address;
mod intake;
mod routes;
mod server;

use std::fmt;
use std::sync::Arc;

use clap::Args;
use crm::outbox::{Delivery, Role};

pub(super) use address::Address;
use intake::Intake;
pub(super) use routes::{Service, metrics};
pub(super) use server::Server;

use super::delivery::{DeliveryFlags, HealthNotes, SHUTDOWN};
use super::store::{self, StoreFlags};
use crate::arguments::count;
use crate::connection::{Environment, NetworkFlags};
use crate::exit::{Exit, Failure};
use crate::settings::OUTBOX_TOKEN;
use crate::signals::Signals;
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    delivery: DeliveryFlags,
    #[arg(long)]
    no_delivery: bool,
    #[arg(long, id = "intake-listen", default_value = "127.0.0.1:8788", value_parser = Address::parse)]
    listen: Address,
    #[command(flatten)]
    token: TokenFlag,
    #[arg(long, default_value = "65536", value_parser = count)]
    max_body: usize,
    #[arg(long, default_value = "100000", value_parser = count)]
    max_queue: usize,
}

#[derive(Args)]
struct TokenFlag {
    #[arg(long = "outbox-token", id = "outbox-token")]
    token: Option<String>,
}

// Written by hand, because the token is secret.
impl fmt::Debug for TokenFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFlag").finish_non_exhaustive()
    }
}

impl Arguments {
    /// Returns the token. Only a socket of Unix, which has an owner, does without one.
    fn token(&self, terminal: &Terminal) -> Result<Option<String>, Failure> {
        let environment = Environment::of_process(terminal, &NetworkFlags::default())?;
        let token = if self.listen.has_owner() {
            environment.value(&self.token.token, &OUTBOX_TOKEN)?
        } else {
            Some(environment.required(&self.token.token, &OUTBOX_TOKEN)?)
        };
        Ok(token.map(|token| token.text))
    }
}

/// Serves and delivers until a signal comes.
pub(super) async fn run(
    arguments: Arguments,
    terminal: &Arc<Terminal>,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let token = arguments.token(terminal)?;
    if token.as_ref().is_some_and(|token| token.len() < SHORTEST_TOKEN) {
        terminal.problem_text("outbox-short-token", &[("count", (SHORTEST_TOKEN as u64).into())]);
    }
    let client = match arguments.no_delivery {
        true => None,
        false => Some(arguments.delivery.client(terminal)?),
    };
    let outbox = arguments.store.open(terminal).await?;
    let listener = arguments.listen.bind(terminal).await?;
    // It counts from the start of the delivery on.
    drop(metrics());
    // A refused key does not keep it from taking activities.
    let delivery = client.map(|client| arguments.delivery.deliver(&outbox, client).start());
    let health = delivery.as_ref().map(Delivery::watch_health);
    let intake = Intake::new(outbox, token, arguments.max_body, arguments.max_queue)
        .with_fallback_client(arguments.delivery.has_fallback_client());
    let server = Server::start(listener, Service::taking(intake, health), terminal)?;
    let exit = watch(delivery.as_ref(), terminal, signals).await;
    server.shutdown().await;
    if let Some(delivery) = delivery {
        delivery.shutdown(SHUTDOWN).await.map_err(|error| store::failure(terminal, &error))?;
    }
    Ok(exit)
}

/// A shorter token in bytes can be guessed.
const SHORTEST_TOKEN: usize = 16;

/// Says what happens until a signal comes, or the delivery ends.
async fn watch(delivery: Option<&Delivery>, terminal: &Terminal, signals: &Signals) -> Exit {
    let Some(mut health) = delivery.map(Delivery::watch_health) else { return signals.first().await };
    let mut notes = HealthNotes::default();
    loop {
        let now = health.borrow_and_update().clone();
        notes.say(&now, terminal);
        if now.role == Role::Ended {
            return Exit::Again;
        }
        tokio::select! {
            exit = signals.first() => return exit,
            changed = health.changed() => if changed.is_err() { return Exit::Again },
        }
    }
}
