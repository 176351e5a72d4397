//! `crm import` with files as people have them.

use std::path::Path;

use crm_sandbox::{Condition, Fault, Operation, Sandbox};

use crate::program::{Folder, Ran};

/// A folder with a copy of a case.
fn case(name: &str) -> Folder {
    let folder = Folder::new(&format!("case-{name}"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    for file in std::fs::read_dir(source).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path(&file.file_name().to_string_lossy())).unwrap();
    }
    folder
}

fn import(folder: &Folder, sandbox: &Sandbox, file: &str, arguments: &[&str]) -> Ran {
    let always = ["import", file, "--settle", "0", "--timeout", "1"];
    folder.crm_with(sandbox, &[&always[..], arguments].concat()).run()
}

#[tokio::test]
async fn a_file_in_windows_1251_is_read_and_the_first_line_says_so() {
    let (folder, sandbox) = (case("01-windows-1251"), Sandbox::start().await.unwrap());
    let ran = import(&folder, &sandbox, "calls.csv", &[]);
    ran.ended(0, "3 rows: 3 stored");
    assert!(
        ran.said.starts_with("calls.csv: encoding windows-1251, delimiter \";\"; columns: "),
        "{}",
        ran.said
    );
    assert_eq!(sandbox.record(2).unwrap().content.as_deref(), Some("Отправили счёт № 214"));
    let (folder, sandbox) = (case("02-windows-1251-header"), Sandbox::start().await.unwrap());
    import(&folder, &sandbox, "calls.csv", &[]).ended(0, "windows-1251");
    assert_eq!(sandbox.record_count(), 2);
}

#[tokio::test]
async fn dates_are_converted_or_refused_row_by_row() {
    let (folder, sandbox) = (case("03-dates-of-a-spreadsheet"), Sandbox::start().await.unwrap());
    let ran = import(&folder, &sandbox, "calls.csv", &["--time-zone", "Europe/Moscow", "--json"]);
    ran.ended(65, "Unix").ended(65, "calls.csv.rejected.csv");
    let stored = sandbox.record_count();
    assert!(stored >= 3, "{ran:?}");
    let kept = folder.read("calls.csv.rejected.csv").lines().count() - 1;
    assert_eq!(stored + kept, 7, "{ran:?}");
}

#[tokio::test]
async fn empty_columns_and_rows_are_passed_over_in_silence() {
    for file in ["empty-columns.csv", "empty-rows.csv", "wide-row.csv"] {
        let (folder, sandbox) = (case("04-empty-columns-and-rows"), Sandbox::start().await.unwrap());
        import(&folder, &sandbox, file, &[]).ended(0, "1 stored");
        assert_eq!(sandbox.record_count(), 1, "{file}");
    }
}

#[tokio::test]
async fn headers_that_cannot_be_used_stop_everything_and_are_named() {
    for (name, words) in [("05-two-columns-of-one-name", "content"), ("08-no-header", "there is no header")] {
        let (folder, sandbox) = (case(name), Sandbox::start().await.unwrap());
        import(&folder, &sandbox, "calls.csv", &[]).ended(1, words);
        assert_eq!(sandbox.requests().len(), 0, "{name}");
    }
}

#[tokio::test]
async fn carriage_returns_and_our_own_export_are_read() {
    let (folder, sandbox) = (case("06-carriage-returns"), Sandbox::start().await.unwrap());
    import(&folder, &sandbox, "calls.csv", &[]).ended(0, "3 stored");
    let (folder, sandbox) = (case("07-export-as-import"), Sandbox::start().await.unwrap());
    import(&folder, &sandbox, "exported.csv", &[]).ended(0, "the column \"cid\" is skipped");
    assert_eq!(sandbox.record_count(), 3);
    let contents: Vec<String> = sandbox.records().into_iter().filter_map(|record| record.content).collect();
    assert!(contents.iter().all(|content| !content.contains("<br")), "{contents:?}");
}

