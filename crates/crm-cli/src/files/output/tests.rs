#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::PathBuf;

use crm::history::Entry;
use tempfile::TempDir;

use super::*;
use crate::files::{Cell, Table, TableOptions};

const ENTRY: &str = r#"{"cid":4102,"datum":"2025-03-07 09:30:00","content":"=Первая<br />\r\nвторая; \"a\"","tip":"исх.Почта",
    "iduser":2,"user":"seller@example.test","clid":2,"client":"ООО \"Ромашка & Ко\"",
    "person":[{"pid":1,"person":"Васильев Дмитрий"},{"pid":2,"person":"Сидорова"}],"did":0,"dogovor":"","phone":"+7"}"#;

fn entry(json: &str) -> Entry {
    serde_json::from_str(json).unwrap()
}

fn out(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

fn written(format: Format, headings: Headings) -> (TempDir, PathBuf) {
    let (folder, path) = out("history");
    let mut output = Output::create(&path, format, history_columns(headings)).unwrap();
    output.write(&entry(ENTRY)).unwrap();
    let sheets = usize::from(format == Format::Xlsx);
    assert_eq!(output.finish().unwrap(), Written { records: 1, shortened: 0, sheets });
    (folder, path)
}

#[test]
fn json_lines_hold_the_record_as_the_server_writes_it() {
    let (_folder, path) = written(Format::Jsonl, Headings::Wire);
    let text = fs::read_to_string(path).unwrap();
    assert!(text.starts_with(r#"{"cid":4102,"datum":"2025-03-07 09:30:00","content":"#), "{text}");
    assert_eq!(text.matches('\n').count(), 1);
}

#[test]
fn csv_has_the_servers_names_and_values_and_nothing_is_left_out() {
    let (_folder, path) = written(Format::Csv, Headings::Wire);
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        concat!(
            "cid,datum,content,tip,iduser,user,clid,client,person,did,dogovor,extra\n",
            "4102,2025-03-07 09:30:00,\"=Первая<br />\r\nвторая; \"\"a\"\"\",исх.Почта,2,seller@example.test,2,",
            "\"ООО \"\"Ромашка & Ко\"\"\",\"[{\"\"pid\"\":1,\"\"person\"\":\"\"Васильев Дмитрий\"\"},",
            "{\"\"pid\"\":2,\"\"person\"\":\"\"Сидорова\"\"}]\",0,,\"{\"\"phone\"\":\"\"+7\"\"}\"\n"
        )
    );
}

#[test]
fn csv_for_excel_has_a_mark_russian_headings_and_no_formulas() {
    let (_folder, path) = written(Format::ExcelCsv, Headings::Russian);
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        concat!(
            "\u{feff}ID;Дата и время;Содержание;Тип;ID сотрудника;Логин;ID клиента;Клиент;ID контактов;Контакты;ID сделки;Сделка;Прочее\r\n",
            "4102;07.03.2025 09:30:00;\"'=Первая\nвторая; \"\"a\"\"\";исх.Почта;2;seller@example.test;2;",
            "\"ООО \"\"Ромашка & Ко\"\"\";1,2;Васильев Дмитрий, Сидорова;;;\"{\"\"phone\"\":\"\"+7\"\"}\"\r\n"
        )
    );
}

#[test]
fn every_table_that_is_written_is_read_back_as_the_same_activity() {
    for (format, headings) in [
        (Format::Csv, Headings::Wire),
        (Format::ExcelCsv, Headings::Russian),
        (Format::ExcelCsv, Headings::English),
        (Format::Xlsx, Headings::Russian),
        (Format::Xlsx, Headings::English),
    ] {
        let (_folder, path) = written(format, headings);
        let rows: Vec<_> = Table::open(&path, &TableOptions::default()).unwrap().collect();
        let read = rows.into_iter().next().unwrap().unwrap().entry.unwrap();
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            concat!(
                r#"{"user":"seller@example.test","datum":"2025-03-07 09:30:00","tip":"исх.Почта","#,
                r#""content":"=Первая\nвторая; \"a\"","clid":2,"pid":"1,2"}"#
            ),
            "{format:?} {headings:?}"
        );
    }
}

