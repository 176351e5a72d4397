//! Profiles: written, listed, used and removed.

use crm_sandbox::{APIKEY, BOSS, Sandbox};

use crate::program::Folder;

/// The arguments of `profile add main` for this sandbox.
fn add<'a>(sandbox: &'a Sandbox, more: &[&'a str]) -> Vec<&'a str> {
    [&["profile", "add", "main", "--history-url", sandbox.url(), "--login", BOSS], more].concat()
}

#[tokio::test]
async fn a_profile_is_private_usable_listed_shown_without_keys_and_removed() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("profile");
    let added = folder.crm(&add(&sandbox, &[])).env("CRM_APIKEY", APIKEY).run();
    added.ended(0, "crm check --profile main");
    let file = "config/crm/profiles/main.toml";
    assert!(folder.read(file).contains(APIKEY));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = folder.crm(&add(&sandbox, &[])).env("CRM_APIKEY", APIKEY).run();
    again.ended(64, "exists");

    assert_eq!(folder.crm(&["users", "--profile", "main"]).run().ended(0, "").out.lines().count(), 3);
    folder.crm(&["users"]).env("CRM_PROFILE", "main").run().ended(0, "");
    folder.crm(&["users"]).run().ended(64, "main");
    folder.crm(&["users", "--profile", "other"]).run().ended(64, "other.toml");

    let list = folder.crm(&["profile", "list"]).run();
    assert!(list.code == 0 && list.out.contains(sandbox.url()) && !list.out.contains(APIKEY), "{list:?}");
    let shown = folder.crm(&["profile", "show", "main"]).run();
    assert!(
        shown.code == 0 && shown.out.contains("history.apikey") && !shown.out.contains(APIKEY),
        "{shown:?}"
    );
    assert!(shown.out.lines().all(|line| line.trim_end().ends_with(" the profile")), "{shown:?}");
    let variables =
        folder.crm(&["profile", "show", "main"]).env("CRM_LOGIN", "other").env("CRM_TOKEN", "topsecret");
    let shown = variables.run();
    let line =
        |name: &str| shown.out.lines().map(str::trim).find(|line| line.starts_with(name)).unwrap_or_default();
    assert!(line("history.login").ends_with("the variable CRM_LOGIN (overrides the profile)"), "{shown:?}");
    assert!(line("projects.token").ends_with("the variable CRM_TOKEN") && !shown.out.contains("topsecret"));
    folder.write("secret", "s\n");
    let solos = ["profile", "set", "main", "--projects-url", sandbox.url(), "--secret-file", "secret"];
    folder.crm(&solos).env("CRM_TOKEN", "t").run().ended(0, "crm check --profile main");
    let text = folder.read(file);
    for kept in [APIKEY, BOSS, sandbox.url(), "token = \"t\"", "secret_file = "] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    folder.crm(&["profile", "set", "main", "--apikey-command", "echo k"]).run().ended(0, "");
    let text = folder.read(file);
    assert!(!text.contains(APIKEY) && text.contains("apikey_command"), "{text}");
    folder.crm(&["profile", "set", "other"]).run().ended(64, "no profile other");
    folder.crm(&["mirror"]).env("CRM_PROFILE", "main").run().ended(64, "below [mirror]");
    folder.crm(&["mirror", "crm.db", "--profile", "main"]).run().ended(64, "write sqlite:crm.db");
    folder.crm(&["profile", "remove", "main"]).run().ended(0, "removed");
    folder.crm(&["profile", "show", "main"]).run().ended(64, "no profile main");
}

#[tokio::test]
async fn a_key_stays_in_its_file_or_command() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("profile-key");
    folder.write("key", format!("{APIKEY}\n"));
    let command = format!("echo {APIKEY}");
    let path = folder.path("key").display().to_string();
    for (more, variable) in [
        (&["--apikey-file", "key"][..], None),
        (&["--apikey-command", &command], None),
        (&[], Some(("CRM_APIKEY_FILE", path.as_str()))),
    ] {
        let mut program = folder.crm(&add(&sandbox, more));
        if let Some((name, value)) = variable {
            program = program.env(name, value);
        }
        program.run().ended(0, "");
        folder.crm(&["users", "--profile", "main"]).run().ended(0, "");
        folder.crm(&["profile", "remove", "main"]).run().ended(0, "");
    }
}

#[tokio::test]
async fn a_default_of_a_profile_holds_unless_the_option_is_given() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("profile-defaults");
    folder.write("calls.csv", "content;clid\none;1\ntwo;1\nthree;1\n");
    let profile = format!(
        "[history]\nurl = \"{}\"\nlogin = \"{BOSS}\"\napikey_command = \"echo {APIKEY}\"\n[defaults]\nchunk = 1\n",
        sandbox.url()
    );
    folder.write("my.toml", profile);
    let sent = || {
        let requests = sandbox.requests();
        sandbox.clear_requests();
        requests
            .iter()
            .filter(|received| received.operation.is_some_and(|operation| operation.is_write()))
            .count()
    };
    folder.crm(&["import", "calls.csv", "--profile", "./my.toml"]).run().ended(0, "3 stored");
    assert_eq!(sent(), 3);
    let more = ["import", "calls.csv", "--profile", "./my.toml", "--journal", "other", "--chunk", "3"];
    folder.crm(&more).run().ended(0, "3 stored");
    assert!(sent() < 3);
    let help = folder.crm(&["import", "--help", "--profile", "./my.toml"]).run();
    assert!(help.out.contains("[default: 1]"), "{help:?}");
}

#[test]
fn without_a_terminal_what_is_missing_is_named() {
    let folder = Folder::new("profile-missing");
    folder.crm(&["profile", "add", "main"]).run().ended(64, "--history-url");
    folder.crm(&["profile", "add", "main", "--history-url", "https://a"]).run().ended(64, "--login");
    folder.crm(&["profile", "add", "main", "--history-url", "no address"]).run().ended(64, "address");
    folder.crm(&["profile", "add", "main", "--history-url", ""]).run().ended(64, "no address is given");
    folder.crm(&["profile", "add", "a b", "--history-url", "https://a"]).run().ended(64, "a b");
    assert!(!folder.path("config/crm/profiles/main.toml").exists());
}
