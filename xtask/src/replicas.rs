//! `cargo xtask replicas`: calls that are reported twice, to three replicas over one outbox, one of which is killed.
//!
//! It uses what a user has: the program `crm`, HTTP, and a file of SQLite.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Task;
use crate::cargo::cargo;

pub(crate) const TASK: Task = Task {
    name: "replicas",
    about: "an outbox at work: calls that come twice, a crash in between, three replicas; counts what the CRM holds",
    run,
};

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let folder = std::env::temp_dir().join(format!("crm-replicas-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let result = crm().and_then(|crm| Show { crm, folder: folder.clone() }.run());
    let _ = std::fs::remove_dir_all(&folder);
    result
}

/// Builds the program `crm` and returns its path.
pub(crate) fn crm() -> Result<PathBuf, String> {
    let arguments = ["build", "--quiet", "-p", "crm-cli", "--message-format=json-render-diagnostics"];
    let output =
        cargo().args(arguments).stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut executables = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executables.next_back().ok_or_else(|| "the program crm cannot be built".to_owned())
}

struct Show {
    crm: PathBuf,
    folder: PathBuf,
}

/// A process that is killed at the end.
struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Show {
    fn run(&self) -> Result<(), String> {
        let sandbox = self.start(&["sandbox", "--listen", "127.0.0.1:0", "--records", "1"], "http", None)?;
        let url = format!("http://{}", sandbox.address);
        let lost = json!({ "operation": "writes", "fault": "close_after_commit", "when": { "each": 4 } });
        let answer = exchange(&sandbox.address, "PUT /_sandbox/faults", "", &lost.to_string());
        if !answer.as_ref().is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            return Err(format!("the sandbox takes no fault: {answer:?}"));
        }
        let mut replicas = Vec::new();
        for _ in 0..REPLICAS {
            replicas.push(self.replica(&url)?);
        }
        println!(
            "{CALLS} calls, each reported to two of {REPLICAS} replicas; every fourth answer of the CRM is lost"
        );
        for call in 0..CALLS {
            if call == CALLS / 3 {
                println!("call {call}: replica 1 is killed");
                let _ = replicas[0].child.kill();
            }
            if call == CALLS * 2 / 3 {
                println!("call {call}: it is started again");
                replicas[0] = self.replica(&url)?;
            }
            let taken =
                (0..2).filter(|copy| report(&replicas[(call + copy) % REPLICAS].address, call)).count();
            // As a PBX would, which got no answer.
            if taken == 0 && !replicas.iter().any(|replica| report(&replica.address, call)) {
                return Err(format!("no replica took call {call}"));
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        self.wait()?;
        drop(replicas);
        let faults = exchange(&sandbox.address, "GET /_sandbox/faults", "", "").unwrap_or_default();
        let faults: Value =
            serde_json::from_str(faults.rsplit("\r\n").next().unwrap_or_default()).unwrap_or_default();
        let records = self.records(&url)?;
        println!("answers lost: {}", faults[0]["struck"]);
        println!("the CRM holds {records} records of {CALLS} calls");
        if records == CALLS { Ok(()) } else { Err("A call is lost or doubled.".to_owned()) }
    }

    fn replica(&self, url: &str) -> Result<Running, String> {
        let arguments = [
            "outbox",
            "serve",
            "--store",
            STORE,
            "--listen",
            "127.0.0.1:0",
            "--settle",
            "1",
            "--timeout",
            "2",
        ];
        self.start(&arguments, "Listening on http", Some(url))
    }

    fn command(&self, arguments: &[&str], url: Option<&str>) -> Command {
        let mut command = Command::new(&self.crm);
        command.args(arguments).args(["--lang", "en"]).current_dir(&self.folder).stdin(Stdio::null());
        if let Some(url) = url {
            command.env("CRM_HISTORY_URL", url).env("CRM_OUTBOX_TOKEN", TOKEN);
            command.env("CRM_APIKEY", "sandbox-key").env("CRM_LOGIN", "boss@example.test");
        }
        command
    }

    /// Starts a server and waits until it says its address.
    fn start(&self, arguments: &[&str], start: &str, url: Option<&str>) -> Result<Running, String> {
        let mut command = self.command(arguments, url);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let (out, messages) = (child.stdout.take(), child.stderr.take());
        let mut running = Running { child, address: String::new() };
        // The sandbox prints its address, and a replica says it.
        let source: Option<Box<dyn Read + Send>> = match url {
            None => out.map(|out| Box::new(out) as _),
            Some(_) => messages.map(|messages| Box::new(messages) as _),
        };
        let mut lines = BufReader::new(source.ok_or("no output")?).lines();
        for line in lines.by_ref() {
            let line = line.map_err(|error| error.to_string())?;
            if let Some((_, address)) = line.split_once("://").filter(|_| line.starts_with(start)) {
                running.address = address.trim().to_owned();
                // What it says later must not fill the pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(running);
            }
        }
        Err(format!("crm {} ended at once", arguments.join(" ")))
    }

    /// Waits until every call is settled.
    fn wait(&self) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let status = self.command(&["outbox", "status", "--store", STORE, "--json"], None).output();
            let status = status.map_err(|error| error.to_string())?;
            let counts: Value = serde_json::from_slice(&status.stdout).unwrap_or_default();
            if counts["stored"] == json!(CALLS) {
                println!("the outbox: {CALLS} stored, after {} s", began.elapsed().as_secs());
                return Ok(());
            }
            if began.elapsed() > LONGEST {
                return Err(format!("the calls are not settled: {counts}"));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Counts the records of the calls in the CRM.
    fn records(&self, url: &str) -> Result<usize, String> {
        let arguments =
            ["export", "history", "--from", "2024-06-25", "--to", "2024-06-25", "--out", "calls.jsonl"];
        let exported = self.command(&arguments, Some(url)).output().map_err(|error| error.to_string())?;
        if !exported.status.success() {
            return Err(String::from_utf8_lossy(&exported.stderr).into_owned());
        }
        let text = std::fs::read_to_string(Path::new(&self.folder).join("calls.jsonl"));
        Ok(text.map_err(|error| error.to_string())?.matches("call number").count())
    }
}

/// Reports a call, and returns whether it was taken.
fn report(address: &str, call: usize) -> bool {
    let (minute, second) = (call / 60, call % 60);
    let activity = json!({
        "datum": format!("2024-06-25 10:{minute:02}:{second:02}"), "content": format!("call number {call}"), "clid": 1,
    });
    let headers = format!("Authorization: Bearer {TOKEN}\r\nIdempotency-Key: call-{call}\r\n");
    let answer = exchange(address, "POST /activities", &headers, &activity.to_string());
    answer.is_some_and(|answer| answer.starts_with("HTTP/1.1 20"))
}

/// Sends a request and returns the answer, if there is one.
fn exchange(address: &str, request: &str, headers: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    (!answer.is_empty()).then_some(answer)
}

const CALLS: usize = 60;
const REPLICAS: usize = 3;
const STORE: &str = "sqlite:calls.db";
const TOKEN: &str = "token";
const LONGEST: Duration = Duration::from_secs(120);
