//! A Russian administrator never meets half a sentence in English.

use crm_sandbox::{Fault, Operation, RetryAfter, Rule, Sandbox};

use crate::program::Folder;

/// Returns the first three Latin words in a row that are not a quotation, an address or a command.
fn english(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '«' => depth += 1,
            '»' => depth -= 1,
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let is_word = |word: &&str| {
        // A list of values is not a sentence.
        if word.ends_with(',') {
            return false;
        }
        let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
        word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic())
    };
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.windows(3).find(|three| three.iter().all(is_word) && three[0] != "crm").map(|three| three.join(" "))
}

#[test]
fn english_words_are_found_and_quotations_are_not() {
    assert_eq!(english("ошибка: the server refused").as_deref(), Some("the server refused"));
    assert_eq!(english("ошибка «the server refused» crm profile add – HTTP 200"), None);
}

#[tokio::test]
async fn no_message_about_a_server_is_half_in_english() {
    let sandbox = Sandbox::start().await.unwrap();
    let faults: Vec<Rule> = [
        Fault::close_before_reading(),
        Fault::cut_body(Some(10)),
        Fault::gateway_page(502),
        Fault::retry_later(429, RetryAfter::Seconds(3600)),
        Fault::firewall_page(403),
        Fault::bare_status(500),
        Fault::redirect(302, "https://crm.example.test/login"),
        Fault::error_in_ok(400, "Не хватает параметров"),
        Fault::error_in_ok(403, "Нет доступа"),
        Fault::error_in_ok(405, "Отсутствуют параметры"),
        Fault::error_in_ok(500, "Ошибка"),
        Fault::database_down(),
        Fault::too_many_connections(),
        Fault::php_warning(true, true),
    ]
    .into_iter()
    .map(|fault| fault.on(Operation::UserList).times(9))
    .collect();
    let folder = Folder::new("russian");
    for fault in faults {
        sandbox.clear_faults();
        let shown = format!("{fault:?}");
        sandbox.add_fault(fault);
        let ran = folder.crm_with(&sandbox, &["users", "--lang", "ru"]).run();
        assert_eq!(english(&ran.said), None, "{shown}: {ran:?}");
    }
}

#[test]
fn no_message_about_files_and_settings_is_half_in_english() {
    let folder = Folder::new("russian-files");
    folder.write("calls.csv", "content;clid\none;1\n");
    folder.write("profile.toml", "[history]\nurl = 1\n");
    folder.write("unquoted.toml", "[history]\nurl = https://crm.example.ru\n");
    folder.write("twice.toml", "[history]\nlogin = \"a\"\nlogin = \"b\"\n");
    folder.write(
        "command.toml",
        "[history]\nurl = \"http://127.0.0.1:1\"\nlogin = \"a\"\napikey_command = \"exit 3\"\n",
    );
    folder.write("damaged.journal", "{\"journal\": \"other\"}\n");
    let server = ["--history-url", "http://127.0.0.1:1", "--apikey", "a", "--login", "b"];
    for arguments in [
        &["import", "missing.csv"][..],
        &["import", "."],
        &["export", "history", "--out", "no-folder/a.csv"],
        &["report", "--from", "01.01.2024", "--to", "31.01.2024", "--out", "a.pdf"],
        &["users", "--history-url", "crm.example.test"],
        &["users", "--history-url", "http://crm.example.test"],
        &["users", "--proxy", "proxy"],
        &["users", "--ca-file", "missing.pem"],
        &["users", "--profile", "./missing.toml"],
        &["users", "--profile", "./profile.toml"],
        &["users", "--profile", "./unquoted.toml"],
        &["users", "--profile", "./twice.toml"],
        &["profile", "show", "./twice.toml"],
        &["users", "--history-url", "http://127.0.0.1:1", "--apikey", "кл\u{1}юч"],
        &["users", "--history-url", "http://127.0.0.1:1", "--apikey", " a"],
        &["users", "--history-url", "http://127.0.0.1:1", "--apikey", ""],
        &["users", "--history-url", "http://127.0.0.1:1", "--login", "a'b"],
        &["import", "calls.csv", "--journal", "damaged.journal"],
        &["import", "calls.csv", "--journal", "no-folder/a.journal"],
        &["import", "calls.csv", "--chunk", "many"],
        &["import", "calls.csv", "--losses", "some"],
        &["import", "calls.csv", "--quiet=yes"],
        &["import", "calls.csv", "--json", "--json"],
        &["export", "history", "--out", "a.csv", "--from", "2024-02-01", "--to", "2024-01-01"],
        &["sandbox", "--listen", "here"],
        &["profile", "add", "a b"],
        &["check", "--second-login"],
        &["sandbox", "--listen", "192.0.2.1:80", "--allow-other-machines"],
    ] {
        let server = if matches!(arguments[0], "profile" | "sandbox") { &[][..] } else { &server };
        let given: Vec<&str> = arguments.to_vec();
        let rest = server.chunks(2).filter(|option| !given.contains(&option[0])).flatten().copied();
        let rest: Vec<&str> = rest.collect();
        let ran = folder.crm(&[&given[..], &rest, &["--lang", "ru"]].concat()).run();
        assert!(ran.code != 0 && !ran.said.is_empty(), "{arguments:?}: {ran:?}");
        assert_eq!(english(&ran.said), None, "{arguments:?}: {ran:?}");
    }
}
