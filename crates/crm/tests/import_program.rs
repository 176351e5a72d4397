//! The example program `import`, run as a process.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crm_sandbox::{Fault, Operation, Sandbox};

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("import-program-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }

    /// Runs the program in this folder. The keys come from the environment.
    fn import(&self, url: &str, apikey: &str, arguments: &[&str]) -> (i32, String) {
        let Output { status, stdout, stderr } = Command::new(program::example("import"))
            .args(["--base-url", url, "--journal", "journal", "--settle", "0"])
            .args(arguments)
            .env("APIKEY", apikey)
            .env("LOGIN", crm_sandbox::BOSS)
            .current_dir(&self.0)
            .output()
            .unwrap();
        let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
        assert!(!text.contains(apikey), "{text}");
        (status.code().unwrap(), text)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn contents(sandbox: &Sandbox) -> Vec<String> {
    sandbox.records().into_iter().map(|record| record.content.unwrap_or_default()).collect()
}

#[tokio::test]
async fn csv_is_read_with_comma_and_semicolon_with_and_without_a_byte_order_mark() {
    let comma = "datum,content,clid,pid\n2024-06-25 10:00,\"Звонок, важный\",1,\"1,2\"\n";
    let semicolon = "\u{feff}pid;CLID; content;tip;user;did;datum\r\n1,2;1;Звонок, важный;Встреча;;;\r\n";
    for (text, tip) in [(comma, None), (semicolon, Some("Встреча".to_owned()))] {
        let (sandbox, folder) = (Sandbox::start().await.unwrap(), Folder::new("csv"));
        folder.write("calls.csv", text);
        let (code, said) = folder.import(sandbox.url(), crm_sandbox::APIKEY, &["--file", "calls.csv"]);
        assert_eq!(
            (code, said.as_str()),
            (0, "1 records: 1 stored, 0 refused, 0 not sent, 0 stored or not, 0 unreadable\n")
        );
        let record = sandbox.record(1).unwrap();
        assert_eq!((record.content.as_deref(), record.pid.as_str()), (Some("Звонок, важный"), "1;2"));
        assert_eq!(record.tip, tip);
    }
}

#[tokio::test]
async fn a_content_that_looks_like_a_number_stays_as_it_is() {
    let (sandbox, folder) = (Sandbox::start().await.unwrap(), Folder::new("numbers"));
    folder.write("calls.csv", "content\n007\ntrue\n1e3\n");
    assert_eq!(folder.import(sandbox.url(), crm_sandbox::APIKEY, &["--file", "calls.csv"]).0, 0);
    assert_eq!(contents(&sandbox), ["007", "true", "1e3"]);
}

#[tokio::test]
async fn bad_lines_are_reported_with_their_numbers_and_refused_ones_can_be_fixed() {
    for end in ["\n", "\r\n"] {
        let (sandbox, folder) = (Sandbox::start().await.unwrap(), Folder::new("bad"));
        let lines = [
            "datum;content;clid",
            "2024-06-25 10:00;первая;1",
            "вчера;вторая;1",
            "2024-06-25;\"x\";1",
            ";;1",
        ];
        folder.write("calls.csv", lines.join(end) + end);
        let arguments = ["--file", "calls.csv", "--rejected", "rejected.csv"];
        let (code, said) = folder.import(sandbox.url(), crm_sandbox::APIKEY, &arguments);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("line 3: cannot be read and is left out: expected a time"), "{said}");
        assert!(said.contains("line 5: refused, not stored: «content is empty»"), "{said}");
        let rejected = std::fs::read_to_string(folder.0.join("rejected.csv")).unwrap();
        folder.write("mended.csv", rejected.replace(",,,,1,", ",третья,,,1,"));
        std::fs::remove_file(folder.0.join("journal")).unwrap();
        let (code, said) = folder.import(sandbox.url(), crm_sandbox::APIKEY, &["--file", "mended.csv"]);
        assert_eq!(code, 0, "{said}");
        assert_eq!(contents(&sandbox), ["первая", "x", "третья"]);
    }
}

#[tokio::test]
async fn an_import_that_the_server_stopped_resumes_when_it_is_run_again() {
    let (sandbox, folder) = (Sandbox::start().await.unwrap(), Folder::new("again"));
    let lines: Vec<String> = (0..50).map(|i| format!("Звонок {i}")).collect();
    folder.write("calls.csv", format!("content\n{}\n", lines.join("\n")));
    sandbox.add_fault(Fault::close_before_reading().on(Operation::HistoryAddList).times(100));
    let arguments = ["--file", "calls.csv", "--chunk", "20"];
    let (code, said) = folder.import(sandbox.url(), crm_sandbox::APIKEY, &arguments);
    assert_eq!(code, 75, "{said}");
    assert!(said.contains("the server failed 5 times") && said.contains("run it again"), "{said}");
    sandbox.clear_faults();
    sandbox.add_fault(Fault::commit_half().on(Operation::HistoryAddList));
    let (code, said) = folder.import(sandbox.url(), crm_sandbox::APIKEY, &arguments);
    assert_eq!(code, 0, "{said}");
    let mut stored = contents(&sandbox);
    stored.sort_by_key(|content| content[13..].parse::<u32>().unwrap());
    assert_eq!(stored, lines);
    // A further run has nothing to do.
    assert_eq!(folder.import(sandbox.url(), crm_sandbox::APIKEY, &arguments).0, 0);
    assert_eq!(sandbox.record_count(), 50);
}

#[tokio::test]
async fn a_failure_that_needs_a_person_exits_with_1() {
    let (sandbox, folder) = (Sandbox::start().await.unwrap(), Folder::new("person"));
    folder.write("calls.csv", "content\nЗвонок\n");
    folder.write("wrong.csv", "content,phone\nЗвонок,1\n");
    let url = sandbox.url();
    for (key, file, words) in [
        ("wrong-key", "calls.csv", "check the credentials"),
        (crm_sandbox::APIKEY, "wrong.csv", "the column «phone» is unknown"),
        (crm_sandbox::APIKEY, "absent.csv", "absent.csv cannot be read"),
    ] {
        let (code, said) = folder.import(url, key, &["--file", file]);
        assert!(code == 1 && said.contains(words), "{code} {said}");
    }
    folder.write("old.csv", "datum,content\n1900-01-01,старая\n");
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    let (code, said) = folder.import(url, crm_sandbox::APIKEY, &["--file", "old.csv"]);
    assert!(code == 1 && said.contains("may be stored or not"), "{code} {said}");
}
