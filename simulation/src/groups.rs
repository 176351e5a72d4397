//! The groups that a run may draw from, and which of them are on.

use std::collections::BTreeSet;

use crate::faults;

/// Something that a run may meet: a fault of the server, or a property of the world around it.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// The name, as `--only` and `--with` take it.
    pub name: &'static str,
    /// Whether a run meets it by default.
    pub status: Status,
}

/// Whether a group is on by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is: a violation is a defect.
    On,
    /// It is not yet, for this reason.
    NotYet(&'static str),
}

use Status::{NotYet, On};

/// The groups that are no faults of the server.
const WORLD: &[&str] = &[
    "crash",
    "torn",
    "cancel",
    "slow_consumer",
    "marks",
    "adopted_marks",
    "late_commits",
    "hidden_records",
    "unreadable_record",
    "foreign_shifted",
    "foreign_twin",
    "undeclared_writer",
    "changed_type",
    "settles",
    "undated",
    "nearly_equal",
    "owners",
    "old_equal",
    "seller",
    "empty_history",
    "foreign_unequal",
    "foreign_equal_dated",
    "foreign_equal_undated",
    "strict",
    "check_users",
    "server_clock",
    "shift",
    "slow",
    "store_faults",
    "standstill",
    "restored_backup",
];

/// Every group: the world, then the faults.
pub fn all() -> impl Iterator<Item = Group> {
    let faults = faults::FAULTS.iter().map(|fault| fault.name);
    WORLD.iter().copied().chain(faults).map(|name| Group { name, status: status(name) })
}

fn status(name: &str) -> Status {
    KNOWN_FAILURES.iter().find(|(known, _)| *known == name).map_or(On, |(_, reason)| NotYet(reason))
}

/// The groups under which seeds fail, each with the reason. A line goes when its reason does.
pub const KNOWN_FAILURES: &[(&str, &str)] = &[];

/// Which groups a run draws from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    names: BTreeSet<&'static str>,
    /// How the command line asks for it.
    option: String,
    job: Job,
}

/// What a seed runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Job {
    /// An import with a journal.
    #[default]
    Import,
    /// An outbox with several instances.
    Outbox,
}

impl Default for Selection {
    /// Every group that is on.
    fn default() -> Selection {
        let names = all().filter(|group| group.status == On).map(|group| group.name).collect();
        Selection { names, option: String::new(), job: Job::default() }
    }
}

impl Selection {
    /// Every group.
    #[must_use]
    pub fn all() -> Selection {
        Selection {
            names: all().map(|group| group.name).collect(),
            option: " --all".to_owned(),
            job: Job::default(),
        }
    }

    /// These groups alone, separated by commas.
    ///
    /// # Errors
    /// A name that no group has.
    pub fn only(names: &str) -> Result<Selection, String> {
        Ok(Selection { names: parse(names)?, option: format!(" --only {names}"), job: Job::default() })
    }

    /// These groups, separated by commas, beside those that are on.
    ///
    /// # Errors
    /// A name that no group has.
    pub fn with(names: &str) -> Result<Selection, String> {
        let on = Selection::default().names;
        Ok(Selection { names: &on | &parse(names)?, option: format!(" --with {names}"), job: Job::default() })
    }

    /// Whether a run draws from this group.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Runs this job.
    #[must_use]
    pub fn with_job(mut self, job: Job) -> Selection {
        if job == Job::Outbox {
            self.option.push_str(" --outbox");
        }
        self.job = job;
        self
    }

    /// What a seed runs.
    #[must_use]
    pub fn job(&self) -> Job {
        self.job
    }

    /// The option of the command line that asks for it, after a space; empty for the default.
    #[must_use]
    pub fn option(&self) -> &str {
        &self.option
    }
}

fn parse(names: &str) -> Result<BTreeSet<&'static str>, String> {
    let known = |name: &str| {
        let found = all().find(|group| group.name == name);
        found.map(|group| group.name).ok_or_else(|| format!("no group has the name {name:?}"))
    };
    names.split(',').map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_failure_names_a_group_and_no_two_groups_share_a_name() {
        let names: Vec<&str> = all().map(|group| group.name).collect();
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), distinct.len());
        for (name, reason) in KNOWN_FAILURES {
            assert!(distinct.contains(name), "{name}");
            assert!(reason.len() > 10, "{name}");
        }
    }
}
