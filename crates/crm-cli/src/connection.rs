//! Where the CRMs are, and the keys: from flags, else from the environment, else from a profile.

#[cfg(any(feature = "mirror", feature = "outbox"))]
use chrono_tz::Tz;
use clap::Args;
use crm::ReqwestTransport;
use crm::history::{ApiKey, HistoryClient};
use crm::projects::{ProjectsClient, TokenPair};

#[cfg(any(feature = "mirror", feature = "outbox"))]
use crate::arguments::{BadValue, zone};
use crate::exit::{Exit, Failure};
use crate::language::Messages;
use crate::network::{Network, NetworkFault};
use crate::profile::{Location, Origin, Profile};
#[cfg(any(feature = "mirror", feature = "outbox"))]
use crate::settings::TIME_ZONE;
use crate::settings::{APIKEY, CA_FILE, HISTORY_URL, LOGIN, PROJECTS_URL, PROXY, SECRET, Setting, TOKEN};
use crate::terminal::Terminal;

pub(crate) use crate::network::{NetworkFlags, RouteFlags};

// The address and the keys of a SalesMan CRM.
#[derive(Args, Clone, Default)]
pub(crate) struct HistoryFlags {
    #[arg(long)]
    pub(crate) history_url: Option<String>,
    #[arg(long)]
    pub(crate) apikey: Option<String>,
    #[arg(long)]
    pub(crate) login: Option<String>,
}

// The address and the keys of a solOS.
#[derive(Args, Clone, Default)]
pub(crate) struct ProjectsFlags {
    #[arg(long)]
    pub(crate) projects_url: Option<String>,
    #[arg(long)]
    pub(crate) token: Option<String>,
    #[arg(long)]
    pub(crate) secret: Option<String>,
}

/// The value of a setting, and where it comes from. It has no `Debug`, because it may be a key.
#[derive(Clone)]
pub(crate) struct Value {
    pub(crate) text: String,
    pub(crate) source: Source,
}

/// Where the value of a setting comes from, the strongest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// An option of this name.
    Flag(&'static str),
    /// A variable of this name.
    Variable(String),
    /// The file of this profile.
    Profile(String),
}

impl Source {
    /// Returns it in words.
    pub(crate) fn in_words(&self, messages: &Messages) -> String {
        let (text, name) = match self {
            Self::Flag(name) => ("source-flag", *name),
            Self::Variable(name) => ("source-variable", name.as_str()),
            Self::Profile(name) => ("source-profile", name.as_str()),
        };
        messages.format(text, &[("name", name.into())])
    }
}

/// Where the values of a connection come from, by the name of the value in the catalogue.
pub(crate) type Sources = Vec<(&'static str, Source)>;

/// The address and the keys of a SalesMan CRM.
pub(crate) struct HistoryConnection {
    pub(crate) url: String,
    apikey: String,
    pub(crate) login: String,
    pub(crate) sources: Sources,
    route: Route,
}

/// The address and the keys of a solOS.
pub(crate) struct ProjectsConnection {
    pub(crate) url: String,
    token: String,
    secret: String,
    pub(crate) sources: Sources,
    route: Route,
}

/// How a server is reached.
#[derive(Clone)]
struct Route {
    network: Network,
    transport: Option<ReqwestTransport>,
}

/// What is requested a setting that no flag gives: the environment, then the profile.
pub(crate) struct Environment<'a> {
    messages: &'a Messages,
    variable: &'a dyn Fn(&str) -> Option<String>,
    profile: Option<Profile>,
    network: Network,
}

impl<'a> Environment<'a> {
    /// Returns the environment of the process, with the profile that `--profile` or `CRM_PROFILE` names.
    ///
    /// # Errors
    /// The profile cannot be read, or a setting of the network cannot be used.
    pub(crate) fn of_process(terminal: &'a Terminal, network: &NetworkFlags) -> Result<Self, Failure> {
        let (messages, variable) = (&terminal.messages, &|name: &str| std::env::var(name).ok());
        let name = terminal.profile().map(str::to_owned);
        let name = name.or_else(|| variable("CRM_PROFILE").filter(|name| !name.is_empty()));
        let profile = match name {
            Some(name) => Some(Profile::read(&Location::of_process().file(&name, messages)?, messages)?),
            None => None,
        };
        Self::new(messages, variable, profile, network)
    }

