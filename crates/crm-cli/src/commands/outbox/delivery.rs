//! The options of a delivery, and what it says while it runs.

use std::time::Duration;

use chrono::Local;
use chrono_tz::Tz;
use clap::Args;
use crm::history::{ClientId, HistoryClient, NotSentReason, Pace, Zone};
use crm::outbox::{Deliver, Health, Outbox, Role};

use crate::arguments::{BadValue, client_id, count, rate, seconds, zone};
use crate::connection::{Environment, HistoryFlags, NetworkFlags};
use crate::exit::Failure;
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

/// Reads a number of days.
pub(super) fn days(text: &str) -> Result<Duration, BadValue> {
    let days = text.parse().ok().and_then(|days: u64| days.checked_mul(24 * 3600));
    days.map(Duration::from_secs).ok_or(BadValue("expected-days"))
}

impl DeliveryFlags {
    /// Returns the client of the CRM that the flags or the environment name.
    pub(super) fn client(&self, terminal: &Terminal) -> Result<HistoryClient, Failure> {
        let environment = Environment::of_process(terminal, &self.network)?;
        let connection = environment.history(&self.history)?;
        let time_zone = environment.time_zone(self.time_zone)?;
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

    pub(super) fn has_fallback_client(&self) -> bool {
        self.fallback_client.is_some()
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
    role: Role,
    /// The problems that were said and may not be over, without their numbers.
    said: Vec<String>,
    /// How many activities were stored when the last one was said.
    stored: u64,
}

impl HealthNotes {
    pub(super) fn say(&mut self, health: &Health, terminal: &Terminal) {
        if health.role != self.role {
            match health.role {
                Role::Sender => terminal.note_text("outbox-is-sender", &[]),
                Role::Standby => terminal.note_text("outbox-is-standby", &[]),
                _ => {}
            }
        }
        self.role = health.role;
        if let Some(name) = self.change(health) {
            let problem = match (&health.stopped, &health.problem) {
                (Some(reason), _) => terminal.messages.not_sent(reason),
                (None, problem) => terminal.messages.of_library(problem.as_deref().unwrap_or_default()),
            };
            let time = Local::now().format("%Y-%m-%d %H:%M:%S").to_string();
            terminal.problem_text(name, &[("time", time.into()), ("problem", problem.into())]);
        }
    }

    /// Returns the text to say. Each attempt to deliver clears the problem before it meets it again, so only a stored
    /// activity proves that it is over.
    fn change(&mut self, health: &Health) -> Option<&'static str> {
        let problem =
            health.problem.as_ref().map(|problem| problem.replace(|c: char| c.is_ascii_digit(), ""));
        let some_are_over = !self.said.is_empty() && health.stored > self.stored;
        match problem {
            Some(problem) if self.said.contains(&problem) => {
                // It stays while all others are over.
                if some_are_over && problem == NotSentReason::ZoneMissing.to_string() {
                    self.said.retain(|said| *said == problem);
                    self.stored = health.stored;
                }
                None
            }
            Some(problem) => {
                self.said.push(problem);
                self.stored = health.stored;
                Some("outbox-problem")
            }
            None if some_are_over => {
                self.said.clear();
                Some("outbox-no-problem")
            }
            None => None,
        }
    }
}

/// How long calls in flight may take after a signal.
pub(super) const SHUTDOWN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_said_once_and_is_over_when_an_activity_was_stored() {
        let steps = [
            (Some("down for 1 s"), 3, Some("outbox-problem")),
            (None, 3, None),
            (Some("down for 20 s"), 3, None),
            (Some("the key was refused"), 3, Some("outbox-problem")),
            (None, 3, None),
            (None, 4, Some("outbox-no-problem")),
            (None, 5, None),
            (Some("down for 1 s"), 5, Some("outbox-problem")),
        ];
        check(&steps);
    }

    #[test]
    fn of_problems_that_alternate_each_is_said_once_until_an_activity_was_stored() {
        let (down, busy) = (Some("down for 1 s"), Some("the database is busy"));
        check(&[
            (down, 0, Some("outbox-problem")),
            (busy, 0, Some("outbox-problem")),
            (down, 0, None),
            (None, 0, None),
            (busy, 0, None),
            (down, 0, None),
            (None, 1, Some("outbox-no-problem")),
            (busy, 1, Some("outbox-problem")),
        ]);
    }

    #[test]
    fn a_missing_time_zone_is_said_once_and_hides_no_later_problem() {
        let zone = NotSentReason::ZoneMissing.to_string();
        let (zone, down) = (Some(zone.as_str()), Some("down for 1 s"));
        check(&[
            (zone, 0, Some("outbox-problem")),
            (down, 0, Some("outbox-problem")),
            (zone, 0, None),
            (down, 0, None),
            (zone, 1, None),
            (down, 1, Some("outbox-problem")),
            (zone, 1, None),
        ]);
    }

    /// Each step has a problem, how many activities are stored, and what is said.
    fn check(steps: &[(Option<&str>, u64, Option<&'static str>)]) {
        let health = |problem: Option<&str>, stored: u64| {
            let mut health = Health::default();
            (health.problem, health.stored) = (problem.map(str::to_owned), stored);
            health
        };
        let mut notes = HealthNotes::default();
        for (step, (problem, stored, said)) in steps.iter().enumerate() {
            assert_eq!(notes.change(&health(*problem, *stored)), *said, "step {step}");
        }
    }
}
