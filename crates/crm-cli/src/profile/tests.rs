#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::exit::Exit;
use crate::language::Language;
use crate::settings::{APIKEY, HISTORY_URL, PROXY, TOKEN};

fn messages() -> Messages {
    Messages::new(Language::English)
}

/// A profile in a folder of its own.
fn written(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.toml");
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let _ = mode;
    (folder, path)
}

fn refusal(text: &str, mode: u32) -> String {
    let (_folder, path) = written(text, mode);
    let failure = Profile::read(&path, &messages()).err().unwrap();
    assert_eq!(failure.exit, Exit::Usage);
    failure.text
}

#[test]
fn a_key_is_inline_in_a_file_beside_the_profile_or_what_a_command_writes() {
    for text in ["apikey = \"k1\"", "apikey_file = \"key\"", "apikey_command = \"echo k1; echo more\""] {
        let (folder, path) = written(&format!("[history]\nurl = \"https://a\"\n{text}\n"), 0o600);
        std::fs::write(folder.path().join("key"), "k1\n").unwrap();
        let profile = Profile::read(&path, &messages()).unwrap();
        assert_eq!(profile.value(&APIKEY, &messages()).unwrap().as_deref(), Some("k1"), "{text}");
        assert_eq!(profile.value(&HISTORY_URL, &messages()).unwrap().as_deref(), Some("https://a"));
        assert_eq!(profile.value(&TOKEN, &messages()).unwrap(), None);
    }
}

#[test]
fn a_key_that_cannot_be_got_is_named_with_the_file_and_the_reason() {
    for text in ["apikey_file = \"nowhere\"", "apikey_command = \"exit 3\"", "apikey_command = \"true\""] {
        let (_folder, path) = written(&format!("[history]\n{text}\n"), 0o600);
        let profile = Profile::read(&path, &messages()).unwrap();
        let failure = profile.value(&APIKEY, &messages()).unwrap_err();
        assert!(
            failure.text.contains("history.apikey_") && failure.text.contains("main.toml"),
            "{failure:?}"
        );
    }
}

#[test]
fn an_unknown_name_and_a_value_that_is_no_text_are_refused() {
    for (text, name) in [
        ("[history]\nkey = \"k\"", "history.key"),
        ("[history]\napikey = 1", "history.apikey"),
        ("[histroy]\nurl = \"a\"", "histroy.url"),
        ("[histroy]", "histroy"),
        ("url = \"a\"", "url"),
        ("[history]\nlogin_file = \"a\"", "history.login_file"),
        ("[defaults]\nout = \"a\"", "defaults.out"),
    ] {
        let refusal = refusal(text, 0o600);
        assert!(refusal.contains(name), "{refusal}");
    }
}

#[test]
fn a_fault_of_the_file_shows_its_place_and_no_key() {
    let unquoted = refusal("[history]\nurl = \"https://a\"\napikey = topsecret\n", 0o600);
    assert!(unquoted.contains("line 3, column 10") && !unquoted.contains("topsecret"), "{unquoted}");
    let unclosed = refusal("[history]\nurl = \"https://a\"\napikey = \"topsecret\n", 0o600);
    assert!(unclosed.contains("line 3") && !unclosed.contains("topsecret"), "{unclosed}");
    let twice = refusal("[history]\nurl = \"https://a\"\nurl = \"https://b\"\n", 0o600);
    assert!(twice.contains("line 3, column 1:"), "{twice}");
}

#[cfg(unix)]
#[test]
fn a_profile_that_others_can_read_is_refused_if_it_holds_a_key() {
    let with_password = "[network]\nproxy = \"http://user:word@proxy:3128\"";
    for (text, mode) in [("[history]\napikey = \"k\"", 0o644), (with_password, 0o604), ("[history]", 0o622)] {
        let refusal = refusal(text, mode);
        assert!(refusal.contains("chmod 600"), "{refusal}");
    }
    for (text, mode) in [("[history]\napikey = \"k\"", 0o640), ("[history]\napikey_file = \"k\"", 0o644)] {
        let (_folder, path) = written(text, mode);
        assert!(Profile::read(&path, &messages()).is_ok(), "{text} {mode:o}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let mut profile = Profile::new("main.toml".into());
    profile.set(&APIKEY, Origin::Command, "pass \"crm\" \\ x".to_owned());
    profile.set(&PROXY, Origin::Inline, "http://proxy:3128".to_owned());
    let (_folder, path) = written(&profile.text(), 0o600);
    let read = Profile::read(&path, &messages()).unwrap();
    assert_eq!(read.text(), profile.text());
    assert!(read.origin(&APIKEY) == Some((Origin::Command, "pass \"crm\" \\ x")));
}

#[test]
fn defaults_are_texts_and_the_time_zone_is_one_of_them() {
    let text = "[history]\ntime_zone = \"Asia/Omsk\"\n[defaults]\nchunk = 50\nper-second = 1.5\ncheck-users = true\n";
    let (_folder, path) = written(text, 0o600);
    let defaults = Profile::read(&path, &messages()).unwrap().defaults();
    let listed: Vec<_> = defaults.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(listed, ["check-users=true", "chunk=50", "per-second=1.5", "time-zone=Asia/Omsk"]);
}

#[test]
fn the_folder_follows_the_convention_of_the_platform() {
    let file = |variables: &[(&str, &str)], name: &str| {
        let location = Location::new(|asked| {
            variables.iter().find(|(known, _)| *known == asked).map(|(_, value)| (*value).to_owned())
        });
        location.file(name, &messages()).map_err(|failure| failure.text)
    };
    if cfg!(unix) {
        let home = [("HOME", "/home/a")];
        assert_eq!(file(&home, "main").unwrap(), Path::new("/home/a/.config/crm/profiles/main.toml"));
        let xdg = [("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(file(&xdg, "main").unwrap(), Path::new("/x/crm/profiles/main.toml"));
        assert_eq!(file(&[], "/etc/crm/main.toml").unwrap(), Path::new("/etc/crm/main.toml"));
    }
    assert!(file(&[], "main").unwrap_err().contains("HOME"));
    for name in ["", ".hidden", "a b", "a\u{1b}"] {
        assert!(file(&[("HOME", "/home/a")], name).is_err(), "{name}");
    }
}

#[test]
fn the_option_wins_over_the_variable() {
    let chosen = |arguments: &[&str]| {
        let arguments: Vec<std::ffi::OsString> = arguments.iter().map(Into::into).collect();
        chosen_name(&arguments, |name| (name == "CRM_PROFILE").then(|| "variable".to_owned()))
    };
    assert_eq!(chosen(&["crm", "check"]).as_deref(), Some("variable"));
    assert_eq!(chosen(&["crm", "--profile", "a", "check"]).as_deref(), Some("a"));
    assert_eq!(chosen(&["crm", "check", "--profile=b"]).as_deref(), Some("b"));
    assert_eq!(chosen(&["crm", "import", "--", "--profile=b"]).as_deref(), Some("variable"));
}