#[tokio::test]
async fn a_row_that_is_fixed_in_place_or_in_the_rejected_file_is_stored_once() {
    let (folder, sandbox) = (case("09-mend-one-row"), Sandbox::start().await.unwrap());
    import(&folder, &sandbox, "calls.csv", &[]).ended(0, "4 stored");
    std::fs::rename(folder.path("mended.csv"), folder.path("calls.csv")).unwrap();
    import(&folder, &sandbox, "calls.csv", &[]).ended(0, "4 stored");
    assert_eq!(sandbox.record_count(), 4);

    for file in ["calls.csv", "calls.csv.rejected.csv"] {
        let (folder, sandbox) = (case("09-mend-one-row"), Sandbox::start().await.unwrap());
        let calls = folder.read("calls.csv").replace("11.03.2025 13:20", "позавчера");
        folder.write("calls.csv", calls);
        import(&folder, &sandbox, "calls.csv", &[]).ended(65, "3 stored").ended(65, "line 3: ");
        folder.write(
            file,
            folder.read(file).replacen(";позавчера;", ";2025-03-11 13:20;", 1).replacen(
                "\nпозавчера;",
                "\n2025-03-11 13:20;",
                1,
            ),
        );
        import(&folder, &sandbox, file, &[]).ended(0, "stored");
        assert_eq!(sandbox.record_count(), 4, "{file}");
    }
}

fn contents(sandbox: &Sandbox) -> Vec<String> {
    let mut contents: Vec<_> =
        sandbox.records().into_iter().map(|record| record.content.unwrap_or_default()).collect();
    contents.sort();
    contents
}

#[tokio::test]
async fn files_that_overlap_store_each_call_once_if_that_is_asked_for() {
    let (folder, sandbox) = (case("12-overlapping-files"), Sandbox::start().await.unwrap());
    for file in ["monday.csv", "tuesday.csv"] {
        import(&folder, &sandbox, file, &["--journal", "calls.journal"]).ended(0, "stored");
    }
    assert_eq!(sandbox.record_count(), 9, "the same journal knows the calls by their content");

    let sandbox = Sandbox::start().await.unwrap();
    for file in ["monday.csv", "tuesday.csv"] {
        let with_id = |line: &str| {
            let id: String = line.chars().take(16).filter(char::is_ascii_digit).collect();
            if id.is_empty() { format!("id;{line}\n") } else { format!("{id};{line}\n") }
        };
        let calls = folder.read(file).lines().map(with_id).collect::<String>();
        folder.write(file, calls);
    }
    let flags = ["--mark", "id", "--adopt"];
    import(&folder, &sandbox, "monday.csv", &flags).ended(0, "5 rows: 5 stored").ended(0, "id → mark");
    import(&folder, &sandbox, "tuesday.csv", &flags).ended(0, "7 rows: 7 stored");
    let stored = contents(&sandbox);
    assert_eq!(stored.len(), 9, "{stored:?}");
    assert!(
        stored.iter().all(|content| content.starts_with("Звонок ") && content.contains(" [2025031")),
        "{stored:?}"
    );
    // Without its journal the file is known by its marks, too.
    std::fs::remove_file(folder.path("monday.csv.journal")).unwrap();
    import(&folder, &sandbox, "monday.csv", &flags).ended(0, "5 stored");
    assert_eq!(sandbox.record_count(), 9);
    import(&folder, &sandbox, "monday.csv", &["--adopt"]).ended(64, "--mark COLUMN");
}

/// Imports four calls, changes the file, and imports it again.
async fn changed(name: &str, change: impl Fn(&str) -> String) -> (Folder, Sandbox, Ran) {
    let (folder, sandbox) = (Folder::new(&format!("changed-{name}")), Sandbox::start().await.unwrap());
    let calls =
        "datum;content;clid\n2025-03-11 13:00;А;1\n2025-03-11 13:20;Б;1\nвчера;В;1\n2025-03-11 13:45;Г;2\n";
    folder.write("calls.csv", calls);
    import(&folder, &sandbox, "calls.csv", &[]).ended(65, "3 stored");
    folder.write("calls.csv", change(calls));
    let ran = import(&folder, &sandbox, "calls.csv", &[]);
    (folder, sandbox, ran)
}

