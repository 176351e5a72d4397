//! Rows and changes as records of a stream.

use crm_directory::{Client, Contact, User};
use crm_history::{ActivityType, Entry};
use crm_projects::{Action, Checklist, Good, Payment, Project, Step};
use serde_json::{Map, Value as Json, json};

use super::catalog::{Stream, schema};
use crate::changes::{Change, ChangeKind};
use crate::records::{Child, Copied};
use crate::row::{Key, Value, fingerprint};
use crate::store::Record;
use crate::table::{ColumnKind, Shape, Table};
use crate::time::{seconds, to_utc};

pub(super) const RAW: &str = "raw";
pub(super) const OUT_OF_VIEW_AT: &str = "out_of_view_at";
pub(super) const DELETED_AT: &str = "_sdc_deleted_at";

/// A stream as it is written: its table, and the columns that are selected.
pub(super) struct Shaped {
    /// The name in messages.
    pub(super) stream: String,
    /// The JSON schema of the selected columns.
    pub(super) schema: Json,
    /// Identifies the schema.
    pub(super) fingerprint: String,
    /// Of a full table.
    pub(super) version: Option<i64>,
    shape: Shape,
}

impl Shaped {
    pub(super) fn new(stream: &Stream, shape: Shape) -> Self {
        let mut schema = schema(&shape);
        if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
            let keys = shape.table.key_columns();
            properties.retain(|name, _| keys.contains(&name.as_str()) || stream.has_column(name));
        }
        let name = if stream.stream.is_empty() { &stream.tap_stream_id } else { &stream.stream };
        let fingerprint = format!("{:016x}", fingerprint(&schema.to_string()));
        Self { stream: name.clone(), schema, fingerprint, version: None, shape }
    }

    pub(super) fn table(&self) -> Table {
        self.shape.table
    }

    pub(super) fn of_row(&self, row: &Record) -> Map<String, Json> {
        self.record(row.key, Some(&row.raw), row.out_of_view_at, row.deleted_at)
    }

    pub(super) fn of_change(&self, change: &Change) -> Map<String, Json> {
        let raw = change.after.as_deref().or(change.before.as_deref());
        let seen_at = seconds(change.seen_at);
        let at = |kind| (change.kind == kind).then_some(seen_at);
        self.record(change.key, raw, at(ChangeKind::OutOfView), at(ChangeKind::Delete))
    }

    fn record(
        &self,
        key: Key,
        raw: Option<&str>,
        out_of_view_at: Option<i64>,
        deleted_at: Option<i64>,
    ) -> Map<String, Json> {
        let mut record = Map::new();
        let mut put = |name: &str, value: Json| {
            if self.schema["properties"].get(name).is_some() {
                record.insert(name.to_owned(), value);
            }
        };
        for name in self.shape.table.key_columns() {
            let value = match *name {
                "project_id" => key.project_id,
                "occurrence" => key.occurrence,
                _ => key.id,
            };
            put(name, json!(value));
        }
        // A record that a later version has written may not be decoded. Its JSON is there in any case.
        let values = raw.and_then(|raw| values(&self.shape, raw)).unwrap_or_default();
        let values = values.into_iter().map(Some).chain(std::iter::repeat(None));
        for ((name, kind), value) in self.shape.columns.iter().zip(values) {
            put(name, value.map_or(Json::Null, |value| column(value, *kind)));
        }
        put(RAW, json!(raw));
        put(OUT_OF_VIEW_AT, json!(out_of_view_at.map(utc)));
        put(DELETED_AT, json!(deleted_at.map(utc)));
        record
    }
}

fn column(value: Value, kind: ColumnKind) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Boolean(flag) => json!(flag),
        // Targets read dates of four digits only.
        Value::Text(text) if kind == ColumnKind::Date && (text.len() != 10 || text.starts_with("0000")) => {
            Json::Null
        }
        Value::Text(text) | Value::Json(text) => json!(text),
    }
}

/// Returns the typed columns of a record.
fn values(shape: &Shape, raw: &str) -> Option<Vec<Value>> {
    fn of<T: Copied + serde::de::DeserializeOwned>(shape: &Shape, raw: &str) -> Option<Vec<Value>> {
        let own = &shape.columns[shape.table.columns().len()..];
        Some(serde_json::from_str::<T>(raw).ok()?.values(own))
    }
    fn of_child<T: Child + serde::de::DeserializeOwned>(raw: &str) -> Option<Vec<Value>> {
        Some(serde_json::from_str::<T>(raw).ok()?.values())
    }
    match shape.table {
        Table::Activities => of::<Entry>(shape, raw),
        Table::ActivityTypes => of::<ActivityType>(shape, raw),
        Table::Users => of::<User>(shape, raw),
        Table::Clients => of::<Client>(shape, raw),
        Table::Contacts => of::<Contact>(shape, raw),
        Table::Projects => of::<Project>(shape, raw),
        Table::ProjectSteps => of_child::<Step>(raw),
        Table::ProjectActions => of_child::<Action>(raw),
        Table::Checklists => of_child::<Checklist>(raw),
        Table::Goods => of_child::<Good>(raw),
        Table::Payments => of_child::<Payment>(raw),
    }
}

/// Returns a time as Singer writes it, such as `2024-06-25T11:25:00Z`.
pub(super) fn utc(seconds: i64) -> String {
    to_utc(seconds).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
