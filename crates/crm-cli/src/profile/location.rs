//! Where profiles are.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::exit::Failure;
use crate::language::Messages;

/// The folder of the profiles, by the convention of the platform.
pub(crate) struct Location {
    folder: Option<PathBuf>,
}

impl Location {
    /// Finds the folder: below `XDG_CONFIG_HOME` or `~/.config`, on Windows below `APPDATA`.
    pub(crate) fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = if cfg!(windows) {
            absolute("APPDATA")
        } else {
            absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))
        };
        Self { folder: folder.map(|folder| folder.join("crm").join("profiles")) }
    }

    /// Returns the folder of the process.
    pub(crate) fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// Returns the file of a profile. A name with a slash is the path of a file.
    ///
    /// # Errors
    /// The name cannot be one, or this user has no folder for settings.
    pub(crate) fn file(&self, name: &str, messages: &Messages) -> Result<PathBuf, Failure> {
        if name.contains(['/', '\\']) {
            return Ok(name.into());
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_name) {
            return Err(Failure::usage(messages.format("profile-bad-name", &[("name", name.into())])));
        }
        match &self.folder {
            Some(folder) => Ok(folder.join(format!("{name}.toml"))),
            None => Err(Failure::usage(messages.text("profile-no-folder"))),
        }
    }

    /// Returns the names of all profiles, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let files = self.folder.as_ref().and_then(|folder| std::fs::read_dir(folder).ok());
        let names = files.into_iter().flatten().filter_map(|file| {
            let name = file.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".toml").filter(|name| !name.starts_with('.')).map(str::to_owned)
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

/// Returns the profile that the arguments choose, else `CRM_PROFILE`, before the arguments are read.
pub(crate) fn chosen_name(
    arguments: &[OsString],
    variable: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut arguments =
        arguments.iter().map(|argument| argument.to_string_lossy()).take_while(|it| it != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--profile" {
            return arguments.next().map(std::borrow::Cow::into_owned);
        }
        if let Some(name) = argument.strip_prefix("--profile=") {
            return Some(name.to_owned());
        }
    }
    variable("CRM_PROFILE").filter(|name| !name.is_empty())
}
