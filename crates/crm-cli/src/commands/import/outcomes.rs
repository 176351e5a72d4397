//! What became of the rows: messages, the rejected file and the summary.

use std::path::Path;
use std::sync::Arc;

use crm::history::{AddOutcome, ImportOutcome, NewEntry, NotSentReason, OutcomeReason, UnknownReason, Zone};

use super::Arguments;
use super::input::Input;
use super::preview::{Preview, to_send};
use super::summary::Summary;
use crate::exit::{Exit, Failure};
use crate::files::{Problem, Rejected, TableRow};
use crate::language::{Language, one_line};
use crate::terminal::Terminal;

/// Takes the outcomes of an import, one by one.
pub(super) struct Outcomes {
    terminal: Arc<Terminal>,
    summary: Summary,
    exit: Exit,
    path: String,
    /// `None` in a dry run.
    rejected: Option<Rejected>,
    /// The last reason for which rows were not sent. It is shown once.
    unsent: Option<String>,
    zone: Option<Zone>,
    /// What a dry run shows on a terminal.
    preview: Option<Preview>,
}

impl Outcomes {
    pub(super) fn new(
        terminal: &Arc<Terminal>,
        arguments: &Arguments,
        input: &Input,
        rejected: &Path,
    ) -> Result<Self, Failure> {
        let path = rejected.display().to_string();
        // An import of the file knows these names.
        let headings = match terminal.messages.language() {
            Language::English => ["Line", "Reason"],
            Language::Russian => ["Строка", "Причина"],
        };
        let created = (!arguments.dry_run)
            .then(|| Rejected::create(rejected, input.header(), input.delimiter(), headings))
            .transpose();
        Ok(Self {
            terminal: Arc::clone(terminal),
            summary: Summary { rows: input.total.unwrap_or(0), ..Summary::default() },
            exit: Exit::Done,
            rejected: created.map_err(|error| terminal.output_failure(&path, &error))?,
            path,
            unsent: None,
            zone: arguments.zone(),
            preview: terminal.shows_tables().then(Preview::default),
        })
    }

    pub(super) fn done(&self) -> u64 {
        self.summary.done()
    }

    /// Returns the counts that are not zero, in words.
    pub(super) fn in_words(&self) -> String {
        let messages = &self.terminal.messages;
        let counts = self.summary.counts();
        let words = counts.map(|(name, count)| messages.format(name, &[("count", count.into())]));
        let words: Vec<String> = words.collect();
        if words.is_empty() {
            messages.format("count-stored", &[("count", 0.into())])
        } else {
            words.join(", ")
        }
    }

    /// Takes the outcome of a row.
    pub(super) fn add(&mut self, outcome: &ImportOutcome, row: &TableRow) -> Result<(), Failure> {
        let terminal = Arc::clone(&self.terminal);
        let messages = &terminal.messages;
        if let Err(problems) = &row.entry {
            let is_of_caller = |problem: &Problem| matches!(problem, Problem::Client { .. });
            if problems.iter().all(is_of_caller) {
                self.summary.refused += 1;
            } else {
                self.summary.unreadable += 1;
            }
            let problems: Vec<_> =
                problems.iter().map(|problem| messages.message(&problem.message())).collect();
            return self.keep(row, &problems.join("; "));
        }
        let ImportOutcome { outcome: became, reason, .. } = outcome;
        let text = messages.outcome(became, reason.as_ref());
        match became {
            AddOutcome::Created(_) | AddOutcome::StoredWithoutId => {
                self.summary.stored += 1;
                self.summary.stored_before += u64::from(outcome.stored_before);
                self.note_stored(outcome, row);
            }
            AddOutcome::Rejected(rejection) => {
                self.summary.refused += 1;
                if rejection.is_account_setting {
                    self.exit = self.exit.max(Exit::Person);
                }
                return self.keep(row, &text);
            }
            AddOutcome::NotSent(why) => match reason {
                Some(OutcomeReason::NotSent(NotSentReason::DryRun)) => {
                    self.summary.to_send += 1;
                    let entry = self.as_sent(outcome.entry.clone());
                    match &mut self.preview {
                        Some(preview) => preview.add(row.line, &entry),
                        None => terminal.list(&to_send(row.line, &entry))?,
                    }
                    self.note_stored(outcome, row);
                }
                Some(OutcomeReason::NotSent(NotSentReason::PerhapsChanged { known, .. })) => {
                    self.summary.not_sent += 1;
                    self.summary.perhaps_changed += 1;
                    self.exit = self.exit.max(Exit::Person);
                    // The rows of another file are all alike.
                    if *known > 0 || self.unsent.as_ref() != Some(why) {
                        self.say(row.line, &text);
                        self.unsent = Some(why.clone());
                    }
                }
                // Another run would end the same way, because others were stored.
                Some(OutcomeReason::NotSent(NotSentReason::NoAnswer(_))) => {
                    self.summary.refused += 1;
                    self.exit = self.exit.max(Exit::Person);
                    return self.keep(row, &text);
                }
                _ => {
                    self.summary.not_sent += 1;
                    if let Some(OutcomeReason::NotSent(reason)) = reason {
                        self.exit = self.exit.max(Exit::from_not_sent(reason));
                    }
                    if self.unsent.as_ref() != Some(why) {
                        self.say(row.line, &text);
                        self.unsent = Some(why.clone());
                    }
                }
            },
            _ => {
                self.summary.unknown += 1;
                self.say(row.line, &text);
                // The journal knows it, and another run looks it up. Any other doubt is for a person.
                let exit = match reason {
                    Some(OutcomeReason::Unknown(UnknownReason::Ended(reason))) => {
                        self.summary.not_settled += 1;
                        Exit::from_not_sent(reason)
                    }
                    _ => Exit::Person,
                };
                self.exit = self.exit.max(exit);
            }
        }
        Ok(())
    }

