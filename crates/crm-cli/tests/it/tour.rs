//! `crm tour`.

use crm_sandbox::{APIKEY, BOSS, Fault, Operation, Record, SECRET, Sandbox, TOKEN};

use crate::program::Folder;

#[test]
fn it_shows_sixteen_calls_lost_answers_a_verdict_and_what_to_do_next() {
    let folder = Folder::new("tour");
    let ran = folder.crm(&["tour"]).run();
    ran.ended(0, "");
    for words in [
        "16. projects.payments(id, &query)",
        "16 calls, 0 failed",
        "Responses lost: ",
        "The server has 60 records, 60 of them distinct.",
        "complete: 1000 records",
        "=== Next",
    ] {
        assert!(ran.out.contains(words), "{words} is missing: {}", ran.out);
    }
    assert!(!ran.out.contains("Responses lost: 0"), "{}", ran.out);
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 0, "it left files");
}

#[test]
fn the_tables_of_the_russian_tour_are_russian() {
    let folder = Folder::new("tour-russian");
    let ran = folder.crm(&["tour", "--lang", "ru"]).run();
    ran.ended(0, "");
    for words in ["Поле", "Название", "Дата", "Содержание", "Итог", "сохранена, ID", "Удалено", "Значение"]
    {
        assert!(ran.out.contains(words), "{words} is missing: {}", ran.out);
    }
    // The names of fields are those of the server.
    for words in ["Field", "Title", "Outcome", "created, id", "Deleted", "more"] {
        assert!(!ran.out.contains(words), "{words} is not Russian: {}", ran.out);
    }
}

#[tokio::test]
async fn it_never_calls_a_server_that_only_the_environment_names() {
    let (folder, sandbox) = (Folder::new("tour-environment"), Sandbox::start().await.unwrap());
    folder.crm_with(&sandbox, &["tour"]).run().ended(0, "");
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn a_server_of_a_flag_is_only_read_unless_writing_is_allowed() {
    let (folder, sandbox) = (Folder::new("tour-flag"), Sandbox::start().await.unwrap());
    sandbox.add_record(Record { content: Some("real".to_owned()), iduser: 1, ..Record::default() });
    let flags = ["tour", "--history-url", sandbox.url(), "--apikey", APIKEY, "--login", BOSS];
    let ran = folder.crm(&flags).run();
    ran.ended(0, "");
    assert!(ran.out.contains("--write-to-this-crm"), "{}", ran.out);
    let writes = [Operation::HistoryAdd, Operation::HistoryAddList, Operation::HistoryDelete];
    let writes = |sandbox: &Sandbox| {
        let requests = sandbox.requests();
        requests.iter().filter_map(|request| request.operation).filter(|it| writes.contains(it)).count()
    };
    assert_eq!((writes(&sandbox), sandbox.record_count()), (0, 1));

    let ran = folder.crm(&[&flags[..], &["--write-to-this-crm"]].concat()).run();
    ran.ended(0, "");
    assert_eq!((writes(&sandbox), sandbox.record_count()), (5, 1));
}

#[tokio::test]
async fn it_deletes_nothing_that_it_did_not_create() {
    let (folder, sandbox) = (Folder::new("tour-delete"), Sandbox::start().await.unwrap());
    sandbox.add_record(Record { content: Some("real".to_owned()), iduser: 1, ..Record::default() });
    sandbox.add_fault(Fault::gateway_page(502).on(Operation::HistoryAdd).always());
    sandbox.add_fault(Fault::gateway_page(502).on(Operation::HistoryAddList).always());
    let url = sandbox.url();
    let flags = ["tour", "--history-url", url, "--apikey", APIKEY, "--login", BOSS, "--write-to-this-crm"];
    let ran = folder.crm(&flags).run();
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert_eq!(sandbox.record_count(), 1);
    assert!(sandbox.record(1).is_some());
}

#[tokio::test]
async fn the_keys_of_a_server_of_a_flag_may_come_from_the_environment() {
    let (folder, sandbox) = (Folder::new("tour-keys"), Sandbox::start().await.unwrap());
    let flags = ["tour", "--projects-url", sandbox.url()];
    folder.crm(&flags).run().ended(64, "--token");
    folder.crm(&flags).env("CRM_TOKEN", TOKEN).env("CRM_SECRET", SECRET).run().ended(0, "");
    assert_eq!(sandbox.requests().len(), 9);
}
