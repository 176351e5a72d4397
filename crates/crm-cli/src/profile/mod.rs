//! Profiles: files with the settings of an account, so that neither options nor variables are needed.
//!
//! ```toml
//! [history]
//! url = "https://crm.example.ru"
//! login = "boss@example.ru"
//! apikey_file = "/etc/crm/apikey"     # or apikey = "…", or apikey_command = "pass show crm"
//! time_zone = "Europe/Moscow"
//!
//! [projects]
//! url = "https://acme.solos.pro"
//! token_command = "pass show solos/token"
//! secret_command = "pass show solos/secret"
//!
//! [network]
//! proxy = "http://proxy.example.ru:3128"
//! ca_file = "/etc/ssl/our-authority.pem"
//!
//! [mirror]
//! target = "sqlite:/var/lib/crm/crm.db"
//!
//! [defaults]                          # of options
//! chunk = 50
//! ```
//!
//! `location` says where they are, `key` reads a key from a file or a command.

mod key;
mod location;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::exit::Failure;
use crate::language::Messages;
use crate::settings::{SETTINGS, Setting, TIME_ZONE};
pub(crate) use key::without_line_end;
pub(crate) use location::{Location, chosen_name};

/// Options whose default a profile may set.
pub(crate) const DEFAULTS: [&str; 8] =
    ["check-types", "check-users", "chunk", "concurrency", "losses", "patience", "per-second", "timeout"];

/// A profile that was read. It has no `Debug`, because it may hold keys.
pub(crate) struct Profile {
    pub(crate) path: PathBuf,
    table: Table,
}

/// Where the value of a setting in a profile comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Inline,
    File,
    Command,
}

impl Origin {
    /// Every origin.
    pub(crate) const ALL: [Self; 3] = [Self::Inline, Self::File, Self::Command];

    /// Returns what follows the name of a key in the profile.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Inline => "",
            Self::File => "_file",
            Self::Command => "_command",
        }
    }
}

