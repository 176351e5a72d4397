//! `crm profile`: files with the settings of an account.

mod add;

use std::path::Path;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};

use crate::connection::in_environment;
use crate::exit::{Exit, Failure};
use crate::profile::{Location, Origin, Profile, has_password};
use crate::settings::{HISTORY_URL, LOGIN, PROJECTS_URL, SETTINGS};
use crate::terminal::Terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(Box<add::Arguments>),
    Set(Box<add::Arguments>),
    List,
    Show(Named),
    Remove(Named),
}

#[derive(Args, Debug)]
pub(crate) struct Named {
    #[arg(id = "profile-name")]
    name: String,
}

/// Adds, lists, shows or removes profiles. It calls no server.
pub(crate) fn run(command: Command, terminal: &Terminal) -> Result<Exit, Failure> {
    match command {
        Command::Add(arguments) => add::run(*arguments, terminal),
        Command::Set(arguments) => add::set(*arguments, terminal),
        Command::List => list(terminal),
        Command::Show(named) => show(&named.name, terminal),
        Command::Remove(named) => remove(&named.name, terminal),
    }
}

fn list(terminal: &Terminal) -> Result<Exit, Failure> {
    let (location, messages) = (Location::of_process(), &terminal.messages);
    let [profile, login] = ["column-profile", "column-login"].map(|name| messages.text(name));
    let mut table = table();
    table.set_header([profile.as_str(), "SalesMan CRM", login.as_str(), "solOS"]);
    let (mut exit, names) = (Exit::Done, location.names());
    for name in &names {
        match Profile::read(&location.file(name, messages)?, messages) {
            Ok(profile) => {
                let value = |setting| profile.origin(setting).map_or("", |(_, value)| value).to_owned();
                let values = [&HISTORY_URL, &LOGIN, &PROJECTS_URL].map(value);
                if terminal.is_json() {
                    let [history_url, login, projects_url] = values;
                    let line = serde_json::json!({
                        "profile": name, "history_url": history_url, "login": login, "projects_url": projects_url
                    });
                    terminal.print(&line.to_string())?;
                } else {
                    table.add_row([std::slice::from_ref(name), &values[..]].concat());
                }
            }
            Err(failure) => {
                terminal.problem(&failure.text);
                exit = exit.max(Exit::Person);
            }
        }
    }
    if names.is_empty() {
        terminal.note_text("profile-none", &[]);
    } else {
        terminal.list(&table.to_string())?;
    }
    Ok(exit)
}

fn show(name: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    let messages = &terminal.messages;
    let path = existing(name, terminal)?;
    let profile = Profile::read(&path, messages)?;
    let variable = |name: &str| std::env::var(name).ok();
    let mut table = table();
    for setting in SETTINGS {
        let of_profile = profile.origin(setting);
        let given = in_environment(setting, &variable, messages)?;
        let (origin, value, source) = match (&given, of_profile) {
            (Some((origin, value, name)), of_profile) => {
                let text = if of_profile.is_some() { "source-over-profile" } else { "source-variable" };
                (*origin, value.as_str(), messages.format(text, &[("name", name.as_str().into())]))
            }
            (None, Some((origin, value))) => (origin, value, messages.text("source-this-profile")),
            (None, None) => continue,
        };
        let is_secret = origin == Origin::Inline && (setting.is_key || has_password(value));
        let value = if is_secret { messages.text("profile-hidden") } else { value.to_owned() };
        table.add_row([format!("{}.{}{}", setting.section, setting.name, origin.suffix()), value, source]);
    }
    for (name, value) in profile.defaults().into_iter().filter(|(name, _)| name != "time-zone") {
        table.add_row([format!("defaults.{name}"), value, messages.text("source-this-profile")]);
    }
    terminal.note(&path.display().to_string());
    terminal.print(&table.to_string())?;
    Ok(Exit::Done)
}

fn remove(name: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    let path = existing(name, terminal)?;
    std::fs::remove_file(&path)
        .map_err(|error| file_failure("profile-not-removed", &path, &error, terminal))?;
    terminal.note_text("profile-removed", &[("file", path.display().to_string().into())]);
    Ok(Exit::Done)
}

/// Returns the file of a profile that is there.
fn existing(name: &str, terminal: &Terminal) -> Result<std::path::PathBuf, Failure> {
    let (location, messages) = (Location::of_process(), &terminal.messages);
    let path = location.file(name, messages)?;
    if path.exists() {
        return Ok(path);
    }
    let values = [("name", name.into()), ("file", path.display().to_string().into())];
    Err(Failure::usage(messages.format("profile-unknown", &values)))
}

fn file_failure(text: &str, path: &Path, error: &std::io::Error, terminal: &Terminal) -> Failure {
    let values = [("file", path.display().to_string().into()), ("error", error.to_string().into())];
    Failure::person(terminal.messages.format(text, &values))
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    table
}
