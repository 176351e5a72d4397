#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

const SHEETS: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A file as other programs write it: `sheets` are names, states and the XML of their rows.
fn xlsx(properties: &str, sheets: &[(&str, &str, &str)]) -> Workbook {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, xml: String| {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        archive.start_file(name, stored).unwrap();
        archive.write_all(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{xml}").as_bytes()).unwrap();
    };
    let (mut entries, mut relations) = (String::new(), String::new());
    for (number, (name, state, rows)) in (1..).zip(sheets) {
        entries += &format!("<sheet name=\"{name}\" sheetId=\"{number}\" {state} r:id=\"rId{number}\"/>");
        relations += &format!(
            "<Relationship Id=\"rId{number}\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>"
        );
        add(
            &format!("xl/worksheets/sheet{number}.xml"),
            format!("<worksheet xmlns=\"{SHEETS}\">{rows}</worksheet>"),
        );
    }
    add(
        "xl/workbook.xml",
        format!(
            "<workbook xmlns=\"{SHEETS}\" xmlns:r=\"{RELATIONS}\">{properties}<sheets>{entries}</sheets></workbook>"
        ),
    );
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    add(
        "xl/_rels/workbook.xml.rels",
        format!("<Relationships xmlns=\"{package}\">{relations}</Relationships>"),
    );
    let workbook =
        format!("<Relationship Id=\"rId1\" Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/>");
    add("_rels/.rels", format!("<Relationships xmlns=\"{package}\">{workbook}</Relationships>"));
    let formats =
        "<cellXfs count=\"3\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/><xf numFmtId=\"21\"/></cellXfs>";
    add("xl/styles.xml", format!("<styleSheet xmlns=\"{SHEETS}\">{formats}</styleSheet>"));
    let bytes = archive.finish().unwrap().into_inner();
    Workbook::open(&Source::from_reader(bytes.as_slice()).unwrap()).unwrap()
}

fn rows_of(mut workbook: Workbook) -> Vec<(u64, Vec<Cell>)> {
    let sheet = workbook.sheets(None).unwrap().remove(0);
    sheet.rows.into_iter().map(|row| (row.line, row.cells)).collect()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn date(at: &str) -> Cell {
    Cell::Date(at.parse().unwrap())
}

#[test]
fn cells_keep_their_types_and_rows_their_numbers() {
    let rows = "<sheetData>
        <row r=\"3\"><c r=\"B3\" t=\"inlineStr\"><is><t>текст</t></is></c><c r=\"C3\" s=\"1\"><v>45719.3798611111</v></c>
            <c r=\"D3\" s=\"2\"><v>0.3798611111</v></c><c r=\"E3\"><v>1781</v></c></row>
        <row r=\"5\" hidden=\"1\"><c r=\"B5\" t=\"e\"><v>#N/A</v></c><c r=\"C5\" t=\"b\"><v>1</v></c>
            <c r=\"D5\" t=\"d\"><v>2025-03-03T09:07:00</v></c></row></sheetData>";
    let rows = rows_of(xlsx("", &[("Лист1", "", rows)]));
    let expected = [
        Cell::Empty,
        text("текст"),
        date("2025-03-03T09:07:00"),
        Cell::Duration(0.379_861_111_1),
        Cell::Number(1781.0),
    ];
    assert_eq!(rows[0], (3, expected.to_vec()));
    let hidden = [
        Cell::Empty,
        Cell::Error("#N/A".to_owned()),
        Cell::Bool(true),
        date("2025-03-03T09:07:00"),
        Cell::Empty,
    ];
    assert_eq!(rows[1], (5, hidden.to_vec()));
}

#[test]
fn day_numbers_of_1904_are_the_dates_that_the_program_shows() {
    let rows = "<sheetData><row r=\"1\"><c r=\"A1\" s=\"1\"><v>44257.3798611111</v></c></row></sheetData>";
    let workbook = xlsx("<workbookPr date1904=\"1\"/>", &[("Лист1", "", rows)]);
    assert!(workbook.is_1904());
    assert_eq!(rows_of(workbook)[0].1, [date("2025-03-03T09:07:00")]);
}

#[test]
fn a_formula_has_its_value_and_without_one_it_is_an_error() {
    let rows =
        "<sheetData><row r=\"1\"><c r=\"A1\"><f>1+1</f><v>2</v></c><c r=\"B1\" s=\"1\"><f>NOW()</f></c>
        <c r=\"C1\" t=\"str\"><f>\"\"</f><v></v></c></row></sheetData>";
    let cells = &rows_of(xlsx("", &[("Лист1", "", rows)]))[0].1;
    assert_eq!(cells[..2], [Cell::Number(2.0), Cell::Error("=NOW()".to_owned())]);
    assert!(cells.get(2).is_none_or(|cell| *cell == Cell::Empty), "{cells:?}");
}

#[test]
fn a_value_merged_over_rows_is_that_of_each_row() {
    let rows = "<sheetData><row r=\"1\"><c r=\"A1\"><v>7</v></c><c r=\"B1\"><v>1</v></c></row>
        <row r=\"2\"><c r=\"A2\"/><c r=\"B2\"><v>2</v></c></row><row r=\"3\"><c r=\"B3\"><v>3</v></c></row></sheetData>
        <mergeCells count=\"1\"><mergeCell ref=\"A1:A2\"/></mergeCells>";
    let rows = rows_of(xlsx("", &[("Лист1", "", rows)]));
    assert_eq!(rows[1].1, [Cell::Number(7.0), Cell::Number(2.0)]);
    assert_eq!(rows[2].1, [Cell::Empty, Cell::Number(3.0)]);
}

#[test]
fn only_visible_sheets_that_hold_something_are_read_unless_one_is_named() {
    let rows = "<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row></sheetData>";
    let sheets =
        [("Пустой", "", "<sheetData/>"), ("Скрытый", "state=\"hidden\"", rows), ("Звонки", "", rows)];
    let names = |name| {
        xlsx("", &sheets).sheets(name).unwrap().into_iter().map(|sheet| sheet.name).collect::<Vec<_>>()
    };
    assert_eq!(names(None), ["Звонки"]);
    assert_eq!(names(Some("Скрытый")), ["Скрытый"]);
    let Err(InputError::NoSuchSheet { sheets, .. }) = xlsx("", &sheets).sheets(Some("Лист1")) else {
        panic!("there is no such sheet")
    };
    assert_eq!(sheets, ["Пустой", "Скрытый", "Звонки"]);
}

#[test]
fn an_archive_of_something_else_is_not_a_spreadsheet() {
    let source = Source::from_reader(b"PK\x03\x04 and nothing that follows".as_slice()).unwrap();
    assert!(matches!(Workbook::open(&source), Err(InputError::Spreadsheet { .. })));
}
