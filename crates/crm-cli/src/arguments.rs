//! The arguments of the program. Their texts are in the catalogue: see `language::help`.

use std::fmt;

use chrono::NaiveDate;
use clap::{ArgAction, Args, Parser, Subcommand};
use crm::history::ClientId;

use crate::commands::directory::{clients, find, users};
#[cfg(feature = "outbox")]
use crate::commands::outbox;
use crate::commands::{check, completions, discover, export, import, man, profile, report, sandbox, tour};
#[cfg(feature = "mirror")]
use crate::commands::{mirror, tap};
use crate::language::Language;

/// All arguments.
#[derive(Debug, Parser)]
#[command(
    name = "crm",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    subcommand_required = true
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

// The arguments of every command.
#[derive(Args, Debug, Default)]
pub(crate) struct GlobalArguments {
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<Language>,
    #[arg(long = "profile", id = "chosen-profile", global = true)]
    pub(crate) profile: Option<String>,
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[arg(long, short, global = true, action = ArgAction::Help)]
    help: Option<bool>,
    #[arg(long, short = 'V', action = ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Import(Box<import::Arguments>),
    #[command(subcommand)]
    Export(export::Command),
    Report(report::Arguments),
    Find(find::Arguments),
    Users(users::Arguments),
    Clients(clients::Arguments),
    #[command(subcommand)]
    Profile(profile::Command),
    Check(Box<check::Arguments>),
    #[cfg(feature = "mirror")]
    Mirror(Box<mirror::Arguments>),
    #[cfg(feature = "mirror")]
    Tap(tap::Arguments),
    #[cfg(feature = "outbox")]
    #[command(subcommand)]
    Outbox(outbox::Command),
    Discover(discover::Arguments),
    Tour(tour::Arguments),
    Sandbox(sandbox::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// A value that cannot be used. It holds the name of the text that says what is expected.
#[derive(Debug)]
pub(crate) struct BadValue(pub(crate) &'static str);

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadValue {}

/// Reads a day: `2024-06-25`, or `25.06.2024` as people write it in Russian.
pub(crate) fn day(text: &str) -> Result<NaiveDate, BadValue> {
    let formats = ["%Y-%m-%d", "%d.%m.%Y"];
    let day = formats.into_iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok());
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let has_form =
        digits == 8 && text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'.');
    day.ok_or(BadValue(if has_form { "no-such-day" } else { "expected-day" }))
}

/// Reads a number of seconds.
pub(crate) fn seconds(text: &str) -> Result<std::time::Duration, BadValue> {
    text.parse().map(std::time::Duration::from_secs).map_err(|_| BadValue("expected-seconds"))
}

/// Reads a count of at least 1.
pub(crate) fn count(text: &str) -> Result<usize, BadValue> {
    text.parse().ok().filter(|count| *count > 0).ok_or(BadValue("expected-count"))
}

/// Reads the ID of a client, at least 1.
pub(crate) fn client_id(text: &str) -> Result<ClientId, BadValue> {
    id(text).map(ClientId)
}

/// Reads an ID, at least 1.
pub(crate) fn id(text: &str) -> Result<u64, BadValue> {
    text.parse().ok().filter(|id| *id > 0).ok_or(BadValue("expected-id"))
}

/// Reads a rate per second.
pub(crate) fn rate(text: &str) -> Result<f64, BadValue> {
    text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0).ok_or(BadValue("expected-rate"))
}

/// Reads the delimiter of a CSV file: one character, or `tab`.
pub(crate) fn delimiter(text: &str) -> Result<char, BadValue> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(delimiter), None) if delimiter.is_ascii() && delimiter != '"' => Ok(delimiter),
        _ => Err(BadValue("expected-delimiter")),
    }
}

/// Reads the name of a time zone, such as `Europe/Moscow`.
pub(crate) fn zone(text: &str) -> Result<chrono_tz::Tz, BadValue> {
    text.parse().map_err(|_| BadValue("expected-zone"))
}
