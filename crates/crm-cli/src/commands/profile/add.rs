//! `crm profile add` and `crm profile set`: ask for what is missing on a terminal, and write the file.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use chrono_tz::Tz;
use clap::Args;
use console::Term;
use crm::history::{ApiKey, HistoryClient};

use super::{existing, file_failure};
use crate::arguments::zone;
use crate::connection::{HistoryFlags, ProjectsFlags, RouteFlags, in_environment};
use crate::exit::{Exit, Failure};
use crate::profile::{Location, Origin, Profile};
use crate::settings::{
    APIKEY, CA_FILE, HISTORY_URL, LOGIN, PROJECTS_URL, PROXY, SECRET, Setting, TIME_ZONE, TOKEN,
};
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[arg(id = "profile-name")]
    name: String,
    #[command(flatten)]
    history: HistoryFlags,
    #[arg(long, conflicts_with = "apikey")]
    apikey_file: Option<String>,
    #[arg(long, conflicts_with_all = ["apikey", "apikey_file"])]
    apikey_command: Option<KeyCommand>,
    #[arg(long, id = "profile-time-zone", value_parser = zone)]
    time_zone: Option<Tz>,
    #[command(flatten)]
    projects: ProjectsFlags,
    #[arg(long, conflicts_with = "token")]
    token_file: Option<String>,
    #[arg(long, conflicts_with_all = ["token", "token_file"])]
    token_command: Option<KeyCommand>,
    #[arg(long, conflicts_with = "secret")]
    secret_file: Option<String>,
    #[arg(long, conflicts_with_all = ["secret", "secret_file"])]
    secret_command: Option<KeyCommand>,
    #[command(flatten)]
    route: RouteFlags,
}

/// A command that writes a key. `Debug` does not show it, because it may hold the key of a safe.
#[derive(Clone)]
struct KeyCommand(String);

impl From<String> for KeyCommand {
    fn from(command: String) -> Self {
        Self(command)
    }
}

impl fmt::Debug for KeyCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCommand")
    }
}

/// What the options give for a setting.
type Given = Option<(Origin, String)>;

/// Writes a new profile.
pub(super) fn run(arguments: Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let path = Location::of_process().file(&arguments.name, &terminal.messages)?;
    if path.exists() {
        let values = [("name", arguments.name.into()), ("file", path.display().to_string().into())];
        return Err(Failure::usage(terminal.messages.format("profile-exists", &values)));
    }
    fill(Profile::new(path), arguments, terminal)
}

/// Changes a profile: sets what the options give, and asks for what it lacks.
pub(super) fn set(arguments: Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let path = existing(&arguments.name, terminal)?;
    let profile = Profile::read(&path, &terminal.messages)?;
    fill(profile, arguments, terminal)
}

fn fill(profile: Profile, arguments: Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
    let name = arguments.name.clone();
    let is_new = profile.text().is_empty();
    let mut form = Form { profile, asks, terminal };
    form.fill(arguments)?;
    write(&form.profile, is_new, terminal)?;
    let values = [("file", form.profile.path.display().to_string().into()), ("name", name.into())];
    terminal.note_text("profile-added", &values);
    Ok(Exit::Done)
}

/// The profile while it is filled in.
struct Form<'a> {
    profile: Profile,
    /// There is a person at a terminal.
    asks: bool,
    terminal: &'a Terminal,
}

