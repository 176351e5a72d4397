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
    assert_eq!(calls.len(), 6);
    for call in calls {
        let ran = Command::new("sh").args(["-e", "-c", call]).output().unwrap();
        let said = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success() && !said.contains("rror"), "{call}\n{said}");
        for shown in call.lines().filter_map(|line| line.strip_prefix("# ")) {
            assert!(said.contains(shown), "{shown} is not in {said}");
        }
    }
}
