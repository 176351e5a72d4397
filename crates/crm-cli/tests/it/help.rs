//! Help, version, completions and the manual page.

use crate::program::Folder;

#[test]
fn help_follows_the_option_and_the_locale_and_shows_no_key() {
    let folder = Folder::new("help");
    let english = folder.crm(&["import", "--help"]).env("CRM_APIKEY", "my-key").run();
    assert!(english.code == 0 && english.out.contains("Usage: crm import"), "{english:?}");
    assert!(!english.out.contains("my-key"), "{english:?}");
    let russian = folder.crm(&["import", "--help"]).env("LANG", "ru_RU.UTF-8").run();
    assert!(russian.out.contains("Использование: crm import"), "{russian:?}");
    let given = folder.crm(&["import", "--help", "--lang", "en"]).env("LANG", "ru_RU.UTF-8").run();
    assert_eq!(given.out, english.out);
}

#[test]
fn the_command_help_shows_the_same_as_the_option() {
    let folder = Folder::new("help-command");
    for (asked, same) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "import"], &["import", "--help"]),
        (&["--lang", "ru", "help", "export", "history"], &["--lang", "ru", "export", "history", "--help"]),
    ] {
        let ran = folder.crm(asked).run();
        assert!(ran.code == 0 && !ran.out.is_empty(), "{ran:?}");
        assert_eq!(ran.out, folder.crm(same).run().out);
    }
    // A file may have this name.
    folder.crm(&["import", "help"]).run().ended(64, "--history-url");
}

#[test]
fn wrong_arguments_exit_with_64_and_say_what_is_wrong() {
    let folder = Folder::new("usage");
    for (arguments, words) in [
        (&["imprt"][..], "imprt"),
        (&[], "the command is missing"),
        (&["import"], "FILE"),
        (&["import", "a.csv", "--chunk", "0"], "a whole number of at least 1"),
        (&["import", "a.csv", "--chunk"], "--chunk"),
        (&["import", "a.csv", "--nonsense"], "--nonsense"),
        (&["export", "history", "--out", "x", "--from", "yesterday"], "2024-01-31"),
        (&["export", "history", "--out", "x", "--format", "pdf"], "jsonl"),
        (&["import", "a.csv"], "--history-url"),
    ] {
        folder.crm(arguments).run().ended(64, words);
    }
    folder.crm(&["imprt", "--lang", "ru"]).run().ended(64, "неизвестная команда imprt");
}

#[test]
fn the_version_the_completions_and_the_manual_page_are_written() {
    let folder = Folder::new("man");
    let version = folder.crm(&["--version"]).run();
    assert!(version.code == 0 && version.out.starts_with("crm 0."), "{version:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.crm(&["completions", shell]).run();
        assert!(script.code == 0 && script.out.contains("import"), "{script:?}");
    }
    let page = folder.crm(&["man"]).run();
    assert!(page.code == 0 && page.out.contains(".TH crm"), "{page:?}");
    folder.crm(&["man", "--out", "pages", "--lang", "ru"]).run().ended(0, "");
    assert!(folder.read("pages/crm-export-history.1").contains("Экспортировать активности"));
}

#[test]
fn the_version_and_the_help_ask_for_no_key_and_start_no_runtime() {
    let folder = Folder::new("help-quiet");
    folder.write("p.toml", "[history]\nurl = \"https://a\"\napikey_command = \"touch asked\"\n");
    for arguments in
        [&["--version"][..], &["--help"], &["check", "--help"], &["import", "--help", "--lang", "ru"]]
    {
        let program = folder.crm(arguments).env("CRM_PROFILE", "./p.toml").env("HTTPS_PROXY", "nonsense");
        program.run().ended(0, "");
    }
    assert!(!folder.path("asked").exists());
    // A profile that cannot be read hides no help.
    folder.crm(&["--help", "--profile", "./missing.toml"]).run().ended(0, "");

    // The runtime is built in one place, which runs commands and nothing else.
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let commands = std::fs::read_to_string(sources.join("commands/mod.rs")).unwrap();
    let library = std::fs::read_to_string(sources.join("lib.rs")).unwrap();
    assert!(commands.contains("runtime::Builder") && !library.contains("tokio::"));
    let before_commands = library.split("commands::run(").next().unwrap();
    assert!(before_commands.contains("ErrorKind::DisplayHelp | ErrorKind::DisplayVersion"));
}
