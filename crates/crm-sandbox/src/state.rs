//! Everything a running sandbox remembers.

use chrono::{Local, NaiveDateTime, Timelike};

use crate::history::records::Records;
use crate::projects::Form;
use crate::projects::data::{self, Project};

/// What a sandbox starts with, and starts over with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) now: Option<NaiveDateTime>,
    pub(crate) projects: u64,
    pub(crate) form: Form,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) records: Records,
    pub(crate) projects: Vec<Project>,
    /// The time of the account where it was set.
    pub(crate) fixed_now: Option<NaiveDateTime>,
}

impl State {
    pub(crate) fn new(settings: Settings) -> State {
        State {
            records: Records::default(),
            projects: data::generate(settings.projects),
            fixed_now: settings.now,
            settings,
        }
    }

    /// The local time of the account, in whole seconds.
    pub(crate) fn now(&self) -> NaiveDateTime {
        let now = self.fixed_now.unwrap_or_else(|| Local::now().naive_local());
        now.with_nanosecond(0).unwrap_or(now)
    }
}
