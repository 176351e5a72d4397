//! `crm find`, `crm users`, `crm clients`, and `crm import --find-client-by`.

use crm_sandbox::{Client, Contact, Fault, Operation, Sandbox};
use serde_json::Value;

use crate::program::{Folder, Ran};

fn lines(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn add_client(sandbox: &Sandbox, name: &str, phone: &str) -> i64 {
    let created = "2026-11-25T10:00:00".parse().unwrap();
    sandbox.add_client(Client { phone: Some(phone.to_owned()), ..Client::new(name, 1, created) })
}

fn add_contact(sandbox: &Sandbox, client: i64, phone: &str) -> i64 {
    let created = "2026-11-25T10:00:00".parse().unwrap();
    let contact = Contact::new("Общий номер", client, 1, created);
    sandbox.add_contact(Contact { tel: Some(phone.to_owned()), ..contact })
}

/// Content, client and contacts of the stored activities.
fn stored(sandbox: &Sandbox) -> Vec<(String, i64, String)> {
    let records = sandbox.records().into_iter();
    let mut stored: Vec<_> =
        records.map(|record| (record.content.unwrap_or_default(), record.clid, record.pid)).collect();
    stored.sort();
    stored
}

fn lookups(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    requests.iter().filter(|request| request.operation == Some(Operation::ClientList)).count()
}

fn import(folder: &Folder, sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let always = ["import", "calls.csv", "--settle", "0", "--timeout", "1", "--find-client-by", "Телефон"];
    folder.crm_with(sandbox, &[&always[..], arguments].concat()).run()
}

async fn set_up(name: &str, calls: &str) -> (Folder, Sandbox) {
    let folder = Folder::new(name);
    folder.write("calls.csv", calls);
    (folder, Sandbox::start().await.unwrap())
}

#[tokio::test]
async fn a_caller_is_shown_as_a_table_and_as_lines_of_json() {
    let (folder, sandbox) = set_up("find-phone", "").await;
    let table = folder.crm_with(&sandbox, &["find", "--phone", "8 342 206-72-01"]).run();
    table.ended(0, "");
    assert!(table.out.contains("КАМКАБЕЛЬ") && table.out.contains("+7(342)2067201"), "{table:?}");
    assert!(table.out.lines().next().unwrap().contains("Client ID"), "{table:?}");
    let json = folder.crm_with(&sandbox, &["find", "--phone", "8 342 206-72-01", "--json"]).run();
    let found = lines(&json);
    assert_eq!(found.len(), 1, "{json:?}");
    assert_eq!((&found[0]["client"], &found[0]["exact"]), (&1.into(), &true.into()));
    assert_eq!((&found[0]["field"], &found[0]["contact"]), (&"phone".into(), &Value::Null));
}

#[tokio::test]
async fn an_internal_number_finds_users() {
    let (folder, sandbox) = set_up("find-internal", "").await;
    let table = folder.crm_with(&sandbox, &["find", "--phone", "101"]).run();
    assert!(table.ended(0, "").out.contains("boss@example.test"), "{table:?}");
    let users = lines(&folder.crm_with(&sandbox, &["find", "--phone", "102", "--json"]).run());
    assert_eq!((users.len(), &users[0]["login"]), (1, &"seller@example.test".into()), "{users:?}");
    folder.crm_with(&sandbox, &["find", "--phone", "103"]).run().ended(0, "Nobody has 103");
}

#[tokio::test]
async fn finding_nobody_is_said_and_ends_with_0() {
    let (folder, sandbox) = set_up("find-nobody", "").await;
    let ran = folder.crm_with(&sandbox, &["find", "--email", "nobody@example.test"]).run();
    assert_eq!(ran.ended(0, "Nobody has nobody@example.test").out, "");
    let ran = folder.crm_with(&sandbox, &["find", "--phone", "anonymous", "--json", "--lang", "ru"]).run();
    assert_eq!(ran.ended(0, "Никого не найдено: anonymous").out, "");
}

#[tokio::test]
async fn find_needs_a_phone_or_an_email_and_a_key() {
    let (folder, sandbox) = set_up("find-usage", "").await;
    folder.crm_with(&sandbox, &["find"]).run().ended(64, "--phone");
    folder.crm_with(&sandbox, &["find", "--phone", "1", "--email", "a@b.ru"]).run().ended(64, "--email");
    folder
        .crm_with(&sandbox, &["import", "calls.csv", "--unknown-client", "2"])
        .run()
        .ended(64, "find-client");
    import(&folder, &sandbox, &["--unknown-client", "0"]).ended(64, "the ID of a client");
    let program = folder.crm_with(&sandbox, &["find", "--phone", "+73422067201"]).env("CRM_APIKEY", "wrong");
    program.run().ended(77, "401");
}

#[tokio::test]
async fn users_and_clients_are_listed_for_people_and_for_programs() {
    let (folder, sandbox) = set_up("find-lists", "").await;
    for number in 0..450 {
        add_client(&sandbox, &format!("Клиент {number}"), "+7");
    }
    let users = folder.crm_with(&sandbox, &["users"]).run();
    assert!(users.ended(0, "").out.contains("boss@example.test"), "{users:?}");
    let users = lines(&folder.crm_with(&sandbox, &["users", "--json"]).run());
    assert!(users.iter().any(|user| user["login"] == "boss@example.test"), "{users:?}");
    let table = folder.crm_with(&sandbox, &["clients"]).run();
    table.ended(0, "complete: ");
    let clients = folder.crm_with(&sandbox, &["clients", "--json", "--quiet"]).run();
    let ids: std::collections::BTreeSet<u64> =
        lines(clients.ended(0, "")).iter().map(|client| client["clid"].as_u64().unwrap()).collect();
    assert!(ids.len() > 450, "{}", ids.len());
    assert_eq!(table.out.lines().count(), ids.len() + 1);
    assert_eq!(clients.said, "");
}

#[tokio::test]
async fn an_incomplete_list_of_clients_does_not_end_with_0() {
    let (folder, sandbox) = set_up("find-cut", "").await;
    sandbox.add_fault(Fault::close_before_reading().on(Operation::ClientList).always());
    let ran = folder.crm_with(&sandbox, &["clients", "--json"]).run();
    assert_eq!(ran.ended(75, "").out, "");
}

#[tokio::test]
async fn each_row_gets_the_client_and_the_contact_with_its_number() {
    let calls = "content;clid;Телефон\n\
                 по клиенту;;8 (342) 206-72-01\n\
                 по контакту;;+79161234567\n\
                 с клиентом;2;8 (342) 206-72-01\n";
    let (folder, sandbox) = set_up("find-import", calls).await;
    let ran = import(&folder, &sandbox, &["--dry-run"]);
    ran.ended(0, "3 would be sent").ended(0, "the column \"Телефон\" holds the telephone number");
    assert!(ran.out.contains("\"clid\":1") && !ran.said.contains("skipped"), "{ran:?}");
    assert!(!folder.path("calls.csv.journal.clients").exists());
    import(&folder, &sandbox, &[]).ended(0, "3 stored");
    let row = |content: &str, client, contact: &str| (content.to_owned(), client, contact.to_owned());
    assert_eq!(
        stored(&sandbox),
        [row("по клиенту", 1, ""), row("по контакту", 2, "2"), row("с клиентом", 2, "")]
    );
    assert_eq!(lookups(&sandbox), 4, "two in the dry run and two in the import");
}

#[tokio::test]
async fn a_row_without_a_certain_client_is_refused_until_there_is_one() {
    let calls = "content;Телефон\n\
                 никого;+79990000001\n\
                 у двоих;+79990000002\n\
                 похож;206-72-01\n\
                 пусто;\n\
                 один;+73422067201\n";
    let (folder, sandbox) = set_up("find-refused", calls).await;
    let other = add_client(&sandbox, "Б", "8 999 000 00 02");
    add_client(&sandbox, "В", "8 999 000 00 02");
    let ran = import(&folder, &sandbox, &[]);
    ran.ended(65, "1 stored, 4 refused").ended(65, "line 2: \"Телефон\": nobody in the CRM");
    ran.ended(65, "line 3: \"Телефон\": several clients");
    ran.ended(65, "line 4: \"Телефон\": only the end").ended(65, "line 5: \"Телефон\": there is no");
    let rejected = folder.read("calls.csv.rejected.csv");
    assert!(rejected.contains("nobody in the CRM") && rejected.contains(";никого;"), "{rejected}");
    // Found later, the row is stored by the next run, and no other twice.
    add_client(&sandbox, "А", "+7 (999) 000-00-01");
    import(&folder, &sandbox, &[]).ended(65, "1 stored now, 1 stored before, 3 refused");
    // The rejected file is imported with the same options.
    let again = ["import", "calls.csv.rejected.csv", "--find-client-by", "Телефон"];
    let unknown = ["--unknown-client", &other.to_string()];
    folder.crm_with(&sandbox, &[&again[..], &unknown].concat()).run().ended(0, "3 stored");
    let clients: Vec<i64> = stored(&sandbox).into_iter().map(|(_, client, _)| client).collect();
    assert_eq!(clients.len(), 5);
    assert_eq!(clients.iter().filter(|client| **client == other).count(), 3);
}

#[tokio::test]
async fn a_number_of_several_contacts_of_one_client_finds_the_client() {
    let (folder, sandbox) = set_up("find-shared", "content;Телефон\nзвонок;+79990000003\n").await;
    let client = add_client(&sandbox, "А", "8 999 000 00 03");
    add_contact(&sandbox, client, "8 999 000 00 03");
    add_contact(&sandbox, client, "8 999 000 00 03");
    import(&folder, &sandbox, &[]).ended(0, "1 stored");
    assert_eq!(stored(&sandbox), [("звонок".to_owned(), client, String::new())]);
}

#[tokio::test]
async fn a_resumed_import_keeps_the_clients_that_it_has_sent() {
    let calls = "datum;content;Телефон\n\
                 2024-06-25 10:00;первый;+79990000004\n\
                 2024-06-25 11:00;второй;+73422067201\n";
    let (folder, _) = set_up("find-resumed", calls).await;
    let sandbox = Sandbox::builder().records(1).start().await.unwrap();
    let unknown = ["--unknown-client", "2"];
    // The answer is lost, so the next run has to recognize what is stored.
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList));
    import(&folder, &sandbox, &[&unknown[..], &["--patience", "0"]].concat());
    let before = lookups(&sandbox);
    let new = add_client(&sandbox, "Новый", "8 999 000 00 04");
    import(&folder, &sandbox, &[&unknown[..], &["--sole-writer"]].concat()).ended(0, "2 stored");
    assert_eq!(lookups(&sandbox), before, "no number is looked up again");
    let clients_of = |text: &str| -> Vec<i64> {
        stored(&sandbox).into_iter().filter(|row| row.0 == text).map(|row| row.1).collect()
    };
    assert_eq!((clients_of("первый"), clients_of("второй")), (vec![2], vec![1]));
    // A row that is added to the file is looked up.
    folder.write("calls.csv", format!("{calls}2024-06-25 12:00;третий;+79990000004\n"));
    import(&folder, &sandbox, &unknown).ended(0, "1 stored now, 2 stored before");
    assert_eq!(sandbox.record_count(), 4);
    assert_eq!((clients_of("первый"), clients_of("третий")), (vec![2], vec![new]));
}

