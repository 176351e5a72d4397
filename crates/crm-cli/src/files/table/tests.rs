#![allow(clippy::unwrap_used, reason = "tests")]

use encoding_rs::{IBM866, KOI8_R, WINDOWS_1251, X_MAC_CYRILLIC};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::*;
use crate::files::{DateFault, Preset, Rejected};

const CALLS: &str = "Дата;Содержание;Клиент\n03.03.2025 09:07;Звонок, важный;1\n04.03.2025;Счёт;2\n";

fn of(bytes: &[u8], options: &TableOptions) -> Result<Table, TableError> {
    Table::from_reader(bytes, options)
}

fn rows(bytes: &[u8]) -> Vec<TableRow> {
    of(bytes, &TableOptions::default()).unwrap().map(Result::unwrap).collect()
}

fn contents(rows: &[TableRow]) -> Vec<String> {
    rows.iter().map(|row| row.entry.as_ref().unwrap().content.clone()).collect()
}

fn xlsx(fill: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(&mut workbook);
    workbook.save_to_buffer().unwrap()
}

fn write(workbook: &mut Workbook, name: &str, rows: &[&[&str]]) {
    let sheet = workbook.add_worksheet().set_name(name).unwrap();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(*cells) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
}

#[test]
fn a_table_is_the_same_in_every_encoding_with_every_delimiter_and_line_end() {
    let expected = contents(&rows(CALLS.as_bytes()));
    assert_eq!(expected, ["Звонок, важный", "Счёт"]);
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let tabs = CALLS.replace(';', "\t");
    let commas = CALLS.replace("Звонок, важный", "\"Звонок, важный\"").replace(';', ",");
    for text in
        [CALLS, &tabs, &commas, &CALLS.replace('\n', "\r\n"), &CALLS.replace('\n', "\r"), CALLS.trim_end()]
    {
        let mut files = vec![text.as_bytes().to_vec(), format!("\u{feff}{text}").into_bytes(), little(text)];
        files.push([&[0xFF, 0xFE], little(text).as_slice()].concat());
        files.extend(
            [WINDOWS_1251, IBM866, KOI8_R, X_MAC_CYRILLIC].map(|encoding| encoding.encode(text).0.to_vec()),
        );
        let delimiter =
            [';', '\t', ','].into_iter().find(|delimiter| text.starts_with(&format!("Дата{delimiter}")));
        files.push(format!("sep={}\r\n{text}", delimiter.unwrap()).into_bytes());
        for file in files {
            assert_eq!(contents(&rows(&file)), expected, "{:?}", String::from_utf8_lossy(&file));
        }
    }
}

#[test]
fn an_encoding_that_was_chosen_is_used_and_an_unknown_one_refused() {
    let options = |name: &str| TableOptions { encoding: Some(name.to_owned()), ..TableOptions::default() };
    let bytes = WINDOWS_1251.encode(CALLS).0;
    assert!(of(&bytes, &options("cp1251")).is_ok());
    let Err(TableError::Header { error: HeaderError::NoContent { .. }, info }) =
        of(&bytes, &options("koi8-r"))
    else {
        panic!("its names are not known in that encoding")
    };
    let source = EncodingSource::Chosen;
    assert_eq!(info, Some(TableInfo::Text { encoding: "KOI8-R", source, delimiter: ';' }));
    let error = of(&bytes, &options("klingon")).unwrap_err();
    assert!(matches!(error, TableError::Input(InputError::UnknownEncoding(_))));
}

#[test]
fn a_title_above_the_header_is_passed_over() {
    let text = "Отчёт по звонкам за март;;\n;;\nДата;Комментарий;ID клиента\n03.03.2025;Звонок;1\n";
    let rows = rows(text.as_bytes());
    assert_eq!((contents(&rows), rows[0].line, rows[0].position), (vec!["Звонок".to_owned()], 4, 0));
    let report = xlsx(|workbook| {
        let names = ["Дата", "Текст", "ID клиента", "Название"];
        write(workbook, "Отчёт", &[&["Звонок", "", "Клиент"], &names, &["03.03.2025", "Звонок", "1", "ООО"]]);
    });
    assert_eq!(contents(&self::rows(&report)), ["Звонок"]);
}