    fn new(
        messages: &'a Messages,
        variable: &'a dyn Fn(&str) -> Option<String>,
        profile: Option<Profile>,
        network: &NetworkFlags,
    ) -> Result<Self, Failure> {
        let mut environment = Self { messages, variable, profile, network: Network::default() };
        let proxy = environment.value(&network.route.proxy, &PROXY)?;
        let mut ca_file = environment.value(&network.route.ca_file, &CA_FILE)?;
        if let (Some(file), Some(profile)) = (&mut ca_file, &environment.profile)
            && matches!(file.source, Source::Profile(_))
        {
            file.text = profile.beside(&file.text).display().to_string();
        }
        environment.network = Network::new(network.allow_insecure_http, proxy, ca_file).map_err(|fault| {
            Failure::usage(match fault {
                NetworkFault::Proxy => messages.text("connection-bad-proxy"),
                NetworkFault::CaFile(file, error) => {
                    messages.format("file-not-read", &[("file", file.into()), ("error", error.into())])
                }
                NetworkFault::NoCertificate(file) => {
                    messages.format("connection-no-certificate", &[("file", file.into())])
                }
            })
        })?;
        Ok(environment)
    }

    /// Returns the value of a setting: of its option, else of its variable, else of the file that the variable with `_FILE`
    /// names, else of the profile.
    pub(crate) fn value(&self, given: &Option<String>, setting: &Setting) -> Result<Option<Value>, Failure> {
        match self.given(given, setting)? {
            Some(value) => Ok(Some(value)),
            None => self.of_profile(setting),
        }
    }

    /// Returns the value of a setting that must be given.
    pub(crate) fn required(&self, given: &Option<String>, setting: &Setting) -> Result<Value, Failure> {
        self.value(given, setting)?.ok_or_else(|| self.missing(setting))
    }

    /// Returns the time zone of the account: the given one, else that of the environment or of the profile.
    #[cfg(any(feature = "mirror", feature = "outbox"))]
    pub(crate) fn time_zone(&self, given: Option<Tz>) -> Result<Option<Tz>, Failure> {
        if given.is_some() {
            return Ok(given);
        }
        let value = self.value(&None, &TIME_ZONE)?;
        let zone = value.map(|value| zone(&value.text)).transpose();
        zone.map_err(|BadValue(expected)| Failure::usage(self.messages.text(expected)))
    }

    /// Returns the value of a setting that an option or the environment gives.
    fn given(&self, given: &Option<String>, setting: &Setting) -> Result<Option<Value>, Failure> {
        if let Some(text) = given {
            return Ok(Some(Value { text: text.clone(), source: Source::Flag(setting.flag) }));
        }
        let found = in_environment(setting, self.variable, self.messages)?;
        let Some((origin, text, variable)) = found else { return Ok(None) };
        let source = Source::Variable(variable);
        if origin == Origin::Inline {
            return Ok(Some(Value { text, source }));
        }
        match std::fs::read_to_string(&text) {
            Ok(content) => Ok(Some(Value { text: crate::profile::without_line_end(&content), source })),
            Err(error) => Err(Failure::usage(self.messages.format(
                "connection-file-not-read",
                &[
                    ("variable", format!("{}_FILE", setting.variable).into()),
                    ("file", text.into()),
                    ("error", error.to_string().into()),
                ],
            ))),
        }
    }

    fn of_profile(&self, setting: &Setting) -> Result<Option<Value>, Failure> {
        let Some(profile) = &self.profile else { return Ok(None) };
        let text = profile.value(setting, self.messages)?;
        let source = Source::Profile(profile.path.display().to_string());
        Ok(text.map(|text| Value { text, source }))
    }