#[tokio::test]
async fn a_lookup_without_an_answer_sends_nothing_and_ends_with_75() {
    let (folder, sandbox) = set_up("find-again", "content;Телефон\nпервый;+73422067201\n").await;
    sandbox.add_fault(Fault::close_before_reading().on(Operation::PersonList).always());
    import(&folder, &sandbox, &["--patience", "0"]).ended(75, "Run the same command again");
    assert_eq!(sandbox.record_count(), 0);
    sandbox.clear_faults();
    import(&folder, &sandbox, &[]).ended(0, "1 stored");
}

#[tokio::test]
async fn a_column_that_is_not_in_the_file_ends_with_1() {
    let (folder, sandbox) = set_up("find-column", "content;Номер\nпервый;+73422067201\n").await;
    import(&folder, &sandbox, &[]).ended(1, "Телефон");
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn the_callers_of_asterisk_are_found_while_its_file_grows() {
    let call = |src: &str, hour: u32| {
        format!(
            "\"\",\"{src}\",\"205\",\"in-trunk\",\"\"\"Склад\"\" <{src}>\",\"SIP/in-0000a1\",\"SIP/205-0000a2\",\"Dial\",\
             \"SIP/205\",\"2025-03-10 {hour}:01:00\",\"2025-03-10 {hour}:01:05\",\"2025-03-10 {hour}:03:20\",140,135,\
             \"ANSWERED\",\"DOCUMENTATION\",\"1741582860.{hour}\",\"\"\n"
        )
    };
    let (folder, sandbox) = set_up("find-asterisk", "").await;
    folder.write("Master.csv", call("73422067201", 10) + &call("79990000005", 11));
    let command = ["import", "Master.csv", "--map-preset", "asterisk", "--find-client-by", "src"];
    let nightly = || folder.crm_with(&sandbox, &command).run();
    nightly().ended(65, "1 stored, 1 refused").ended(65, "line 2: \"src\"");
    let new = add_client(&sandbox, "Новый", "8 999 000 00 05");
    folder.write("Master.csv", call("73422067201", 10) + &call("79990000005", 11) + &call("79161234567", 12));
    nightly().ended(0, "2 stored now, 1 stored before");
    let found: Vec<(i64, String)> = stored(&sandbox).into_iter().map(|row| (row.1, row.2)).collect();
    assert_eq!(found, [(1, String::new()), (2, "2".to_owned()), (new, String::new())]);
}
