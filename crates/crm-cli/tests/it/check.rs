//! `crm check`: every line is ✓ against a healthy server, and ✗ with an advice where something is wrong.

use crm_sandbox::{
    APIKEY, Account, BOSS, Condition, Fault, Operation, Record, Role, SELLER, Sandbox, SqlMode,
};

use crate::program::{Folder, Ran};

fn check(sandbox: &Sandbox, name: &str, more: &[&str]) -> Ran {
    let folder = Folder::new(&format!("check-{name}"));
    let flags = ["check", "--history-url", sandbox.url(), "--apikey", APIKEY, "--login", BOSS];
    folder.crm(&[&flags[..], more].concat()).run()
}

/// Asserts the mark and the words of a line.
#[track_caller]
fn shows(ran: &Ran, mark: &str, title: &str, words: &str) {
    let line = ran.out.lines().find(|line| line.starts_with(&format!("{mark} {title}")));
    assert!(line.is_some_and(|line| line.contains(words)), "no {mark} {title} {words}: {ran:#?}");
    if mark == "✗" {
        let below = ran.out.split_once(&format!("{mark} {title}")).unwrap().1.lines().nth(1);
        let has_advice = below.is_some_and(|line| line.trim_start().starts_with('→'));
        // An error of a call says itself what to do.
        assert!(has_advice || line.is_some_and(|line| line.contains("; ")), "no advice: {ran:#?}");
    }
}

/// The default account with changes.
async fn account(change: impl FnOnce(&mut Account)) -> Sandbox {
    let mut account = Account::default();
    change(&mut account);
    Sandbox::builder().accounts([account]).start().await.unwrap()
}

#[tokio::test]
async fn a_server_that_is_down_for_get_requests_is_asked_again_and_no_proxy_is_blamed() {
    let sandbox = Sandbox::start().await.unwrap();
    let is_get = Condition::Method("GET".to_owned());
    sandbox.add_fault(Fault::bare_status(503).only_if(is_get).on(Operation::HistoryInfo).always());
    let ran = check(&sandbox, "get-503", &[]);
    ran.ended(75, "");
    shows(&ran, "✗", "Reading", "503");
    assert!(!ran.out.contains("firewall"), "{ran:#?}");
}

#[tokio::test]
async fn a_healthy_server_gets_a_mark_for_every_line_and_nothing_is_left_in_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("check-good");
    folder.write("calls.csv", format!("content;clid;tip;user\none;1;вх.Звонок;{SELLER}\n"));
    let arguments = ["check", "calls.csv", "--second-login", SELLER, "--write-to-this-crm"];
    let ran = folder.crm_with(&sandbox, &arguments).run();
    ran.ended(0, "");
    for (title, words) in [
        ("Where values come from", "the variable CRM_HISTORY_URL: address; the variable CRM_LOGIN: login"),
        ("Address", "reached"),
        ("Proxy", "none"),
        ("Clock", "the same"),
        ("Key and login", BOSS),
        ("Who sees what", "all 2 users"),
        ("Reading", "arrive"),
        ("File", "1 rows"),
        ("Activity types", "known"),
        ("Users in the file", "known"),
        ("Clock shift", "the times that it writes"),
        ("SQL mode", "lenient"),
        ("Second login", "the same times"),
        ("Token and secret", "accepted"),
        ("Projects", "can be read"),
    ] {
        shows(&ran, "✓", title, words);
    }
    shows(&ran, "–", "TLS", "http://");
    assert!(!ran.out.contains('✗') && !ran.out.contains('\u{1b}'), "{ran:#?}");
    assert_eq!(sandbox.record_count(), 0);

    let json = folder.crm_with(&sandbox, &["check", "--json"]).run();
    let summary: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert!(summary["exit_code"] == 0 && summary["checks"][1]["check"] == "address", "{json:?}");
    let russian = folder.crm_with(&sandbox, &["check", "--lang", "ru"]).run();
    shows(&russian, "✓", "Кто что видит", "видит активности всех");
    let writes = sandbox.requests();
    let writes = writes.iter().filter(|received| received.operation.is_some_and(Operation::is_write));
    assert_eq!(writes.count(), 3, "one call adds, two delete, and only where that is allowed");
}

#[tokio::test]
async fn a_server_that_is_not_there_ends_with_75_wrong_tls_with_1_and_a_wrong_address_with_64() {
    let sandbox = Sandbox::start().await.unwrap();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = check(&sandbox, "address", &[]);
    ran.ended(0, "");
    let folder = Folder::new("check-address-wrong");
    let run =
        |url: &str| folder.crm(&["check", "--history-url", url, "--apikey", APIKEY, "--login", BOSS]).run();
    let ran = run(&format!("http://{unused}"));
    shows(ran.ended(75, ""), "✗", "Address", "not reached");
    let ran = run(&sandbox.url().replace("http://", "https://"));
    shows(ran.ended(1, ""), "✗", "TLS", "no encrypted connection");
    shows(run("https://имя.example.invalid").ended(75, ""), "✗", "Address", "not reached");
    shows(run("http://crm.example.test").ended(64, ""), "✗", "Address", "http");
}

#[tokio::test]
async fn a_proxy_that_does_not_answer_is_named_without_its_password() {
    let sandbox = Sandbox::start().await.unwrap();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = format!("http://me:topsecret@{unused}");
    let folder = Folder::new("check-proxy");
    let url = ["check", "--history-url", "https://crm.example.test", "--apikey", APIKEY, "--login", BOSS];
    let ran = folder.crm(&url).env("CRM_PROXY", &proxy).run();
    shows(ran.ended(75, ""), "✗", "Proxy", &unused.to_string());
    assert!(!ran.out.contains("topsecret"), "{ran:?}");
    // This machine is reached directly.
    shows(check(&sandbox, "no-proxy", &["--proxy", &proxy]).ended(0, ""), "✓", "Proxy", "none");
}