#[tokio::test]
async fn rows_that_are_inserted_removed_or_sorted_leave_each_call_stored_once() {
    let new = "2025-03-11 15:00;Д;1\n";
    let (_folder, sandbox, ran) = changed("appended", |calls| format!("{calls}{new}")).await;
    ran.ended(65, "1 stored now, 3 stored before");
    assert_eq!(contents(&sandbox), ["А", "Б", "Г", "Д"]);
    let (folder, sandbox, ran) =
        changed("inserted", |calls| calls.replacen("2025", &format!("{new}2025"), 1)).await;
    ran.ended(65, "1 stored now, 3 stored before");
    assert_eq!(contents(&sandbox), ["А", "Б", "Г", "Д"]);
    import(&folder, &sandbox, "calls.csv", &[]).ended(65, "0 stored now, 4 stored before");
    assert_eq!(sandbox.record_count(), 4);
    let (_folder, sandbox, ran) =
        changed("fixed-among-new", |calls| calls.replace("вчера", &format!("{new}2025-03-10 10:00"))).await;
    ran.ended(0, "2 stored now, 3 stored before");
    assert_eq!(contents(&sandbox), ["А", "Б", "В", "Г", "Д"]);
    let sorted = |calls: &str| {
        let mut rows: Vec<&str> = calls.lines().skip(1).collect();
        rows.reverse();
        format!("datum;content;clid\n{new}{}\n", rows.join("\n"))
    };
    let (_folder, sandbox, ran) = changed("sorted", sorted).await;
    ran.ended(65, "1 stored now, 3 stored before");
    assert_eq!(contents(&sandbox), ["А", "Б", "Г", "Д"]);
    let removed = |calls: &str| format!("{}{new}", calls.replace("2025-03-11 13:00;А;1\n", ""));
    let (_folder, sandbox, ran) = changed("removed", removed).await;
    ran.ended(65, "1 stored now, 2 stored before");
    assert_eq!(contents(&sandbox), ["А", "Б", "Г", "Д"]);
}

#[tokio::test]
async fn a_stored_row_that_was_edited_is_not_stored_again_and_is_named() {
    let (folder, sandbox, ran) = changed("edited", |calls| calls.replace(";Б;", ";Бэ;")).await;
    ran.ended(1, "line 3: ")
        .ended(1, "correct the record in the CRM")
        .ended(1, "2 stored before, 1 unreadable, 1 not sent");
    assert!(!ran.said.contains("Run the same command again"), "{ran:?}");
    // The advice for a row that is new is safe.
    assert!(!folder.read("calls.csv.rejected.csv").contains("Бэ"));
    assert_eq!(contents(&sandbox), ["А", "Б", "Г"]);
}

#[tokio::test]
async fn another_file_under_the_name_of_an_imported_one_is_not_imported_with_its_journal() {
    let other = "datum;content;clid\n2025-03-12 13:00;Е;1\n2025-03-12 13:20;Ж;1\n";
    let (folder, sandbox, ran) = changed("other", |_| other.to_owned()).await;
    ran.ended(1, "use another journal").ended(1, "2 not sent");
    assert_eq!(ran.said.matches("use another journal").count(), 1, "{ran:?}");
    assert_eq!(contents(&sandbox), ["А", "Б", "Г"]);
    import(&folder, &sandbox, "calls.csv", &["--journal", "tuesday.journal"]).ended(0, "2 stored");
    assert_eq!(contents(&sandbox), ["А", "Б", "Г", "Е", "Ж"]);
}

#[tokio::test]
async fn what_was_fixed_in_the_rejected_file_is_stored_once_although_the_original_is_imported_again() {
    let (folder, sandbox, _) = changed("rejected", str::to_owned).await;
    let rejected = folder.read("calls.csv.rejected.csv");
    folder.write("calls.csv.rejected.csv", rejected.replace(";вчера;", ";2025-03-10;"));
    for _ in 0..2 {
        import(&folder, &sandbox, "calls.csv.rejected.csv", &[]).ended(0, "1 stored");
    }
    let calls = folder.read("calls.csv");
    folder.write("calls.csv", format!("{calls}2025-03-11 15:00;Д;1\nзавтра;Е;1\n"));
    import(&folder, &sandbox, "calls.csv", &[]).ended(65, "1 stored now, 3 stored before");
    // The rejected file has the first row again, and a new one. The first is stored already.
    let rejected = folder.read("calls.csv.rejected.csv");
    let fixed = rejected.replace(";вчера;", ";2025-03-10;").replace(";завтра;", ";2025-03-12;");
    folder.write("calls.csv.rejected.csv", fixed);
    import(&folder, &sandbox, "calls.csv.rejected.csv", &[]).ended(0, "1 stored now, 1 stored before");
    assert_eq!(contents(&sandbox), ["А", "Б", "В", "Г", "Д", "Е"]);
}

