//! Everything a running sandbox remembers.

use chrono::{Local, NaiveDateTime, Timelike};

use crate::faults::Faults;
use crate::history::{self, History, Revision};
use crate::projects::Form;
use crate::projects::data::{self, Project};
use crate::received::Log;

/// What a sandbox starts with, and starts over with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) revision: Revision,
    pub(crate) records: u64,
    pub(crate) projects: u64,
    pub(crate) form: Form,
    /// How late every answer comes.
    pub(crate) latency_ms: u64,
    /// The time of the account where it stands still.
    pub(crate) now: Option<NaiveDateTime>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) history: History,
    pub(crate) projects: Vec<Project>,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) fixed_now: Option<NaiveDateTime>,
}

impl State {
    pub(crate) fn new(settings: Settings) -> State {
        State {
            history: History {
                revision: settings.revision,
                records: history::generate(settings.records),
                new_tips: Vec::new(),
            },
            projects: data::generate(settings.projects),
            faults: Faults::default(),
            log: Log::default(),
            fixed_now: settings.now,
            settings,
        }
    }

    pub(crate) fn reset(&mut self) {
        *self = State::new(self.settings.clone());
    }

    /// The local time of the account, in whole seconds.
    pub(crate) fn now(&self) -> NaiveDateTime {
        let now = self.fixed_now.unwrap_or_else(|| Local::now().naive_local());
        now.with_nanosecond(0).unwrap_or(now)
    }
}