#[tokio::test]
async fn a_refused_key_ends_with_77_and_a_refused_token_too() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("check-key");
    let ran = folder.crm_with(&sandbox, &["check", "--apikey", "wrong"]).run();
    shows(ran.ended(77, ""), "✗", "Key and login", "401");
    assert!(ran.out.contains("→ Copy the key again") && ran.out.contains("is behind →"), "{ran:#?}");
    let ran = folder.crm_with(&sandbox, &["check", "--token", "wrong"]).run();
    shows(ran.ended(77, ""), "✗", "Token and secret", "");
    assert!(ran.out.contains("→ Copy the token"), "{ran:#?}");
}

#[tokio::test]
async fn a_role_is_said_in_words_and_a_failed_list_of_users_is_an_error() {
    let sandbox = account(|account| account.users[0].role = Role::Manager).await;
    shows(check(&sandbox, "role", &[]).ended(0, ""), "✓", "Who sees what", "own activities only");
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_fault(Fault::error_in_ok(404, "Неизвестный метод").on(Operation::UserList));
    shows(&check(&sandbox, "users", &[]), "✗", "Who sees what", "404");
}

#[tokio::test]
async fn a_user_that_cannot_be_decoded_makes_no_user_of_a_file_unknown() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_fault(Fault::junk_list(1, r#"{"id":"x","login":"seller"}"#, false).on(Operation::UserList));
    let folder = Folder::new("check-user");
    folder.write("calls.csv", format!("content;clid;user\none;1;{SELLER}\n"));
    let ran = folder.crm_with(&sandbox, &["check", "calls.csv"]).run();
    shows(ran.ended(1, ""), "✗", "Who sees what", "cannot be decoded");
    assert!(!ran.out.contains("unknown"), "{ran:#?}");
}

#[tokio::test]
async fn the_body_of_a_get_that_is_lost_or_refused_is_noticed_without_any_activity() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_fault(Fault::get_body_dropped().on(Operation::HistoryInfo));
    shows(check(&sandbox, "get", &[]).ended(1, ""), "✗", "Reading", "gets lost");
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_fault(Fault::firewall_page(403).on(Operation::HistoryInfo));
    shows(check(&sandbox, "get-refused", &[]).ended(1, ""), "✗", "Reading", "fails");
}

#[tokio::test]
async fn unknown_types_and_users_and_unreadable_rows_of_a_file_end_with_65() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("check-file");
    folder.write(
        "calls.csv",
        "content;clid;tip;user;datum\none;1;Telepathy;nobody@example.test;2024-01-01\ntwo;1;;;yesterday\n",
    );
    let ran = folder.crm_with(&sandbox, &["check", "calls.csv"]).run();
    ran.ended(65, "");
    shows(&ran, "✗", "File", "1 of 2 rows");
    shows(&ran, "✗", "Activity types", "Telepathy");
    assert!(ran.out.contains("The account has: ") && ran.out.contains("вх.Звонок"), "{ran:#?}");
    shows(&ran, "✗", "Users in the file", "nobody@example.test");
    folder.crm_with(&sandbox, &["check", "missing.csv"]).run().ended(1, "missing.csv");
}

#[tokio::test]
async fn two_logins_with_different_shifts_are_compared_by_one_activity() {
    let sandbox = account(|account| account.users[1].tzone = Some(2)).await;
    let second = ["--second-login", SELLER];
    shows(check(&sandbox, "nothing", &second).ended(0, ""), "–", "Second login", "no activity");
    let datum = "2024-06-25".parse::<chrono::NaiveDate>().unwrap().and_hms_opt(12, 0, 0);
    sandbox.add_record(Record { datum, iduser: 1, ..Record::default() });
    shows(check(&sandbox, "second", &second).ended(1, ""), "✗", "Second login", "+2");
    let ran = check(&sandbox, "unknown", &["--second-login", "nobody@example.test"]);
    shows(ran.ended(77, ""), "✗", "Second login", "401");
}

#[tokio::test]
async fn writing_shows_the_shift_and_the_sql_mode_and_says_what_is_left() {
    let write = ["--write-to-this-crm"];
    let sandbox = account(|account| {
        account.users[0].tzone = Some(-3);
        account.sql_mode = SqlMode::Strict;
    })
    .await;
    let ran = check(&sandbox, "shift", &write);
    shows(ran.ended(1, ""), "✗", "Clock shift", "-3");
    shows(&ran, "✓", "SQL mode", "strict");
    assert_eq!(sandbox.record_count(), 0);

    let sandbox = account(|account| account.zone = "America/New_York".parse().unwrap()).await;
    let ran = check(&sandbox, "west", &write);
    shows(ran.ended(1, ""), "✗", "Writing", "time zone");
    shows(&ran, "–", "SQL mode", "unknown, because");

    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_fault(Fault::gateway_page(502).on(Operation::HistoryDelete).times(2));
    let ran = check(&sandbox, "left", &write);
    shows(ran.ended(1, ""), "✗", "Writing", "is still in the CRM");
    assert_eq!(sandbox.record_count(), 2);
}

#[tokio::test]
async fn without_a_server_it_is_a_usage_error() {
    let folder = Folder::new("check-none");
    folder.crm(&["check"]).run().ended(64, "crm profile add main");
    let only_projects = ["check", "--projects-url", "http://127.0.0.1:1", "--token", "a", "--secret", "b"];
    folder.crm(&[&only_projects[..], &["--write-to-this-crm"]].concat()).run().ended(64, "--history-url");
}
