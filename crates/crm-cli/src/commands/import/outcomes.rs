//! What became of the rows: messages, the rejected file and the summary.

use std::path::PathBuf;
use std::sync::Arc;

use crm::history::{AddOutcome, ImportOutcome, ImportReport, OutcomeReason, UnknownReason};

use super::input::Row;
use super::summary::Summary;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

/// Takes the outcomes of an import, one by one.
pub(super) struct Outcomes {
    terminal: Arc<Terminal>,
    summary: Summary,
    exit: Exit,
    rejected: PathBuf,
    report: ImportReport,
    /// The last reason for which rows were not sent. It is shown once.
    unsent: Option<String>,
}

impl Outcomes {
    pub(super) fn new(terminal: &Arc<Terminal>, rows: u64, rejected: PathBuf) -> Result<Self, Failure> {
        Ok(Self {
            terminal: Arc::clone(terminal),
            summary: Summary { rows, ..Summary::default() },
            exit: Exit::Done,
            rejected,
            report: ImportReport::default(),
            unsent: None,
        })
    }

    pub(super) fn done(&self) -> u64 {
        self.summary.done()
    }

    /// Returns the counts that are not zero, in words.
    pub(super) fn in_words(&self, terminal: &Terminal) -> String {
        let Summary { stored, refused, unreadable, not_sent, unknown, .. } = self.summary;
        let counts = [
            ("count-stored", stored),
            ("count-refused", refused),
            ("count-unreadable", unreadable),
            ("count-not-sent", not_sent),
            ("count-unknown", unknown),
        ];
        let counts = counts.into_iter().filter(|(name, count)| *count > 0 || *name == "count-stored");
        let words = counts.map(|(name, count)| terminal.messages.format(name, &[("count", count.into())]));
        words.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn add(&mut self, outcome: &ImportOutcome, row: &Row) {
        let terminal = Arc::clone(&self.terminal);
        let say = |text: String| {
            terminal.problem_text("import-line", &[("line", row.line.into()), ("text", text.into())]);
        };
        if let Some(problem) = &row.problem {
            self.summary.unreadable += 1;
            say(terminal.messages.format("import-unreadable", &[("problem", problem.as_str().into())]));
            return;
        }
        let ImportOutcome { outcome: became, reason, losses, .. } = outcome;
        match became {
            AddOutcome::Created(_) | AddOutcome::StoredWithoutId => {
                self.summary.stored += 1;
                self.add_stored(outcome, &say);
                if !losses.is_empty() {
                    self.summary.changed_by_server += 1;
                    let losses: Vec<_> = losses.iter().map(|loss| terminal.messages.loss(loss)).collect();
                    say(terminal.messages.format("import-changed", &[("losses", losses.join("; ").into())]));
                }
            }
            AddOutcome::Rejected(rejection) => {
                self.summary.refused += 1;
                if rejection.is_account_setting {
                    self.exit = self.exit.max(Exit::Person);
                }
                self.report.add(outcome.clone());
                say(terminal.messages.outcome(became, reason.as_ref()));
            }
            AddOutcome::NotSent(why) => {
                self.summary.not_sent += 1;
                if let Some(OutcomeReason::NotSent(reason)) = reason {
                    self.exit = self.exit.max(Exit::from_not_sent(reason));
                }
                if self.unsent.as_ref() != Some(why) {
                    say(terminal.messages.outcome(became, reason.as_ref()));
                    self.unsent = Some(why.clone());
                }
            }
            _ => {
                self.summary.unknown += 1;
                // The journal knows it, and another run looks it up. Any other doubt is for a person.
                self.exit = self.exit.max(match reason {
                    Some(OutcomeReason::Unknown(UnknownReason::Ended(reason))) => Exit::from_not_sent(reason),
                    _ => Exit::Person,
                });
                say(terminal.messages.outcome(became, reason.as_ref()));
            }
        }
    }

    fn add_stored(&mut self, outcome: &ImportOutcome, say: &dyn Fn(String)) {
        let messages = &self.terminal.messages;
        if outcome.unknown_user {
            self.summary.without_owner += 1;
            say(messages.text("import-without-owner"));
        }
        if outcome.unknown_type {
            self.summary.with_unknown_type += 1;
            say(messages.text("import-unknown-type"));
        }
        if let (Some(OutcomeReason::StoredTwice(copy)), Some(id)) = (&outcome.reason, outcome.outcome.id()) {
            self.summary.stored_twice += 1;
            let values = [("id", id.to_string().into()), ("copy", copy.to_string().into())];
            say(messages.format("import-stored-twice", &values));
        }
    }

    /// Writes the rejected file and the summary.
    pub(super) fn finish(mut self, signal: Option<Exit>) -> Result<Exit, Failure> {
        let terminal = Arc::clone(&self.terminal);
        // What was not taken from the input was not sent.
        self.summary.not_sent += self.summary.rows.saturating_sub(self.summary.done());
        let rejected = self.rejected.display().to_string();
        if self.summary.refused > 0 {
            let written = self.report.write_rejected(&self.rejected);
            written.map_err(|error| terminal.output_failure(&rejected, &error))?;
        }
        let exit = self.exit.max(self.summary.exit()).max(signal.unwrap_or(Exit::Done));
        self.summary.exit_code = exit.code();
        let rows = ("rows", self.summary.rows.into());
        terminal.note_text("import-summary", &[rows, ("counts", self.in_words(&terminal).into())]);
        if self.summary.refused + self.summary.unreadable > 0 {
            terminal.note_text("import-rejected-file", &[("file", rejected.into())]);
        }
        if self.summary.not_sent > 0 {
            terminal.note_text("import-run-again", &[]);
        }
        if self.summary.unknown > 0 {
            terminal.note_text("import-look-up", &[]);
        }
        if terminal.is_json {
            terminal.print(&serde_json::to_string(&self.summary).unwrap_or_default())?;
        }
        Ok(exit)
    }
}
