//! Everything a running sandbox remembers.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Timelike, Utc};

use crate::account::{Account, Zone};
use crate::answer::Answer;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::faults::{Faults, Present};
use crate::history::events::ServerEvent;
use crate::history::records::Record;
use crate::history::{self, History, Revision};
use crate::projects::Form;
use crate::projects::data::{self, Project};
use crate::received::Log;
use crate::request::Request;

/// What a sandbox starts with, and starts over with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) accounts: Vec<Account>,
    pub(crate) revision: Revision,
    pub(crate) records: u64,
    pub(crate) clients: u64,
    pub(crate) contacts: u64,
    pub(crate) projects: u64,
    pub(crate) form: Form,
    /// How late every answer comes.
    pub(crate) latency_ms: u64,
    /// The time of the first account where it stands still.
    pub(crate) now: Option<NaiveDateTime>,
    /// Other chances for everything that happens by chance.
    pub(crate) seed: u64,
    /// What requests to `/_sandbox` have to know.
    pub(crate) control_secret: Option<ControlSecret>,
}

/// A secret that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ControlSecret(pub(crate) String);

impl fmt::Debug for ControlSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The clock, and whether it is that of this machine.
#[derive(Debug, Clone)]
pub(crate) struct Time {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) of_machine: bool,
}

/// A request that is carried out later.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) due: Duration,
    pub(crate) request: Request,
    /// Where the answer goes.
    pub(crate) answer: Arc<OnceLock<Answer>>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) accounts: Vec<Account>,
    pub(crate) history: History,
    pub(crate) projects: Vec<Project>,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) fixed_now: Option<NaiveDateTime>,
    pub(crate) clock: Arc<dyn Clock>,
    clock_of_machine: bool,
    /// In the order in which they were put off.
    jobs: Vec<Job>,
    /// How long ago that is which is carried out at the moment.
    behind: Duration,
    /// Each request that is being answered holds a clone.
    busy: Arc<()>,
}

impl State {
    pub(crate) fn new(settings: Settings, time: Time) -> State {
        let directory = Directory::new(settings.clients, settings.contacts);
        let mut state = State {
            clock: time.clock,
            clock_of_machine: time.of_machine,
            jobs: Vec::new(),
            behind: Duration::ZERO,
            busy: Arc::default(),
            accounts: settings.accounts.clone(),
            history: History {
                revision: settings.revision,
                records: history::generate(settings.records),
                names: directory.names(),
                directory,
                new_tips: Vec::new(),
                offsets: Vec::new(),
            },
            projects: data::generate(settings.projects),
            faults: Faults::default(),
            log: Log::default(),
            fixed_now: settings.now,
            settings,
        };
        state.settle();
        state
    }

    /// Moves the records of accounts whose clock was changed since the last look.
    pub(crate) fn settle(&mut self) {
        let moment = self.moment();
        self.history.settle(&self.accounts, moment);
    }

    pub(crate) fn reset(&mut self) {
        let time = Time { clock: Arc::clone(&self.clock), of_machine: self.clock_of_machine };
        *self = State::new(self.settings.clone(), time);
    }

    /// A request begins to be answered, and is so as long as the result lives.
    pub(crate) fn begin(&mut self) -> Arc<()> {
        self.catch_up();
        Arc::clone(&self.busy)
    }

    pub(crate) fn present(&self) -> Present {
        Present {
            now: self.clock.monotonic(),
            seed: self.settings.seed,
            busy: Arc::strong_count(&self.busy) - 1,
        }
    }

    /// Puts a request off.
    pub(crate) fn later(&mut self, job: Job) {
        self.jobs.push(job);
    }

    /// Carries out what was put off and is due, in the order of the times, as if it had happened then.
    pub(crate) fn catch_up(&mut self) {
        let now = self.clock.monotonic();
        // Equal times keep the order in which the requests came.
        while let Some(next) = (0..self.jobs.len()).min_by_key(|place| self.jobs[*place].due)
            && self.jobs[next].due <= now
        {
            let job = self.jobs.remove(next);
            self.behind = now.saturating_sub(job.due);
            let _ = job.answer.set(job.request.carry_out(self));
            self.behind = Duration::ZERO;
        }
    }

    /// Stores a record that the server writes itself; the time is now where `about` has none. Returns its ID.
    pub(crate) fn add_server_record(&mut self, event: ServerEvent, about: Record) -> u64 {
        let now = self.accounts.get(about.account).map(|account| account.zone.local(self.moment()));
        let datum = about.datum.or(now);
        self.history.add_server_record(event, Record { datum, ..about })
    }

    /// The local time of the first account, in whole seconds.
    pub(crate) fn now(&self) -> NaiveDateTime {
        let now = self.fixed_now.unwrap_or_else(|| self.zone().local(self.running_moment()));
        now.with_nanosecond(0).unwrap_or(now)
    }

    /// The present moment, in whole seconds.
    pub(crate) fn moment(&self) -> DateTime<Utc> {
        let moment = self.fixed_now.map_or_else(|| self.running_moment(), |now| self.zone().moment(now));
        moment.with_nanosecond(0).unwrap_or(moment)
    }

    /// The moment by a clock that runs.
    fn running_moment(&self) -> DateTime<Utc> {
        let behind = TimeDelta::from_std(self.behind).unwrap_or_default();
        let now = if self.clock_of_machine { self.zone().wall_clock() } else { self.clock.utc() };
        now - behind
    }

    fn zone(&self) -> Zone {
        self.accounts.first().map_or_else(Zone::default, |account| account.zone)
    }
}