impl Form<'_> {
    fn fill(&mut self, arguments: Arguments) -> Result<(), Failure> {
        let inline = |value: Option<String>| value.map(|value| (Origin::Inline, value));
        let key = |value: Option<String>, file: Option<String>, command: Option<KeyCommand>| -> Given {
            inline(value)
                .or(file.map(|file| (Origin::File, file)))
                .or(command.map(|command| (Origin::Command, command.0)))
        };
        let HistoryFlags { history_url, apikey, login } = arguments.history;
        if self.optional(&HISTORY_URL, inline(history_url))? {
            self.required(&LOGIN, inline(login))?;
            self.required(&APIKEY, key(apikey, arguments.apikey_file, arguments.apikey_command))?;
            self.optional(&TIME_ZONE, arguments.time_zone.map(|zone| (Origin::Inline, zone.to_string())))?;
        }
        let ProjectsFlags { projects_url, token, secret } = arguments.projects;
        if self.optional(&PROJECTS_URL, inline(projects_url))? {
            self.required(&TOKEN, key(token, arguments.token_file, arguments.token_command))?;
            self.required(&SECRET, key(secret, arguments.secret_file, arguments.secret_command))?;
        }
        if self.profile.text().is_empty() {
            return Err(Failure::usage(self.terminal.messages.text("profile-nothing-given")));
        }
        // A person who needs them knows the options.
        self.asks = false;
        self.optional(&PROXY, inline(arguments.route.proxy))?;
        self.optional(&CA_FILE, inline(arguments.route.ca_file))?;
        Ok(())
    }

    /// Sets what an option, the environment or the person gives. Returns whether there is something.
    fn optional(&mut self, setting: &Setting, given: Given) -> Result<bool, Failure> {
        let found = match given {
            Some(given) => Some(given),
            None if self.profile.origin(setting).is_some() => return Ok(true),
            None => {
                let variable = |name: &str| std::env::var(name).ok();
                let found = in_environment(setting, &variable, &self.terminal.messages)?;
                found.map(|(origin, text, _)| (origin, text))
            }
        };
        let found = match found {
            None if self.asks => Some((Origin::Inline, self.ask(setting)?)),
            found => found,
        };
        let Some((origin, text)) = found.filter(|(_, text)| !text.is_empty()) else { return Ok(false) };
        // A profile names files of keys alone. Any other value is copied.
        let (origin, text) = match origin {
            Origin::File if !setting.is_key => (Origin::Inline, self.content(&text)?),
            Origin::File => (origin, absolute(&text)),
            Origin::Inline if *setting == CA_FILE => (origin, absolute(&text)),
            _ => (origin, text),
        };
        self.check(setting, &text)?;
        self.profile.set(setting, origin, text);
        Ok(true)
    }

    fn required(&mut self, setting: &Setting, given: Given) -> Result<(), Failure> {
        if self.optional(setting, given)? {
            return Ok(());
        }
        let values = [("flag", setting.flag.into()), ("variable", setting.variable.into())];
        Err(Failure::usage(self.terminal.messages.format("connection-missing", &values)))
    }

    /// Asks the person at the terminal. What cannot be used is asked again, so that a slip does not lose the other answers.
    fn ask(&self, setting: &Setting) -> Result<String, Failure> {
        // A terminal that was closed answers forever.
        const QUESTIONS: u32 = 5;

        let is_optional = [&HISTORY_URL, &TIME_ZONE, &PROJECTS_URL].contains(&setting);
        for _ in 0..QUESTIONS {
            let answer = self.ask_once(setting)?;
            match self.check(setting, &answer) {
                _ if answer.is_empty() && is_optional => return Ok(answer),
                _ if answer.is_empty() => self.terminal.problem_text("profile-ask-again", &[]),
                Ok(()) => return Ok(answer),
                Err(failure) => self.terminal.problem(&failure.text),
            }
        }
        Ok(String::new())
    }

    /// Asks once. What is typed for a key is not shown.
    fn ask_once(&self, setting: &Setting) -> Result<String, Failure> {
        let question = match setting {
            setting if *setting == HISTORY_URL => "profile-ask-history-url",
            setting if *setting == LOGIN => "profile-ask-login",
            setting if *setting == APIKEY => "profile-ask-apikey",
            setting if *setting == TIME_ZONE => "profile-ask-time-zone",
            setting if *setting == PROJECTS_URL => "profile-ask-projects-url",
            setting if *setting == TOKEN => "profile-ask-token",
            _ => "profile-ask-secret",
        };
        let term = Term::stderr();
        let answer = write!(io::stderr(), "{} ", self.terminal.messages.text(question))
            .and_then(|()| if setting.is_key { term.read_secure_line() } else { term.read_line() });
        let answer = answer.map_err(|error| self.terminal.output_failure("-", &error))?;
        Ok(answer.trim().to_owned())
    }

    fn content(&self, path: &str) -> Result<String, Failure> {
        let text = std::fs::read_to_string(path);
        let text =
            text.map_err(|error| file_failure("file-not-read", Path::new(path), &error, self.terminal))?;
        Ok(text.trim().to_owned())
    }

    /// Checks an address or a time zone. Nothing is sent.
    fn check(&self, setting: &Setting, text: &str) -> Result<(), Failure> {
        let messages = &self.terminal.messages;
        match setting {
            setting if [&HISTORY_URL, &PROJECTS_URL].contains(&setting) => {
                let client = HistoryClient::builder(text).credentials(ApiKey::new("key", "login"));
                let client = client.allow_insecure_http().build();
                client.map(drop).map_err(|error| Failure::usage(messages.error(&error)))
            }
            setting if *setting == TIME_ZONE && zone(text).is_err() => {
                Err(Failure::usage(messages.text("expected-zone")))
            }
            _ => Ok(()),
        }
    }
}

/// Returns a path that means the same from every folder.
fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
}

/// Writes the file. Only its owner can read it.
fn write(profile: &Profile, is_new: bool, terminal: &Terminal) -> Result<(), Failure> {
    let path = &profile.path;
    let failed = |error: io::Error| file_failure("file-not-written", path, &error, terminal);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    // A temporary file has the mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(profile.text().as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    let kept = if is_new { file.persist_noclobber(path) } else { file.persist(path) };
    kept.map(drop).map_err(|error| failed(error.error))
}
