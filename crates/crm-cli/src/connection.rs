//! Where the CRMs are, and the keys: from flags, else from the environment.

use clap::Args;
use crm::history::{ApiKey, HistoryClient};
use crm::projects::{ProjectsClient, TokenPair};

use crate::exit::Failure;
use crate::language::Messages;

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

// How to reach them.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct NetworkFlags {
    #[arg(long)]
    pub(crate) allow_insecure_http: bool,
}

/// The address and the keys of a SalesMan CRM.
pub(crate) struct HistoryConnection {
    pub(crate) url: String,
    apikey: String,
    login: String,
}

/// The address and the keys of a solOS.
pub(crate) struct ProjectsConnection {
    pub(crate) url: String,
    token: String,
    secret: String,
}

/// What is asked for a setting that no flag gives.
pub(crate) struct Environment<'a> {
    pub(crate) messages: &'a Messages,
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Environment<'a> {
    /// The environment of the process.
    pub(crate) fn of_process(messages: &'a Messages) -> Self {
        Self { messages, variable: &|name| std::env::var(name).ok() }
    }

    /// Returns the value of a flag, else of the variable, else of the file that the variable with `_FILE` names.
    pub(crate) fn value(&self, given: &Option<String>, name: &str) -> Result<Option<String>, Failure> {
        if given.is_some() {
            return Ok(given.clone());
        }
        let from = |name: &str| (self.variable)(name).filter(|value| !value.is_empty());
        let file_name = format!("{name}_FILE");
        match (from(name), from(&file_name)) {
            (Some(_), Some(_)) => Err(Failure::usage(self.messages.format(
                "connection-twice",
                &[("variable", name.into()), ("file-variable", file_name.into())],
            ))),
            (value, None) => Ok(value),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
                Err(error) => Err(Failure::usage(self.messages.format(
                    "connection-file-not-read",
                    &[
                        ("variable", file_name.into()),
                        ("file", path.into()),
                        ("error", error.to_string().into()),
                    ],
                ))),
            },
        }
    }

    /// Returns the value of a flag, or of its variable. It must be given.
    pub(crate) fn required(&self, given: &Option<String>, flag: &str, name: &str) -> Result<String, Failure> {
        self.value(given, name)?.ok_or_else(|| {
            let values = [("flag", flag.into()), ("variable", name.into())];
            Failure::usage(self.messages.format("connection-missing", &values))
        })
    }

    /// Returns the connection to a SalesMan CRM. Everything must be given.
    pub(crate) fn history(&self, flags: &HistoryFlags) -> Result<HistoryConnection, Failure> {
        Ok(HistoryConnection {
            url: self.required(&flags.history_url, "--history-url", "CRM_HISTORY_URL")?,
            apikey: self.required(&flags.apikey, "--apikey", "CRM_APIKEY")?,
            login: self.required(&flags.login, "--login", "CRM_LOGIN")?,
        })
    }

    /// Returns the connection to a SalesMan CRM if an address is given.
    pub(crate) fn history_if_any(&self, flags: &HistoryFlags) -> Result<Option<HistoryConnection>, Failure> {
        let is_given = self.value(&flags.history_url, "CRM_HISTORY_URL")?.is_some();
        is_given.then(|| self.history(flags)).transpose()
    }

    /// Returns the connection to a solOS. Everything must be given.
    pub(crate) fn projects(&self, flags: &ProjectsFlags) -> Result<ProjectsConnection, Failure> {
        Ok(ProjectsConnection {
            url: self.required(&flags.projects_url, "--projects-url", "CRM_PROJECTS_URL")?,
            token: self.required(&flags.token, "--token", "CRM_TOKEN")?,
            secret: self.required(&flags.secret, "--secret", "CRM_SECRET")?,
        })
    }

    /// Returns the connection to a solOS if an address is given.
    pub(crate) fn projects_if_any(
        &self,
        flags: &ProjectsFlags,
    ) -> Result<Option<ProjectsConnection>, Failure> {
        let is_given = self.value(&flags.projects_url, "CRM_PROJECTS_URL")?.is_some();
        is_given.then(|| self.projects(flags)).transpose()
    }
}

impl HistoryConnection {
    /// Returns the settings of a client.
    pub(crate) fn builder(self, network: &NetworkFlags) -> crm::ClientBuilder<HistoryClient> {
        let builder = HistoryClient::builder(self.url).credentials(ApiKey::new(self.apikey, self.login));
        if network.allow_insecure_http { builder.allow_insecure_http() } else { builder }
    }
}

impl ProjectsConnection {
    /// Returns the settings of a client.
    pub(crate) fn builder(self, network: &NetworkFlags) -> crm::ClientBuilder<ProjectsClient> {
        let builder = ProjectsClient::builder(self.url).credentials(TokenPair::new(self.token, self.secret));
        if network.allow_insecure_http { builder.allow_insecure_http() } else { builder }
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::exit::Exit;
    use crate::language::Language;

    fn history(flags: &HistoryFlags, variables: &[(&str, &str)]) -> Result<HistoryConnection, Failure> {
        let messages = Messages::new(Language::English);
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Environment { messages: &messages, variable: &variable }.history(flags)
    }

    #[test]
    fn a_flag_wins_over_the_environment() {
        let flags = HistoryFlags { login: Some("flag".to_owned()), ..HistoryFlags::default() };
        let variables = [("CRM_HISTORY_URL", "https://a"), ("CRM_APIKEY", "key"), ("CRM_LOGIN", "variable")];
        let connection = history(&flags, &variables).unwrap();
        assert_eq!((connection.url.as_str(), connection.login.as_str()), ("https://a", "flag"));
    }

    #[test]
    fn a_variable_with_file_names_a_file_whose_last_line_end_is_dropped() {
        let path = std::env::temp_dir().join(format!("crm-cli-key-{}", std::process::id()));
        std::fs::write(&path, "secret\r\n").unwrap();
        let variables = [
            ("CRM_HISTORY_URL", "https://a"),
            ("CRM_APIKEY_FILE", path.to_str().unwrap()),
            ("CRM_LOGIN", "me"),
        ];
        assert_eq!(history(&HistoryFlags::default(), &variables).unwrap().apikey, "secret");
        std::fs::remove_file(&path).unwrap();
        let failure = history(&HistoryFlags::default(), &variables).err().unwrap();
        assert!(failure.exit == Exit::Usage && failure.text.contains("CRM_APIKEY_FILE"), "{failure:?}");
    }

    #[test]
    fn a_missing_setting_and_one_that_is_given_twice_are_named() {
        let failure = history(&HistoryFlags::default(), &[("CRM_HISTORY_URL", "https://a")]).err().unwrap();
        assert!(failure.text.contains("--apikey") && failure.text.contains("CRM_APIKEY"), "{failure:?}");
        let twice = [("CRM_HISTORY_URL", "https://a"), ("CRM_HISTORY_URL_FILE", "b")];
        let failure = history(&HistoryFlags::default(), &twice).err().unwrap();
        assert!(failure.exit == Exit::Usage && failure.text.contains("CRM_HISTORY_URL_FILE"), "{failure:?}");
    }
}
