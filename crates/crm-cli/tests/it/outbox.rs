//! `crm outbox`: what is put is stored once, whatever happens between.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crm_sandbox::{Fault, Operation, Record, Sandbox};
use serde_json::Value;

use crate::program::{Folder, Ran};

const STORE: &str = "sqlite:calls.db";
/// The sandbox has done its work when it closes a connection, so nothing has to settle.
const QUICK: [&str; 4] = ["--settle", "0", "--timeout", "2"];

/// A folder, and a server that holds one older record.
async fn set_up(name: &str) -> (Folder, Sandbox) {
    let sandbox = Sandbox::start().await.unwrap();
    let older = Record { content: Some("старая".to_owned()), iduser: 1, clid: 1, ..Record::default() };
    sandbox.add_record(older);
    (Folder::new(name), sandbox)
}

fn outbox(folder: &Folder, command: &str, arguments: &[&str]) -> Ran {
    folder.crm(&[&["outbox", command, "--store", STORE], arguments].concat()).run()
}

fn put(folder: &Folder, key: &str, content: &str) -> Ran {
    let at = "2024-06-25 10:00:00";
    outbox(folder, "put", &["--key", key, "--content", content, "--at", at, "--client", "1"])
}

fn run(folder: &Folder, sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    run_for(folder, sandbox, "5", arguments)
}

/// Gives up after so many seconds.
fn run_for(folder: &Folder, sandbox: &Sandbox, patience: &str, arguments: &[&str]) -> Ran {
    let always = ["outbox", "run", "--store", STORE, "--until-empty", "--patience", patience];
    folder.crm_with(sandbox, &[&always[..], &QUICK, arguments].concat()).run()
}

fn contents(sandbox: &Sandbox) -> Vec<String> {
    let records = sandbox.records().into_iter();
    let mut contents: Vec<_> = records.map(|record| record.content.unwrap_or_default()).collect();
    contents.retain(|content| content != "старая");
    contents.sort();
    contents
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap()
}

#[tokio::test]
async fn the_same_key_is_stored_once_and_another_activity_with_it_is_a_conflict() {
    let (folder, sandbox) = set_up("outbox-put").await;
    put(&folder, "call-1", "звонок").ended(0, "call-1: queued");
    put(&folder, "call-1", "звонок").ended(0, "call-1: queued");
    put(&folder, "call-1", "другой").ended(65, "which differs in content");
    outbox(&folder, "status", &["--key", "call-1"]).ended(75, "");
    run(&folder, &sandbox, &[]).ended(0, "1 stored");
    assert_eq!(contents(&sandbox), ["звонок"]);
    let again = put(&folder, "call-1", "звонок");
    again.ended(0, "call-1: stored, ID 2");
    let status = outbox(&folder, "status", &["--key", "call-1", "--json"]);
    assert_eq!((status.code, &json(&status)["id"]), (0, &2.into()));
    run(&folder, &sandbox, &[]).ended(0, "0 stored");
    assert_eq!(contents(&sandbox), ["звонок"]);
}