#[tokio::test]
async fn a_row_that_was_fixed_in_the_rejected_file_and_in_the_original_is_stored_once() {
    let (folder, sandbox, ran) = changed("both", str::to_owned).await;
    ran.ended(65, "0 stored now, 3 stored before").ended(65, "not in both");
    let fixed = folder.read("calls.csv.rejected.csv").replace(";вчера;", ";2025-03-10 10:00;");
    folder.write("calls.csv.rejected.csv", fixed);
    import(&folder, &sandbox, "calls.csv.rejected.csv", &[]).ended(0, "1 stored");
    let calls = folder.read("calls.csv").replace("вчера", "2025-03-10 10:00");
    folder.write("calls.csv", format!("{calls}2025-03-11 15:00;Д;1\n"));
    import(&folder, &sandbox, "calls.csv", &["--dry-run"]).ended(0, "4 stored before, 1 would be sent");
    let ran = import(&folder, &sandbox, "calls.csv", &[]);
    ran.ended(0, "1 stored now, 4 stored before").ended(0, "was imported, too");
    import(&folder, &sandbox, "calls.csv", &[]).ended(0, "0 stored now, 5 stored before");
    assert_eq!(contents(&sandbox), ["А", "Б", "В", "Г", "Д"]);
}

#[tokio::test]
async fn a_row_of_the_rejected_file_in_doubt_stops_the_import_of_the_original() {
    let (folder, sandbox, _) = changed("both-in-doubt", str::to_owned).await;
    let fixed = folder.read("calls.csv.rejected.csv").replace(";вчера;", ";2025-03-10 10:00;");
    folder.write("calls.csv.rejected.csv", fixed);
    for write in [Operation::HistoryAdd, Operation::HistoryAddList] {
        sandbox.add_fault(Fault::latency(std::time::Duration::from_secs(600)).on(write).always());
    }
    // The answer does not come before the import is killed.
    let mut program = folder.crm_with(&sandbox, &["import", "calls.csv.rejected.csv"]).spawn();
    while sandbox.record_count() < 4 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    program.kill().unwrap();
    program.wait().unwrap();
    sandbox.clear_faults();
    let calls = folder.read("calls.csv").replace("вчера", "2025-03-10 10:00");
    folder.write("calls.csv", calls);
    import(&folder, &sandbox, "calls.csv", &[]).ended(1, "run the import with that journal first");
    import(&folder, &sandbox, "calls.csv.rejected.csv", &[]).ended(0, "stored");
    import(&folder, &sandbox, "calls.csv", &[]).ended(0, "0 stored now, 4 stored before");
    assert_eq!(contents(&sandbox), ["А", "Б", "В", "Г"]);
}

#[tokio::test]
async fn equal_rows_without_a_time_are_different_calls_whatever_the_rejected_file_has_stored() {
    let (folder, sandbox) = (Folder::new("undated"), Sandbox::start().await.unwrap());
    folder.write("calls.csv", "content;clid\nзвонок;1\nзвонок;x\n");
    import(&folder, &sandbox, "calls.csv", &[]).ended(65, "1 stored");
    let fixed = folder.read("calls.csv.rejected.csv").replace(";x", ";1");
    folder.write("calls.csv.rejected.csv", fixed);
    import(&folder, &sandbox, "calls.csv.rejected.csv", &[]).ended(0, "1 stored");
    let calls = folder.read("calls.csv");
    folder.write("calls.csv", format!("{calls}звонок;1\n"));
    import(&folder, &sandbox, "calls.csv", &[]).ended(65, "1 stored now, 1 stored before");
    assert_eq!(sandbox.record_count(), 3);
}