#[test]
fn a_spreadsheet_has_dates_and_numbers_as_such_and_says_what_was_cut() {
    let (_folder, path) = out("history.xlsx");
    let mut output = Output::create(&path, Format::Xlsx, history_columns(Headings::Russian)).unwrap();
    output.write(&entry(ENTRY)).unwrap();
    let long = format!(r#"{{"cid":5,"datum":"0000-00-00 00:00:00","content":"{}"}}"#, "я".repeat(40_000));
    output.write(&entry(&long)).unwrap();
    assert_eq!(output.finish().unwrap(), Written { records: 2, shortened: 1, sheets: 1 });
    let mut rows = Table::open(&path, &TableOptions::default()).unwrap();
    let cells = rows.next().unwrap().unwrap().cells;
    assert_eq!(cells[0], Cell::Number(4102.0));
    assert_eq!(cells[1], Cell::Date("2025-03-07T09:30:00".parse().unwrap()));
    let cells = rows.next().unwrap().unwrap().cells;
    assert_eq!(cells[1], Cell::Text("0000-00-00 00:00:00".to_owned()));
    let text = cells[2].to_text();
    assert!(text.chars().count() == 32_767 && text.ends_with("я…"));
}

#[test]
fn a_file_without_records_has_its_headings() {
    for format in [Format::Csv, Format::ExcelCsv, Format::Xlsx] {
        let (_folder, path) = out("history");
        Output::create(&path, format, history_columns(Headings::Russian)).unwrap().finish().unwrap();
        assert_eq!(Table::open(&path, &TableOptions::default()).unwrap().count(), 0);
    }
}

#[test]
fn an_older_file_stays_until_the_first_checkpoint() {
    let (_folder, path) = out("history.csv");
    fs::write(&path, "yesterday").unwrap();
    let columns = history_columns(Headings::Wire);
    let mut output = Output::create(&path, Format::Csv, columns.clone()).unwrap();
    output.write(&entry(ENTRY)).unwrap();
    drop(output);
    assert_eq!(fs::read_to_string(&path).unwrap(), "yesterday");
    let mut output = Output::create(&path, Format::Csv, columns.clone()).unwrap();
    output.write(&entry(ENTRY)).unwrap();
    let length = output.sync().unwrap();
    output.write(&entry(ENTRY)).unwrap();
    drop(output); // a killed run
    let checkpoint = fs::read_to_string(&path).unwrap();
    assert_eq!(checkpoint.len() as u64, length);
    fs::write(&path, format!("{checkpoint}41,half")).unwrap();
    let mut output = Output::resume(&path, Format::Csv, columns, length).unwrap();
    output.write(&entry(ENTRY)).unwrap();
    output.finish().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!((text.matches("4102,").count(), text.matches("cid,").count()), (2, 1));
}

#[test]
fn records_that_do_not_fit_on_a_sheet_are_on_a_further_one() {
    let (_folder, path) = out("history.xlsx");
    let columns = history_columns(Headings::Russian);
    let mut output = Output::create(&path, Format::Xlsx, columns).unwrap();
    output.sheets = Some(Sheets::new(3));
    for _ in 0..5 {
        output.write(&entry(ENTRY)).unwrap();
    }
    assert_eq!(output.finish().unwrap(), Written { records: 5, shortened: 0, sheets: 3 });
    let rows = |sheet: &str| {
        let options = TableOptions { sheet: Some(sheet.to_owned()), ..TableOptions::default() };
        Table::open(&path, &options).unwrap().count()
    };
    assert_eq!(["Sheet1", "Sheet2", "Sheet3"].map(rows), [2, 2, 1]);
}