#[tokio::test]
async fn lines_of_json_are_put_and_the_bad_ones_are_named() {
    let (folder, sandbox) = set_up("outbox-lines").await;
    let lines = "\
        {\"key\":\"a\",\"content\":\"первый\",\"datum\":\"2024-06-25 10:00:00\",\"clid\":1}\n\
        {\"key\":\"b\",\"content\":\"второй\",\"datum\":\"2024-06-25 11:00:00\",\"clid\":1,\"mark\":\"m.1\"}\n\
        \n\
        {\"key\":\"a\",\"content\":\"первый\",\"datum\":\"2024-06-25 10:00:00\",\"clid\":1}\n\
        {\"key\":\"a\",\"content\":\"другой\",\"clid\":1}\n\
        {\"key\":\"c\",\"kontent\":\"x\"}\n";
    let mut program = folder.crm(&["outbox", "put", "--store", STORE, "--json", "-"]);
    program.0.stdin(Stdio::piped());
    let mut program = program.spawn();
    program.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let ran = Ran::new(program.wait_with_output().unwrap());
    ran.ended(65, "line 5: ").ended(65, "datum, content").ended(65, "line 6: ").ended(65, "kontent");
    let summary = json(&ran);
    assert_eq!((&summary["lines"], &summary["put"], &summary["refused"]), (&5.into(), &3.into(), &2.into()));
    run(&folder, &sandbox, &[]).ended(0, "2 stored");
    assert_eq!(contents(&sandbox), ["второй [m.1]", "первый"]);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_and_the_lines_below_it_are_put() {
    let (folder, sandbox) = set_up("outbox-long-line").await;
    let line =
        |key: &str, content: &str| format!("{{\"key\":\"{key}\",\"content\":\"{content}\",\"clid\":1}}\n");
    folder.write("calls.jsonl", line("a", &"длинный".repeat(300_000)) + &line("b", "второй") + "\n");
    let ran = outbox(&folder, "put", &["--json", "calls.jsonl"]);
    ran.ended(65, "line 1: the line is longer than 1 MiB");
    let summary = json(&ran);
    assert_eq!((&summary["lines"], &summary["put"], &summary["refused"]), (&2.into(), &1.into(), &1.into()));
    run(&folder, &sandbox, &[]).ended(0, "1 stored");
    assert_eq!(contents(&sandbox), ["второй"]);
}

#[tokio::test]
async fn what_the_crm_changes_is_said_and_the_vendors_names_are_options_too() {
    let (folder, sandbox) = set_up("outbox-warnings").await;
    let ran = outbox(&folder, "put", &["--key", "a", "--content", "сказал \"да\"", "--json"]);
    ran.ended(0, "a: the server changes it: content: 2 characters")
        .ended(0, "a: it has no client, contact or deal");
    assert_eq!(json(&ran)["warnings"].as_array().unwrap().len(), 2);
    let by_wire_name =
        ["--key", "b", "--content", "звонок", "--datum", "2024-06-25 10:00:00", "--tip", "Встреча"];
    let ids = ["--clid", "1", "--pid", "1", "--pid", "2", "--did", "1"];
    let ran = outbox(&folder, "put", &[&by_wire_name[..], &ids].concat());
    ran.ended(0, "b: queued");
    assert!(!ran.said.contains("changes"), "{ran:?}");
    folder.write("calls.jsonl", "{\"key\":\"c\",\"content\":\"x\"}\n{\"key\":\"d\",\"content\":\"\"}\n");
    let ran = outbox(&folder, "put", &["calls.jsonl", "--json"]);
    ran.ended(65, "line 1: it has no client").ended(65, "line 2: outbox.put: content is empty");
    assert_eq!(json(&ran)["with_warnings"], 1);
    run(&folder, &sandbox, &[]).ended(0, "3 stored");
    assert_eq!(sandbox.records()[2].tip.as_deref(), Some("Встреча"));
    let instant = ["--key", "e", "--content", "x", "--client", "1", "--at", "2024-06-25T10:00:00+03:00"];
    outbox(&folder, "put", &instant).ended(0, "");
    run(&folder, &sandbox, &[]).ended(1, "1 held").ended(1, "--time-zone");
    // It is not due again yet.
    run(&folder, &sandbox, &[]).ended(1, "1 held");
    outbox(&folder, "status", &[]).ended(1, "");
    outbox(&folder, "status", &["--key", "e"]).ended(1, "");
    outbox(&folder, "put", &instant).ended(0, "--time-zone");
    let listed = outbox(&folder, "list", &["--state", "held", "--lang", "ru"]);
    assert!(listed.out.contains("задайте --time-zone"), "{listed:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_sender_that_is_killed_is_followed_by_another_one_and_nothing_is_lost_or_doubled() {
    let (folder, sandbox) = set_up("outbox-killed").await;
    let line = |n: u32| {
        format!(
            "{{\"key\":\"{n}\",\"content\":\"Звонок {n}\",\"datum\":\"2024-06-25 10:00:{n}\",\"clid\":1}}\n"
        )
    };
    folder.write("calls.jsonl", (10..50).map(line).collect::<String>());
    outbox(&folder, "put", &["calls.jsonl"]).ended(0, "40 put");
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList).each(3));
    sandbox.add_fault(Fault::latency(Duration::from_millis(100)).on(Operation::HistoryAddList).always());
    let arguments = ["outbox", "run", "--store", STORE, "--chunk", "5", "--timeout", "1", "--settle", "0"];
    for stored in [6, 16] {
        let mut program = folder.crm_with(&sandbox, &arguments).spawn();
        while sandbox.record_count() < stored {
            std::thread::sleep(Duration::from_millis(5));
        }
        program.kill().unwrap(); // SIGKILL
        program.wait().unwrap();
    }
    // What was put before is put again, because its sender may have missed the answer.
    outbox(&folder, "put", &["calls.jsonl"]).ended(0, "40 put");
    run(&folder, &sandbox, &["--chunk", "5"]).ended(0, "0 left");
    let expected: Vec<String> = (10..50).map(|n| format!("Звонок {n}")).collect();
    assert_eq!(contents(&sandbox), expected);
    let counts = json(&outbox(&folder, "status", &["--json"]));
    assert_eq!((&counts["stored"], &counts["queued"]), (&40.into(), &0.into()));
}

