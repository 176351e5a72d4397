//! Files as people have them: each is read, or refused with the reason.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use super::{
    DateFault, EncodingSource, Field, HeaderError, IdFault, Problem, Role, Table, TableError, TableInfo,
    TableOptions, TableRow, check_distinct,
};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

fn open(name: &str) -> Result<Table, TableError> {
    Table::open(&case(name), &TableOptions::default())
}

fn rows(name: &str) -> Vec<TableRow> {
    open(name).unwrap().map(Result::unwrap).collect()
}

/// The activities as JSON, and the problems of the rows that are none.
fn read(rows: &[TableRow]) -> (Vec<String>, Vec<(u64, Vec<Problem>)>) {
    let stored = rows.iter().filter_map(|row| row.entry.as_ref().ok());
    let refused = rows.iter().filter_map(|row| Some((row.line, row.entry.clone().err()?)));
    (stored.map(|entry| serde_json::to_string(entry).unwrap()).collect(), refused.collect())
}

fn text_info(table: &Table) -> (&'static str, EncodingSource, char) {
    match table.info() {
        TableInfo::Text { encoding, source, delimiter } => (encoding, *source, *delimiter),
        info => panic!("{info:?}"),
    }
}

#[test]
fn case_01_windows_1251_is_recognised_and_read() {
    assert_eq!(
        text_info(&open("01-windows-1251/calls.csv").unwrap()),
        ("windows-1251", EncodingSource::Bytes, ';')
    );
    let (stored, refused) = read(&rows("01-windows-1251/calls.csv"));
    assert_eq!((stored.len(), refused), (3, vec![]));
    assert_eq!(
        stored[1],
        r#"{"datum":"2025-02-11 09:31:05","tip":"исх.Почта","content":"Отправили счёт № 214","clid":1}"#
    );
}

#[test]
fn case_02_russian_names_in_windows_1251_are_known() {
    let name = "02-windows-1251-header/calls.csv";
    assert_eq!(text_info(&open(name).unwrap()).0, "windows-1251");
    let (stored, refused) = read(&rows(name));
    assert_eq!((stored.len(), refused), (2, vec![]));
    assert_eq!(
        stored[0],
        r#"{"datum":"2025-02-12 11:05:00","tip":"вх.Звонок","content":"Уточнил срок поставки","clid":1}"#
    );
}

#[test]
fn case_03_dates_of_a_spreadsheet_are_read_or_refused_with_the_reason() {
    let name = "03-dates-of-a-spreadsheet/calls.csv";
    let (stored, refused) = read(&rows(name));
    assert_eq!(stored.len(), 2 + 1, "dd.mm.yyyy, d.m.yy and the fraction of a second: {stored:?}");
    let faults: Vec<_> = refused
        .iter()
        .map(|(line, problems)| match problems.as_slice() {
            [Problem::Date { fault, .. }] => (*line, *fault),
            problems => panic!("{problems:?}"),
        })
        .collect();
    use DateFault::{LooksSerial, LooksUnix, ZoneNeeded};
    assert_eq!(faults, [(4, LooksSerial), (5, ZoneNeeded), (6, ZoneNeeded), (7, LooksUnix)]);
    let options = TableOptions { has_zone: true, ..TableOptions::default() };
    let rows: Vec<TableRow> = Table::open(&case(name), &options).unwrap().map(Result::unwrap).collect();
    let (stored, refused) = read(&rows);
    assert_eq!(refused.len(), 2);
    assert_eq!(stored.len(), 5);
    // 9:07 in Moscow.
    let same = ["\"datum\":\"2025-03-03 09:07:00\"", "\"at_instant\":\"2025-03-03T06:07:00Z\""];
    assert!(stored.iter().all(|entry| same.iter().any(|when| entry.contains(when))), "{stored:?}");
}

#[test]
fn case_04_empty_columns_and_rows_are_passed_over() {
    for file in ["empty-columns.csv", "empty-rows.csv", "wide-row.csv"] {
        let rows = rows(&format!("04-empty-columns-and-rows/{file}"));
        assert_eq!(rows.len(), 1, "{file}");
        assert!(rows[0].entry.is_ok(), "{file}");
    }
}

#[test]
fn case_05_two_columns_of_one_name_are_refused_by_name() {
    let Err(TableError::Header { error, .. }) = open("05-two-columns-of-one-name/calls.csv") else {
        panic!("it was opened")
    };
    let columns = vec!["content".to_owned(), "content".to_owned()];
    assert_eq!(error, HeaderError::Duplicate { field: Field::Content, columns });
}

#[test]
fn case_06_carriage_returns_end_lines() {
    let name = "06-carriage-returns/calls.csv";
    assert_eq!(text_info(&open(name).unwrap()).2, ',');
    let (stored, refused) = read(&rows(name));
    assert_eq!((stored.len(), refused), (3, vec![]));
    assert!(stored[0].contains("Звонил Орлов; просил перезвонить"), "{stored:?}");
}

#[test]
fn case_07_an_export_is_imported_back() {
    let (stored, refused) = read(&rows("07-export-as-import/exported.csv"));
    assert_eq!(refused, []);
    assert_eq!(
        stored[1..],
        [
            concat!(
                r#"{"user":"seller@example.test","datum":"2025-03-07 09:30:00","tip":"исх.Почта","#,
                r#""content":"Первая строка\nвторая строка","clid":2,"pid":"1","did":1}"#
            ),
            concat!(
                r#"{"user":"seller@example.test","datum":"2025-03-07 10:15:00","#,
                r#""content":"Перенесли встречу на понедельник","clid":1}"#
            ),
        ]
    );
    assert_eq!(stored.len(), 3);
}

