//! `crm import`: what is stored, what is said, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::Duration;

use crm_sandbox::{Fault, Operation, Sandbox};
use serde_json::Value;

use crate::program::{Folder, Ran};

/// Longer than the test takes.
const HELD: Duration = Duration::from_secs(600);

fn contents(sandbox: &Sandbox) -> Vec<String> {
    let mut contents: Vec<_> =
        sandbox.records().into_iter().map(|record| record.content.unwrap_or_default()).collect();
    contents.sort();
    contents
}

/// Imports `calls.csv` without waiting for calls that got no response: the sandbox has done its work by then.
fn import(folder: &Folder, sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let always = ["import", "calls.csv", "--settle", "0", "--timeout", "1"];
    folder.crm_with(sandbox, &[&always[..], arguments].concat()).run()
}

async fn set_up(name: &str, calls: &str) -> (Folder, Sandbox) {
    let folder = Folder::new(name);
    folder.write("calls.csv", calls);
    (folder, Sandbox::start().await.unwrap())
}

#[tokio::test]
async fn everything_stored_ends_with_0_and_a_summary() {
    let (folder, sandbox) = set_up("import-all", "content;clid\nпервый;1\nвторой;1\n").await;
    let ran = import(&folder, &sandbox, &["--json"]);
    ran.ended(0, "2 rows: 2 stored");
    let summary: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&summary["rows"], &summary["stored"], &summary["exit_code"]),
        (&2.into(), &2.into(), &0.into())
    );
    assert_eq!(contents(&sandbox), ["второй", "первый"]);
    // A further run has nothing to do.
    import(&folder, &sandbox, &["--quiet"]).ended(0, "");
    assert_eq!(sandbox.record_count(), 2);
}

#[tokio::test]
async fn the_environment_of_a_file_and_flags_reach_the_server() {
    let (folder, sandbox) = set_up("import-flags", "content;clid\nпервый;1\n").await;
    folder.write("key", format!("{}\n", crm_sandbox::APIKEY));
    let flags = ["import", "calls.csv", "--history-url", sandbox.url(), "--login", crm_sandbox::BOSS];
    let program = folder.crm(&flags).env("CRM_APIKEY_FILE", "key");
    program.run().ended(0, "1 stored");
}

#[tokio::test]
async fn rows_that_are_refused_end_with_65_and_the_reasons_are_said() {
    let calls = "datum;content;clid\n2024-06-25 10:00;первая;1\nвчера;вторая;1\n;;1\n";
    let (folder, sandbox) = set_up("import-refused", calls).await;
    let ran = import(&folder, &sandbox, &[]);
    ran.ended(65, "line 3: ").ended(65, "line 4: ").ended(65, "calls.csv.rejected.csv");
    assert_eq!(contents(&sandbox), ["первая"]);
}

#[tokio::test]
async fn a_row_that_is_fixed_in_place_is_stored_by_the_next_run_and_no_other_twice() {
    let calls = "datum;content;clid\n2024-06-25 10:00;первая;1\nвчера;вторая;1\n2024-06-25;третья;1\n";
    let (folder, sandbox) = set_up("import-fixed", calls).await;
    import(&folder, &sandbox, &[]).ended(65, "line 3: ");
    folder.write("calls.csv", calls.replace("вчера", "2024-06-24"));
    import(&folder, &sandbox, &[]).ended(0, "1 stored now, 2 stored before");
    assert_eq!(contents(&sandbox), ["вторая", "первая", "третья"]);
}