#[tokio::test]
async fn warnings_are_counted_and_not_repeated_for_rows_that_are_stored() {
    let (folder, sandbox) = (Folder::new("warnings"), Sandbox::start().await.unwrap());
    folder.write(
        "calls.csv",
        "datum;content;clid;user\n2025-03-11;x;1;nobody@x\n2025-03-12;y;;\n2025-03-13;z;1;\n",
    );
    let ran = import(&folder, &sandbox, "calls.csv", &["--check-users", "--json"]);
    ran.ended(0, "line 2: the CRM has no user").ended(0, "line 3: it has no client, contact or deal");
    ran.ended(0, "With warnings: 2. With --losses reject");
    let summary: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&summary["with_warnings"], &summary["stored_before"]), (&2.into(), &0.into()));
    let again = import(&folder, &sandbox, "calls.csv", &["--check-users"]);
    again.ended(0, "0 stored now, 3 stored before");
    assert!(!again.said.contains("no user") && !again.said.contains("With warnings"), "{again:?}");
    import(&folder, &sandbox, "calls.csv", &["--check-users", "--quiet"]).ended(0, "");
}

#[tokio::test]
async fn one_file_for_two_purposes_is_refused_before_it_is_touched() {
    let (folder, sandbox) = (case("10-rejected-onto-itself"), Sandbox::start().await.unwrap());
    let before = folder.read("rejected.csv");
    for flags in [["--rejected", "rejected.csv"], ["--journal", "./rejected.csv"]] {
        import(&folder, &sandbox, "rejected.csv", &flags).ended(64, "use different files");
    }
    assert_eq!(folder.read("rejected.csv"), before);
    assert_eq!(sandbox.requests().len(), 0);
    import(&folder, &sandbox, "rejected.csv", &[]).ended(0, "2 stored");
}

#[tokio::test]
async fn a_row_that_a_firewall_refuses_is_named_and_all_others_are_stored_once() {
    let (folder, sandbox) = (case("11-one-row-refused-by-a-gateway"), Sandbox::start().await.unwrap());
    for operation in [Operation::HistoryAdd, Operation::HistoryAddList] {
        let blocks = Fault::firewall_page(403).only_if(Condition::Text("UNION SELECT".to_owned()));
        sandbox.add_fault(blocks.on(operation).always());
    }
    let ran = import(&folder, &sandbox, "calls.csv", &["--sole-writer", "--patience", "20"]);
    ran.ended(65, "line 24: ").ended(65, "Forbidden (HTTP 403)").ended(65, "35 stored, 1 refused");
    assert_eq!(sandbox.record_count(), 35);
    assert_eq!(folder.read("calls.csv.rejected.csv").lines().count(), 2);
}

#[tokio::test]
async fn phone_numbers_are_no_clients_and_an_open_quote_swallows_nothing() {
    let (folder, sandbox) = (case("13-telephone-as-client"), Sandbox::start().await.unwrap());
    import(&folder, &sandbox, "calls.csv", &[]).ended(65, "is a phone number, not an ID");
    assert_eq!(sandbox.record_count(), 1);
    assert_eq!(folder.read("calls.csv.rejected.csv").lines().count(), 3);

    let (folder, sandbox) = (case("14-unclosed-quote"), Sandbox::start().await.unwrap());
    let ran = import(&folder, &sandbox, "calls.csv", &["--json"]);
    ran.ended(65, "line 39: ");
    let summary: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let count = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!((count("rows"), count("stored") + count("unreadable")), (400, 400), "{ran:?}");
}