#[test]
fn case_08_a_file_without_a_header_says_so() {
    let Err(TableError::Header { error: HeaderError::Missing { line, cells }, .. }) =
        open("08-no-header/calls.csv")
    else {
        panic!("it has no header")
    };
    assert_eq!((line, cells[1].as_str()), (1, "74950000017"));
}

#[test]
fn case_09_a_row_keeps_its_position_when_it_is_fixed() {
    let (before, after) = (rows("09-mend-one-row/calls.csv"), rows("09-mend-one-row/mended.csv"));
    let entries = |rows: &[TableRow]| rows.iter().map(TableRow::entry_or_placeholder).collect::<Vec<_>>();
    // dd.mm.yyyy is read today, so that nothing needs to be fixed.
    assert_eq!(entries(&before), entries(&after));
    assert_eq!(before.len(), 4);
}

#[test]
fn case_10_a_rejected_file_is_input_and_not_output_at_once() {
    let path = case("10-rejected-onto-itself/rejected.csv");
    let same = check_distinct(&[(Role::Input, &path), (Role::Rejected, &path)]).unwrap_err();
    assert_eq!((same.first, same.second), (Role::Input, Role::Rejected));
    let (stored, refused) = read(&rows("10-rejected-onto-itself/rejected.csv"));
    assert_eq!((stored.len(), refused), (2, vec![]));
}

#[test]
fn cases_11_and_12_are_read_whole() {
    for (name, count) in [
        ("11-one-row-refused-by-a-gateway/calls.csv", 36),
        ("12-overlapping-files/monday.csv", 5),
        ("12-overlapping-files/tuesday.csv", 7),
    ] {
        let (stored, refused) = read(&rows(name));
        assert_eq!((stored.len(), refused), (count, vec![]), "{name}");
    }
}

#[test]
fn case_13_a_phone_number_is_not_a_client() {
    let (stored, refused) = read(&rows("13-telephone-as-client/calls.csv"));
    assert_eq!(stored.len(), 1);
    let phone = |value: &str| {
        vec![Problem::Id { column: "clid".to_owned(), value: value.to_owned(), fault: IdFault::Phone }]
    };
    assert_eq!(refused, [(2, phone("79160000042")), (4, phone("89160000043"))]);
}

#[test]
fn case_14_an_open_quote_costs_one_row() {
    let (stored, refused) = read(&rows("14-unclosed-quote/calls.csv"));
    assert_eq!((stored.len(), refused), (399, vec![(39, vec![Problem::OpenQuote])]));
}

// Written by xlwt and odfpy: the binary format of Excel 97 to 2003, and OpenDocument.
#[test]
fn xls_and_ods_are_read_like_xlsx() {
    for file in ["spreadsheets/calls.xls", "spreadsheets/calls.ods"] {
        let rows = rows(file);
        let (stored, refused) = read(&rows);
        assert_eq!(
            stored,
            [
                r#"{"datum":"2025-03-03 09:07:00","tip":"вх.Звонок","content":"Первый звонок; «кавычки»","clid":1}"#,
                r#"{"datum":"2025-03-04 17:41:08","tip":"исх.Почта","content":"Второй\nна двух строках","clid":2}"#,
                r#"{"datum":"2025-03-05 10:00:00","content":"Дата текстом, ID текстом","clid":1}"#,
            ],
            "{file}"
        );
        let fraction =
            Problem::Id {
                column: "Клиент".to_owned(), value: "1.5".to_owned(), fault: IdFault::NotWhole
            };
        assert_eq!(refused, [(6, vec![fraction])], "{file}");
        assert_eq!(
            *open(file).unwrap().info(),
            TableInfo::Sheet { name: "Звонки".to_owned(), passed_over: vec![] }
        );
    }
}

#[test]
fn a_file_that_is_not_a_table_is_called_by_its_name() {
    for (bytes, name) in [
        (&b"MIME-Version: 1.0\nContent-Type: multipart/related\n"[..], "MHTML"),
        (b"ID;PWXL;N;E\nC;Y1;X1;K\"datum\"\n", "SYLK"),
        (b"\xff\xfe\0\0d\0\0\0", "UTF-32"),
        (b"\x03\x7d\x03\x0b\0\0\0\0DATUM", "binary"),
        (b"<html><table><tr><td>datum</td></tr></table></html>", "HTML/XML"),
    ] {
        let error = Table::from_reader(bytes, &TableOptions::default()).unwrap_err();
        assert_eq!(error.message().value("what"), Some(name));
    }
}

#[test]
fn line_separators_of_unicode_do_not_make_rows_a_part_of_the_header() {
    let calls = "datum;content;clid\u{2028}2025-03-11 13:00:00;Звонок;1\n";
    let error = Table::from_reader(calls.as_bytes(), &TableOptions::default()).unwrap_err();
    assert_eq!(error.message().id, "header-line-separator");
    // In a text they are a part of it.
    let calls = "content;clid\nпервая\u{2028}вторая;1\n";
    let rows: Vec<_> = Table::from_reader(calls.as_bytes(), &TableOptions::default()).unwrap().collect();
    assert_eq!(rows[0].as_ref().unwrap().entry.as_ref().unwrap().content, "первая\u{2028}вторая");
}
