#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::language::Language;

/// Asks for the connection with these flags, variables and settings of a profile.
fn history_with(
    flags: &HistoryFlags,
    variables: &[(&str, &str)],
    settings: &[(&Setting, &str)],
) -> Result<HistoryConnection, Failure> {
    let messages = Messages::new(Language::English);
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let mut profile = Profile::new("main.toml".into());
    for (setting, value) in settings {
        profile.set(setting, Origin::Inline, (*value).to_owned());
    }
    let profile = (!settings.is_empty()).then_some(profile);
    Environment::new(&messages, &variable, profile, &NetworkFlags::default())?.history(flags)
}

fn history(flags: &HistoryFlags, variables: &[(&str, &str)]) -> Result<HistoryConnection, Failure> {
    history_with(flags, variables, &[])
}

fn flags(url: Option<&str>, login: Option<&str>) -> HistoryFlags {
    HistoryFlags { history_url: url.map(str::to_owned), login: login.map(str::to_owned), apikey: None }
}

const MAIN: [(&Setting, &str); 3] = [(&HISTORY_URL, "https://a"), (&APIKEY, "key"), (&LOGIN, "profile")];

#[test]
fn a_flag_wins_over_the_environment() {
    let variables = [("CRM_HISTORY_URL", "https://a"), ("CRM_APIKEY", "key"), ("CRM_LOGIN", "variable")];
    let connection = history(&flags(None, Some("flag")), &variables).unwrap();
    assert_eq!((connection.url.as_str(), connection.login.as_str()), ("https://a", "flag"));
}

#[test]
fn the_environment_wins_over_the_profile_and_the_source_is_known() {
    let connection = history_with(&flags(None, None), &[("CRM_LOGIN", "variable")], &MAIN).unwrap();
    assert_eq!((connection.login.as_str(), connection.apikey.as_str()), ("variable", "key"));
    let (profile, variable) =
        (Source::Profile("main.toml".to_owned()), Source::Variable("CRM_LOGIN".to_owned()));
    let sources = [("value-url", profile.clone()), ("value-login", variable), ("value-apikey", profile)];
    assert_eq!(connection.sources, sources);
    assert_eq!(history_with(&flags(None, None), &[], &MAIN).unwrap().login, "profile");
}

#[test]
fn the_key_of_a_profile_is_for_the_address_of_the_profile_alone() {
    let failure = history_with(&flags(Some("https://b"), None), &[], &MAIN).err().unwrap();
    assert!(failure.exit == Exit::Usage && failure.text.contains("https://b"), "{failure:?}");
    assert!(failure.text.contains("--apikey"), "{failure:?}");
    assert!(history_with(&flags(Some("https://a"), None), &[], &MAIN).is_ok());
}

#[test]
fn a_variable_with_file_names_a_file_whose_last_line_end_is_dropped() {
    let path = std::env::temp_dir().join(format!("crm-cli-key-{}", std::process::id()));
    std::fs::write(&path, "secret\r\n").unwrap();
    let variables =
        [("CRM_HISTORY_URL", "https://a"), ("CRM_APIKEY_FILE", path.to_str().unwrap()), ("CRM_LOGIN", "me")];
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

#[test]
fn a_proxy_that_is_no_address_and_a_missing_ca_file_are_refused() {
    let base = [("CRM_HISTORY_URL", "https://a"), ("CRM_APIKEY", "key"), ("CRM_LOGIN", "me")];
    for (variable, value) in [("CRM_PROXY", "proxy:3128"), ("CRM_CA_FILE", "/nowhere/ca.pem")] {
        let variables = [&base[..], &[(variable, value)]].concat();
        let failure = history(&HistoryFlags::default(), &variables).err().unwrap();
        assert_eq!(failure.exit, Exit::Usage, "{failure:?}");
    }
    let direct = [&base[..], &[("CRM_PROXY", "none")]].concat();
    assert!(history(&HistoryFlags::default(), &direct).is_ok());
}