    /// Returns the key or the login for this address. Those of a profile are for the address of the profile alone, so that
    /// they are never sent to another server.
    fn for_address(
        &self,
        given: &Option<String>,
        setting: &Setting,
        url: &Value,
        url_setting: &Setting,
    ) -> Result<Value, Failure> {
        if let Some(value) = self.given(given, setting)? {
            return Ok(value);
        }
        let of_profile = self.profile.as_ref().and_then(|profile| profile.origin(url_setting));
        let is_its_own = of_profile.is_some_and(|(_, address)| address == url.text);
        match self.of_profile(setting)? {
            Some(value) if is_its_own => Ok(value),
            Some(_) => {
                let values = [
                    ("flag", setting.flag.into()),
                    ("variable", setting.variable.into()),
                    ("address", url.text.as_str().into()),
                ];
                Err(Failure::usage(self.messages.format("connection-other-address", &values)))
            }
            None => Err(self.missing(setting)),
        }
    }

    fn missing(&self, setting: &Setting) -> Failure {
        let values = [("flag", setting.flag.into()), ("variable", setting.variable.into())];
        if let Some(profile) = &self.profile {
            let place = [
                ("section", setting.section.into()),
                ("name", setting.name.into()),
                ("file", profile.path.display().to_string().into()),
            ];
            let values = [&values[..], &place].concat();
            return Failure::usage(self.messages.format("connection-missing-in-profile", &values));
        }
        let mut text = self.messages.format("connection-missing", &values);
        let names = Location::of_process().names();
        if !names.is_empty() {
            text += &self.messages.format("connection-profiles", &[("names", names.join(", ").into())]);
        }
        Failure::usage(text)
    }

    fn route(&self, url: &Value) -> Result<Route, Failure> {
        let transport = self
            .network
            .transport(&url.text)
            .map_err(|error| Failure { exit: Exit::from_error(&error), text: self.messages.error(&error) })?;
        Ok(Route { network: self.network.clone(), transport })
    }

    /// Returns the connection to a SalesMan CRM. Everything must be given.
    pub(crate) fn history(&self, flags: &HistoryFlags) -> Result<HistoryConnection, Failure> {
        let url = self.required(&flags.history_url, &HISTORY_URL)?;
        let apikey = self.for_address(&flags.apikey, &APIKEY, &url, &HISTORY_URL)?;
        let login = self.for_address(&flags.login, &LOGIN, &url, &HISTORY_URL)?;
        let values = [("value-url", &url), ("value-login", &login), ("value-apikey", &apikey)];
        Ok(HistoryConnection {
            sources: self.sources(&values),
            route: self.route(&url)?,
            apikey: apikey.text,
            login: login.text,
            url: url.text,
        })
    }

