//! The sandbox as a program.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::client;

/// A running program; it is killed when dropped.
struct Program {
    child: Child,
    url: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(arguments: &[&str]) -> Program {
    start_with(arguments, &[])
}

fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Program {
    let mut child = Command::new(env!("CARGO_BIN_EXE_crm-sandbox"))
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
    Program { child, url }
}

async fn list(program: &Program) -> Value {
    let answer = client()
        .get(format!("{}/developer/v3/history/list", program.url))
        .header("Content-Type", "application/json")
        .header("apikey", "sandbox-key")
        .header("login", "boss@example.test")
        .body(json!({"dateStart": "2023-01-01", "dateEnd": "2025-12-31"}).to_string())
        .send()
        .await
        .unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn it_prints_one_line_and_serves() {
    let program = start(&["--records", "3"]);
    assert!(program.url.starts_with("http://127.0.0.1:"));
    assert_eq!(list(&program).await["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn its_arguments_are_the_settings_of_the_library() {
    let program = start(&[
        "--revision",
        "documented",
        "--projects",
        "2",
        "--projects-shape",
        "data",
        "--projects-numbers-as-strings",
        "--projects-total",
        "--latency-ms",
        "1",
        "--now",
        "2024-06-25T14:25:00",
    ]);
    assert_eq!(list(&program).await, json!({"data": []}));
    let answer = client()
        .get(format!("{}/backend/public/projects?deleted=0", program.url))
        .header("X-Crypto-Token", "sandbox-token")
        .header("X-Crypto-Secret", "sandbox-secret")
        .send()
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(answer["data"][0]["id"], "1");
    assert!(answer["total"].is_string(), "{answer}");
}

#[tokio::test]
async fn its_control_endpoints_can_have_a_secret_from_the_environment() {
    let program = start_with(&[], &[("CRM_SANDBOX_SECRET", "s3cret")]);
    let status = async |secret: &str| {
        let request = client().get(format!("{}/_sandbox/faults", program.url));
        request.header("X-Sandbox-Secret", secret).send().await.unwrap().status().as_u16()
    };
    assert_eq!((status("wrong").await, status("s3cret").await), (403, 200));
}

#[test]
fn its_help_says_that_answers_of_solos_are_guesses() {
    let help = Command::new(env!("CARGO_BIN_EXE_crm-sandbox")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("every answer is a guess"), "{help}");
}

#[test]
fn it_binds_to_other_than_loopback_only_when_told_so_in_so_many_words() {
    // An address for examples, which no machine has.
    let refused =
        Command::new(env!("CARGO_BIN_EXE_crm-sandbox")).args(["--listen", "192.0.2.1:0"]).output().unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("can be reached by other machines") && said.contains("--allow-other-machines"),
        "{said}"
    );
}

#[tokio::test]
async fn its_arguments_are_the_settings_of_the_account() {
    let program = start(&[
        "--records",
        "9",
        "--now",
        "2024-06-25T14:25:00",
        "--zone",
        "Europe/Berlin",
        "--sql-mode",
        "strict",
        "--shift",
        "boss@example.test=-3",
    ]);
    assert_eq!(list(&program).await, json!([]), "the first records are of midnight, 2023-01-01");
    let add = client()
        .post(format!("{}/developer/v3/history/add", program.url))
        .header("Content-Type", "application/json")
        .header("apikey", "sandbox-key")
        .header("login", "boss@example.test")
        .body(json!({"content": "😀", "clid": 1}).to_string());
    let answer = add.send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("Incorrect string value"), "{answer}");
}

#[tokio::test]
async fn it_serves_as_many_generated_clients_and_contacts_as_asked() {
    let program = start(&["--clients", "3", "--contacts", "4"]);
    let count = async |call: &str| {
        let request = client()
            .post(format!("{}/developer/v3/{call}", program.url))
            .header("Content-Type", "application/json")
            .header("apikey", "sandbox-key")
            .header("login", "boss@example.test")
            .body(r#"{"order":"date_create"}"#);
        let answer: serde_json::Value =
            serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
        answer["count"].as_u64().unwrap()
    };
    assert_eq!((count("client/list").await, count("person/list").await), (5, 6));
}

/// The file of accounts in the README.
fn accounts_of_readme() -> &'static str {
    let readme = include_str!("../../README.md");
    readme
        .split("```json\n")
        .find(|block| block.starts_with("[{\"apikey\""))
        .unwrap()
        .split("```")
        .next()
        .unwrap()
}

#[tokio::test]
async fn the_accounts_of_a_file_take_the_place_of_the_built_in_one() {
    let file = std::env::temp_dir().join(format!("crm-sandbox-accounts-{}.json", std::process::id()));
    std::fs::write(&file, accounts_of_readme()).unwrap();
    let program = start(&["--accounts", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    for (key, login, is_known) in [
        ("first-key", "head@example.test", true),
        ("second-key", "owner@example.test", true),
        ("second-key", "head@example.test", false),
        ("sandbox-key", "boss@example.test", false),
    ] {
        let request = client()
            .get(format!("{}/developer/v3/history/fields", program.url))
            .header("Content-Type", "application/json")
            .header("apikey", key)
            .header("login", login);
        let answer = request.send().await.unwrap().text().await.unwrap();
        assert_eq!(answer.starts_with("{\"data\":"), is_known, "{key} {login}: {answer}");
    }
}

#[test]
fn a_setting_that_is_not_understood_is_refused_with_what_is_wrong() {
    for (arguments, said) in [
        (["--zone", "Europe/Atlantis"], "no time zone \"Europe/Atlantis\""),
        (["--sql-mode", "loose"], "no SQL mode \"loose\""),
        (["--shift", "boss@example.test"], "LOGIN=HOURS"),
        (["--shift", "boss@example.test=1.5"], "\"1.5\" is not a whole number of hours"),
        (["--shift", "nobody@example.test=1"], "no account has a user with the login"),
        (["--accounts", "/nowhere/accounts.json"], "/nowhere/accounts.json: "),
    ] {
        let refused = Command::new(env!("CARGO_BIN_EXE_crm-sandbox")).args(arguments).output().unwrap();
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && text.contains(said), "{arguments:?}: {text}");
    }
}

#[test]
fn an_address_in_use_is_named_in_the_error() {
    let program = start(&[]);
    let address = program.url.strip_prefix("http://").unwrap();
    let refused =
        Command::new(env!("CARGO_BIN_EXE_crm-sandbox")).args(["--listen", address]).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it() {
    let mut program = start(&[]);
    let signalled = Command::new("kill").args(["-INT", &program.child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    assert!(program.child.wait().unwrap().success());
}

/// Where there is neither `sh` nor `curl` this shows nothing.
#[cfg(unix)]
#[test]
fn the_curl_lines_of_the_readme_work() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    let program = start(&["--records", "1000"]);
    let readme = include_str!("../../README.md").replace("http://127.0.0.1:8787", &program.url);
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let calls: Vec<&str> = blocks.filter(|block| block.starts_with("curl")).collect();
    assert_eq!(calls.len(), 7);
    for call in calls {
        let ran = Command::new("sh").args(["-e", "-c", call]).output().unwrap();
        let said = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success() && !said.contains("rror"), "{call}\n{said}");
        for shown in call.lines().filter_map(|line| line.strip_prefix("# ")) {
            assert!(said.contains(shown), "{shown} is not in {said}");
        }
    }
}