#[tokio::test]
async fn a_dry_run_shows_what_would_be_sent_and_writes_nothing() {
    let folder = Folder::new("dry-run");
    folder.write(
        "calls.csv",
        "datum;content;clid;user\n25.06.2024 10:00;\"Тест\";1;\nвчера;x;1;\n26.06.2024;y;1;nobody@x\n",
    );
    let sandbox = Sandbox::start().await.unwrap();
    let ran = import(&folder, &sandbox, "calls.csv", &["--dry-run", "--check-users"]);
    ran.ended(65, "3 rows: 2 would be sent, 1 unreadable").ended(65, "line 4: the CRM has no user");
    assert!(
        ran.out.contains(r#"2: {"datum":"2024-06-25 10:00:00","content":"Тест","clid":1}"#),
        "{}",
        ran.out
    );
    assert_eq!(sandbox.record_count(), 0);
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_refused_row_is_sent_again_only_if_that_is_asked_for() {
    let folder = Folder::new("retry-refused");
    folder.write("calls.csv", "content;clid;user\nx;1;new@example.test\n");
    let sandbox = Sandbox::start().await.unwrap();
    let flags = ["--check-users", "--losses", "reject"];
    import(&folder, &sandbox, "calls.csv", &flags).ended(65, "1 refused");
    let user = crm_sandbox::User { chief: 1, ..crm_sandbox::User::new(9, "new@example.test") };
    sandbox.change_account(0, |account| account.users.push(user));
    import(&folder, &sandbox, "calls.csv", &flags).ended(65, "1 refused");
    import(&folder, &sandbox, "calls.csv", &[&flags[..], &["--retry-refused"]].concat()).ended(0, "1 stored");
}

#[tokio::test]
async fn columns_are_mapped_and_a_spreadsheet_is_read_back() {
    let folder = Folder::new("spreadsheet");
    folder.write("calls.csv", "Когда;Что было;Абонент\n25.06.2024 10:00;Звонок;1\n");
    let sandbox = Sandbox::start().await.unwrap();
    let map = ["--map", "Когда=datum", "--map", "Что было=content", "--map", "Абонент=clid"];
    import(&folder, &sandbox, "calls.csv", &map).ended(0, "Абонент → clid");
    folder
        .crm_with(&sandbox, &["export", "history", "--out", "all.xlsx"])
        .run()
        .ended(0, "complete: 1 record");
    let other = Sandbox::start().await.unwrap();
    import(&folder, &other, "all.xlsx", &[]).ended(0, "1 stored");
    let (first, second) = (sandbox.record(1).unwrap(), other.record(1).unwrap());
    assert_eq!((first.datum, first.content, first.clid), (second.datum, second.content, second.clid));
}

#[tokio::test]
async fn a_dry_run_shows_what_would_be_changed_and_refused_in_both_languages_and_asks_only() {
    let folder = Folder::new("dry-run-words");
    folder.write(
        "calls.csv",
        "datum;content;clid;user;tip\n2024-06-25T10:00Z;<b>важно</b>;1;nobody@x;Непонятный\nвчера;x;1;;\n26.06.2024;y;1;;вх.Звонок\n",
    );
    let sandbox = Sandbox::start().await.unwrap();
    let flags =
        ["--dry-run", "--check-users", "--check-types", "--losses", "reject", "--time-zone", "Europe/Moscow"];
    for (language, words) in [
        ("en", ["line 2: ", "3 rows: 1 would be sent, 1 refused, 1 unreadable"]),
        ("ru", ["строка 2: ", "3 строки: будет отправлено: 1, отклонено: 1, не прочитано: 1"]),
    ] {
        let ran = import(&folder, &sandbox, "calls.csv", &[&flags[..], &["--lang", language]].concat());
        for words in words {
            ran.ended(65, words);
        }
        assert!(ran.out.contains("2024-06-26 00:00:00"), "{ran:?}");
    }
    let warned = import(&folder, &sandbox, "calls.csv", &[&flags[..3], &flags[5..]].concat());
    // An instant is shown as it would be stored.
    assert!(warned.out.contains("2024-06-25 13:00:00"), "{warned:?}");
    warned.ended(65, "the server changes it").ended(65, "gets no owner").ended(65, "no activity type");
    assert_eq!(sandbox.record_count(), 0);
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 1);
}

#[tokio::test]
async fn instants_are_stored_with_the_offset_that_the_server_uses_today() {
    let folder = Folder::new("instants");
    folder.write("calls.csv", "datum;content;clid\n2024-01-15T09:00Z;зимой;1\n2024-07-15T09:00Z;летом;1\n");
    let sandbox = Sandbox::builder().zone("Europe/Berlin".parse().unwrap()).start().await.unwrap();
    import(&folder, &sandbox, "calls.csv", &["--time-zone", "Europe/Berlin"]).ended(0, "2 stored");
    let hours: Vec<u32> = [1, 2]
        .iter()
        .map(|id| chrono::Timelike::hour(&sandbox.record(*id).unwrap().datum.unwrap()))
        .collect();
    assert_eq!(hours[0], hours[1], "the server uses the offset of today for both");
    assert!([10, 11].contains(&hours[0]));
}
