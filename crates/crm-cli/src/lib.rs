//! The program `crm`: import and export for SalesMan CRM and solOS, without writing Rust.
//!
//! ```text
//! main → run ─→ arguments ─→ commands ─┬→ connection      addresses and keys
//!               language               ├→ terminal        messages, progress
//!                                      ├→ signals         Ctrl-C and SIGTERM
//!                                      ├→ files           people's files, read and written
//!                                      └→ exit            exit codes, in one place
//! ```
//!
//! Every text for people is in `language`. The library exists for the program and its tests alone.

mod arguments;
mod commands;
mod connection;
mod exit;
pub mod files;
mod language;
mod progress;
mod signals;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use crate::arguments::{Arguments, GlobalArguments};
use crate::exit::{Exit, Failure};
use crate::language::Messages;
use crate::terminal::Terminal;

/// Turns `crm help import` into `crm import --help`, which says the same.
fn help_as_option(mut given: Vec<OsString>) -> Vec<OsString> {
    let is_word = |(index, argument): (usize, &OsString)| {
        !argument.to_string_lossy().starts_with('-') && given[index - 1] != "--lang"
    };
    let command = (1..).zip(given.iter().skip(1)).position(is_word).map(|index| index + 1);
    if let Some(command) = command.filter(|index| given[*index] == "help") {
        given.remove(command);
        given.push("--help".into());
    }
    given
}

/// Runs the program with the arguments of the process.
///
/// `--help` and `--version` start no runtime and touch no network.
#[must_use]
pub fn run() -> ExitCode {
    let given = help_as_option(std::env::args_os().collect());
    let messages = Messages::new(language::chosen_language(&given, |name| std::env::var(name).ok()));
    let mut command = language::with_texts(Arguments::command(), &messages);
    let matches =
        command.try_get_matches_from_mut(given).and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match matches {
        Ok(arguments) => arguments,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let _ = error.print();
            return Exit::Done.into();
        }
        Err(error) => {
            let terminal = Terminal::new(messages, &GlobalArguments::default());
            let text = language::usage_error(&error, &terminal.messages);
            terminal.failure(&Failure::usage(text));
            return Exit::Usage.into();
        }
    };
    let terminal = Arc::new(Terminal::new(messages, &arguments.global));
    match commands::run(arguments.command, &terminal) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal.failure(&failure);
            failure.exit.into()
        }
    }
}