impl Profile {
    /// Creates a profile without settings that belongs into this file.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, table: Table::new() }
    }

    /// Reads a profile and checks it: every name is known, and nobody else can read its keys.
    ///
    /// # Errors
    /// A usage failure that names the file, and says what to do.
    pub(crate) fn read(path: &Path, messages: &Messages) -> Result<Self, Failure> {
        let file = || ("file", path.display().to_string().into());
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(
                messages.format("profile-not-read", &[file(), ("error", error.to_string().into())]),
            )
        })?;
        let table = text.parse::<Table>().map_err(|error| {
            // Only the place and the words: the excerpt that the parser shows may hold a key.
            let (line, column) = place(&text, error.span().map_or(0, |span| span.start));
            let values =
                [file(), ("line", line.into()), ("column", column.into()), ("error", error.message().into())];
            Failure::usage(messages.format("profile-not-toml", &values))
        })?;
        let profile = Self { path: path.to_owned(), table };
        if let Some(name) = profile.unknown_name() {
            return Err(Failure::usage(
                messages.format("profile-unknown-name", &[file(), ("name", name.into())]),
            ));
        }
        if profile.is_open_to_others() {
            return Err(Failure::usage(messages.format("profile-readable", &[file()])));
        }
        Ok(profile)
    }

    /// Returns the first name that is not known, or whose value is not a text, number or yes or no.
    fn unknown_name(&self) -> Option<String> {
        for (section, values) in &self.table {
            let Some(values) = values.as_table() else { return Some(section.clone()) };
            let known = |name: &str, value: &Value| match section.as_str() {
                "defaults" => DEFAULTS.contains(&name) && default_text(value).is_some(),
                _ => {
                    value.is_str()
                        && SETTINGS.iter().any(|setting| setting.section == section && setting.owns(name))
                }
            };
            if let Some((name, _)) = values.iter().find(|(name, value)| !known(name, value)) {
                return Some(format!("{section}.{name}"));
            }
            if values.is_empty()
                && !SETTINGS.iter().any(|setting| setting.section == section)
                && section != "defaults"
            {
                return Some(section.clone());
            }
        }
        None
    }

    /// Returns whether other users of the machine can read its keys, or change its commands.
    #[cfg(unix)]
    fn is_open_to_others(&self) -> bool {
        use std::os::unix::fs::PermissionsExt;

        let Ok(metadata) = std::fs::metadata(&self.path) else { return false };
        let mode = metadata.permissions().mode();
        (mode & 0o004 != 0 && self.has_inline_key()) || mode & 0o002 != 0
    }

    #[cfg(not(unix))]
    fn is_open_to_others(&self) -> bool {
        false
    }

    fn has_inline_key(&self) -> bool {
        SETTINGS.iter().any(|setting| match self.origin(setting) {
            Some((Origin::Inline, value)) => setting.is_key || has_password(value),
            _ => false,
        })
    }

    /// Returns where the value of a setting comes from, and the text in the file.
    pub(crate) fn origin(&self, setting: &Setting) -> Option<(Origin, &str)> {
        let section = self.table.get(setting.section)?.as_table()?;
        let text = |origin: Origin| section.get(&format!("{}{}", setting.name, origin.suffix()))?.as_str();
        let origins = if setting.is_key { &Origin::ALL[..] } else { &Origin::ALL[..1] };
        origins.iter().find_map(|origin| Some((*origin, text(*origin)?)))
    }

    /// Returns the value of a setting. A key is read from its file, or from its command.
    ///
    /// # Errors
    /// The file cannot be read, or the command fails.
    pub(crate) fn value(&self, setting: &Setting, messages: &Messages) -> Result<Option<String>, Failure> {
        let Some((origin, text)) = self.origin(setting) else { return Ok(None) };
        let name = format!("{}.{}{}", setting.section, setting.name, origin.suffix());
        let failed = |error: String| {
            let values = [
                ("file", self.path.display().to_string().into()),
                ("name", name.into()),
                ("error", error.into()),
            ];
            Failure::usage(messages.format("profile-key-not-read", &values))
        };
        match origin {
            Origin::Inline => Ok(text.to_owned()),
            Origin::File => key::from_file(&self.beside(text)),
            Origin::Command => key::from_command(text, messages),
        }
        .map(Some)
        .map_err(failed)
    }

    /// Returns a path of the profile: a relative one is relative to the folder of the profile.
    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// Sets a value, in place of every other form of it.
    pub(crate) fn set(&mut self, setting: &Setting, origin: Origin, value: String) {
        let section = self.table.entry(setting.section).or_insert_with(|| Value::Table(Table::new()));
        if let Some(section) = section.as_table_mut() {
            section.retain(|name, _| !setting.owns(name));
            section.insert(format!("{}{}", setting.name, origin.suffix()), Value::String(value));
        }
    }

    /// Returns the defaults of options, by the names of the options.
    pub(crate) fn defaults(&self) -> BTreeMap<String, String> {
        let defaults = self.table.get("defaults").and_then(Value::as_table).into_iter().flatten();
        let mut defaults: BTreeMap<String, String> =
            defaults.filter_map(|(name, value)| Some((name.clone(), default_text(value)?))).collect();
        if let Some((_, zone)) = self.origin(&TIME_ZONE) {
            defaults.insert("time-zone".to_owned(), zone.to_owned());
        }
        defaults
    }

    /// Returns the text of the file.
    pub(crate) fn text(&self) -> String {
        self.table.to_string()
    }
}

impl Setting {
    /// Returns whether this name in the section of the setting is a form of it.
    fn owns(&self, name: &str) -> bool {
        let forms = if self.is_key { &Origin::ALL[..] } else { &Origin::ALL[..1] };
        forms.iter().any(|origin| name.strip_prefix(self.name) == Some(origin.suffix()))
    }
}

/// Returns the line and the column of a byte, both from 1.
fn place(text: &str, byte: usize) -> (u64, u64) {
    let before = text.get(..byte).unwrap_or(text);
    let column = before.chars().rev().take_while(|sign| *sign != '\n').count() + 1;
    (before.matches('\n').count() as u64 + 1, column as u64)
}

/// Returns whether an address holds a password, as that of a proxy may.
pub(crate) fn has_password(address: &str) -> bool {
    address
        .split_once("://")
        .is_some_and(|(_, rest)| rest.split('/').next().unwrap_or_default().contains('@'))
}

fn default_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(is_set) => Some(is_set.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
