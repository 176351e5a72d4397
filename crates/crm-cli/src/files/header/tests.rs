#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn read(cells: &[&str]) -> Result<Header, HeaderError> {
    read_with(cells, &Mapping::default())
}

fn read_with(cells: &[&str], mapping: &Mapping) -> Result<Header, HeaderError> {
    Header::read(1, &cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>(), mapping)
}

fn uses(header: &Header) -> Vec<Use> {
    header.columns.iter().map(|column| column.used).collect()
}

#[test]
fn russian_english_and_the_vendors_names_are_known() {
    for cells in [
        ["datum", "content", "tip", "user", "clid", "pid", "did"],
        ["Дата", "Содержание", "Тип", "Ответственный", "Клиент", "Контакт", "Сделка"],
        ["Date", "Text", "Type", "Login", "Client ID", "Contact IDs", "Deal ID"],
    ] {
        let fields = [
            Field::At,
            Field::Content,
            Field::ActivityType,
            Field::User,
            Field::Client,
            Field::Contacts,
            Field::Deal,
        ];
        assert_eq!(uses(&read(&cells).unwrap()), fields.map(Use::Field), "{cells:?}");
    }
}

#[test]
fn the_export_is_read_back_and_what_cannot_be_written_is_passed_over_with_a_reason() {
    let cells = [
        "cid", "datum", "content", "tip", "iduser", "user", "clid", "client", "person", "did", "dogovor",
        "extra",
    ];
    let header = read(&cells).unwrap();
    let passed: Vec<_> = header.passed_over().map(|column| (column.name.as_str(), column.used)).collect();
    let expected = [
        ("cid", PassedOver::ReadOnly),
        ("iduser", PassedOver::ReadOnly),
        ("client", PassedOver::AnotherIsTaken(Field::Client)),
        ("dogovor", PassedOver::ReadOnly),
        ("extra", PassedOver::ReadOnly),
    ];
    assert_eq!(passed, expected.map(|(name, why)| (name, Use::PassedOver(why))));
    assert_eq!((header.column_of(Field::Contacts), header.is_of_export()), (Some(8), true));
}

#[test]
fn two_columns_for_one_field_are_refused_by_name_until_one_is_chosen() {
    let duplicate = |columns: [&str; 2], field| {
        Err(HeaderError::Duplicate { field, columns: columns.map(str::to_owned).to_vec() })
    };
    assert_eq!(read(&["datum", "content", "Content "]), duplicate(["content", "Content"], Field::Content));
    let cells = ["Комментарий", "Описание", "clid"];
    assert_eq!(read(&cells), duplicate(["Комментарий", "Описание"], Field::Content));
    let mapping = Mapping::default().with("описание", Target::Field(Field::Content));
    let header = read_with(&cells, &mapping).unwrap();
    assert_eq!(header.column_of(Field::Content), Some(1));
    let mapping = Mapping::default().with("content", Target::Field(Field::Content));
    let error = read_with(&["content", "content"], &mapping).unwrap_err();
    assert_eq!(error, HeaderError::ChosenTwice { column: "content".to_owned() });
}

#[test]
fn a_column_that_is_chosen_must_exist() {
    let error = read_with(&["content", ""], &Mapping::default().with_mark("uid")).unwrap_err();
    let names = vec!["content".to_owned()];
    assert_eq!(error, HeaderError::NoSuchColumn { column: "uid".to_owned(), names });
}

#[test]
fn a_column_is_chosen_for_one_field() {
    let mapping = Mapping::default().with("uid", Target::Skip).with_mark("UID");
    let error = read_with(&["content", "uid"], &mapping).unwrap_err();
    assert_eq!(error, HeaderError::SeveralTargets { column: "UID".to_owned() });
}

#[test]
fn a_first_line_of_values_is_not_taken_for_a_header() {
    let error = read(&["", "74950000017", "205", "in-trunk", "Dial"]).unwrap_err();
    let cells = ["", "74950000017", "205", "in-trunk"].map(str::to_owned).to_vec();
    assert_eq!(error, HeaderError::Missing { line: 1, cells });
    let error = read(&["Дата", "Телефон", ""]).unwrap_err();
    let names = ["Дата", "Телефон"].map(str::to_owned).to_vec();
    assert_eq!(error, HeaderError::NoContent { line: 1, names });
}

#[test]
fn empty_columns_behind_the_last_name_do_not_count() {
    let header = read(&["datum", "content", "clid", "", " "]).unwrap();
    assert_eq!((header.width(), header.passed_over().count()), (3, 0));
}

#[test]
fn a_column_of_times_is_the_date_only_where_there_is_no_other() {
    assert_eq!(read(&["Время", "Текст"]).unwrap().column_of(Field::At), Some(0));
    let header = read(&["Дата", "Время", "Текст"]).unwrap();
    assert_eq!((header.column_of(Field::At), header.column_of(Field::Time)), (Some(0), Some(1)));
}

#[test]
fn a_rejected_file_is_known_by_its_first_two_columns() {
    for names in [["line", "reason"], ["Строка", "Причина"]] {
        let header = read(&[names[0], names[1], "content"]).unwrap();
        assert!(header.is_of_rejected() && header.passed_over().count() == 0);
    }
    let header = read(&["datum", "content", "tip", "user", "clid", "pid", "did", "reason"]).unwrap();
    assert!(header.passed_over().count() == 0);
    assert!(!read(&["content", "Причина"]).unwrap().is_of_rejected());
}
