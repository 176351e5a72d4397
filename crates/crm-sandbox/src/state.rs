//! Everything a running sandbox remembers.

use chrono::{DateTime, NaiveDateTime, Timelike, Utc};

use crate::account::{Account, Zone};
use crate::directory::Directory;
use crate::faults::Faults;
use crate::history::{self, History, Revision};
use crate::projects::Form;
use crate::projects::data::{self, Project};
use crate::received::Log;

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
}

impl State {
    pub(crate) fn new(settings: Settings) -> State {
        let directory = Directory::new(settings.clients, settings.contacts);
        let mut state = State {
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
        *self = State::new(self.settings.clone());
    }

    /// The local time of the first account, in whole seconds.
    pub(crate) fn now(&self) -> NaiveDateTime {
        let now = self.fixed_now.unwrap_or_else(|| self.zone().wall_clock());
        now.with_nanosecond(0).unwrap_or(now)
    }

    /// The present moment, in whole seconds.
    pub(crate) fn moment(&self) -> DateTime<Utc> {
        self.zone().moment(self.now())
    }

    fn zone(&self) -> Zone {
        self.accounts.first().map_or_else(Zone::default, |account| account.zone)
    }
}
