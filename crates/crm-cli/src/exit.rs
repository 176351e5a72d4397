//! The exit codes of all commands.

use std::process::ExitCode;

use crm::history::NotSentReason;
use crm::{Error, Verdict};

/// How a command ended, from the best to the worst. Of several the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything is done.
    Done,
    /// Some input was unreadable or refused, or some records could not be read.
    Refused,
    /// Run it again: what stopped it passes by itself.
    Again,
    /// A person must look.
    Person,
    /// The server refused the key.
    KeyRefused,
    /// The arguments are wrong.
    Usage,
    /// The reader of the standard output ended.
    BrokenPipe,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Exit {
    /// Every exit code.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 9] = [
        Self::Done,
        Self::Refused,
        Self::Again,
        Self::Person,
        Self::KeyRefused,
        Self::Usage,
        Self::BrokenPipe,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// Returns the number for the shell: those of sysexits.h, and 128 and the number of a signal.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 65,
            Self::Again => 75,
            Self::Person => 1,
            Self::KeyRefused => 77,
            Self::Usage => 64,
            Self::BrokenPipe => 141,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Returns how a command ends that this error stopped.
    pub(crate) fn from_error(error: &Error) -> Self {
        if error.id() == "server-refused-key" {
            Self::KeyRefused
        } else if error.id() == "invalid-setting" {
            Self::Usage
        } else if error.is_retryable() {
            Self::Again
        } else {
            // Also after the timeout of a write, because it may have been carried out.
            Self::Person
        }
    }

    /// Returns how a command ends whose export has this verdict.
    pub(crate) fn from_verdict(verdict: &Verdict) -> Self {
        match verdict {
            verdict if verdict.is_complete() => Self::Done,
            Verdict::Truncated { cause, .. } => Self::from_error(cause),
            // Records moved meanwhile. The next export may find a quiet moment.
            Verdict::Shifted { .. } => Self::Again,
            Verdict::Complete { .. } => Self::Refused,
            _ => Self::Person,
        }
    }

    /// Returns how an import ends that did not send an activity for this reason.
    pub(crate) fn from_not_sent(reason: &NotSentReason) -> Self {
        match reason {
            NotSentReason::KeyRefused(_) => Self::KeyRefused,
            NotSentReason::AccountSetting(_)
            | NotSentReason::Refused(_)
            | NotSentReason::Storage(_)
            | NotSentReason::ZoneMissing
            | NotSentReason::PerhapsChanged { .. } => Self::Person,
            _ => Self::Again,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command ended early, as a text for people.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) text: String,
}

impl Failure {
    /// The arguments are wrong.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, text: text.into() }
    }

    /// A person must look.
    pub(crate) fn person(text: impl Into<String>) -> Self {
        Self { exit: Exit::Person, text: text.into() }
    }

    /// The reader of the standard output ended. There is nobody to say it to.
    pub(crate) fn broken_pipe() -> Self {
        Self { exit: Exit::BrokenPipe, text: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_worst_counts_and_a_signal_is_worse_than_everything() {
        assert_eq!(Exit::Refused.max(Exit::Again), Exit::Again);
        assert_eq!(Exit::Again.max(Exit::Person), Exit::Person);
        assert_eq!(Exit::Person.max(Exit::KeyRefused), Exit::KeyRefused);
        assert!(Exit::ALL.iter().all(|exit| *exit <= Exit::Terminated && *exit >= Exit::Done));
        assert!(Exit::ALL.is_sorted());
    }

    #[test]
    fn a_file_that_another_run_uses_will_be_free_and_a_damaged_one_needs_a_person() {
        let path = std::path::Path::new("calls.journal");
        let in_use = Error::in_use("history.import", "journal", path, "is in use by another import");
        assert_eq!(Exit::from_error(&in_use), Exit::Again);
        let damaged = Error::storage("history.import", "journal", path, "is damaged", None);
        assert_eq!(Exit::from_error(&damaged), Exit::Person);
    }

    #[test]
    fn every_exit_has_a_code_of_its_own() {
        let codes: BTreeSet<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes.len(), Exit::ALL.len());
    }

    #[test]
    fn the_guide_lists_every_exit_in_both_languages_from_the_best_to_the_worst() {
        for page in [
            include_str!("../../../docs/guide/program.md"),
            include_str!("../../../docs/guide/ru/program.md"),
        ] {
            let first_cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
            let listed: Vec<u8> = first_cells.filter_map(|cell| cell.parse().ok()).collect();
            let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
            assert_eq!(listed, codes);
        }
    }

    #[test]
    fn the_packaging_retries_only_what_another_run_can_change() {
        // After these a person must look.
        let stopped =
            [Exit::Person, Exit::Usage, Exit::Refused, Exit::KeyRefused].map(|exit| exit.code().to_string());
        let unit = include_str!("../../../packaging/systemd/crm-import.service");
        let line = unit.lines().find_map(|line| line.strip_prefix("RestartPreventExitStatus="));
        assert_eq!(line, Some(stopped.join(" ").as_str()));
        let job = include_str!("../../../packaging/kubernetes/cronjob.yaml");
        let line = job.lines().find_map(|line| line.trim().strip_prefix("values: "));
        assert_eq!(line, Some(format!("[{}]", stopped.join(", ")).as_str()));
    }
}
