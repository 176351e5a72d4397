//! `crm export`: its file, its exit codes, and what a kill leaves behind.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use crm_sandbox::{Fault, Operation, Record, Sandbox};
use serde_json::Value;

use crate::program::{Folder, Program};

fn export(folder: &Folder, sandbox: &Sandbox, out: &str, arguments: &[&str]) -> Program {
    folder.crm_with(sandbox, &[&["export", "history", "--out", out], arguments].concat())
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
    let folder = Folder::new("export-lines");
    let ran = export(&folder, &sandbox, "all.jsonl", &["--concurrency", "4", "--json"]).run();
    ran.ended(0, "complete: 1000 records (");
    assert_eq!(ids(&folder.path("all.jsonl")), (1..=1_000).collect::<Vec<u64>>());
    let summary: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&summary["complete"], &summary["records"]), (&true.into(), &1_000.into()));
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
    let folder = Folder::new("export-csv");
    let arguments = ["--format", "csv", "--from", "2024-02-29", "--to", "2024-02-29", "--texts", "all"];
    export(&folder, &sandbox, "all.csv", &arguments).run().ended(0, "complete");
    let text = folder.read("all.csv");
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
    let folder = Folder::new("export-kill");
    let (out, checkpoint) = (folder.path("all.jsonl"), folder.path("checkpoint"));
    let arguments = ["--checkpoint", "checkpoint"];
    let killed = export(&folder, &sandbox, "all.jsonl", &arguments).spawn();
    kill_at(killed, &checkpoint, |saved| saved["after"].as_u64() >= Some(5_000));
    let before = ids(&out).len();
    assert!(before > 0 && before < 20_000, "{before}");
    // A power failure, unlike a kill, may leave a half-written line.
    OpenOptions::new().append(true).open(&out).unwrap().write_all(br#"{"cid":19999,"con"#).unwrap();

    sandbox.clear_requests();
    export(&folder, &sandbox, "all.jsonl", &arguments).run().ended(0, "complete");
    assert_eq!(ids(&out), (1..=20_000).collect::<Vec<u64>>());
    assert!(sandbox.requests().len() < 90, "it began anew");
    assert!(!checkpoint.exists() && !folder.path("checkpoint.lock").exists());
}