#[tokio::test]
async fn a_refused_key_a_server_that_is_down_and_a_refused_activity_have_their_exit_codes() {
    let (folder, sandbox) = set_up("outbox-exits").await;
    put(&folder, "a", "звонок").ended(0, "");
    let arguments = ["outbox", "run", "--store", STORE, "--until-empty"];
    let wrong = folder.crm_with(&sandbox, &arguments).env("CRM_APIKEY", "wrong").run();
    wrong.ended(77, "check the credentials");
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryAddList).always());
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryAdd).always());
    run_for(&folder, &sandbox, "1", &[]).ended(75, "1 left");
    sandbox.clear_faults();
    outbox(&folder, "put", &["--key", "poison", "--content", "x", "--client", "1", "--user", "a'b"])
        .ended(65, "'");
    run(&folder, &sandbox, &[]).ended(0, "1 stored");
    assert_eq!(contents(&sandbox), ["звонок"]);
}

#[tokio::test]
async fn a_store_that_fails_for_good_ends_a_delivery_until_empty() {
    let (folder, sandbox) = set_up("outbox-store-fails").await;
    put(&folder, "a", "звонок").ended(0, "");
    // The lock of the sender cannot be created.
    std::fs::create_dir(folder.path("calls.db.sender.lock")).unwrap();
    run(&folder, &sandbox, &[]).ended(1, "cannot be locked");
    let russian = run(&folder, &sandbox, &["--lang", "ru"]);
    russian.ended(1, "это папка, а не файл; проверьте путь, права доступа и свободное место");
    assert!(!russian.said.contains("check"), "{russian:?}");
}

#[tokio::test]
async fn a_person_lists_retries_resolves_and_purges() {
    let (folder, sandbox) = set_up("outbox-person").await;
    // Its answer is lost, and it has no time: another user may have written the record.
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList).each(1));
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAdd).each(1));
    outbox(&folder, "put", &["--key", "undated", "--content", "без времени", "--client", "1"]).ended(0, "");
    run_for(&folder, &sandbox, "1", &[]);
    sandbox.clear_faults();
    put(&folder, "dated", "звонок").ended(0, "");
    run(&folder, &sandbox, &[]).ended(1, "1 unknown");
    outbox(&folder, "status", &[]).ended(1, "");
    let listed = outbox(&folder, "list", &["--state", "unknown", "--json"]);
    assert_eq!(
        (&json(&listed)["key"], &json(&listed)["activity"]["content"]),
        (&"undated".into(), &"без времени".into())
    );
    let table = outbox(&folder, "list", &[]);
    assert!(table.out.contains("undated") && table.out.contains("unknown"), "{table:?}");
    outbox(&folder, "retry", &["--key", "undated"]).ended(65, "unknown");
    let candidate = json(&listed)["candidate"].to_string();
    outbox(&folder, "resolve", &["--key", "undated", "--stored-as", &candidate]).ended(0, "undated: stored");
    outbox(&folder, "resolve", &["--key", "undated", "--not-stored"]).ended(65, "stored");
    outbox(&folder, "resolve", &["--key", "undated"]).ended(64, "--stored-as");
    outbox(&folder, "status", &["--lang", "ru"]).ended(0, "");
    outbox(&folder, "purge", &["--older-than", "1"]).ended(0, "0 activities were removed");
    outbox(&folder, "purge", &["--older-than", "0"]).ended(0, "2 activities were removed");
    outbox(&folder, "status", &["--key", "dated"]).ended(65, "not in the outbox");
    assert_eq!(contents(&sandbox).len(), 2);
}

