//! The columns of CSV and XLSX, and the values in them.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::files::row::without_tags;

/// The language of the headings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headings {
    /// The server's names.
    Wire,
    /// Russian, for people.
    Russian,
    /// English, for people.
    English,
}

/// A column of CSV or XLSX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// The server's name of the field.
    pub key: String,
    /// The name in the first row.
    pub heading: String,
    /// What it holds.
    pub kind: OutputKind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// A text or whatever the server has there.
    Text,
    /// An ID; for people, 0 is left out.
    Id,
    /// A date and time.
    DateTime,
    /// A text with line breaks, which the server lists as `<br />`.
    Content,
    /// Contacts as JSON.
    Json,
    /// The IDs of contacts, separated by `,`.
    ContactIds,
    /// The names of contacts, separated by `, `.
    ContactNames,
    /// Everything that has no column, as JSON.
    Others,
}

/// Returns the columns of activities.
#[must_use]
pub fn history_columns(headings: Headings) -> Vec<OutputColumn> {
    use OutputKind::{ContactIds, ContactNames, Content, DateTime, Id, Json, Others, Text};
    let column = |(key, heading, kind): (&str, &str, OutputKind)| OutputColumn {
        key: key.to_owned(),
        heading: heading.to_owned(),
        kind,
    };
    if headings == Headings::Wire {
        let wire = [
            ("cid", Id),
            ("datum", DateTime),
            ("content", Content),
            ("tip", Text),
            ("iduser", Id),
            ("user", Text),
            ("clid", Id),
            ("client", Text),
            ("person", Json),
            ("did", Id),
            ("dogovor", Text),
            ("extra", Others),
        ];
        return wire.map(|(key, kind)| column((key, key, kind))).to_vec();
    }
    let people = [
        ("cid", "ID", "ID", Id),
        ("datum", "Дата и время", "Date and time", DateTime),
        ("content", "Содержание", "Text", Content),
        ("tip", "Тип", "Type", Text),
        ("iduser", "ID сотрудника", "User ID", Id),
        ("user", "Логин", "Login", Text),
        ("clid", "ID клиента", "Client ID", Id),
        ("client", "Клиент", "Client", Text),
        ("person", "ID контактов", "Contact IDs", ContactIds),
        ("person", "Контакты", "Contacts", ContactNames),
        ("did", "ID сделки", "Deal ID", Id),
        ("dogovor", "Сделка", "Deal", Text),
        ("extra", "Прочее", "Other", Others),
    ];
    let heading = |russian, english| if headings == Headings::Russian { russian } else { english };
    people.map(|(key, russian, english, kind)| column((key, heading(russian, english), kind))).to_vec()
}

/// A value as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OutputCell {
    Text(String),
    Number(f64),
    Date(NaiveDateTime),
}

impl OutputCell {
    /// Returns the text for a CSV file.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Date(at) => at.format("%d.%m.%Y %H:%M:%S").to_string(),
        }
    }
}

/// Returns the values of a record, one for each column.
pub(super) fn cells(
    fields: &BTreeMap<String, Box<RawValue>>,
    columns: &[OutputColumn],
    for_people: bool,
) -> Vec<OutputCell> {
    let others = || {
        let others = fields.iter().filter(|(key, _)| columns.iter().all(|column| column.key != **key));
        let others: Vec<String> =
            others.map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), value.get())).collect();
        if others.is_empty() { String::new() } else { format!("{{{}}}", others.join(",")) }
    };
    let cell = |column: &OutputColumn| match (column.kind, fields.get(&column.key)) {
        (OutputKind::Others, _) => OutputCell::Text(others()),
        (OutputKind::Json, None) => OutputCell::Text("[]".to_owned()),
        (_, None) => OutputCell::Text(String::new()),
        (kind, Some(value)) => cell(kind, value.get(), for_people),
    };
    columns.iter().map(cell).collect()
}

fn cell(kind: OutputKind, json: &str, for_people: bool) -> OutputCell {
    let text = match serde_json::from_str(json) {
        Ok(Value::Null) => String::new(),
        Ok(Value::String(text)) => text,
        _ => json.to_owned(),
    };
    match kind {
        OutputKind::Id if for_people => match text.parse::<u32>() {
            Ok(0) => OutputCell::Text(String::new()),
            Ok(id) => OutputCell::Number(id.into()),
            // A larger number would lose digits in a spreadsheet.
            Err(_) => OutputCell::Text(text),
        },
        OutputKind::DateTime if for_people => {
            let at = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S");
            at.map_or(OutputCell::Text(text), OutputCell::Date)
        }
        OutputKind::Content if for_people => OutputCell::Text(without_tags(&text)),
        OutputKind::ContactIds => OutputCell::Text(contacts(json, ",", |contact| contact.pid)),
        OutputKind::ContactNames => OutputCell::Text(contacts(json, ", ", |contact| contact.person)),
        _ => OutputCell::Text(text),
    }
}

#[derive(Deserialize)]
struct Contact {
    #[serde(default)]
    pid: Value,
    #[serde(default)]
    person: Value,
}

fn contacts(json: &str, between: &str, value: impl Fn(Contact) -> Value) -> String {
    let contacts: Vec<Contact> = serde_json::from_str(json).unwrap_or_default();
    let texts = contacts.into_iter().map(|contact| match value(contact) {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    });
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(between)
}