#[test]
fn a_value_in_a_column_without_a_name_is_a_text_that_was_not_quoted() {
    let rows = rows("datum;content;clid;;\n2025-03-04;цена 5; или 6;1;\n2025-03-04;цена;1;;\n".as_bytes());
    let problem = Problem::TooManyFields { found: 5, expected: 3 };
    assert_eq!(rows[0].entry, Err(vec![problem]));
    assert!(rows[1].entry.is_ok());
}

#[test]
fn what_is_cut_off_at_any_byte_is_never_taken_for_a_whole_row() {
    let text = "datum;content;clid\n2025-03-04 12:15:00;\"Звонок; \"\"важный\"\"\nвторая строка\";1\n2025-03-05;Счёт;1781\n";
    let whole: Vec<_> = rows(text.as_bytes()).into_iter().map(|row| row.entry.unwrap()).collect();
    let options = TableOptions { require_line_end: true, ..TableOptions::default() };
    for end in "datum;content;clid\n".len()..text.len() {
        let cut = &text.as_bytes()[..end];
        let read = of(cut, &options).unwrap().map(|row| row.unwrap().entry);
        let read: Vec<_> = read.filter_map(Result::ok).collect();
        assert_eq!(read, whole[..read.len()], "{end}");
        // Without a line end only the last value of a row can be shorter than it was.
        let read = of(cut, &TableOptions::default()).unwrap().map(|row| row.unwrap().entry);
        for entry in read.filter_map(Result::ok) {
            assert!(
                whole.iter().any(|whole| whole.content == entry.content && whole.at == entry.at),
                "{end}"
            );
        }
    }
    let rows = rows("datum;content;clid\n2025-03-04;Звон".as_bytes());
    assert_eq!(rows[0].entry, Err(vec![Problem::HalfWritten]));
    let letter = "datum;content\n2025-03-04;Звон\u{43e}".as_bytes();
    assert_eq!(self::rows(&letter[..letter.len() - 1])[0].entry, Err(vec![Problem::HalfWritten]));
}

#[test]
fn one_line_in_another_encoding_is_refused_alone() {
    let mut bytes = CALLS.repeat(3).into_bytes();
    bytes.extend_from_slice(&WINDOWS_1251.encode("05.03.2025;Звонок;1\n").0);
    let refused: Vec<_> =
        rows(&bytes).into_iter().filter_map(|row| Some((row.line, row.entry.err()?))).collect();
    let undecodable = Problem::Undecodable { column: "Содержание".to_owned() };
    assert_eq!(refused.last(), Some(&(10, vec![undecodable])));
}

#[test]
fn a_missing_date_is_refused_where_other_rows_have_one() {
    let faults = |text: &str| {
        let fault = |row: TableRow| match row.entry.err()?.remove(0) {
            Problem::Date { fault, .. } => Some((row.line, fault)),
            _ => None,
        };
        rows(text.as_bytes()).into_iter().filter_map(fault).collect::<Vec<_>>()
    };
    assert_eq!(faults("datum;content\n2025-03-04;a\n;Итого: 2\n"), [(3, DateFault::Missing)]);
    assert_eq!(faults("datum;content\n;a\n;b\n"), []);
    assert_eq!(faults("line;reason;datum;content\n3;нет даты;;a\n"), [(2, DateFault::Missing)]);
}

#[test]
fn a_spreadsheet_is_read_with_dates_and_numbers_as_cells() {
    let file = xlsx(|workbook| {
        let date = Format::new().set_num_format("dd.mm.yyyy hh:mm");
        let sheet = workbook.add_worksheet();
        for (column, name) in (0..).zip(["Дата", "Комментарий", "ID клиента", "Телефон"])
        {
            sheet.write_string(0, column, name).unwrap();
        }
        let at = ExcelDateTime::parse_from_str("2025-03-03T09:07:00").unwrap();
        sheet.write_datetime_with_format(1, 0, &at, &date).unwrap();
        sheet.write_number(1, 1, 7.0).unwrap();
        sheet.write_number(1, 2, 1781.0).unwrap();
        sheet.write_number(1, 3, 79_160_000_042.0).unwrap();
        sheet.write_number(2, 0, 45_719.379_861_111_1).unwrap();
        sheet.write_string(2, 1, "число дней").unwrap();
        sheet.write_string(2, 2, "1781").unwrap();
        sheet.write_string(3, 7, "заметка сбоку").unwrap();
        sheet.write_string(3, 0, "03.03.2025 9:07").unwrap();
        sheet.write_string(3, 1, "дата текстом").unwrap();
        sheet.write_formula(3, 2, rust_xlsxwriter::Formula::new("=1700+81").set_result("1781")).unwrap();
    });
    let table = of(&file, &TableOptions::default()).unwrap();
    let entries: Vec<_> = table.map(|row| row.unwrap().entry.unwrap()).collect();
    assert_eq!(
        entries.iter().map(|entry| entry.content.as_str()).collect::<Vec<_>>(),
        ["7", "число дней", "дата текстом"]
    );
    let at = "2025-03-03T09:07:00".parse().ok();
    assert!(
        entries.iter().all(|entry| entry.at == at && entry.client == Some(crm::history::ClientId(1781))),
        "{entries:?}"
    );
}