#[tokio::test]
async fn after_a_restored_backup_only_what_is_missing_is_sent() {
    let (folder, sandbox) = set_up("outbox-backup").await;
    put(&folder, "before", "нулевой").ended(0, "");
    run(&folder, &sandbox, &[]).ended(0, "1 stored");
    put(&folder, "a", "первый").ended(0, "");
    std::fs::copy(folder.path("calls.db"), folder.path("backup.db")).unwrap();
    run(&folder, &sandbox, &[]).ended(0, "1 stored");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path(&format!("calls.db{suffix}")));
    }
    std::fs::rename(folder.path("backup.db"), folder.path("calls.db")).unwrap();
    let since = "2100-01-01 00:00";
    outbox(&folder, "reconcile", &["--since", since]).ended(0, "1 activity will be looked up");
    put(&folder, "b", "второй").ended(0, "");
    run(&folder, &sandbox, &[]).ended(0, "2 stored");
    assert_eq!(contents(&sandbox), ["второй", "нулевой", "первый"]);
}

#[tokio::test]
async fn a_backup_in_which_nothing_is_stored_needs_a_record_that_is_older() {
    let (folder, _sandbox) = set_up("outbox-young-backup").await;
    put(&folder, "a", "первый").ended(0, "");
    outbox(&folder, "reconcile", &["--since", "2100-01-01 00:00"]).ended(1, "--above ID");
    outbox(&folder, "reconcile", &[]).ended(64, "--above");
    outbox(&folder, "reconcile", &["--above", "1", "--since", "2100-01-01 00:00"]).ended(64, "--above");
    outbox(&folder, "reconcile", &["--above", "1"]).ended(0, "1 activity will be looked up");
}

#[tokio::test]
async fn wrong_stores_and_arguments_are_named() {
    let (folder, sandbox) = set_up("outbox-usage").await;
    outbox(&folder, "status", &[]).ended(1, "there is no outbox in calls.db");
    assert!(!folder.path("calls.db").exists());
    for (arguments, code, words) in [
        (&["status"][..], 64, "CRM_OUTBOX_STORE"),
        (&["put", "--store", "mysql://x", "--key", "a", "--content", "x"], 64, "must begin with"),
        (&["status", "--store", "calls.db"], 64, "write sqlite:calls.db"),
        (&["put", "--store", STORE], 64, "--key"),
        (&["put", "--store", STORE, "--key", "a"], 64, "--content"),
        (&["put", "--store", STORE, "--key", "a", "--content", "x", "--at", "вчера"], 64, "2024-06-25"),
        (
            &["put", "--store", "sqlite:no/folder/x.db", "--key", "a", "--content", "x", "--client", "1"],
            1,
            "no/folder",
        ),
        (&["put", "--store", "postgres://u@127.0.0.1:1/x", "--key", "a", "--content", "x"], 75, "127.0.0.1"),
        (&["serve", "--store", STORE, "--listen", "0.0.0.0:80"], 64, "this machine alone"),
        (&["serve", "--store", STORE], 64, "CRM_OUTBOX_TOKEN"),
    ] {
        folder.crm_with(&sandbox, &[&["outbox"], arguments].concat()).run().ended(code, words);
    }
    let russian = folder.crm(&["outbox", "status", "--lang", "ru", "--store", STORE]).run();
    russian.ended(1, "очереди нет");
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_the_delivery_and_what_is_in_flight() {
    let (folder, sandbox) = set_up("outbox-signal").await;
    put(&folder, "a", "звонок").ended(0, "");
    sandbox.add_fault(Fault::latency(Duration::from_millis(300)).on(Operation::HistoryAddList).always());
    let arguments = ["outbox", "run", "--store", STORE];
    let program = folder.crm_with(&sandbox, &arguments).spawn();
    let sent = |sandbox: &Sandbox| {
        sandbox.requests().iter().any(|request| request.operation == Some(Operation::HistoryAddList))
    };
    let began = Instant::now();
    while !sent(&sandbox) && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    crate::program::signal(&program, "TERM");
    Ran::new(program.wait_with_output().unwrap()).ended(143, "This process delivers");
    outbox(&folder, "status", &["--key", "a"]).ended(0, "");
    assert_eq!(contents(&sandbox), ["звонок"]);
}
