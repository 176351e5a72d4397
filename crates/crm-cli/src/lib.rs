//! The program `crm`: import and export for SalesMan CRM and solOS, without writing Rust.
//!
//! ```text
//! main → run ─→ arguments ─→ commands ─┬→ connection      addresses and keys
//!               language               ├→ terminal        messages, progress
//!                                      ├→ signals         Ctrl-C and SIGTERM
//!                                      ├→ files           input and output files
//!                                      └→ exit            exit codes, in one place
//! ```
//!
//! Every text for users is in `language`. The library exists only for the program and its tests.

mod arguments;
mod commands;
mod connection;
mod exit;
pub mod files;
mod language;
mod network;
mod profile;
mod progress;
mod settings;
mod signals;
mod terminal;

use std::collections::BTreeMap;
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
    let defaults = profile_defaults(&given, &messages);
    let mut command = language::with_texts(with_defaults(Arguments::command(), &defaults), &messages);
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

/// Returns the defaults of options in the chosen profile. One that cannot be read is reported by the command that uses it.
fn profile_defaults(given: &[OsString], messages: &Messages) -> BTreeMap<String, String> {
    let Some(name) = profile::chosen_name(given, |name| std::env::var(name).ok()) else {
        return BTreeMap::new();
    };
    let path = profile::Location::of_process().file(&name, messages);
    let profile = path.and_then(|path| profile::Profile::read(&path, messages));
    profile.map(|profile| profile.defaults()).unwrap_or_default()
}

/// Sets the defaults of the options with these names.
fn with_defaults(command: clap::Command, defaults: &BTreeMap<String, String>) -> clap::Command {
    let default = |argument: &clap::Arg| argument.get_long().and_then(|name| defaults.get(name)).cloned();
    let mut command = command.mut_args(|argument| match default(&argument) {
        Some(value) => argument.default_value(value),
        None => argument,
    });
    let names: Vec<String> = command.get_subcommands().map(|found| found.get_name().to_owned()).collect();
    for name in names.iter().filter(|name| *name != "profile") {
        command = command.mut_subcommand(name, |found| with_defaults(found, defaults));
    }
    command
}