    /// Returns a row that would be sent, as the request would have it today.
    fn as_sent(&self, entry: NewEntry) -> NewEntry {
        match (&self.zone, entry.at_instant) {
            (Some(zone), Some(instant)) => entry.at(zone.local(instant)),
            _ => entry,
        }
    }

    fn say(&self, line: u64, text: &str) {
        self.terminal.problem_text("import-line", &[("line", line.into()), ("text", text.into())]);
    }

    /// Keeps a row in the rejected file.
    fn keep(&mut self, row: &TableRow, reason: &str) -> Result<(), Failure> {
        self.say(row.line, reason);
        let Some(rejected) = &mut self.rejected else { return Ok(()) };
        let kept = rejected.add(row.line, &row.cells, reason);
        kept.map_err(|error| self.terminal.output_failure(&self.path, &error))
    }

    /// Says what is remarkable about a row that is stored or would be sent.
    fn note_stored(&mut self, outcome: &ImportOutcome, row: &TableRow) {
        let messages = &self.terminal.messages;
        let named = |name: Option<&str>| one_line(name.unwrap_or_default());
        // The run that sent a row has said it.
        let is_new = !outcome.stored_before;
        let mut remarks = if is_new { messages.remarks(&outcome.losses) } else { Vec::new() };
        self.summary.changed_by_server += u64::from(!remarks.is_empty());
        if outcome.unknown_user && is_new {
            self.summary.without_owner += 1;
            let user = named(outcome.entry.user.as_deref());
            remarks.push(messages.format("import-without-owner", &[("user", user.into())]));
        }
        if outcome.unknown_type && is_new {
            self.summary.with_unknown_type += 1;
            let name = named(outcome.entry.activity_type.as_deref());
            remarks.push(messages.format("import-unknown-type", &[("type", name.into())]));
        }
        self.summary.with_warnings += u64::from(!remarks.is_empty());
        if let (Some(OutcomeReason::StoredTwice(copy)), Some(id)) = (&outcome.reason, outcome.outcome.id()) {
            self.summary.stored_twice += 1;
            let values = [("id", id.to_string().into()), ("copy", copy.to_string().into())];
            remarks.push(messages.format("import-stored-twice", &values));
        }
        remarks.iter().for_each(|remark| self.say(row.line, remark));
    }

    /// Puts the rejected file into its place, and shows the summary.
    pub(super) fn finish(mut self, signal: Option<Exit>, failure: Option<Failure>) -> Result<Exit, Failure> {
        let terminal = Arc::clone(&self.terminal);
        if let Some(failure) = failure {
            self.exit = self.exit.max(failure.exit);
            terminal.problem(&failure.text);
        }
        self.summary.end();
        let exit = self.exit.max(self.summary.exit()).max(signal.unwrap_or(Exit::Done));
        self.summary.exit_code = exit.code();
        let rows = ("rows", self.summary.rows.into());
        if let Some(preview) = self.preview.take() {
            preview.print(&terminal)?;
        }
        terminal.note_text("import-summary", &[rows, ("counts", self.in_words().into())]);
        if self.summary.with_warnings > 0 {
            terminal.note_text("import-with-warnings", &[("count", self.summary.with_warnings.into())]);
        }
        if let Some(rejected) = self.rejected.take() {
            let file = rejected.finish().map_err(|error| terminal.output_failure(&self.path, &error))?;
            if file.rows > 0 {
                terminal.note_text("import-rejected-file", &[("file", self.path.as_str().into())]);
                self.summary.rejected_file = Some(self.path);
            }
            if let Some(older) = file.older {
                terminal.note_text("import-older-file", &[("file", older.display().to_string().into())]);
            }
        }
        if self.summary.not_sent + self.summary.not_settled > self.summary.perhaps_changed {
            let passes = !matches!(self.exit, Exit::Person | Exit::KeyRefused);
            terminal.note_text(if passes { "import-run-again" } else { "import-run-when-fixed" }, &[]);
        }
        if self.summary.unknown > self.summary.not_settled {
            terminal.note_text("import-look-up", &[]);
        }
        terminal.summary(&self.summary)?;
        Ok(exit)
    }
}
