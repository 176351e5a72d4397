//! Puts the texts of the catalogue into clap's help.
//!
//! The text of a command is named by its path: `command` for the program, `command-export-history` for a subcommand. Its
//! attribute `after` follows the options. The text of an argument is `option-` and its ID. Its attribute `value` names
//! the value.

use clap::{Arg, Command};

use super::Messages;

/// Returns the command with help in one language.
pub(crate) fn with_texts(command: Command, messages: &Messages) -> Command {
    let mut command = describe(command, messages, "command");
    command.build();
    set_usage(&mut command, messages);
    command
}

fn describe(command: Command, messages: &Messages, name: &str) -> Command {
    let template = format!(
        "{{about-with-newline}}\n{} {{usage}}\n\n{{all-args}}{{after-help}}",
        messages.text("help-usage")
    );
    let mut command = command
        .about(messages.text(name))
        .help_template(template)
        .disable_help_subcommand(true)
        .subcommand_help_heading(messages.text("help-commands"))
        .subcommand_value_name(messages.text("help-command-name"))
        .mut_args(|argument| describe_argument(argument, messages));
    if let Some(after) = messages.attribute(name, "after") {
        command = command.after_help(after);
    }
    let subcommands: Vec<String> =
        command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
    for subcommand in subcommands {
        command = command
            .mut_subcommand(&subcommand, |found| describe(found, messages, &format!("{name}-{subcommand}")));
    }
    command
}

fn describe_argument(argument: Arg, messages: &Messages) -> Arg {
    let name = format!("option-{}", argument.get_id());
    let mut help = messages.text(&name);
    let takes_value = argument.get_action().takes_values();
    let words = argument.get_value_parser().possible_values().filter(|_| takes_value);
    let words: Vec<String> = words.into_iter().flatten().map(|word| word.get_name().to_owned()).collect();
    if !words.is_empty() {
        help += &messages.format("help-possible-values", &[("values", words.join(", ").into())]);
    }
    let defaults = argument.get_default_values();
    if takes_value && !defaults.is_empty() {
        let defaults: Vec<_> = defaults.iter().map(|value| value.to_string_lossy()).collect();
        help += &messages.format("help-default", &[("value", defaults.join(", ").into())]);
    }
    let heading = match (argument.is_positional(), argument.is_global_set()) {
        (true, _) => "help-arguments",
        (false, false) => "help-options",
        (false, true) => "help-options-of-all",
    };
    let mut argument = argument.help(help).help_heading(messages.text(heading));
    if takes_value {
        argument = argument.hide_default_value(true).hide_possible_values(true);
    }
    match messages.attribute(&name, "value") {
        Some(value) => argument.value_name(value),
        None => argument,
    }
}

/// Sets the line of usage, in which clap writes `[OPTIONS]` in English.
fn set_usage(command: &mut Command, messages: &Messages) {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let usage = usage.replace("[OPTIONS]", &format!("[{}]", messages.text("help-options-name")));
    *command = std::mem::take(command).override_usage(usage);
    command.get_subcommands_mut().for_each(|subcommand| set_usage(subcommand, messages));
}
