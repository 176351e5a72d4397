//! What people see: messages on the standard error. The standard output is for data alone.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;

use crate::arguments::GlobalArguments;
use crate::exit::{Exit, Failure};
use crate::files::Headings;
use crate::language::{Language, Messages, Value};

/// The terminal, or what stands in its place.
pub(crate) struct Terminal {
    pub(crate) messages: Messages,
    /// Only problems are shown.
    pub(crate) is_quiet: bool,
    /// A summary for a machine is written to the standard output.
    is_json: bool,
    /// The standard output holds records.
    has_data: AtomicBool,
    /// The language was given by an option.
    is_language_given: bool,
    /// The profile that an option chooses.
    profile: Option<String>,
    bar: ProgressBar,
}

impl Terminal {
    /// Creates the terminal of a command with these options.
    pub(crate) fn new(messages: Messages, options: &GlobalArguments) -> Self {
        let GlobalArguments { quiet: is_quiet, json: is_json, .. } = *options;
        let is_language_given = options.lang.is_some();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let profile = options.profile.clone();
        Self {
            messages,
            is_quiet,
            is_json,
            has_data: AtomicBool::new(false),
            is_language_given,
            profile,
            bar,
        }
    }

    /// Returns the profile that `--profile` names.
    pub(crate) fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// Returns the language of the headings in files for people: Russian, because most users read it, unless `--lang` is
    /// given. The locale does not decide, because a timer has none.
    pub(crate) fn spreadsheet_headings(&self) -> Headings {
        match self.messages.language() {
            Language::English if self.is_language_given => Headings::English,
            _ => Headings::Russian,
        }
    }

    /// Returns whether the standard output is for a program.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Returns whether a progress bar can be shown.
    pub(crate) fn has_bar(&self) -> bool {
        !self.is_quiet && io::stderr().is_terminal()
    }

    /// Returns the bar, which is shown once it has a draw target.
    pub(crate) fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Shows a message, except with `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet {
            self.problem(text);
        }
    }

    /// Shows a message of the catalogue, except with `--quiet`.
    pub(crate) fn note_text(&self, name: &str, values: &[(&str, Value<'_>)]) {
        if !self.is_quiet {
            self.problem(&self.messages.format(name, values));
        }
    }

    /// Shows a message that matters even with `--quiet`.
    pub(crate) fn problem(&self, text: &str) {
        // Nobody is left to hear of a closed standard error.
        self.bar.suspend(|| drop(writeln!(io::stderr(), "{text}")));
    }

    /// Shows a message of the catalogue that matters even with `--quiet`.
    pub(crate) fn problem_text(&self, name: &str, values: &[(&str, Value<'_>)]) {
        self.problem(&self.messages.format(name, values));
    }

    /// Shows why a command ended early.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.text.is_empty() {
            return;
        }
        self.problem_text("error", &[("text", failure.text.as_str().into())]);
        // Nothing more can be said if this fails too.
        let _ = self.summary(&serde_json::json!({"error": failure.text, "exit_code": failure.exit.code()}));
    }

    /// Writes a summary for a machine to the standard output, if `--json` asks for it.
    ///
    /// # Errors
    /// See [`print`](Self::print).
    pub(crate) fn summary(&self, summary: &impl Serialize) -> Result<(), Failure> {
        if !self.is_json || self.has_data.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.print(&serde_json::to_string(summary).unwrap_or_default())
    }

    /// Returns whether the standard output is a terminal with a person in front of it.
    pub(crate) fn shows_tables(&self) -> bool {
        !self.is_json && io::stdout().is_terminal()
    }

    /// Writes a line for people to the standard output, except with `--json`.
    ///
    /// # Errors
    /// See [`print`](Self::print).
    pub(crate) fn list(&self, line: &str) -> Result<(), Failure> {
        if self.is_json { Ok(()) } else { self.print(line) }
    }

    /// Notes that the standard output holds records, so that no summary gets among them.
    pub(crate) fn reserve_output(&self) {
        self.has_data.store(true, Ordering::Relaxed);
    }

    /// Writes data to the standard output.
    ///
    /// # Errors
    /// The reader of the output ended, or the output cannot be written.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut output = io::stdout().lock();
        let written = self.bar.suspend(|| writeln!(output, "{text}").and_then(|()| output.flush()));
        written.map_err(|error| self.output_failure("-", &error))
    }

    /// Returns the failure of an output that cannot be written.
    pub(crate) fn output_failure(&self, path: &str, error: &io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::broken_pipe();
        }
        let values = [("file", path.into()), ("error", error.to_string().into())];
        let text = self.messages.format("file-not-written", &values);
        // Another run that writes the file will end.
        let is_busy = error.kind() == io::ErrorKind::ResourceBusy;
        Failure { exit: if is_busy { Exit::Again } else { Exit::Person }, text }
    }

    /// Returns the failure of a call, with the exit code that it asks for.
    pub(crate) fn call_failure(&self, error: &crm::Error) -> Failure {
        Failure { exit: Exit::from_error(error), text: self.messages.error(error) }
    }
}
