//! What is wrong with the arguments, in words of the catalogue.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Messages;
use crate::arguments::BadValue;

/// Returns what is wrong with the arguments, and where the help is.
pub(crate) fn usage_error(error: &clap::Error, messages: &Messages) -> String {
    let context = |kind| error.get(kind).map(words).unwrap_or_default();
    let argument = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let argument_only = [("argument", argument.as_str().into())];
    let mut text = match error.kind() {
        ErrorKind::UnknownArgument => messages.format("usage-unknown-argument", &argument_only),
        ErrorKind::MissingRequiredArgument => messages.format("usage-missing-argument", &argument_only),
        ErrorKind::InvalidSubcommand => {
            let command = context(ContextKind::InvalidSubcommand);
            messages.format("usage-unknown-command", &[("command", command.into())])
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            messages.text("usage-missing-command")
        }
        ErrorKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg);
            if other == argument {
                return with_help(messages.format("usage-twice", &argument_only), messages);
            }
            messages.format("usage-conflict", &[("argument", argument.into()), ("other", other.into())])
        }
        ErrorKind::InvalidValue | ErrorKind::TooFewValues if value.is_empty() => {
            messages.format("usage-missing-value", &argument_only)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let values = [("argument", argument.into()), ("value", value.into())];
            messages.format("usage-bad-value", &values) + &expected(error, messages)
        }
        ErrorKind::TooManyValues => {
            let values = [("argument", argument.into()), ("value", value.into())];
            messages.format("usage-too-many-values", &values)
        }
        ErrorKind::InvalidUtf8 => messages.text("usage-not-utf-8"),
        _ => {
            let text = messages.of_library(first_line(&error.to_string()));
            messages.format("usage-other", &[("text", text.into())])
        }
    };
    for kind in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue] {
        if let Some(suggestion) = error.get(kind) {
            text += &messages.format("usage-suggestion", &[("suggestion", words(suggestion).into())]);
        }
    }
    with_help(text, messages)
}

fn with_help(text: String, messages: &Messages) -> String {
    format!("{text}\n{}", messages.text("usage-see-help"))
}

/// Returns what the value should have been.
fn expected(error: &clap::Error, messages: &Messages) -> String {
    if let Some(valid) = error.get(ContextKind::ValidValue) {
        return messages.format("usage-valid-values", &[("values", words(valid).into())]);
    }
    match error.source() {
        Some(source) => match source.downcast_ref::<BadValue>() {
            Some(BadValue(expected)) => format!(": {}", messages.text(expected)),
            None => format!(": {}", messages.of_library(&source.to_string())),
        },
        None => String::new(),
    }
}

fn words(value: &ContextValue) -> String {
    value.to_string()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ")
}