    /// Returns where these values and the way to the server come from.
    fn sources(&self, values: &[(&'static str, &Value)]) -> Sources {
        let Network { proxy, ca_file, .. } = &self.network;
        let route = [("value-proxy", proxy), ("value-ca-file", ca_file)];
        let route = route.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        values.iter().copied().chain(route).map(|(name, value)| (name, value.source.clone())).collect()
    }

    /// Returns the connection to a SalesMan CRM if an address is given.
    pub(crate) fn history_if_any(&self, flags: &HistoryFlags) -> Result<Option<HistoryConnection>, Failure> {
        let is_given = self.value(&flags.history_url, &HISTORY_URL)?.is_some();
        is_given.then(|| self.history(flags)).transpose()
    }

    /// Returns the connection to a solOS. Everything must be given.
    pub(crate) fn projects(&self, flags: &ProjectsFlags) -> Result<ProjectsConnection, Failure> {
        let url = self.required(&flags.projects_url, &PROJECTS_URL)?;
        let token = self.for_address(&flags.token, &TOKEN, &url, &PROJECTS_URL)?;
        let secret = self.for_address(&flags.secret, &SECRET, &url, &PROJECTS_URL)?;
        let values = [("value-url", &url), ("value-token", &token), ("value-secret", &secret)];
        Ok(ProjectsConnection {
            sources: self.sources(&values),
            route: self.route(&url)?,
            token: token.text,
            secret: secret.text,
            url: url.text,
        })
    }

    /// Returns the connection to a solOS if an address is given.
    pub(crate) fn projects_if_any(
        &self,
        flags: &ProjectsFlags,
    ) -> Result<Option<ProjectsConnection>, Failure> {
        let is_given = self.value(&flags.projects_url, &PROJECTS_URL)?.is_some();
        is_given.then(|| self.projects(flags)).transpose()
    }
}

/// Returns what the environment holds for a setting: the value or the path of a file, and the name of the variable.
///
/// # Errors
/// Both the variable and the one with `_FILE` are set.
pub(crate) fn in_environment(
    setting: &Setting,
    variable: &dyn Fn(&str) -> Option<String>,
    messages: &Messages,
) -> Result<Option<(Origin, String, String)>, Failure> {
    let name = setting.variable.to_owned();
    let from = |name: &str| variable(name).filter(|value| !value.is_empty());
    let file_name = format!("{name}_FILE");
    match (from(&name), from(&file_name)) {
        (Some(_), Some(_)) => {
            Err(Failure::usage(messages.format(
                "connection-twice",
                &[("variable", name.into()), ("file-variable", file_name.into())],
            )))
        }
        (Some(value), None) => Ok(Some((Origin::Inline, value, name))),
        (None, Some(path)) => Ok(Some((Origin::File, path, file_name))),
        (None, None) => Ok(None),
    }
}

impl HistoryConnection {
    /// Creates the connection to a sandbox in this process.
    pub(crate) fn to_sandbox(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            apikey: crm_sandbox::APIKEY.to_owned(),
            login: crm_sandbox::BOSS.to_owned(),
            sources: Sources::new(),
            route: Route { network: Network::default(), transport: None },
        }
    }

    /// Returns the settings of a client.
    pub(crate) fn builder(&self) -> crm::ClientBuilder<HistoryClient> {
        let credentials = ApiKey::new(self.apikey.clone(), self.login.clone());
        self.route.set(HistoryClient::builder(self.url.clone()).credentials(credentials))
    }

    /// Returns how the server is reached.
    pub(crate) fn network(&self) -> &Network {
        &self.route.network
    }

    /// Returns the key of the account with another login.
    pub(crate) fn credentials_of(&self, login: &str) -> ApiKey {
        ApiKey::new(self.apikey.clone(), login)
    }
}

impl ProjectsConnection {
    /// Creates the connection to a sandbox in this process.
    pub(crate) fn to_sandbox(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: crm_sandbox::TOKEN.to_owned(),
            secret: crm_sandbox::SECRET.to_owned(),
            sources: Sources::new(),
            route: Route { network: Network::default(), transport: None },
        }
    }

    /// Returns the settings of a client.
    pub(crate) fn builder(&self) -> crm::ClientBuilder<ProjectsClient> {
        let credentials = TokenPair::new(self.token.clone(), self.secret.clone());
        self.route.set(ProjectsClient::builder(self.url.clone()).credentials(credentials))
    }

    /// Returns how the server is reached.
    pub(crate) fn network(&self) -> &Network {
        &self.route.network
    }
}

impl Route {
    fn set<C: crm::Client>(&self, builder: crm::ClientBuilder<C>) -> crm::ClientBuilder<C> {
        let builder = if self.network.allows_insecure_http { builder.allow_insecure_http() } else { builder };
        match &self.transport {
            Some(transport) => builder.transport(transport.clone()),
            None => builder,
        }
    }
}

// Written by hand, because the keys are secret.
impl std::fmt::Debug for HistoryFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryFlags").field("history_url", &self.history_url).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ProjectsFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProjectsFlags").field("projects_url", &self.projects_url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
