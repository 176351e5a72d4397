//! The exit codes that are the same for all commands.

use crm_sandbox::{Fault, Sandbox};

use crate::program::Folder;

/// Every command that calls a SalesMan CRM, and those that call a solOS.
const HISTORY: [&[&str]; 6] = [
    &["import", "calls.csv", "--settle", "0", "--timeout", "1", "--patience", "1"],
    &["export", "history", "--out", "all.jsonl"],
    &["find", "--phone", "+73422067201"],
    &["users"],
    &["clients"],
    &["find", "--phone", "101"],
];
const PROJECTS: [&[&str]; 1] = [&["export", "projects", "--out", "all.jsonl"]];
const BOTH: [&[&str]; 2] =
    [&["report", "--from", "2024-01-01", "--to", "2024-01-31", "--out", "report.html"], &["discover"]];

fn all() -> impl Iterator<Item = &'static [&'static str]> {
    HISTORY.into_iter().chain(PROJECTS).chain(BOTH)
}

async fn set_up(name: &str) -> (Folder, Sandbox) {
    let folder = Folder::new(&format!("exits-{name}"));
    folder.write("calls.csv", "content;clid\nпервый;1\n");
    (folder, Sandbox::start().await.unwrap())
}

#[tokio::test]
async fn an_address_that_cannot_be_used_ends_every_command_with_64_and_calls_nobody() {
    let (folder, sandbox) = set_up("address").await;
    for address in
        ["crm.example.test", "https://", "ftp://crm.example.test", "http://crm.example.test", "a b"]
    {
        let tour: &[&str] = &["tour", "--history-url", address];
        for arguments in all().map(<[_]>::to_vec).chain([tour.to_vec()]) {
            let program = folder.crm_with(&sandbox, &arguments);
            let program = program.env("CRM_HISTORY_URL", address).env("CRM_PROJECTS_URL", address);
            program.run().ended(64, "error: ");
        }
    }
    assert_eq!(sandbox.requests().len(), 0);
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 1);
}

#[tokio::test]
async fn no_address_ends_every_command_with_64() {
    let (folder, _) = set_up("missing").await;
    for arguments in all() {
        folder.crm(arguments).run().ended(64, "CRM_");
    }
}

#[tokio::test]
async fn arguments_that_no_file_can_fit_end_with_64() {
    let (folder, sandbox) = set_up("arguments").await;
    for (arguments, words) in [
        (&["--encoding", "klingon"][..], "klingon"),
        (&["--map", "content"], "COLUMN=FIELD"),
        (&["--map", "content=colour"], "colour"),
        (&["--time-zone", "Moscow"], "Europe/Moscow"),
        (&["--date-format", "dmy"], "%d/%m/%Y"),
        (&["--delimiter", "ab"], "tab"),
        (&["--chunk", "0"], "at least 1"),
        (&["--adopt"], "--mark"),
        (&["--rejected", "calls.csv"], "use different files"),
    ] {
        folder.crm_with(&sandbox, &[&["import", "calls.csv"], arguments].concat()).run().ended(64, words);
    }
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn a_refused_key_ends_every_command_with_77() {
    let (folder, sandbox) = set_up("key").await;
    for arguments in all() {
        let program =
            folder.crm_with(&sandbox, arguments).env("CRM_APIKEY", "wrong").env("CRM_TOKEN", "wrong");
        program.run().ended(77, "");
    }
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_every_command_with_75() {
    let (folder, sandbox) = set_up("down").await;
    sandbox.add_fault(Fault::close_before_reading().everywhere().always());
    for arguments in all() {
        folder.crm_with(&sandbox, arguments).run().ended(75, "");
    }
    sandbox.clear_faults();
    assert_eq!(sandbox.record_count(), 0);
}

#[tokio::test]
async fn everything_done_ends_every_command_with_0() {
    let (folder, sandbox) = set_up("done").await;
    for arguments in all() {
        folder.crm_with(&sandbox, arguments).run().ended(0, "");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_reader_of_the_output_that_ends_early_ends_every_command_with_141_and_without_a_word() {
    let (folder, _) = set_up("pipe").await;
    let sandbox = Sandbox::builder().records(20_000).start().await.unwrap();
    for arguments in [&["export", "history", "--out", "-"][..], &["users"], &["discover"], &["man"]] {
        let mut program = folder.crm_with(&sandbox, &[arguments, &["--quiet"]].concat()).spawn();
        drop(program.stdout.take());
        let ran = crate::program::Ran::new(program.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.said.as_str()), (141, ""), "{arguments:?}");
    }
}
