//! The program `--example export`: its file, its exit codes, and what a kill leaves behind.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/program.rs"]
mod program;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;

use crm_sandbox::{APIKEY, BOSS, Fault, Operation, Record, Sandbox};
use serde_json::Value;

/// An empty folder for the output.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("crm-export-program-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn export(sandbox: &Sandbox, out: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program::example("export"));
    command.args(["--base-url", sandbox.url(), "--out", out.to_str().unwrap()]).args(arguments);
    command.env("APIKEY", APIKEY).env("LOGIN", BOSS);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn ids(out: &Path) -> Vec<u64> {
    let text = std::fs::read_to_string(out).unwrap();
    assert!(text.ends_with('\n'), "a half-written line");
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["cid"].as_u64().unwrap();
    text.lines().map(id).collect()
}

#[tokio::test]
async fn it_writes_one_record_a_line_and_tells_the_verdict() {
    let sandbox = Sandbox::builder().records(1_000).start().await.unwrap();
    let folder = Folder::new("lines");
    let out = folder.file("all.jsonl");
    let output = export(&sandbox, &out, &["--concurrency", "4"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).starts_with("complete: 1000 records from "), "{}", said(&output));
    assert_eq!(ids(&out), (1..=1_000).collect::<Vec<u64>>());
    assert!(!said(&output).contains(APIKEY));
}

#[tokio::test]
async fn it_writes_csv_with_the_names_of_the_server() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_record(Record {
        datum: "2024-02-29T12:00:00".parse().ok(),
        content: Some("a, b\nc".to_owned()),
        iduser: 1,
        pid: "1".to_owned(),
        ..Record::default()
    });
    let folder = Folder::new("csv");
    let out = folder.file("all.csv");
    let arguments = ["--format", "csv", "--from", "2024-02-29", "--to", "2024-02-29", "--texts", "all"];
    let output = export(&sandbox, &out, &arguments).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let text = std::fs::read_to_string(&out).unwrap();
    assert_eq!(
        text,
        concat!(
            "cid,datum,content,tip,iduser,user,clid,client,person,did,dogovor,extra\n",
            "1,2024-02-29 12:00:00,\"a, b\nc\",,1,boss@example.test,0,,",
            "\"[{\"\"pid\"\":1,\"\"person\"\":\"\"Васильев Дмитрий\"\"}]\",0,,\n"
        )
    );
}

/// Kills it as soon as its checkpoint is so far; what it says then.
fn kill_at(mut program: Child, checkpoint: &Path, far: impl Fn(&Value) -> bool) -> Value {
    let saved = loop {
        let saved = std::fs::read(checkpoint).ok().map(|text| serde_json::from_slice(&text).unwrap());
        if let Some(saved) = saved.filter(&far) {
            break saved;
        }
        assert!(program.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::yield_now();
    };
    program.kill().unwrap();
    program.wait().unwrap();
    saved
}

#[tokio::test]
async fn it_goes_on_after_a_kill_as_if_nothing_had_happened() {
    let latency = Duration::from_millis(10);
    let sandbox = Sandbox::builder().records(20_000).latency(latency).start().await.unwrap();
    let folder = Folder::new("kill");
    let (out, checkpoint) = (folder.file("all.jsonl"), folder.file("checkpoint"));
    let arguments = ["--checkpoint", checkpoint.to_str().unwrap()];
    let killed = export(&sandbox, &out, &arguments).spawn().unwrap();
    kill_at(killed, &checkpoint, |saved| saved["after"].as_u64() >= Some(5_000));
    let before = ids(&out).len();
    assert!(before > 0 && before < 20_000, "{before}");
    // A power failure, unlike a kill, may leave a half-written line.
    OpenOptions::new().append(true).open(&out).unwrap().write_all(br#"{"cid":19999,"con"#).unwrap();

    sandbox.clear_requests();
    let output = export(&sandbox, &out, &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(ids(&out), (1..=20_000).collect::<Vec<u64>>());
    assert!(sandbox.requests().len() < 90, "it began anew");
    assert!(!checkpoint.exists() && !folder.file("checkpoint.lock").exists());
}

#[tokio::test]
async fn it_exits_with_75_when_running_it_again_can_go_on() {
    let sandbox = Sandbox::builder().records(9_000).start().await.unwrap();
    let folder = Folder::new("lost");
    let (out, checkpoint) = (folder.file("all.jsonl"), folder.file("checkpoint"));
    let arguments = ["--checkpoint", checkpoint.to_str().unwrap()];
    let gateway = Fault::gateway_page(502);
    // Enough calls for one checkpoint; then the repeats of one call fail with it.
    sandbox.add_fault(Fault::latency(Duration::from_millis(0)).on(Operation::HistoryList).times(30));
    sandbox.add_fault(gateway.on(Operation::HistoryList).always());
    let output = export(&sandbox, &out, &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", said(&output));
    assert!(said(&output).starts_with("ended early: "), "{}", said(&output));
    let before = ids(&out).len();
    sandbox.clear_faults();
    let output = export(&sandbox, &out, &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(before > 0 && ids(&out) == (1..=9_000).collect::<Vec<u64>>());
}

#[tokio::test]
async fn it_exits_with_1_when_something_has_to_be_fixed_and_2_for_wrong_arguments() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("wrong");
    let out = folder.file("all.jsonl");
    let output = export(&sandbox, &out, &[]).env("APIKEY", "wrong").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let output = export(&sandbox, &out, &["--from", "yesterday"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[tokio::test]
async fn a_checkpoint_of_another_query_leaves_the_file_as_it_is() {
    let sandbox = Sandbox::builder().records(9_000).start().await.unwrap();
    let folder = Folder::new("other");
    let (out, checkpoint) = (folder.file("all.jsonl"), folder.file("checkpoint"));
    let saved = r#"{"checkpoint":"crm export","version":1,"query":"0","after":1,"page":0,"size":null,"mark":0,"figures":{}}"#;
    std::fs::write(&checkpoint, saved).unwrap();
    std::fs::write(&out, "precious\n").unwrap();
    let output = export(&sandbox, &out, &["--checkpoint", checkpoint.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("belongs to another query"), "{}", said(&output));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "precious\n");
}

#[test]
fn its_help_shows_the_exit_codes_and_no_key() {
    let output =
        Command::new(program::example("export")).arg("--help").env("APIKEY", "my-key").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("75  it ended early") && !help.contains("my-key"), "{help}");
}
