//! The settings of a connection: their options, variables and places in a profile.

#[cfg(any(feature = "mirror", feature = "outbox"))]
use crate::exit::Failure;
#[cfg(any(feature = "mirror", feature = "outbox"))]
use crate::language::Messages;

/// A setting that can be given by an option, by a variable of the environment, or in a profile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The option, such as `--history-url`.
    pub(crate) flag: &'static str,
    /// The variable, such as `CRM_HISTORY_URL`.
    pub(crate) variable: &'static str,
    /// The section of a profile, such as `history`.
    pub(crate) section: &'static str,
    /// The key in this section, such as `url`.
    pub(crate) name: &'static str,
    /// Whether it is secret. A profile may then name a file or a command instead of the value.
    pub(crate) is_key: bool,
}

const fn setting(
    flag: &'static str,
    variable: &'static str,
    section: &'static str,
    name: &'static str,
    is_key: bool,
) -> Setting {
    Setting { flag, variable, section, name, is_key }
}

pub(crate) const HISTORY_URL: Setting = setting("--history-url", "CRM_HISTORY_URL", "history", "url", false);
pub(crate) const LOGIN: Setting = setting("--login", "CRM_LOGIN", "history", "login", false);
pub(crate) const APIKEY: Setting = setting("--apikey", "CRM_APIKEY", "history", "apikey", true);
pub(crate) const TIME_ZONE: Setting = setting("--time-zone", "CRM_TIME_ZONE", "history", "time_zone", false);
pub(crate) const PROJECTS_URL: Setting =
    setting("--projects-url", "CRM_PROJECTS_URL", "projects", "url", false);
pub(crate) const TOKEN: Setting = setting("--token", "CRM_TOKEN", "projects", "token", true);
pub(crate) const SECRET: Setting = setting("--secret", "CRM_SECRET", "projects", "secret", true);
pub(crate) const PROXY: Setting = setting("--proxy", "CRM_PROXY", "network", "proxy", false);
pub(crate) const CA_FILE: Setting = setting("--ca-file", "CRM_CA_FILE", "network", "ca_file", false);

pub(crate) const OUTBOX_STORE: Setting = setting("--store", "CRM_OUTBOX_STORE", "outbox", "store", false);
pub(crate) const OUTBOX_TOKEN: Setting =
    setting("--outbox-token", "CRM_OUTBOX_TOKEN", "outbox", "token", true);

pub(crate) const MIRROR_TARGET: Setting = setting("TARGET", "CRM_MIRROR_TARGET", "mirror", "target", false);

/// All settings, in the order of a profile.
pub(crate) const SETTINGS: [&Setting; 12] = [
    &HISTORY_URL,
    &LOGIN,
    &APIKEY,
    &TIME_ZONE,
    &PROJECTS_URL,
    &TOKEN,
    &SECRET,
    &PROXY,
    &CA_FILE,
    &MIRROR_TARGET,
    &OUTBOX_STORE,
    &OUTBOX_TOKEN,
];

/// Returns the URL of a database. The name of a file is refused with the URL that is meant.
///
/// # Errors
/// A usage failure.
#[cfg(any(feature = "mirror", feature = "outbox"))]
pub(crate) fn database_url(text: String, messages: &Messages) -> Result<String, Failure> {
    // With a colon it is a URL of some kind, and the library says what is wrong with it.
    if text.is_empty() || text.contains(':') {
        return Ok(text);
    }
    Err(Failure::usage(messages.format("connection-no-database", &[("given", text.into())])))
}
