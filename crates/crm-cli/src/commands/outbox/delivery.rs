//! The options of a delivery, and what it says while it runs.

use std::time::Duration;

use chrono_tz::Tz;
use clap::Args;
use crm::history::{ClientId, HistoryClient, Pace, Zone};
use crm::outbox::{Deliver, Health, Outbox, Role};

use crate::arguments::{BadValue, client_id, count, days, rate, seconds, zone};
use crate::connection::{Environment, HistoryFlags, NetworkFlags};
use crate::exit::Failure;
use crate::settings::TIME_ZONE;
use crate::terminal::Terminal;

// Where the activities go, and how they are sent.
#[derive(Args, Debug)]
pub(super) struct DeliveryFlags {
    #[command(flatten)]
    history: HistoryFlags,
    #[command(flatten)]
    network: NetworkFlags,
    #[arg(long, value_parser = zone)]
    time_zone: Option<Tz>,
    #[arg(long, value_parser = client_id)]
    fallback_client: Option<ClientId>,
    #[arg(long)]
    sole_writer: bool,
    #[arg(long, default_value = "100", value_parser = count)]
    chunk: usize,
    #[arg(long, id = "import-concurrency", default_value = "2", value_parser = count)]
    concurrency: usize,
    #[arg(long, value_parser = rate)]
    per_second: Option<f64>,
    #[arg(long, default_value = "60", value_parser = seconds)]
    settle: Duration,
    #[arg(long, default_value = "30", value_parser = seconds)]
    timeout: Duration,
    #[arg(long, id = "outbox-patience", default_value = "300", value_parser = seconds)]
    patience: Duration,
    #[arg(long, default_value = "90", value_parser = seconds)]
    lease: Duration,
    #[arg(long, default_value = "30", value_parser = days)]
    keep_contents_for: Duration,
}

impl DeliveryFlags {
    /// Returns the client of the CRM that the flags or the environment name.
    pub(super) fn client(&self, terminal: &Terminal) -> Result<HistoryClient, Failure> {
        let environment = Environment::of_process(terminal, &self.network)?;
        let connection = environment.history(&self.history)?;
        let time_zone = match (self.time_zone, environment.value(&None, &TIME_ZONE)?) {
            (None, Some(given)) => {
                let expected = |BadValue(expected)| Failure::usage(terminal.messages.text(expected));
                Some(zone(&given.text).map_err(expected)?)
            }
            (given, _) => given,
        };
        let pace = Pace::new().in_flight(self.concurrency);
        let pace = match self.per_second {
            Some(rate) => pace.per_second(rate),
            None => pace,
        };
        let client = connection.builder().timeout(self.timeout).pace(pace).build();
        let client = client.map_err(|error| terminal.call_failure(&error))?;
        Ok(match time_zone {
            Some(zone) => client.with_zone(Zone::new(zone)),
            None => client,
        })
    }

    pub(super) fn deliver(&self, outbox: &Outbox, client: HistoryClient) -> Deliver {
        let mut deliver = outbox
            .deliver(client)
            .chunk(self.chunk)
            .concurrency(self.concurrency)
            .settle(self.settle)
            .patience(self.patience)
            .lease(self.lease)
            .keep_contents_for(self.keep_contents_for);
        if let Some(client) = self.fallback_client {
            deliver = deliver.fallback_client(client);
        }
        if self.sole_writer { deliver.sole_writer() } else { deliver }
    }
}

/// Says what changes in the health of a delivery.
#[derive(Debug, Default)]
pub(super) struct HealthNotes {
    last: Health,
}

impl HealthNotes {
    pub(super) fn say(&mut self, health: &Health, terminal: &Terminal) {
        if health.role != self.last.role {
            match health.role {
                Role::Sender => terminal.note_text("outbox-is-sender", &[]),
                Role::Standby => terminal.note_text("outbox-is-standby", &[]),
                _ => {}
            }
        }
        if health.problem != self.last.problem {
            match &health.problem {
                Some(problem) => {
                    let problem = match &health.stopped {
                        Some(reason) => terminal.messages.not_sent(reason),
                        None => crate::language::one_line(problem),
                    };
                    terminal.problem_text("outbox-problem", &[("problem", problem.into())]);
                }
                None => terminal.note_text("outbox-no-problem", &[]),
            }
        }
        self.last = health.clone();
    }
}

/// How long calls in flight may take after a signal.
pub(super) const SHUTDOWN: Duration = Duration::from_secs(10);