#[tokio::test]
async fn it_exits_with_75_when_running_it_again_can_go_on() {
    let sandbox = Sandbox::builder().records(9_000).start().await.unwrap();
    let folder = Folder::new("export-lost");
    let out = folder.path("all.jsonl");
    let arguments = ["--checkpoint", "checkpoint"];
    let gateway = Fault::gateway_page(502);
    // Enough calls for one checkpoint; then the repeats of one call fail with it.
    sandbox.add_fault(Fault::latency(Duration::from_millis(0)).on(Operation::HistoryList).times(30));
    sandbox.add_fault(gateway.on(Operation::HistoryList).always());
    export(&folder, &sandbox, "all.jsonl", &arguments).run().ended(75, "ended early: ");
    let before = ids(&out).len();
    sandbox.clear_faults();
    export(&folder, &sandbox, "all.jsonl", &arguments).run().ended(0, "complete");
    assert!(before > 0 && ids(&out) == (1..=9_000).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_refused_key_ends_with_77() {
    let (sandbox, folder) = (Sandbox::start().await.unwrap(), Folder::new("export-key"));
    let program = export(&folder, &sandbox, "all.jsonl", &[]).env("CRM_APIKEY", "wrong");
    program.run().ended(77, "the credentials").ended(77, "Fix the cause");
    for name in ["nov.xls", "nov.ods"] {
        let flags = ["export", "history", "--out", name, "--excel"];
        folder.crm_with(&sandbox, &flags).run().ended(64, ".xlsx");
        assert!(!folder.path(name).exists());
    }
    let impossible = ["export", "history", "--out", "all.csv", "--from", "31.11.2026"];
    folder.crm_with(&sandbox, &impossible).run().ended(64, "there is no such day");
}

#[tokio::test]
async fn a_checkpoint_of_another_query_leaves_the_file_as_it_is() {
    let sandbox = Sandbox::builder().records(9_000).start().await.unwrap();
    let folder = Folder::new("export-other");
    let checkpoint = ["--checkpoint", "checkpoint"];
    // Enough calls for one checkpoint; then every call fails.
    sandbox.add_fault(Fault::latency(Duration::ZERO).on(Operation::HistoryList).times(30));
    sandbox.add_fault(Fault::gateway_page(502).on(Operation::HistoryList).always());
    export(&folder, &sandbox, "all.jsonl", &checkpoint).run().ended(75, "ended early: ");
    let before = folder.read("all.jsonl");
    let other = [&checkpoint[..], &["--from", "2024-01-01"]].concat();
    export(&folder, &sandbox, "all.jsonl", &other).run().ended(1, "belongs to another query");
    assert_eq!(folder.read("all.jsonl"), before);
}

#[tokio::test]
async fn projects_are_exported_too() {
    let (sandbox, folder) = (Sandbox::start().await.unwrap(), Folder::new("export-projects"));
    let ran = folder.crm_with(&sandbox, &["export", "projects", "--out", "projects.jsonl"]).run();
    ran.ended(0, "complete: ");
    let not_deleted = sandbox.projects().iter().filter(|project| !project.deleted).count();
    assert_eq!(folder.read("projects.jsonl").lines().count(), not_deleted);
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_it_and_says_where_it_stands() {
    let sandbox = Sandbox::builder().records(9_000).start().await.unwrap();
    let folder = Folder::new("export-signal");
    sandbox.add_fault(Fault::latency(Duration::from_secs(600)).on(Operation::HistoryList).always());
    let program = export(&folder, &sandbox, "all.jsonl", &[]).spawn();
    while sandbox.requests().is_empty() {
        std::thread::yield_now();
    }
    crate::program::signal(&program, "TERM");
    crate::program::Ran::new(program.wait_with_output().unwrap()).ended(143, "Stopped after 0 records");
}

#[tokio::test]
async fn a_failed_export_leaves_the_old_file_and_nothing_else() {
    let sandbox = Sandbox::builder().records(10).start().await.unwrap();
    let folder = Folder::new("export-old");
    folder.write("all.jsonl", "yesterday\n");
    sandbox.add_fault(Fault::gateway_page(502).on(Operation::HistoryList).always());
    export(&folder, &sandbox, "all.jsonl", &[]).run().ended(75, "The file was not changed");
    assert_eq!(folder.read("all.jsonl"), "yesterday\n");
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 1);
}

#[tokio::test]
async fn the_format_follows_the_name_and_excel_gets_what_it_reads() {
    let sandbox = Sandbox::builder().records(3).start().await.unwrap();
    let folder = Folder::new("export-excel");
    export(&folder, &sandbox, "all.csv", &[]).run().ended(0, "");
    assert!(folder.read("all.csv").starts_with("cid,datum,"));
    export(&folder, &sandbox, "all.csv", &["--excel"]).run().ended(0, "");
    assert!(folder.read("all.csv").starts_with("\u{feff}ID;Дата и время;"), "{}", folder.read("all.csv"));
    export(&folder, &sandbox, "all.csv", &["--excel", "--lang", "en"]).run().ended(0, "");
    assert!(folder.read("all.csv").starts_with("\u{feff}ID;Date and time;"));
    export(&folder, &sandbox, "all.xlsx", &[]).run().ended(0, "");
    assert!(std::fs::read(folder.path("all.xlsx")).unwrap().starts_with(b"PK"));
    export(&folder, &sandbox, "x.jsonl", &["--format", "jsonl", "--excel"]).run().ended(64, "--excel");
    export(&folder, &sandbox, "x.xlsx", &["--checkpoint", "c"]).run().ended(64, "--checkpoint");
    export(&folder, &sandbox, "x", &["--checkpoint", "x"]).run().ended(64, "different files");
}

#[tokio::test]
async fn the_standard_output_takes_the_records_and_a_reader_that_ends_is_no_fault() {
    let sandbox = Sandbox::builder().records(5_000).start().await.unwrap();
    let folder = Folder::new("export-pipe");
    let ran = export(&folder, &sandbox, "-", &["--json"]).run();
    ran.ended(0, "complete: 5000 records");
    assert_eq!(ran.out.lines().count(), 5_000);

    let mut program = export(&folder, &sandbox, "-", &["--quiet"]).spawn();
    drop(program.stdout.take());
    let ran = crate::program::Ran::new(program.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.said.as_str()), (141, ""));
}