#[tokio::test]
async fn an_import_that_the_server_stopped_ends_with_75_and_resumes() {
    let lines: Vec<String> = (10..60).map(|number| format!("Звонок {number};1")).collect();
    let calls = format!("content;clid\n{}\n", lines.join("\n"));
    let (folder, _) = set_up("import-again", &calls).await;
    let sandbox = Sandbox::builder().records(1).start().await.unwrap();
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryAddList).always());
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryAdd).always());
    import(&folder, &sandbox, &["--chunk", "20", "--patience", "1"]).ended(75, "Run the same command again");
    sandbox.clear_faults();
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    import(&folder, &sandbox, &["--chunk", "20", "--sole-writer"]).ended(0, "50 stored");
    let mut stored = contents(&sandbox);
    stored.retain(|content| content.starts_with("Звонок"));
    assert_eq!(stored, lines.iter().map(|line| line.replace(";1", "")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refused_key_ends_with_77_and_nothing_is_sent() {
    let (folder, sandbox) = set_up("import-key", "content;clid\nпервый;1\n").await;
    let program = folder.crm_with(&sandbox, &["import", "calls.csv", "--json"]).env("CRM_APIKEY", "wrong");
    let ran = program.run();
    ran.ended(77, "check the credentials").ended(77, "401");
    let summary: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(summary["exit_code"], 77);
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_ends_with_1() {
    let (folder, sandbox) = set_up("import-file", "datum,phone\n2024-06-25,1\n").await;
    import(&folder, &sandbox, &[]).ended(1, "no column of the header");
    folder.crm_with(&sandbox, &["import", "absent.csv"]).run().ended(1, "absent.csv");
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn an_activity_that_may_be_stored_or_not_ends_with_1() {
    let (folder, _) = set_up("import-unknown", "content;clid\nбез времени;1\n").await;
    let sandbox = Sandbox::builder().records(1).start().await.unwrap();
    // It is found, and somebody else may have written it: it has no time, and nobody is declared the sole writer.
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    import(&folder, &sandbox, &["--patience", "1"]).ended(1, "Look up the activities");
    assert_eq!(sandbox.record_count(), 2);
}

#[tokio::test]
async fn messages_are_russian_where_the_locale_is() {
    let (folder, sandbox) = set_up("import-russian", "content;clid\nпервый;1\n").await;
    let program = folder.crm_with(&sandbox, &["import", "calls.csv"]).env("LC_ALL", "ru_RU.UTF-8");
    program.run().ended(0, "1 строка: сохранено: 1");
    let program =
        folder.crm_with(&sandbox, &["import", "calls.csv", "--lang", "ru"]).env("CRM_APIKEY", "wrong");
    program.run().ended(77, "ошибка: history.fields: сервер не принял ключ");
}

#[cfg(unix)]
#[tokio::test]
async fn after_a_signal_what_is_in_flight_ends_and_the_next_run_resumes() {
    let lines: String = (0..200).map(|number| format!("Звонок {number};1\n")).collect();
    let (folder, sandbox) = set_up("import-stopped", &format!("content;clid\n{lines}")).await;
    let slow = || Fault::latency(Duration::from_millis(200)).on(Operation::HistoryAddList).always();
    sandbox.add_fault(slow());
    let program = folder.crm_with(&sandbox, &["import", "calls.csv", "--chunk", "10"]).spawn();
    while sandbox.record_count() == 0 {
        std::thread::yield_now();
    }
    crate::program::signal(&program, "TERM");
    let ran = Ran::new(program.wait_with_output().unwrap());
    ran.ended(143, "not sent").ended(143, "Run the same command again");
    assert!(!ran.said.contains(" unknown"), "{ran:?}");
    sandbox.clear_faults();
    import(&folder, &sandbox, &[]).ended(0, " stored before");
    assert_eq!(sandbox.record_count(), 200);
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_it_in_order_and_a_second_one_at_once() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (folder, sandbox) = set_up("import-signal", "content;clid\nпервый;1\n").await;
        // Held until the test ends, so the import waits.
        sandbox.add_fault(Fault::latency(HELD).on(Operation::HistoryAddList).always());
        sandbox.add_fault(Fault::latency(HELD).on(Operation::HistoryAdd).always());
        let mut program = folder.crm_with(&sandbox, &["import", "calls.csv"]).spawn();
        while !sandbox.requests().iter().any(|request| {
            request.operation == Some(Operation::HistoryAddList)
                || request.operation == Some(Operation::HistoryAdd)
        }) {
            std::thread::yield_now();
        }
        crate::program::signal(&program, signal);
        let mut messages = BufReader::new(program.stderr.take().unwrap());
        let mut lines = messages.by_ref().lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("Ctrl-C again")));
        crate::program::signal(&program, signal);
        assert_eq!(program.wait().unwrap().code(), Some(code));
    }
}

#[tokio::test]
async fn the_standard_input_is_imported_too() {
    let (folder, sandbox) = set_up("import-stdin", "").await;
    let mut program = folder.crm_with(&sandbox, &["import", "-"]);
    program.0.stdin(Stdio::piped());
    let mut program = program.spawn();
    program.stdin.take().unwrap().write_all("content;clid\nпервый;1\nвторой;1\n".as_bytes()).unwrap();
    Ran::new(program.wait_with_output().unwrap()).ended(0, "2 stored");
    assert_eq!(contents(&sandbox), ["второй", "первый"]);
}