#[test]
fn a_refused_row_of_a_spreadsheet_is_imported_again_with_the_same_options() {
    let file = xlsx(|workbook| {
        let sheet = workbook.add_worksheet();
        for (column, name) in (0..).zip(["Дата", "Время", "Текст"]) {
            sheet.write_string(0, column, name).unwrap();
        }
        sheet.write_number(1, 0, 45_719.0).unwrap();
        sheet.write_number(1, 1, 0.379_861_111_1).unwrap();
        sheet.write_string(1, 2, "Звонок").unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rejected.csv");
    let options = TableOptions {
        encoding: Some("cp1251".to_owned()),
        sheet: Some("Sheet1".to_owned()),
        ..TableOptions::default()
    };
    let mut table = of(&file, &options).unwrap();
    let mut rejected =
        Rejected::create(&path, table.header(), table.rejected_delimiter(), ["Строка", "Причина"]).unwrap();
    let row = table.next().unwrap().unwrap();
    rejected.add(row.line, &row.cells, "причина").unwrap();
    rejected.finish().unwrap();
    let again = Table::open(&path, &options).unwrap().next().unwrap().unwrap();
    assert_eq!(again.entry, row.entry);
    assert_eq!(row.entry.unwrap().at, "2025-03-03T09:07:00".parse().ok());
}

#[test]
fn the_only_sheet_with_a_header_is_read_and_of_several_one_must_be_chosen() {
    let calls: &[&[&str]] = &[&["datum", "content"], &["2025-03-04", "Звонок"]];
    let file = xlsx(|workbook| {
        write(workbook, "Заметки", &[&["просто текст"]]);
        write(workbook, "Звонки", calls);
        workbook.add_worksheet().set_name("Пустой").unwrap();
    });
    let table = of(&file, &TableOptions::default()).unwrap();
    let info =
        TableInfo::Sheet { name: "Звонки".to_owned(), passed_over: vec!["Заметки".to_owned()] };
    assert_eq!(*table.info(), info);
    assert_eq!(table.count(), 1);
    let file = xlsx(|workbook| ["Март", "Апрель"].iter().for_each(|name| write(workbook, name, calls)));
    let Err(TableError::Input(InputError::SeveralSheets { sheets })) = of(&file, &TableOptions::default())
    else {
        panic!("there are two sheets")
    };
    assert_eq!(sheets, ["Март", "Апрель"]);
    let options = TableOptions { sheet: Some("Апрель".to_owned()), ..TableOptions::default() };
    assert_eq!(of(&file, &options).unwrap().count(), 1);
}

#[test]
fn a_table_that_came_through_a_pipe_is_read_twice() {
    for bytes in
        [CALLS.as_bytes().to_vec(), xlsx(|workbook| write(workbook, "A", &[&["content"], &["a"], &["b"]]))]
    {
        let mut table = of(&bytes, &TableOptions::default()).unwrap();
        let first = table.next().unwrap().unwrap();
        let again: Vec<_> = table.restarted().unwrap().map(Result::unwrap).collect();
        assert_eq!((&first, again.len()), (&again[0], 2));
        assert_eq!(table.next().unwrap().unwrap(), again[1]);
    }
}

#[test]
fn what_is_not_a_table_says_so() {
    let error = |bytes: &[u8]| of(bytes, &TableOptions::default()).unwrap_err();
    assert!(matches!(error(b"%PDF-1.7"), TableError::Input(InputError::NotATable { what: "PDF" })));
    for (bytes, kind) in
        [("<html><table>", "HTML/XML"), ("\u{feff}<?xml version", "HTML/XML"), ("{\"cid\":1}", "JSON")]
    {
        let error = error(bytes.as_bytes());
        assert!(
            matches!(error, TableError::Input(InputError::NotATable { what }) if what == kind),
            "{bytes}"
        );
    }
    for empty in [&b""[..], b"\n \n", b"\xEF\xBB\xBF", b";;\n"] {
        let error = error(empty);
        assert!(matches!(error, TableError::Header { error: HeaderError::Empty, .. }), "{error:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let error = Table::open(folder.path(), &TableOptions::default()).unwrap_err();
    assert!(matches!(error, TableError::Input(InputError::Io(_))));
}

/// As Asterisk writes it: the columns of its documentation, each text in quotes.
const MASTER: &str = concat!(
    "\"\",\"74950000017\",\"205\",\"in-trunk\",\"\"\"Склад\"\" <74950000017>\",\"SIP/in-0000a1\",\"SIP/205-0000a2\",\"Dial\",",
    "\"SIP/205,30\",\"2025-03-10 08:01:00\",\"2025-03-10 08:01:07\",\"2025-03-10 08:03:22\",142,135,\"ANSWERED\",",
    "\"DOCUMENTATION\",\"1741582860.42\",\"\"\n",
    "\"\",\"74950000018\",\"206\",\"in-trunk\",\"74950000018\",\"SIP/in-0000a3\",\"\",\"Dial\",\"SIP/206\",",
    "\"2025-03-10 08:05:00\",\"\",\"2025-03-10 08:05:30\",30,0,\"NO ANSWER\",\"DOCUMENTATION\",\"1741583100.43\",\"\"\n",
);

fn asterisk(mapping: Mapping) -> TableOptions {
    TableOptions { mapping: Mapping { preset: Some(Preset::Asterisk), ..mapping }, ..TableOptions::default() }
}

#[test]
fn the_calls_of_asterisk_are_read_without_a_header() {
    let table = of(MASTER.as_bytes(), &asterisk(Mapping::default().with_mark("uniqueid"))).unwrap();
    assert_eq!(table.header().column_named("src"), Some(1));
    let entries: Vec<_> =
        table.map(|row| serde_json::to_string(&row.unwrap().entry.unwrap()).unwrap()).collect();
    assert_eq!(
        entries,
        [
            concat!(
                r#"{"datum":"2025-03-10 08:01:00","#,
                r#""content":"Звонок 74950000017 (Склад) → 205, разговор 2 мин 15 с [1741582860.42]"}"#
            ),
            r#"{"datum":"2025-03-10 08:05:00","content":"Звонок 74950000018 → 206, без ответа [1741583100.43]"}"#,
        ]
    );
    let case = include_str!("../../../tests/cases/08-no-header/calls.csv");
    let refused = of(case.as_bytes(), &asterisk(Mapping::default()))
        .unwrap()
        .filter_map(|row| row.unwrap().entry.err());
    assert_eq!(refused.collect::<Vec<_>>(), Vec::<Vec<Problem>>::new());
    let Err(error) = of(CALLS.as_bytes(), &asterisk(Mapping::default())) else {
        panic!("these are no calls of Asterisk")
    };
    assert!(matches!(error, TableError::Header { error: HeaderError::Missing { .. }, .. }), "{error:?}");
}

#[test]
fn a_call_that_asterisk_is_still_writing_waits_for_the_next_run() {
    for cut in [1, 20, 60] {
        let text = &MASTER[..MASTER.len() - cut];
        let rows: Vec<_> =
            of(text.as_bytes(), &asterisk(Mapping::default())).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows[1].entry, Err(vec![Problem::HalfWritten]), "{cut}");
    }
}

#[test]
fn a_refused_call_of_asterisk_is_imported_again_with_the_same_preset() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rejected.csv");
    let options = asterisk(Mapping::default().with_mark("uniqueid"));
    let table = of(MASTER.as_bytes(), &options).unwrap();
    let mut rejected =
        Rejected::create(&path, table.header(), table.rejected_delimiter(), ["line", "reason"]).unwrap();
    let entries: Vec<_> = table
        .map(|row| {
            let row = row.unwrap();
            rejected.add(row.line, &row.cells, "refused").unwrap();
            row.entry.unwrap()
        })
        .collect();
    rejected.finish().unwrap();
    let again = Table::open(&path, &options).unwrap().map(|row| row.unwrap().entry.unwrap());
    assert_eq!(again.collect::<Vec<_>>(), entries);
}
